import { decodeCharter, type Charter } from '../core/identity/index.ts'
import { SQL_PROTOCOL } from './asking/index.ts'
import { closeBeginnings, type Beginnings } from './beginnings.ts'
import { closeBelonging, openBelonging } from './belonging.ts'
import type { NodeEvent, Web } from './contract/index.ts'
import { DSP_PROTOCOL } from './dsp/index.ts'
import { announce } from './events.ts'
import { promisedFeeds } from './federation/index.ts'
import type { Signal } from './feeds/index.ts'
import type { NodeOptions } from './options.ts'
import type { Belonging } from './rooms.ts'
import { metaKey } from './rows/index.ts'
import { scrub } from './verifying/index.ts'

const CHARTER = metaKey('charter')

/** What of the life of a node the outside hears. */
export type Telling = {
  readonly events: Signal<NodeEvent>
  /** HTTP to others, once somebody gave it to this node. */
  readonly web: () => Web | undefined
  readonly onFatal: (cause: unknown) => void
}

/** Where a node belongs: nowhere at first, then to one federation until it stops. */
export class Home {
  readonly #options: NodeOptions
  readonly #beginnings: Beginnings
  readonly #telling: Telling
  readonly #stopping = new AbortController()
  #belonging: Belonging | undefined
  #entering: Promise<void> | undefined
  #cancelScrub: () => void = () => {}

  constructor (options: NodeOptions, beginnings: Beginnings, telling: Telling) {
    this.#options = options
    this.#beginnings = beginnings
    this.#telling = telling
  }

  /** Undefined until all its rooms are open. */
  get belonging (): Belonging | undefined {
    return this.#belonging
  }

  /** Also before all its rooms are open. */
  get isBelonging (): boolean {
    return this.#entering !== undefined
  }

  get isStopping (): boolean {
    return this.#stopping.signal.aborted
  }

  /** Goes on where this node was when it stopped: in its federation, or on a way into one. */
  async resume (): Promise<void> {
    const { ceremony, candidacy } = this.#beginnings
    for (const sealed of [ceremony.founded, candidacy.admitted]) sealed.on(charter => { if (!this.isBelonging) this.#enter(charter, true).catch(this.#telling.onFatal) })
    const charter = await keptCharter(this.#options)
    if (charter !== undefined) await this.#enter(charter, false)
    await ceremony.resume(charter !== undefined)
    await candidacy.resume(charter !== undefined)
  }

  /** Nobody enters any more; what was opened, also by who was just entering, is closed. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    this.#cancelScrub()
    await closeBeginnings(this.#beginnings)
    // Whether it failed was told already.
    await this.#entering?.catch(() => {})
    if (this.#belonging !== undefined) await closeBelonging(this.#belonging)
  }

  #enter (charter: Charter, isNew: boolean): Promise<void> {
    this.#entering = this.#open(charter, isNew)
    return this.#entering
  }

  async #open (charter: Charter, isNew: boolean): Promise<void> {
    const { keepCharter, onRooms, host: { store }, log } = this.#options
    const { events, web, onFatal } = this.#telling
    await keepCharter?.(charter.envelope)
    if (isNew) await store.commit([{ type: 'put', key: CHARTER, value: charter.envelope }])
    const welcome = await this.#beginnings.candidacy.welcome(charter)
    const belonging = await openBelonging(this.#options, charter, { ...this.#beginnings, welcome, stopped: this.#stopping.signal, onFatal })
    this.#belonging = belonging
    onRooms?.(belonging)
    announce(belonging, events)
    if (this.isStopping) return
    const { federation, agreements, asking } = belonging
    await federation.connect({ [DSP_PROTOCOL]: agreements.handler, [SQL_PROTOCOL]: asking.handler() })
    agreements.resume(web())
    events.emit({ type: 'ready', federation: charter.federation.toString() })
    log('info', 'ready', { federation: charter.federation.toString(), name: charter.name })
    this.#scheduleScrub(belonging)
  }

  #scheduleScrub (belonging: Belonging): void {
    const { host: { clock }, scrubHours } = this.#options
    if (this.isStopping) return
    this.#cancelScrub = clock.wake(scrubHours * 3_600_000, () => {
      scrub(belonging.federation, () => {}).catch(this.#telling.onFatal).finally(() => { this.#scheduleScrub(belonging) })
    })
  }
}

/** The charter of the store, or the one that is kept outside where damage took it; the store then has it again. */
async function keptCharter ({ host: { store, signer }, charter }: NodeOptions): Promise<Charter | undefined> {
  const read = await store.get(CHARTER)
  const inside = read.state === 'found' ? decodeCharter(read.value) : undefined
  if (inside?.ok === true) return inside.value
  const outside = charter === undefined ? undefined : decodeCharter(charter)
  if (outside?.ok === true) {
    await store.commit([{ type: 'put', key: CHARTER, value: outside.value.envelope }])
    return outside.value
  }
  // What was signed stands in the signer: a node that signed belongs somewhere, and must not begin anew.
  if (await promisedFeeds(signer) > 0) throw new Error('the charter of this federation is damaged or lost: copy the file charter.cbor of another member into this folder')
  return undefined
}
