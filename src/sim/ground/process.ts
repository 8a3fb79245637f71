import { hex, sha256, u64, utf8, type CID } from '../../base/index.ts'
import {
  archiveAnswer, begin, countRow, poolHas, step, viewOf, voteCountOf,
  type AlarmCode, type ArchiveReader, type Effect, type FinalBlock, type Input, type KeptRow, type Now, type PeerName, type Profile, type Rules,
  type State, type Step
} from '../../core/consensus/index.ts'
import type { Block, FinalityProof } from '../../core/finality/index.ts'
import type { SigningKey } from '../../core/identity/index.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import { Disk, type DiskRow, type Fate } from './disk.ts'
import type { KeyMaker } from './keys.ts'
import { nameOfNode, nodeKeyOf } from './keys.ts'
import type { ToyApp, ToyState, ToyTransaction } from './toy.ts'

export type Engine = State<ToyState, ToyTransaction>
type Unstamped<I> = I extends Input<ToyTransaction> ? Omit<I, 'now'> : never
export type Stimulus = Unstamped<Input<ToyTransaction>>

/** A node's place: what outlives its processes. `offsetMs` and `drift` are those of its wall clock and of its oscillator. */
export type Place = {
  readonly index: number
  readonly name: PeerName
  readonly keys: Map<string, SigningKey>
  offsetMs: number
  drift: number
  signer: Disk
  store: Disk
  /** What a restore from a backup leaves behind: no vote until another key is seated. */
  isRestored: boolean
  /** Longest time that a sync takes. */
  syncMsMax: number
}

/** Lies of a node whose engine is honest: what leaves and what its engine gets to hear. */
export type Mask = {
  leaving (peer: PeerName, message: Uint8Array): readonly Uint8Array[]
  arriving (peer: PeerName, message: Uint8Array): Uint8Array | null
}

export type Surroundings = {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly federation: CID
  readonly app: ToyApp
  readonly keys: KeyMaker
  readonly profile: Profile
  send (from: Process, peer: PeerName, message: Uint8Array): void
  onFinal (who: Process, blocks: readonly FinalBlock<ToyState>[], proof: FinalityProof): void
  onAlarm (who: Process, code: AlarmCode, sentence: string, proof: Uint8Array | null): void
  onBlame (who: Process, peer: PeerName, reason: string): void
  onBroken (who: Process, error: unknown): void
}

export const START_WALL_MS: number = 1_750_000_000_000
const BACKLOG_MAX = 8_192

type Batch = { readonly signer: DiskRow[], readonly store: DiskRow[], readonly waiting: (() => void)[], isBarrier: boolean, votes: number }
const newBatch = (): Batch => ({ signer: [], store: [], waiting: [], isBarrier: false, votes: 0 })

/** A running engine with its disk: the driver's part, which holds back what rests on rows that are not synced yet. */
export class Process {
  readonly place: Place
  readonly instance: string
  readonly rules: Rules<ToyState, ToyTransaction>
  mask: Mask | null = null
  isAlive = true
  isPaused = false
  readonly #around: Surroundings
  readonly #startedMs: number
  #state: Engine | undefined
  #batch = newBatch()
  #flying: Batch | null = null
  #votesKept = 0
  #votesRepeated = 0
  #timer = 0
  #backlog: (() => void)[] = []

  constructor (place: Place, around: Surroundings, order: number) {
    this.place = place
    this.#around = around
    this.#startedMs = around.agenda.nowMs
    this.instance = hex(sha256(utf8('instance'), nodeKeyOf(place.index), u64(order))).slice(0, 32)
    this.rules = {
      federation: around.federation, app: around.app, scheme: around.keys.scheme, profile: around.profile, node: nodeKeyOf(place.index),
      keys: new Map(place.keys), version: 1, instance: this.instance
    }
  }

  get name (): PeerName {
    return this.place.name
  }

  get ageMs (): number {
    return this.#around.agenda.nowMs - this.#startedMs
  }

  get state (): Engine | undefined {
    return this.#state
  }

  start (): void {
    const rows: (KeptRow & { readonly value: Uint8Array })[] = []
    for (const disk of [this.place.signer, this.place.store]) {
      for (const [key, value] of disk.rows) if (key.startsWith('e:')) rows.push(value as KeptRow & { readonly value: Uint8Array })
    }
    for (const row of rows) this.#votesKept = Math.max(this.#votesKept, voteCountOf(row) ?? 0)
    const root = this.place.store.rows.get('state')
    const appState = root instanceof Uint8Array ? this.#around.app.stateOf(root) : undefined
    this.#step(() => begin(this.rules, { rows, appState }, this.now()))
    if (this.place.isRestored) this.feed({ type: 'lock', reason: 'it was restored from a backup' })
  }

  /** Elapsed time by the node's oscillator, and the wall clock as the node sees it. */
  now (): Now {
    const elapsedMs = (this.#around.agenda.nowMs - this.#startedMs) * (1 + this.place.drift)
    const wallMs = START_WALL_MS + this.#around.agenda.nowMs * (1 + this.place.drift) + this.place.offsetMs
    return { monotonicMs: Math.floor(elapsedMs) + 1_000, wallMs: Math.floor(wallMs) }
  }

  feed (stimulus: Stimulus): void {
    this.#whenAwake(() => {
      const heard = stimulus.type === 'message' && this.mask !== null ? this.mask.arriving(stimulus.peer, stimulus.bytes) : undefined
      if (heard === null) return
      const input = heard === undefined ? stimulus : { ...stimulus, bytes: heard }
      this.#step(() => this.#state === undefined ? undefined : step(this.rules, this.#state, { ...input, now: this.now() } as Input<ToyTransaction>))
    })
  }

  pause (): void {
    this.isPaused = true
  }

  resume (): void {
    if (!this.isPaused) return
    this.isPaused = false
    const backlog = this.#backlog
    this.#backlog = []
    for (const run of backlog) this.#whenAwake(run)
  }

  /** Ends at once. What was on its way to the disk meets the fate that is asked for. */
  crash (fateOf: () => Fate): void {
    this.isAlive = false
    this.#backlog = []
    const { chance } = this.#around
    // What a database commits as one stays one: its records carry checksums. Rows of own votes were made to bear less.
    this.place.signer.crash(fateOf(), chance, () => false)
    this.place.store.crash(fateOf(), chance, rows => rows.some(({ key }) => key === 'state'))
  }

  addKey (key: SigningKey): void {
    this.place.keys.set(hex(key.publicKey), key)
    this.feed({ type: 'keys', keys: new Map(this.place.keys) })
  }

  /** What is held in memory is bounded, whatever peers do. */
  sizes (): Readonly<Record<string, number>> {
    const state = this.#state
    if (state === undefined) return {}
    return {
      pool: state.pool.size, blocks: state.blocks.size, wants: state.wants.size, peers: state.peers.size, evidence: state.evidence.length,
      views: state.views.size, votes: [...state.views.values()].reduce((sum, { votes }) => Math.max(sum, votes.length), 0), newest: state.newest.size
    }
  }

  view (): ReturnType<typeof viewOf> | undefined {
    return this.#state === undefined ? undefined : viewOf(this.#state)
  }

  poolHas (id: string): boolean {
    return this.#state !== undefined && poolHas(this.#state, id)
  }

  #whenAwake (run: () => void): void {
    if (!this.isAlive) return
    if (!this.isPaused) return run()
    if (this.#backlog.length < BACKLOG_MAX) this.#backlog.push(run)
  }

  #step (take: () => Step<ToyState, ToyTransaction> | undefined): void {
    if (!this.isAlive) return
    try {
      const taken = take()
      if (taken === undefined) return
      this.#state = taken.state
      for (const effect of taken.effects) this.#perform(effect)
      this.#flush()
    } catch (error) {
      this.isAlive = false
      this.#around.onBroken(this, error)
    }
  }

  #perform (effect: Effect<ToyState>): void {
    switch (effect.type) {
      case 'persist': {
        this.#keep(effect.rows.map(diskRowOf('signer')).filter(row => row !== null), [
          ...effect.rows.map(diskRowOf('store')).filter(row => row !== null), ...effect.state.map(({ value }) => ({ key: 'state', value }))
        ], effect.isLazy)
        for (const row of effect.rows) this.#batch.votes = Math.max(this.#batch.votes, voteCountOf(row) ?? 0)
        return
      }
      case 'send': return this.#afterSync(() => this.#send(effect.peer, effect.message))
      case 'timer': return this.#setTimer(effect.atMonotonicMs)
      case 'final': {
        this.#keep([], archiveRows(effect.blocks, effect.proof), false)
        return this.#afterSync(() => this.#around.onFinal(this, effect.blocks, effect.proof))
      }
      case 'archive': return this.#around.agenda.after(1, () => this.#whenAwake(() => {
        for (const message of archiveAnswer(readerOf(this.place.store), effect.request)) this.#send(effect.peer, message)
      }))
      case 'alarm': return this.#around.onAlarm(this, effect.code, effect.sentence, effect.proof)
      case 'blame': return this.#around.onBlame(this, effect.peer, effect.reason)
    }
  }

  #send (peer: PeerName, message: Uint8Array): void {
    for (const each of this.mask === null ? [message] : this.mask.leaving(peer, message)) this.#around.send(this, peer, each)
  }

  #keep (signer: readonly DiskRow[], store: readonly DiskRow[], isLazy: boolean): void {
    this.#batch.signer.push(...signer)
    this.#batch.store.push(...store)
    if (!isLazy && signer.length + store.length > 0) this.#batch.isBarrier = true
  }

  #afterSync (run: () => void): void {
    if (this.#batch.isBarrier) this.#batch.waiting.push(run)
    else if (this.#flying?.isBarrier === true) this.#flying.waiting.push(run)
    else run()
  }

  /** Both databases are synced side by side; what gathers meanwhile goes with the next sync. */
  #flush (): void {
    const batch = this.#batch
    if (this.#flying !== null || batch.signer.length + batch.store.length === 0) return
    this.#flying = batch
    this.#batch = newBatch()
    if (batch.store.length > 0 && this.#votesRepeated < this.#votesKept) {
      this.#votesRepeated = this.#votesKept
      const row = diskRowOf('store')(countRow(this.#votesKept))
      if (row !== null) batch.store.push(row)
    }
    const { agenda, chance } = this.#around
    const { signer, store, syncMsMax } = this.place
    const [signerMs, storeMs] = [0.2 + chance.next() * syncMsMax, 0.2 + chance.next() * syncMsMax]
    signer.commit(batch.signer)
    store.commit(batch.store)
    agenda.after(signerMs, () => { if (this.isAlive) signer.sync() })
    agenda.after(storeMs, () => { if (this.isAlive) store.sync() })
    agenda.after(Math.max(signerMs, storeMs), () => {
      if (!this.isAlive) return
      this.#votesKept = Math.max(this.#votesKept, batch.votes)
      this.#whenAwake(() => {
        this.#flying = null
        for (const run of batch.waiting) run()
        this.#flush()
      })
    })
  }

  #setTimer (atMonotonicMs: number | null): void {
    const timer = ++this.#timer
    if (atMonotonicMs === null) return
    const { agenda } = this.#around
    const waitMs = (atMonotonicMs - this.now().monotonicMs) / (1 + this.place.drift)
    agenda.after(Math.max(1, Math.ceil(waitMs) + 1), () => this.#whenAwake(() => {
      if (timer === this.#timer) this.feed({ type: 'tick' })
    }))
  }
}

export function placeOf (index: number, keys: readonly SigningKey[]): Place {
  return {
    index, name: nameOfNode(index), keys: new Map(keys.map(key => [hex(key.publicKey), key])), offsetMs: 0, drift: 0,
    signer: new Disk(), store: new Disk(), isRestored: false, syncMsMax: 3
  }
}

const diskRowOf = (of: KeptRow['database']) => (row: KeptRow): DiskRow | null =>
  row.database !== of ? null : { key: `e:${hex(row.key)}`, value: row.value === null ? null : row }

function archiveRows (blocks: readonly FinalBlock<ToyState>[], proof: FinalityProof): readonly DiskRow[] {
  const last = blocks.at(-1)?.block
  if (last === undefined) return []
  const { height, epoch, seal } = last.header
  return [
    ...blocks.flatMap(({ block }) => [{ key: `k:${block.header.height}`, value: block }, { key: `j:${hex(block.digest)}`, value: block }]),
    { key: `p:${height}`, value: proof }, { key: 'tip', value: height }, ...seal === null ? [] : [{ key: `z:${epoch}`, value: proof }]
  ]
}

function readerOf ({ rows }: Disk): ArchiveReader {
  return {
    tipHeight: Number(rows.get('tip') ?? 0),
    blockAt: height => rows.get(`k:${height}`) as Block | undefined,
    blockOf: digest => rows.get(`j:${hex(digest)}`) as Block | undefined,
    proofAt: height => rows.get(`p:${height}`) as FinalityProof | undefined,
    sealOf: epoch => rows.get(`z:${epoch}`) as FinalityProof | undefined
  }
}
