import type { Answer, Client, Failure, NodeStatus } from '../../sdk/index.ts'
import { inTurn } from '../here/index.ts'
import { Titles } from '../parts/index.ts'
import { isFault, itemsOf, lastDecidedMs, type Item } from './items.ts'

/** Asks the node for all that waits for a person, again and again; what could not be asked stays as it was. */
export class Inbox {
  items = $state.raw<readonly Item[] | null>(null)
  decidedMs = $state<number | null>(null)
  failure = $state.raw<Failure | null>(null)
  /** How many came since the page was opened, of the last change: announced. */
  arrived = $state(0)
  readonly titles: Titles
  readonly #client: Client
  #status: NodeStatus | undefined
  readonly #look = inTurn(() => this.#askAll())

  constructor (client: Client) {
    this.#client = client
    this.titles = new Titles(client)
  }

  async ask (status: NodeStatus): Promise<void> {
    this.#status = status
    await this.#look()
  }

  async #askAll (): Promise<void> {
    if (this.#status === undefined) return
    const { member, alarms, federation } = this.#status
    const client = this.#client
    const failures: Failure[] = []
    const listOf = async <T>(answer: Answer<readonly T[]>): Promise<readonly T[]> => {
      const answered = await answer
      if (!answered.ok && isFault(answered.failure)) failures.push(answered.failure)
      return answered.ok ? answered.value : []
    }
    const [negotiations, applications, proposals, emergencies] = federation === null ? [[], [], [], []] as const : await Promise.all([
      listOf(client.negotiations()), listOf(client.applications()), listOf(client.proposals()), listOf(client.emergencies())
    ])
    this.failure = failures[0] ?? null
    // Half of an inbox would look as if the rest had been decided.
    if (failures.length > 0 && this.items !== null) return
    const items = itemsOf({ own: member.did, negotiations, applications, proposals, emergencies, alarms })
    const known = this.items?.map(({ id }) => id)
    const fresh = known === undefined ? 0 : items.filter(({ id }) => !known.includes(id)).length
    if (fresh > 0) this.arrived = fresh
    this.items = items
    this.decidedMs = lastDecidedMs(negotiations)
    await this.titles.know(items.flatMap(item => item.kind === 'emergency' ? item.emergency.review?.uses.map(({ dataset }) => dataset) ?? [] : 'negotiation' in item ? [item.negotiation.dataset] : []))
  }

  async review (id: string): Promise<void> {
    const reviewed = await this.#client.reviewEmergency(id)
    if (reviewed.ok) this.items = this.items?.filter(item => item.id !== id) ?? null
    else this.failure = reviewed.failure
  }
}
