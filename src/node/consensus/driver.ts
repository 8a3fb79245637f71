import { assert, hex, ok, readUint, u64, type CID, type Result } from '../../base/index.ts'
import {
  adoptSnapshot, begin, countRow, encodeMessage, step, voteCountOf,
  type App, type Effect, type FinalBlock, type Input, type KeptRow, type Now, type PeerName, type Profile, type Rules, type Snapshot, type SnapshotFailure,
  type State, type StateRow, type Transaction
} from '../../core/consensus/index.ts'
import type { FinalityProof, Scheme } from '../../core/finality/index.ts'
import type { SigningKey } from '../../core/identity/index.ts'
import type { Clock, Log, Peer, Reply, Row, Store } from '../../host/index.ts'
import { Signal } from '../feeds/index.ts'
import { engineKey, ledgerStateKey, metaKey, rowsOf, voteKey } from '../rows/index.ts'
import { Archive, archiveRows, provenRows } from './archive.ts'
import { Keeper } from './keeper.ts'
import { Neighbours } from './neighbours.ts'

const FROM_HEIGHT = metaKey('ledger from')
const STATE_ROWS_DAMAGED = 'the kept state of the ledger is damaged; it is made anew from blocks'

export type Finals<S> = { readonly blocks: readonly FinalBlock<S>[], readonly proof: FinalityProof }

export type DriverOptions<S, T extends Transaction> = {
  readonly federation: CID
  readonly app: App<S, T>
  readonly scheme: Scheme
  readonly profile: Profile
  readonly version: number
  /** Transport key of this node. */
  readonly node: Uint8Array
  readonly instance: Uint8Array
  readonly keys: ReadonlyMap<string, SigningKey>
  /** The application's state of its kept rows; undefined when there are none, or they are none. */
  readonly stateOfRows: (rows: readonly { readonly key: Uint8Array, readonly value: Uint8Array }[]) => S | undefined
  /** Rows of the first state. */
  readonly genesisRows: () => readonly StateRow[]
  /** Whether the engine is told of a message. */
  readonly isHeard: (message: Uint8Array) => boolean
  /** Requests for bulk on the ledger's protocol. */
  readonly request: (peer: Peer, body: Uint8Array, reply: Reply) => Promise<void>
  readonly store: Store
  readonly signer: Store
  readonly clock: Clock
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

type Unstamped<I> = I extends unknown ? Omit<I, 'now'> : never
type Stimulus<T extends Transaction> = Unstamped<Input<T>>

/** Feeds the engine what happens, in order, and performs what it says. */
export class Driver<S, T extends Transaction> {
  readonly neighbours: Neighbours
  readonly archive: Archive
  /** Blocks became final, are kept, and are told of in order. */
  readonly finals: Signal<Finals<S>> = new Signal()
  /** A proven state is kept in place of blocks that are not told of. */
  readonly adopted: Signal<void> = new Signal()
  readonly #options: DriverOptions<S, T>
  readonly #rules: Rules<S, T>
  readonly #keeper: Keeper
  readonly #counters = new Map<string, number>()
  #state: State<S, T>
  readonly #inputs: Stimulus<T>[] = []
  #isStepping = false
  #submitted: T[] = []
  #fromHeight: number
  #hasStopped = false
  #cancelTurn: (() => void) | undefined
  #cancelTimer: () => void = () => {}

  private constructor (options: DriverOptions<S, T>, kept: Kept<S>) {
    const { store, signer, clock, onFatal, profile } = options
    this.#options = options
    this.#fromHeight = kept.fromHeight
    this.#rules = {
      federation: options.federation, app: options.app, scheme: options.scheme, profile, node: options.node, keys: options.keys,
      version: options.version, instance: hex(options.instance)
    }
    this.#keeper = new Keeper({
      store, signer, votesKept: kept.votes, countRow: count => rowOf(countRow(count)), onSynced: () => this.neighbours.flush(),
      onFatal: cause => this.#fail(cause)
    })
    this.archive = new Archive({
      store, bodyBytesMax: profile.bodyBytesMax, onFatal,
      send: (peer, message) => {
        this.neighbours.send(peer, 'bulk', message)
        this.#endTurnSoon()
      }
    })
    this.neighbours = new Neighbours({
      clock,
      open: (peer, instance) => this.#put({ type: 'open', peer, instance }),
      close: peer => this.#put({ type: 'close', peer }),
      message: (peer, bytes) => { if (options.isHeard(bytes)) this.#put({ type: 'message', peer, bytes }) },
      request: options.request,
      count: (metric, by) => this.#counters.set(metric, (this.#counters.get(metric) ?? 0) + by)
    })
    const { state, effects } = begin(this.#rules, { rows: kept.rows, appState: kept.appState }, this.#now())
    this.#state = state
    this.#perform(effects)
  }

  static async open<S, T extends Transaction> (options: DriverOptions<S, T>): Promise<Driver<S, T>> {
    const driver = new Driver(options, await keptBy(options))
    // Its instance is kept before anybody hears of it: else this node would take itself for a clone after a crash.
    await driver.#keeper.drain()
    return driver
  }

  get state (): State<S, T> {
    return this.#state
  }

  /** Height from which on blocks are here: 1, unless a state was adopted in place of those below. */
  get fromHeight (): number {
    return this.#fromHeight
  }

  get counters (): ReadonlyMap<string, number> {
    return this.#counters
  }

  /** Many of one turn of the event loop become one input. */
  submit (transaction: T): void {
    this.#submitted.push(transaction)
    this.#endTurnSoon()
  }

  /** What a peer passed on by gossip is as if it had sent it. */
  hearTransaction (peer: PeerName, bytes: Uint8Array): void {
    this.#put({ type: 'message', peer, bytes: encodeMessage({ kind: 'putTx', transactions: [bytes] }) })
  }

  askTransaction (peer: PeerName, id: Uint8Array): void {
    this.neighbours.send(peer, 'bulk', encodeMessage({ kind: 'getTx', ids: [id] }))
    this.#endTurnSoon()
  }

  /** State, engine and proofs are kept in one commit: a crash leaves all as it was, or all of the new. Resolves once they are. */
  adopt (snapshot: Snapshot<S>): Promise<Result<null, SnapshotFailure>> {
    assert(!this.#isStepping, 'adopted between two steps')
    const adopted = adoptSnapshot(this.#rules, this.#state, snapshot, this.#now())
    if (!adopted.ok) return Promise.resolve(adopted)
    this.#state = adopted.value.state
    this.#perform(adopted.value.effects)
    const from: Row = { type: 'put', key: FROM_HEIGHT, value: u64(snapshot.log.length + 1) }
    this.#keeper.keep({ signer: [], store: [from, ...provenRows([...snapshot.seals, snapshot.proof])], votes: 0, isLazy: false })
    this.#endTurnSoon()
    return new Promise(resolve => {
      this.#keeper.afterSync(() => {
        this.#fromHeight = snapshot.log.length + 1
        if (!this.#hasStopped) this.adopted.emit()
        resolve(ok(null))
      })
    })
  }

  lock (reason: string): void {
    this.#put({ type: 'lock', reason })
  }

  takeKeys (keys: ReadonlyMap<string, SigningKey>): void {
    this.#put({ type: 'keys', keys })
  }

  /** Keeps rows of the driver's users with what the engine keeps; nothing waits for them. */
  keepLazily (rows: readonly Row[]): void {
    this.#keeper.keep({ signer: [], store: rows, votes: 0, isLazy: true })
    this.#endTurnSoon()
  }

  async stop (): Promise<void> {
    this.#hasStopped = true
    this.#cancelTurn?.()
    this.#cancelTimer()
    this.neighbours.stop()
    this.archive.stop()
    await this.#keeper.drain()
  }

  #now (): Now {
    const { clock } = this.#options
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() }
  }

  /** One input after the other, also when performing one leads to the next. */
  #put (input: Stimulus<T>): void {
    if (this.#hasStopped) return
    this.#inputs.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        const { state, effects } = step(this.#rules, this.#state, { ...next, now: this.#now() } as Input<T>)
        this.#state = state
        this.#perform(effects)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isStepping = false
    }
    this.#endTurnSoon()
  }

  #perform (effects: readonly Effect<S>[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          this.#keep(effect.rows, effect.state, effect.isLazy)
          break
        case 'send':
          this.#keeper.afterSync(() => this.neighbours.send(effect.peer, effect.lane, effect.message))
          break
        case 'timer':
          this.#setTimer(effect.atMonotonicMs)
          break
        case 'final':
          this.#keeper.keep({ signer: [], store: archiveRows(effect.blocks.map(({ block }) => block), effect.proof), votes: 0, isLazy: false })
          this.#keeper.afterSync(() => { if (!this.#hasStopped) this.finals.emit(effect) })
          break
        case 'archive':
          this.archive.ask(effect.peer, effect.request)
          break
        case 'alarm':
          this.#options.log('error', 'the ledger raised an alarm', { code: effect.code, sentence: effect.sentence })
          break
        case 'blame':
          this.neighbours.blame(effect.peer, effect.reason)
          break
      }
    }
  }

  #keep (rows: readonly KeptRow[], state: readonly StateRow[], isLazy: boolean): void {
    const votes = rows.reduce((newest, row) => Math.max(newest, voteCountOf(row) ?? 0), 0)
    this.#keeper.keep({
      signer: rows.filter(({ database }) => database === 'signer').map(rowOf),
      store: [
        ...rows.filter(({ database }) => database === 'store').map(rowOf),
        ...state.map(({ key, value }) => putOrDelete(ledgerStateKey(key), value))
      ],
      votes, isLazy
    })
  }

  /** The engine names a deadline once, so it must not be told the time before: a clock may wake a moment too early. */
  #setTimer (atMonotonicMs: number | null): void {
    const { clock } = this.#options
    this.#cancelTimer()
    this.#cancelTimer = atMonotonicMs === null
      ? () => {}
      : clock.wake(Math.max(1, atMonotonicMs - clock.monotonicMs()), () => {
        if (clock.monotonicMs() < atMonotonicMs) this.#setTimer(atMonotonicMs)
        else this.#put({ type: 'tick' })
      })
  }

  /** What came in the same turn of the event loop is handled before anything leaves: it shares frames and a sync. */
  #endTurnSoon (): void {
    if (this.#hasStopped) return
    this.#cancelTurn ??= this.#options.clock.wake(0, () => {
      this.#cancelTurn = undefined
      const transactions = this.#submitted
      this.#submitted = []
      if (transactions.length > 0) this.#put({ type: 'submit', transactions })
      this.neighbours.flush()
      this.#keeper.flush()
    })
  }

  #fail (cause: unknown): void {
    this.#hasStopped = true
    this.#options.onFatal(cause)
  }
}

/** A row that is there. */
type Held = KeptRow & { readonly value: Uint8Array }
type Kept<S> = { readonly rows: readonly Held[], readonly appState: S | undefined, readonly votes: number, readonly fromHeight: number }

/** All that the engine kept, under its own keys. */
async function keptBy<S, T extends Transaction> ({ store, signer, stateOfRows, genesisRows, log }: DriverOptions<S, T>): Promise<Kept<S>> {
  const rows: Held[] = []
  let votes = 0
  for (const [database, kind, where] of [['signer', 'vote', signer], ['store', 'engine', store]] as const) {
    for await (const { key, read } of where.entries(rowsOf(kind))) {
      if (read.state === 'absent') continue
      // A vote that cannot be read is still one that was given: the engine sees it as damage, and locks.
      const row: Held = { database, key: key.subarray(1), value: read.state === 'found' ? read.value : new Uint8Array(0) }
      rows.push(row)
      votes = Math.max(votes, voteCountOf(row) ?? 0)
    }
  }
  const state: { readonly key: Uint8Array, readonly value: Uint8Array }[] = []
  const damaged: Uint8Array[] = []
  for await (const { key, read } of store.entries(rowsOf('ledgerState'))) {
    if (read.state === 'found') state.push({ key: key.subarray(1), value: read.value })
    else damaged.push(key)
  }
  if (damaged.length > 0) log('warn', STATE_ROWS_DAMAGED)
  const appState = damaged.length > 0 || state.length === 0 ? undefined : stateOfRows(state)
  if (appState === undefined) {
    const gone = [...damaged, ...state.map(({ key }) => ledgerStateKey(key))].map((key): Row => ({ type: 'delete', key }))
    await store.commit([...gone, ...genesisRows().map(({ key, value }) => putOrDelete(ledgerStateKey(key), value))])
  }
  const from = await store.get(FROM_HEIGHT)
  // Without the state that was adopted all blocks are taken from the first one on.
  const fromHeight = appState !== undefined && from.state === 'found' ? readUint(from.value, 0, 8) ?? 1 : 1
  return { rows, votes, appState, fromHeight }
}

function rowOf ({ database, key, value }: KeptRow): Row {
  return putOrDelete(database === 'signer' ? voteKey(key) : engineKey(key), value)
}

function putOrDelete (key: Uint8Array, value: Uint8Array | null): Row {
  assert(key.length > 1, 'a row has a key of its own')
  return value === null ? { type: 'delete', key } : { type: 'put', key, value }
}
