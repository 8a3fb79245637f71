import { assert, cidOf, decodeCanonical, bytes, cid, hex, literal, nullable, text, tuple, uint, u32, type CID } from '../../base/index.ts'
import { decodeMessage } from '../../core/consensus/index.ts'
import { PROPOSE, validatorSet, type Validator, type Vote } from '../../core/finality/index.ts'
import {
  Agenda, chanceOf, Disk, keyMaker, memberOf, nodeKeyOf, placeOf, Process, START_WALL_MS, toyApp, type Chance, type Fate, type Place, type Surroundings
} from '../ground/index.ts'
import { diskOf, type Broken } from './disks.ts'
import { BODY_BYTES_MAX, helloOf, Puppets } from './puppets.ts'
import { Said } from './said.ts'

/** What happens to a signer's life beside crashes and power loss. */
export const FATES = ['power', 'power', 'power', 'marked', 'unmarked', 'clone', 'no signer', 'no store', 'cut off'] as const
export type LifeFate = (typeof FATES)[number]

export type Life = {
  readonly fate: LifeFate
  readonly signatures: number
  readonly starts: number
  readonly crashes: number
  readonly locks: number
  readonly finals: number
  /** Pairs of votes that left and that no honest node gives. */
  readonly conflicts: readonly string[]
  /** All that must not be. A clone that is cut off from its original may contradict it, if the pair proves that. */
  readonly violations: readonly string[]
  readonly isProven: boolean
}

const NODES = 4
const STEPS = 24
const HELLO_MS = 4
const PROFILE = { deltaMs: 1_000, batchWindowMs: 0, backoffMaxMs: 60_000, heartbeatMs: 6 * 3_600_000, bodyBytesMax: BODY_BYTES_MAX, driftMsMax: 30_000 }
const signBytes = tuple(literal('hanse'), literal(1), cid(), text(16), uint(), uint(), uint(4), nullable(bytes(32)))

/** Where everybody hears everything, what peers answer protects; elsewhere a vote may have reached nobody. */
const HEARS_ALL: ReadonlySet<LifeFate> = new Set(['unmarked', 'clone', 'no signer', 'cut off'])
const HEARD = 0.1

export function playLife (seed: number, broken?: Broken): Life {
  return new Schedule(seed, broken).play()
}

class Schedule {
  readonly #chance: Chance
  readonly #fate: LifeFate
  readonly #agenda = new Agenda()
  readonly #place: Place = placeOf(0, [])
  readonly #around: Surroundings
  readonly #puppets: Puppets
  readonly #said: Said
  readonly #wrong: string[] = []
  #running: Process[] = []
  #heights = new Map<Process, number>()
  #backup: { readonly signer: Disk, readonly store: Disk } | undefined
  #isTouched = false
  #starts = 0
  #crashes = 0
  #locks = 0
  #finals = 0

  constructor (seed: number, broken: Broken | undefined) {
    this.#chance = chanceOf(seed, 'schedule')
    this.#fate = FATES[seed % FATES.length] ?? 'power'
    const federation: CID = cidOf('dagCbor', u32(7))
    const all = Array.from({ length: NODES }, (_, index) => keysOf(index, (index, message) => this.#signed(index, message)))
    const [own] = all
    const seatOf = (index: number, key: Uint8Array): Validator => ({ member: memberOf(index), node: nodeKeyOf(index), key })
    const app = toyApp(all.map(({ publicKey }, index) => seatOf(index, publicKey)), seatOf, START_WALL_MS - 1_000)
    const keys = keyMaker(false, () => {})
    const set = validatorSet(app.genesis.validators, keys.scheme)
    assert(set.ok && own !== undefined, 'four keys are a set')
    this.#place.keys.set(hex(own.publicKey), own)
    Object.assign(this.#place, { signer: diskOf(broken), store: diskOf(broken) })
    this.#said = new Said(federation, set.value)
    this.#puppets = new Puppets({ federation, app, set: set.value, chance: this.#chance, keys: all.slice(1) })
    this.#around = {
      agenda: this.#agenda, chance: chanceOf(seed, 'disk'), federation, app, keys, profile: PROFILE,
      send: (from, peer, message) => this.#sent(from, peer, message, hex(own.publicKey), set.value.validators),
      onFinal: (who, blocks) => {
        for (const { block: { header: { height } } } of blocks) {
          const before = this.#heights.get(who)
          if (before !== undefined && height !== before + 1) this.#wrong.push(`height ${height} is final after ${before}`)
          this.#heights.set(who, height)
          this.#finals++
        }
      },
      onBlame: () => {},
      onAlarm: (_who, code) => { if (code === 'locked') this.#locks++ },
      onBroken: (_who, error) => { throw error }
    }
  }

  play (): Life {
    this.#start(this.#place)
    for (let step = 0; step < STEPS; step++) {
      this.#agenda.runUntil(this.#agenda.nowMs + this.#chance.pick([0.1, 0.5, 1, 3, 3, 50, 900, 2_500]))
      const kind = this.#chance.next()
      if (kind < 0.12) this.#crash()
      else if (kind < 0.2) this.#meet()
      else if (this.#puppets.provoke(this.#chance.pick(this.#running)) === 'wait') this.#agenda.runUntil(this.#agenda.nowMs + 2_100)
      if (this.#running.length === 0) this.#start(this.#place)
    }
    this.#agenda.runUntil(this.#agenda.nowMs + 3_000)
    const { votes, conflicts, early, unproven } = this.#said
    const isExcused = this.#fate === 'cut off'
    return {
      fate: this.#fate, signatures: votes.length, starts: this.#starts, crashes: this.#crashes, locks: this.#locks, finals: this.#finals, conflicts,
      violations: [...isExcused ? [] : conflicts, ...unproven > 0 ? ['a pair that proves nothing'] : [], ...early, ...this.#wrong],
      isProven: isExcused && conflicts.length > 0 && unproven === 0
    }
  }

  #start (place: Place): void {
    const process = new Process(place, this.#around, this.#starts++)
    this.#running.push(process)
    const kept = Number(place.store.rows.get('tip') ?? 0)
    process.start()
    const height = process.view()?.height ?? 0
    if (height < kept) this.#wrong.push(`it starts at height ${height} though ${kept} was kept`)
    this.#heights.set(process, height)
    // Nobody hears of a process before the row of its instance is synced.
    this.#agenda.after(HELLO_MS, () => { if (process.isAlive) this.#greet(process) })
  }

  #greet (process: Process): void {
    const hasOthers = this.#puppets.greet(process.instance, this.#agenda.nowMs)
    for (const name of this.#puppets.names) {
      process.feed({ type: 'open', peer: name, instance: helloOf(name) })
      // Whoever sees a second instance behind one key tells that key, and with it both.
      if (hasOthers && this.#fate !== 'cut off') for (const each of this.#running) this.#tell(each, name)
    }
  }

  /** What this life has in store, once. */
  #meet (): void {
    const { signer, store } = this.#place
    const [process] = this.#running
    if (this.#fate === 'power' || process === undefined) return
    if (this.#fate === 'marked' || this.#fate === 'unmarked') {
      if (this.#backup === undefined) this.#backup = { signer: signer.copy(), store: store.copy() }
      else if (!this.#isTouched) {
        this.#crash()
        Object.assign(this.#place, this.#backup, { isRestored: this.#fate === 'marked' })
        this.#isTouched = true
      }
    } else if (!this.#isTouched) {
      this.#isTouched = true
      if (this.#fate === 'clone' || this.#fate === 'cut off') return this.#clone()
      this.#crash()
      Object.assign(this.#place, this.#fate === 'no signer' ? { signer: signer.empty() } : { store: store.empty() })
    }
  }

  /** A second process on a copy of what is synced: copying takes longer than what was on its way. */
  #clone (): void {
    const { signer, store } = this.#place
    const copy = { ...this.#place, signer: signer.copy(), store: store.copy() }
    this.#agenda.runUntil(this.#agenda.nowMs + 200)
    this.#start(copy)
  }

  #crash (): void {
    const fate = (): Fate => this.#chance.pick(['kept', 'dropped', 'torn'])
    for (const each of this.#running.splice(0)) each.crash(fate)
    this.#crashes++
  }

  #sent (from: Process, peer: string, message: Uint8Array, own: string, validators: readonly Validator[]): void {
    const decoded = decodeMessage(message, BODY_BYTES_MAX)
    assert(decoded.ok, 'an engine says what can be read')
    const { value } = decoded
    if (value.kind === 'getVotesOf') return this.#tell(from, peer)
    const vote = value.kind === 'vote' ? value.vote : value.kind === 'proposal'
      ? { ...value.block.header, type: PROPOSE, digest: value.block.digest, signer: value.block.header.proposer, signature: value.signature } as Vote
      : undefined
    if (vote === undefined || hex(validators[vote.signer]?.key ?? new Uint8Array(0)) !== own) return
    this.#said.left(from, { epoch: vote.epoch, view: vote.view, type: vote.type, digest: vote.digest, signer: vote.signer, signature: vote.signature })
    if (value.kind === 'proposal') this.#puppets.blocks.push(value.block)
    const isAlone = this.#fate === 'cut off' && from !== this.#running[0]
    if (!isAlone && (HEARS_ALL.has(this.#fate) || this.#chance.isBelow(HEARD))) this.#puppets.hear(peer, vote)
  }

  #tell (process: Process, name: string): void {
    const knowsAll = this.#fate !== 'cut off' || process === this.#running[0]
    this.#agenda.after(1, () => process.feed({ type: 'message', peer: name, bytes: this.#puppets.votesOf(name, this.#agenda.nowMs, knowsAll) }))
  }

  #signed (index: number, message: Uint8Array): void {
    const decoded = decodeCanonical(message, signBytes, 1_024)
    if (index !== 0 || !decoded.ok || this.#fate === 'clone' || this.#fate === 'cut off') return
    this.#said.signed(decoded.value[6], decoded.value[5])
  }
}

function keysOf (index: number, onSigned: (index: number, message: Uint8Array) => void): ReturnType<ReturnType<typeof keyMaker>['make']> {
  return keyMaker(false, (_key, message) => onSigned(index, message)).make(`signer ${index}`)
}
