import { bytesOfHex, cidOf, hex, leafHash, u64 } from '../../base/index.ts'
import { decodeMessage, encodeMessage, type Message } from '../../core/consensus/index.ts'
import {
  assembleCert, contradictionOf, encodeVote, FINALIZE, makeBlock, NORMAL, NOTARIZE, NULLIFY, PROPOSE, validatorSet, voteSignBytes,
  type Block, type Validator, type ValidatorSet, type Vote, type VoteType
} from '../../core/finality/index.ts'
import type { SigningKey } from '../../core/identity/index.ts'
import {
  Agenda, chanceOf, keyMaker, memberOf, nameOfNode, nodeKeyOf, placeOf, Process, START_WALL_MS, toyApp, toyTransaction, PUT,
  type Chance, type Fate, type Place, type Surroundings
} from '../ground/index.ts'

export type ScheduleOutcome = {
  readonly signatures: number
  readonly crashes: number
  readonly restores: number
  readonly clones: number
  readonly locks: number
  /** Pairs of votes of the one key that no honest node gives. */
  readonly conflicts: readonly string[]
  /** Votes that left before they were on a disk. */
  readonly early: number
  /** A clone that nobody could tell of said something else than its original, and the pair proves it. */
  readonly isProven: boolean
}

const NODES = 4
const STEPS = 28
const COPY_MS = 200
/** What peers remember of the instances behind a key. */
const [INSTANCE_WINDOW_MS, INSTANCES_MAX] = [60_000, 8]
const PROFILE = { deltaMs: 1_000, batchWindowMs: 0, backoffMaxMs: 60_000, heartbeatMs: 6 * 3_600_000, bodyBytesMax: 4_096, driftMsMax: 30_000 }

/**
 * One schedule of a signer's life: a node among three puppets who hold their own keys and show it whatever provokes votes:
 * two blocks in one view, certificates of either, timeouts. It crashes with rows in flight, is restored from old backups (with
 * the marker that a restore leaves) and is cloned. `isCutOff`: the clone reaches nobody who knows the original.
 */
export function playSchedule (seed: number, isCutOff = false): ScheduleOutcome {
  return new Schedule(seed, isCutOff).play()
}

type Backup = Pick<Place, 'signer' | 'store'>

class Schedule {
  readonly #chance: Chance
  readonly #isCutOff: boolean
  readonly #agenda = new Agenda()
  readonly #puppets: readonly { readonly index: number, readonly key: SigningKey }[]
  readonly #set: ValidatorSet
  readonly #place = placeOf(0, [])
  readonly #around: Surroundings
  readonly #federation
  readonly #app
  readonly #votes: Vote[] = []
  readonly #known = new Set<string>()
  readonly #newest = new Map<number, Vote>()
  readonly #blocks: Block[] = []
  readonly #seen: { readonly instance: Uint8Array, readonly firstMs: number, readonly lastMs: number }[] = []
  #running: Process[] = []
  #starts = 0
  #crashes = 0
  #restores = 0
  #clones = 0
  #locks = 0
  #early = 0

  constructor (seed: number, isCutOff: boolean) {
    this.#chance = chanceOf(seed, 'schedule')
    this.#isCutOff = isCutOff
    const keys = keyMaker(false, () => {})
    this.#federation = cidOf('dagCbor', u64(seed))
    const all = Array.from({ length: NODES }, (_, index) => ({ index, key: keys.make(`signer ${index}`) }))
    this.#puppets = all.slice(1)
    const [own] = all
    if (own !== undefined) this.#place.keys.set(hex(own.key.publicKey), own.key)
    const seatOf = (index: number, key: Uint8Array): Validator => ({ member: memberOf(index), node: nodeKeyOf(index), key })
    this.#app = toyApp(all.map(({ index, key }) => seatOf(index, key.publicKey)), seatOf, START_WALL_MS - 1_000)
    const set = validatorSet(this.#app.genesis.validators, keys.scheme)
    if (!set.ok) throw new RangeError('four keys are a set')
    this.#set = set.value
    this.#around = {
      agenda: this.#agenda, chance: chanceOf(seed, 'disk'), federation: this.#federation, app: this.#app, keys, profile: PROFILE,
      send: (from, peer, message) => this.#heard(from, peer, message),
      onFinal: () => {}, onBlame: () => {},
      onAlarm: (_who, code) => { if (code === 'locked') this.#locks++ },
      onBroken: (_who, error) => { throw error }
    }
  }

  play (): ScheduleOutcome {
    this.#start()
    let backup = this.#copy()
    for (let step = 0; step < STEPS; step++) {
      this.#agenda.runUntil(this.#agenda.nowMs + this.#chance.pick([0.1, 1, 3, 50, 900, 2_500]))
      const kind = this.#chance.next()
      if (kind < 0.16) this.#crash()
      else if (kind < 0.2) backup = this.#copy()
      else if (kind < 0.24) this.#restore(backup)
      else if (kind < 0.27) this.#clone()
      else this.#provoke()
      if (this.#running.length === 0) this.#start()
    }
    this.#agenda.runUntil(this.#agenda.nowMs + 200)
    const conflicts = this.#conflicts()
    return {
      signatures: this.#votes.length, crashes: this.#crashes, restores: this.#restores, clones: this.#clones, locks: this.#locks, early: this.#early,
      conflicts, isProven: conflicts.length > 0
    }
  }

  #start (place = this.#place): void {
    const process = new Process(place, this.#around, this.#starts++)
    this.#running.push(process)
    process.start()
    const nowMs = this.#agenda.nowMs
    const hasOthers = this.#seen.some(each => each.lastMs > nowMs - INSTANCE_WINDOW_MS)
    this.#seen.push({ instance: bytesOfHex(process.instance) ?? new Uint8Array(16), firstMs: nowMs, lastMs: nowMs })
    for (const { index } of this.#puppets) {
      process.feed({ type: 'open', peer: nameOfNode(index), instance: hex(nodeKeyOf(index)).slice(0, 32) })
      // Whoever sees a second instance behind one key tells that key, and with it both.
      if (hasOthers && !this.#isCutOff) for (const each of this.#running) this.#tellOfItself(each, index)
    }
  }

  #copy (): Backup {
    return { signer: this.#place.signer.copy(), store: this.#place.store.copy() }
  }

  #end (process: Process): void {
    const fate = (): Fate => this.#chance.pick(['kept', 'dropped', 'torn'])
    process.crash(fate)
    this.#running = this.#running.filter(each => each !== process)
  }

  #crash (): void {
    for (const each of this.#running.slice()) this.#end(each)
    this.#crashes++
  }

  #restore (backup: Backup): void {
    this.#crash()
    this.#restores++
    Object.assign(this.#place, { signer: backup.signer.copy(), store: backup.store.copy(), isRestored: true })
  }

  /** A second process on a copy of what is synced. Peers see both instances, unless it is cut off. */
  #clone (): void {
    if (this.#clones > 0) return
    this.#clones++
    const copy = this.#copy()
    // Copying takes longer than a vote needs to be synced and heard: what was on its way is known by then.
    this.#agenda.runUntil(this.#agenda.nowMs + COPY_MS)
    this.#start({ ...this.#place, ...copy })
  }

  #sign (key: SigningKey, type: VoteType, view: number, digest: Uint8Array | null): Vote {
    const fields = { epoch: 0, view, type, digest }
    const signer = this.#set.validators.findIndex(each => hex(each.key) === hex(key.publicKey))
    return { ...fields, signer, signature: key.sign(voteSignBytes(this.#federation, fields)) }
  }

  /** What leaves the node is what counts. Puppets answer what a node asks of itself, as honest peers do. */
  #heard (from: Process, peer: string, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes, PROFILE.bodyBytesMax)
    if (!decoded.ok) return
    const message = decoded.value
    const puppet = this.#puppets.find(({ index }) => nameOfNode(index) === peer)?.index ?? 0
    if (message.kind === 'vote' && hex(this.#set.validators[message.vote.signer]?.key ?? new Uint8Array(0)) === [...this.#place.keys.keys()][0]) this.#took(from, message.vote, puppet)
    if (message.kind === 'proposal') this.#blocks.push(message.block)
    if (message.kind !== 'getVotesOf') return
    this.#tellOfItself(from, puppet)
  }

  #tellOfItself (process: Process, puppet: number): void {
    const isAlone = this.#isCutOff && process !== this.#running[0]
    this.#agenda.after(1, () => {
      const nowMs = this.#agenda.nowMs
      const instances = this.#seen.filter(each => !this.#isCutOff && each.lastMs > nowMs - INSTANCE_WINDOW_MS).slice(-INSTANCES_MAX)
        .map(({ instance, firstMs, lastMs }) => ({ instance, firstAgoMs: Math.floor(nowMs - firstMs), lastAgoMs: Math.floor(nowMs - lastMs) }))
      const newest = isAlone ? null : this.#newest.get(puppet) ?? null
      process.feed({ type: 'message', peer: nameOfNode(puppet), bytes: encodeMessage({ kind: 'votesOf', newest, instances }) })
    })
  }

  #took (from: Process, vote: Vote, puppet: number): void {
    this.#newest.set(puppet, vote)
    const name = hex(encodeVote(vote))
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#votes.push(vote)
    const rows = [...from.place.signer.rows.values()] as readonly { readonly value?: Uint8Array }[]
    if (!rows.some(({ value }) => value !== undefined && hex(value) === name)) this.#early++
  }

  /** Shows the node something that makes it vote: blocks, certificates, timeouts; now one thing, now the contrary. */
  #provoke (): void {
    const process = this.#chance.pick(this.#running)
    const view = process.view()?.view ?? 1
    const to = (message: Message): void => process.feed({ type: 'message', peer: nameOfNode(this.#chance.pick(this.#puppets).index), bytes: encodeMessage(message) })
    const known = this.#blocks.filter(({ header }) => header.view === view)
    const digest = known.length > 0 && this.#chance.isBelow(0.8) ? this.#chance.pick(known).digest : this.#chance.bytes(32)
    const type = this.#chance.pick([NOTARIZE, NULLIFY, FINALIZE] as const)
    const content = type === NULLIFY ? null : digest
    switch (this.#chance.between(0, 4)) {
      case 0: case 1: {
        const leader = process.state?.epoch.leaders[view % NODES] ?? 0
        const key = this.#puppets.find(each => hex(each.key.publicKey) === hex(this.#set.validators[leader]?.key ?? new Uint8Array(0)))?.key
        if (key === undefined) return process.feed({ type: 'submit', transactions: [toyTransaction(PUT, this.#chance.between(0, 99))] })
        const block = this.#block(view, leader)
        if (block === undefined) return
        this.#blocks.push(block)
        return to({ kind: 'proposal', block, signature: this.#sign(key, PROPOSE, view, block.digest).signature })
      }
      case 2: {
        const votes = this.#puppets.map(({ key }) => this.#sign(key, type, view, content))
        return to({ kind: 'cert', cert: assembleCert(this.#set, votes) })
      }
      case 3: return to({ kind: 'vote', vote: this.#sign(this.#chance.pick(this.#puppets).key, type, view, content) })
      default: return this.#agenda.runUntil(this.#agenda.nowMs + 2_100)
    }
  }

  /** A first block of the epoch: its parent is the base, and all views before are given up. */
  #block (view: number, proposer: number): Block | undefined {
    const { genesis } = this.#app
    const nulls = Array.from({ length: view - 1 }, (_, at) => assembleCert(this.#set, this.#puppets.map(({ key }) => this.#sign(key, NULLIFY, at + 1, null))))
    const transaction = toyTransaction(PUT, this.#chance.between(1_000, 1_002))
    const seat = this.#set.validators[proposer]
    if (seat === undefined) return undefined
    const body = { epoch: 0, height: 1, timeMs: START_WALL_MS + Math.floor(this.#agenda.nowMs) + this.#chance.between(0, 1), proposer: seat, type: NORMAL as 1 }
    const seen = this.#set.validators.filter((each, at) => at === proposer || (nulls.length > 0 && each.member !== memberOf(0)))
    const context = { federation: this.#federation, version: 1, ...body, seen, verdicts: [] }
    const content = this.#app.propose(genesis.state, context, [transaction], PROFILE.bodyBytesMax).body
    const done = this.#app.execute(genesis.state, context, content, () => undefined)
    if (!done.ok) return undefined
    return makeBlock({
      ...body, proposer, federation: this.#federation, view, parent: this.#federation.multihash.digest, parentView: 0, validatorsHash: this.#set.hash,
      bodyRoot: done.value.bodyRoot, stateRoot: done.value.stateRoot, logRoot: leafHash(this.#federation.multihash.digest), seal: null,
      just: { parentCert: null, nulls }, evidence: [], body: content
    })
  }

  #conflicts (): readonly string[] {
    return this.#votes.flatMap((first, at) => this.#votes.slice(at + 1).flatMap(second => {
      const found = contradictionOf(first, second)
      const isLate = first.view === second.view && first.type === NULLIFY && second.type === NOTARIZE
      return found === null && !isLate ? [] : [`${found?.kind ?? 'NOTARIZE after NULLIFY'} at view ${first.view}`]
    }))
  }
}
