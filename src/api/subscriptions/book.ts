import { fail, ok, type Result } from '../../base/index.ts'
import type { Asker } from '../../node/contract/index.ts'
import { badData, notFound, type Refusal } from '../ngsi/index.ts'
import { FRESH, readSubscriptions, writeSubscriptions, type FileFailure } from './file.ts'
import { FAILURES_MAX, STOP_GRACE_MS, SUBSCRIPTIONS_MAX, SUBSCRIPTIONS_PER_OWNER_MAX, WRITE_AFTER_MS } from './limits.ts'
import { uuidOf } from './notification.ts'
import { planOf } from './plan.ts'
import { Runner } from './runner.ts'
import type { Kept, Plan, SubscriptionPorts } from './types.ts'

type Entry = { readonly kept: Kept, plan: Plan, runner: Runner | undefined }
type Json = Readonly<Record<string, unknown>>

/** All subscriptions of this node. */
export class SubscriptionBook {
  readonly #ports: SubscriptionPorts
  readonly #entries = new Map<string, Entry>()
  readonly #ended = new AbortController()
  #written: Promise<void> = Promise.resolve()
  #cancelWrite: (() => void) | undefined
  #watching: Promise<void> = Promise.resolve()

  private constructor (ports: SubscriptionPorts) {
    this.#ports = ports
  }

  static async open (ports: SubscriptionPorts): Promise<Result<SubscriptionBook, FileFailure>> {
    const read = ports.path === null ? ok([]) : await readSubscriptions(ports.path)
    if (!read.ok) return read
    const book = new SubscriptionBook(ports)
    for (const kept of read.value) book.#restore(kept)
    book.#watching = book.#watch()
    return ok(book)
  }

  /** One whose context or endpoint is no longer offered is left out of what runs, and said so in the log. */
  #restore (kept: Kept): void {
    const names = this.#ports.contexts.namesOf(kept.context)
    const plan = names.ok ? planOf(kept.definition, names.value, this.#ports.nowMs(), false, this.#ports.publishMqtt !== null) : undefined
    if (plan?.ok !== true) {
      this.#ports.log('warn', 'a subscription is not understood any more, and left out', { subscription: kept.id })
      return
    }
    const entry: Entry = { kept, plan: plan.value, runner: undefined }
    this.#entries.set(kept.id, entry)
    this.#run(entry)
  }

  #run (entry: Entry): void {
    entry.runner?.stop()
    entry.runner = undefined
    if (this.statusOf(entry) !== 'active' || this.#ended.signal.aborted) return
    const { kept, plan } = entry
    entry.runner = new Runner({ ports: this.#ports, kept, plan, changed: () => { this.#writeLater() } })
    entry.runner.start()
  }

  statusOf ({ kept, plan }: Pick<Entry, 'kept' | 'plan'>): 'active' | 'paused' | 'expired' {
    if (plan.expiresMs !== null && plan.expiresMs <= this.#ports.nowMs()) return 'expired'
    return plan.isActive && kept.progress.failuresInRow < FAILURES_MAX ? 'active' : 'paused'
  }

  /** Of this owner; the people of this node see all. */
  list (owner: Asker): readonly Entry[] {
    return [...this.#entries.values()].filter(({ kept }) => owner.requester === undefined || kept.owner.requester === owner.requester)
  }

  find (owner: Asker, id: string): Result<Entry, Refusal> {
    const entry = this.list(owner).find(({ kept }) => kept.id === id)
    return entry === undefined ? fail(notFound('subscription of this id')) : ok(entry)
  }

  async create (owner: Asker, definition: Json, context: unknown, madeBy: string | null = null): Promise<Result<string, Refusal>> {
    const plan = this.#planOf(definition, context, true)
    if (!plan.ok) return plan
    const own = [...this.#entries.values()].filter(({ kept }) => kept.owner.requester === owner.requester)
    if (this.#entries.size >= SUBSCRIPTIONS_MAX || own.length >= SUBSCRIPTIONS_PER_OWNER_MAX) {
      return fail({ code: 'busy', reason: `${SUBSCRIPTIONS_PER_OWNER_MAX} subscriptions of one member, and ${SUBSCRIPTIONS_MAX} in all, are as many as this node keeps`, hint: 'remove one that is not needed' })
    }
    const id = typeof definition['id'] === 'string' ? definition['id'] : `urn:ngsi-ld:Subscription:${uuidOf(this.#ports.random(16))}`
    if (this.#entries.has(id)) return fail({ kind: 'AlreadyExists', detail: 'a subscription of this id is there already', hint: 'leave the id out, and it gets one' })
    const kept: Kept = { id, owner, madeBy, createdMs: this.#ports.nowMs(), definition: { ...definition, id }, context, progress: { ...FRESH }, positions: new Map() }
    const entry: Entry = { kept, plan: plan.value, runner: undefined }
    this.#entries.set(id, entry)
    try {
      await this.#write()
    } catch (cause) {
      // Nobody was told of it.
      this.#entries.delete(id)
      throw cause
    }
    // It may be taken away or changed already.
    if (this.#entries.get(id) === entry && entry.runner === undefined) this.#run(entry)
    return ok(id)
  }

  /** Members that are given replace those that there were; null takes one away. It begins to run anew. */
  async update (owner: Asker, id: string, changes: Json): Promise<Result<null, Refusal>> {
    const found = this.find(owner, id)
    if (!found.ok) return found
    const entry = found.value
    if (changes['id'] !== undefined && changes['id'] !== id) return fail(badData('a subscription keeps its id'))
    const definition = Object.fromEntries(Object.entries({ ...entry.kept.definition, ...changes }).filter(([, value]) => value !== null))
    const plan = this.#planOf(definition, entry.kept.context, changes['expiresAt'] !== undefined)
    if (!plan.ok) return plan
    entry.kept.definition = definition
    entry.plan = plan.value
    entry.kept.progress.failuresInRow = 0
    this.#run(entry)
    await this.#write()
    return ok(null)
  }

  async remove (owner: Asker, id: string): Promise<Result<null, Refusal>> {
    const found = this.find(owner, id)
    if (!found.ok) return found
    found.value.runner?.stop()
    this.#entries.delete(id)
    await this.#write()
    return ok(null)
  }

  /** All that were made by a token: it was revoked, and whoever had it is to get nothing more. */
  async endOf (token: string): Promise<void> {
    const made = [...this.#entries.values()].filter(({ kept }) => kept.madeBy === token)
    for (const { kept, runner } of made) {
      runner?.stop()
      this.#entries.delete(kept.id)
    }
    if (made.length > 0) await this.#write()
  }

  async stop (): Promise<void> {
    this.#ended.abort()
    const runners = [...this.#entries.values()].flatMap(({ runner }) => runner ?? [])
    for (const runner of runners) runner.stop()
    const cancel = this.#ports.schedule(STOP_GRACE_MS, () => { for (const runner of runners) runner.cut() })
    await Promise.all(runners.map(runner => runner.atRest()))
    cancel()
    await this.#watching
    await this.#write()
  }

  #planOf (definition: Json, context: unknown, isNew: boolean): Result<Plan, Refusal> {
    const names = this.#ports.contexts.namesOf(context)
    return names.ok ? planOf(definition, names.value, this.#ports.nowMs(), isNew, this.#ports.publishMqtt !== null) : fail(badData('its context is not known here'))
  }

  /** New datasets may be what somebody waits for. */
  async #watch (): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      for await (const event of this.#ports.node.events(signal)) {
        if (event.type !== 'dataset' || event.change === 'complete' || this.#entries.size === 0) continue
        for (const { runner } of this.#entries.values()) runner?.look()
      }
    }
  }

  #writeLater (): void {
    if (this.#ports.path === null) return
    this.#cancelWrite ??= this.#ports.schedule(WRITE_AFTER_MS, () => {
      this.#cancelWrite = undefined
      this.#write().catch(() => {})
    })
  }

  /** One at a time, in order. */
  async #write (): Promise<void> {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    const { path, log } = this.#ports
    if (path === null) return
    this.#written = this.#written.then(() => writeSubscriptions(path, [...this.#entries.values()].map(({ kept }) => kept)))
    try {
      await this.#written
    } catch (cause) {
      this.#written = Promise.resolve()
      log('error', 'the file of subscriptions was not written', { error: String(cause) })
      throw cause
    }
  }
}
