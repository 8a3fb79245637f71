import { bytesOfHex, cidOf, encodeCanonical, hex, sha256, u64, type CID } from '../base/index.ts'
import { decodeMessage, encodeMessage, type Message, type Profile } from '../core/consensus/index.ts'
import { makeBlock, NORMAL, SEAL, voteSignBytes, type Block, type BlockFields, type Seal, type Validator } from '../core/finality/index.ts'
import type { SigningKey } from '../core/identity/index.ts'
import { Judge, Signatures, type Violation } from './checking/index.ts'
import {
  Agenda, chanceOf, keyMaker, memberOf, Network, nodeKeyOf, placeOf, Process, PUT, ROTATE, START_WALL_MS, toyApp, toyTransaction, Trace,
  type Chance, type Fate, type KeyMaker, type Liar, type Place, type Power, type Surroundings, type ToyApp, type ToyTransaction
} from './ground/index.ts'
import { pairOf, type Plan } from './plan.ts'

const PROFILES: Readonly<Record<Plan['profile'], Profile>> = {
  lan: { deltaMs: 250, batchWindowMs: 50, backoffMaxMs: 60_000, heartbeatMs: 6 * 3_600_000, bodyBytesMax: 65_536, driftMsMax: 30_000 },
  wan: { deltaMs: 1_000, batchWindowMs: 250, backoffMaxMs: 60_000, heartbeatMs: 6 * 3_600_000, bodyBytesMax: 65_536, driftMsMax: 30_000 }
}
/** No clock of more nodes than are tolerated stands before the founding: they would wait for it. */
const FOUNDED_AGO_MS = 3_600_000
const QUEUE_MAX = 2_048
const NARROW_QUEUE_MAX = 48
/** Within what block times may be ahead of a clock. */
const CLOCK_MS_MAX = 30_000
const ROTATE_AFTER_MS = 2_000

type Own = { readonly transaction: ToyTransaction, readonly place: number }

/** A federation in one virtual clock: places, their processes, the network between them, and who judges it all. */
export class World {
  readonly plan: Plan
  readonly agenda: Agenda = new Agenda()
  readonly network: Network
  readonly judge: Judge
  readonly trace: Trace = new Trace()
  readonly app: ToyApp
  readonly places: readonly Place[]
  readonly #around: Surroundings
  readonly #keys: KeyMaker
  readonly #liars: Readonly<Record<string, Liar>>
  readonly #signatures = new Signatures()
  readonly #diskChance: Chance
  readonly #own: Own[] = []
  #starts = 0
  #nonce = 0
  #keyCount = 0
  /** When something left an honest node for the last time, and what. */
  lastSent: { readonly atMs: number, readonly node: number, readonly kind: string } = { atMs: 0, node: -1, kind: 'nothing' }
  lastFinalMs = 0
  /** When a node last got another key for one that may not vote any more: a reason to talk. */
  lastRotatedMs = Number.NEGATIVE_INFINITY
  /** When every honest node had the probe, which was submitted after the last healing. */
  probedMs = 0
  #probe = ''
  readonly #unprobed = new Set<number>()
  messages = 0
  views = 0

  constructor (plan: Plan, liars: Readonly<Record<string, Liar>>) {
    this.plan = plan
    this.#liars = liars
    this.#diskChance = chanceOf(plan.seed, 'disk')
    this.#keys = keyMaker(plan.isReal, (key, message, signature) => this.#signatures.add(key, message, signature))
    const federation: CID = cidOf('dagCbor', u64(plan.seed))
    const count = plan.nodes + plan.learners
    this.places = Array.from({ length: count }, (_, index) => placeOf(index, [this.#keys.make(`${index}`)]))
    const seats = this.places.slice(0, plan.nodes).map(({ index, keys }) => seatOf(index, bytesOfHex([...keys.keys()][0] ?? '') ?? new Uint8Array(32)))
    this.app = toyApp(seats, seatOf, START_WALL_MS - FOUNDED_AGO_MS)
    this.judge = new Judge({
      federation, app: this.app, signatures: this.#signatures, nowMs: () => this.agenda.nowMs, expectsForks: plan.expectsForks,
      scheme: this.#keys.scheme, liars: new Set([...plan.liars.keys(), ...plan.twins].map(memberOf))
    })
    this.network = new Network({
      agenda: this.agenda, chance: chanceOf(plan.seed, 'network'), queueMax: plan.faults.has('queues') ? NARROW_QUEUE_MAX : QUEUE_MAX,
      isJoined: (a, b) => !plan.apart.has(pairOf(a, b)),
      onDelivered: (from, to, message) => this.trace.add('<', this.agenda.nowMs, from.name + to.name, message)
    })
    this.#around = {
      agenda: this.agenda, chance: this.#diskChance, federation, app: this.app, keys: this.#keys, profile: PROFILES[plan.profile],
      send: (from, peer, message) => this.#send(from, peer, message),
      onFinal: (who, blocks, proof) => {
        for (const { block } of blocks) this.trace.add('final', this.agenda.nowMs, who.name, block.digest)
        this.views = Math.max(this.views, blocks.at(-1)?.block.header.view ?? 0)
        this.lastFinalMs = this.agenda.nowMs
        if (blocks.some(({ ids }) => ids.includes(this.#probe))) this.#reached(who.place.index)
        if (this.isHonest(who)) this.judge.final(who, blocks, proof)
      },
      onAlarm: (who, code, sentence) => {
        this.trace.add(`alarm ${code}`, this.agenda.nowMs, who.name)
        if (code === 'locked') this.#rotateSoon(who)
        else if (!plan.expectsForks && this.isHonest(who)) this.judge.note('alarm', who.place.index, `${code}: ${sentence}`)
      },
      onBlame: (who, peer, reason) => this.#blamed(who, peer, reason),
      onBroken: (who, error) => this.judge.note('broken', who.place.index, error instanceof Error ? error.stack ?? error.message : String(error))
    }
  }

  /** Keeps every rule. Twins and masked nodes need not. */
  isHonest (who: Process): boolean {
    return !this.plan.liars.has(who.place.index) && !this.plan.twins.includes(who.place.index)
  }

  isSteady (index: number): boolean {
    return !this.plan.liars.has(index) && !this.plan.twins.includes(index) && !this.plan.dead.includes(index)
  }

  /** The processes that a place has now; two for twins and clones. */
  at (index: number): readonly Process[] {
    return this.network.processes.filter(each => each.place.index === index && each.isAlive)
  }

  start (index: number, place: Place | undefined = this.places[index]): Process | undefined {
    if (place === undefined) return undefined
    const process = new Process(place, this.#around, this.#starts++)
    this.trace.add('start', this.agenda.nowMs, process.name)
    const liar = this.#liars[this.plan.twins.includes(index) ? 'twin' : this.plan.liars.get(index) ?? '']
    if (liar !== undefined) this.#masked(process, liar)
    const kept = Number(place.store.rows.get('tip') ?? 0)
    process.start()
    if (this.isHonest(process)) this.judge.restarted(process, process.view()?.height ?? 0, kept)
    this.network.add(process)
    this.agenda.after(500, () => this.resubmit(index))
    return process
  }

  crash (process: Process): void {
    if (!process.isAlive) return
    this.trace.add('crash', this.agenda.nowMs, process.name)
    process.crash(() => this.#fate())
    this.network.remove(process)
  }

  /** A key that was never used before, held by a place. */
  freshKey (index: number): SigningKey {
    return this.#keys.make(`${index} again ${this.#keyCount++}`)
  }

  /** Has a node submit something; it goes on to do so until that is final. */
  submit (index: number, kind: number, about: number = index, notAfterMs = 0, key?: Uint8Array): ToyTransaction {
    const transaction = toyTransaction(kind, this.#nonce++, about, notAfterMs, key)
    this.#own.push({ transaction, place: index })
    for (const process of this.at(index)) process.feed({ type: 'submit', transactions: [transaction] })
    return transaction
  }

  /** Submits a transaction of which it is remembered when the last of these places has it in a final block. */
  probe (from: number, places: readonly number[]): void {
    this.#unprobed.clear()
    for (const each of places) this.#unprobed.add(each)
    this.#probe = this.submit(from, PUT).id
  }

  resubmit (index: number): void {
    const open = this.#own.filter(({ transaction, place }) => place === index && !this.judge.isFinal(transaction.id)).map(each => each.transaction)
    if (open.length > 0) for (const process of this.at(index)) process.feed({ type: 'submit', transactions: open })
  }

  /** Submitted by nodes that are not to blame for losing them, and not final yet. */
  waiting (): readonly Own[] {
    return this.#own.filter(({ transaction, place }) => this.isSteady(place) && !this.judge.isFinal(transaction.id))
  }

  violations (): readonly Violation[] {
    return this.judge.violations
  }

  #reached (index: number): void {
    if (this.#unprobed.delete(index) && this.#unprobed.size === 0) this.probedMs = this.agenda.nowMs
  }

  #fate (): Fate {
    if (!this.plan.faults.has('disk')) return 'dropped'
    return this.#diskChance.pick(['kept', 'dropped', 'torn'])
  }

  #send (from: Process, peer: string, bytes: Uint8Array): void {
    this.messages++
    const kind = KINDS_LOOKED_AT.has(bytes[0] ?? 0) ? decodeMessage(bytes, this.#around.profile.bodyBytesMax) : undefined
    if (kind?.ok === true) this.judge.sent(from, kind.value, bytes, this.isHonest(from))
    // A clock that is years off may take what expired for fresh, and its node stays awake: alone.
    if (this.isHonest(from) && Math.abs(from.place.offsetMs) < CLOCK_MS_MAX) this.lastSent = { atMs: this.agenda.nowMs, node: from.place.index, kind: `${bytes[0]}` }
    this.trace.add('>', this.agenda.nowMs, from.name + peer, bytes.subarray(0, 1))
    this.network.send(from, peer, bytes)
  }

  /** Two honest nodes never blame each other. */
  #blamed (who: Process, peer: string, reason: string): void {
    const other = this.places.find(({ name }) => name === peer)
    this.trace.add('blame', this.agenda.nowMs, who.name)
    if (other === undefined || !this.isHonest(who) || !this.isSteady(other.index) || this.plan.expectsForks) return
    this.judge.note('blame', who.place.index, `blames honest node ${other.index} for ${reason}`)
  }

  /** Asks for a seat's key to be replaced. */
  rotate (index: number, key: Uint8Array): void {
    this.lastRotatedMs = this.agenda.nowMs
    this.submit(index, ROTATE, index, 0, key)
  }

  /** What a node does whose key may not vote any more: binds another, and votes with it once a seal seats it. */
  #rotateSoon (who: Process): void {
    const { index } = who.place
    // Not of one that was cloned: while both processes run, each would only make the other's next key doubtful.
    if (!this.isHonest(who) || this.judge.doubled.has(index)) return
    this.agenda.after(ROTATE_AFTER_MS, () => {
      if (!who.isAlive) return
      const key = this.freshKey(index)
      who.addKey(key)
      this.rotate(index, key.publicKey)
    })
  }

  #masked (process: Process, liar: Liar): void {
    const power = this.#powerOf(process)
    const lie = liar(power)
    const { profile: { bodyBytesMax } } = this.#around
    const decoded = (bytes: Uint8Array): Message | undefined => {
      const message = decodeMessage(bytes, bodyBytesMax)
      return message.ok ? message.value : undefined
    }
    process.mask = {
      leaving: (peer, bytes) => {
        const message = lie.leaving === undefined ? undefined : decoded(bytes)
        return message === undefined || lie.leaving === undefined ? [bytes] : lie.leaving(peer, message).map(each => each === message ? bytes : encodeMessage(each))
      },
      arriving: (from, bytes) => {
        const message = lie.arriving === undefined ? undefined : decoded(bytes)
        if (message === undefined || lie.arriving === undefined) return bytes
        const heard = lie.arriving(from, message)
        return heard === null ? null : heard === message ? bytes : encodeMessage(heard)
      }
    }
  }

  #made (fields: BlockFields): Block {
    return makeBlock({ ...fields, stateRoot: this.judge.oracle.rootOf(fields) })
  }

  #powerOf (process: Process): Power {
    const { federation, profile: { bodyBytesMax } } = this.#around
    const seat = (): { readonly signer: number, readonly key: SigningKey, readonly epoch: number } | undefined => {
      const epoch = process.state?.epoch
      const key = epoch === undefined ? undefined : process.place.keys.get(hex(epoch.set.validators[epoch.me]?.key ?? new Uint8Array(0)))
      return epoch === undefined || key === undefined ? undefined : { signer: epoch.me, key, epoch: epoch.number }
    }
    return {
      name: process.name, chance: chanceOf(this.plan.seed, `liar ${process.place.index} ${this.#starts}`), bodyBytesMax,
      nowMs: () => this.agenda.nowMs, engine: () => process.state,
      others: () => process.state?.epoch.nodes.filter(name => name !== process.name) ?? [],
      send: (peer, message) => { if (process.isAlive) this.#send(process, peer, encodeMessage(message)) },
      sendBytes: (peer, bytes) => { if (process.isAlive) this.#send(process, peer, bytes) },
      sign: (type, view, digest, epoch) => {
        const at = seat()
        if (at === undefined) return undefined
        const fields = { epoch: epoch ?? at.epoch, view, type, digest }
        return { ...fields, signer: at.signer, signature: at.key.sign(voteSignBytes(federation, fields)) }
      },
      encode: encodeMessage,
      variant: ({ header, just, evidence, body }) => this.#made({ ...header, timeMs: header.timeMs + 1, just, evidence, body }),
      retimed: ({ header, just, evidence, body }, timeMs) => this.#made({ ...header, timeMs, just, evidence, body }),
      rejustified: ({ header, evidence, body }, just) => this.#made({ ...header, just, evidence, body }),
      sealed: ({ header, just, evidence, body }, validators) => this.#made({
        ...header, type: validators === null ? NORMAL : SEAL, just, evidence, body,
        seal: validators === null ? null : sealOf(validators, header.bodyRoot, this.judge.oracle.baseOf(header.epoch))
      }),
      after: (delayMs, run) => this.agenda.after(delayMs, () => { if (process.isAlive) run() })
    }
  }
}

/** Votes, proposals, blocks and ranges, by the first byte of a message. */
const KINDS_LOOKED_AT: ReadonlySet<number> = new Set([1, 3, 6, 12])

function sealOf (validators: readonly Validator[], paramsHash: Uint8Array, base: { readonly digest: Uint8Array, readonly height: number }): Seal {
  return {
    nextValidators: validators, nextValidatorsHash: hashOfSeats(validators), nextParamsHash: paramsHash, nextVersion: 1, prevSeal: base.digest, prevSealHeight: base.height
  }
}

function hashOfSeats (validators: readonly Validator[]): Uint8Array {
  return sha256(encodeCanonical(validators.map(({ member, node, key }) => [member, node, key])))
}

function seatOf (index: number, key: Uint8Array): Validator {
  return { member: memberOf(index), node: nodeKeyOf(index), key }
}
