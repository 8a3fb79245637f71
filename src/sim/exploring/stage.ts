import { assert, bytesOfHex, cidOf, hex, sha256, utf8, type CID } from '../../base/index.ts'
import { begin, step, type Input, type Now, type PeerName, type Profile, type Rules } from '../../core/consensus/index.ts'
import type { Digest } from '../../core/finality/index.ts'
import { Signatures } from '../checking/index.ts'
import {
  keyMaker, memberOf, nameOfNode, nodeKeyOf, PUT, START_WALL_MS, toyApp, toyTransaction, type Engine, type ToyApp, type ToyState, type ToyTransaction
} from '../ground/index.ts'

export const DELTA_MS = 1_000
/** Elapsed time at which every engine begins; each has a clock of its own that goes on with its own deadlines alone. */
export const START_MS = 1_000
const NEVER_MS = 1_000_000_000_000

/** No engine waits to gather transactions, repeats itself or has a heartbeat: nothing is lost here, and time means nothing. */
const PROFILE: Profile = {
  deltaMs: DELTA_MS, batchWindowMs: 0, backoffMaxMs: NEVER_MS, heartbeatMs: NEVER_MS, bodyBytesMax: 65_536, driftMsMax: 30_000
}

/** A running engine. Both twins have one name, one key, and a record of own votes each. */
export type Actor = {
  readonly label: string
  readonly name: PeerName
  readonly isHonest: boolean
  /** Position of its seat. */
  readonly signer: number
  readonly rules: Rules<ToyState, ToyTransaction>
}

export type Stage = {
  readonly federation: CID
  readonly app: ToyApp
  readonly baseDigest: Digest
  readonly signatures: Signatures
  readonly actors: readonly Actor[]
  /** Met and unlocked, nothing submitted yet. */
  readonly engines: readonly Engine[]
  readonly transactions: readonly ToyTransaction[]
  readonly quorum: number
}

export type StageOptions = {
  readonly nodes: number
  /** View that the twin leads first. */
  readonly twinLeads: number
}

/** The wall clocks stand still, and block times follow from heights: nothing depends on when a message comes, only on the order. */
export const nowAt = (monotonicMs: number): Now => ({ monotonicMs, wallMs: START_WALL_MS })

/** Honest validators and one twin, who have met each other. The twins know different transactions, so they propose different blocks. */
export function stageOf ({ nodes, twinLeads }: StageOptions): Stage {
  const signatures = new Signatures()
  const maker = keyMaker(false, (key, message, signature) => signatures.add(key, message, signature))
  const federation = cidOf('dagCbor', utf8('explored'))
  const keys = Array.from({ length: nodes }, (_, index) => maker.make(`${index}`))
  const seatOf = (index: number, key: Uint8Array): { member: string, node: Uint8Array, key: Uint8Array } => ({ member: memberOf(index), node: nodeKeyOf(index), key })
  const app = toyApp(keys.map(({ publicKey }, index) => seatOf(index, publicKey)), seatOf, START_WALL_MS)
  const rulesOf = (index: number, instance: string): Rules<ToyState, ToyTransaction> => {
    const key = keys[index]
    assert(key !== undefined, 'each place has a key')
    return {
      federation, app, scheme: maker.scheme, profile: PROFILE, node: nodeKeyOf(index), keys: new Map([[hex(key.publicKey), key]]), version: 1,
      instance: hex(sha256(utf8(instance))).slice(0, 32)
    }
  }
  const all = Array.from({ length: nodes }, (_, index) => rulesOf(index, `${index}`))
  const met = meet(all)
  const leaders = met[0]?.epoch.leaders ?? []
  const twin = met.findIndex(({ epoch }) => epoch.me === leaders[twinLeads % nodes])
  const second = all.map((rules, index) => index === twin ? rulesOf(index, 'second') : rules)
  const meetings = [met, meet(second)]
  const actors: Actor[] = []
  const engines: Engine[] = []
  const add = (label: string, index: number, of: number): void => {
    const [rules, engine] = [(of === 0 ? all : second)[index], meetings[of]?.[index]]
    assert(rules !== undefined && engine !== undefined, 'everybody has met')
    actors.push({ label, name: nameOfNode(index), isHonest: index !== twin, signer: engine.epoch.me, rules })
    engines.push(engine)
  }
  for (let index = 0; index < nodes; index++) if (index !== twin) add('ABCDEFGHIJKLM'[actors.length] ?? '?', index, 0)
  add('T1', twin, 0)
  add('T2', twin, 1)
  const [honest, other] = [toyTransaction(PUT, 1), toyTransaction(PUT, 2)]
  const { quorum } = engines[0]?.epoch.set ?? { quorum: 0 }
  return {
    federation, app, baseDigest: engines[0]?.epoch.base.digest ?? new Uint8Array(32), signatures, actors, engines, quorum,
    transactions: actors.map(({ label }) => label === 'T2' ? other : honest)
  }
}

/** Everybody opens a stream to everybody and asks whether it may vote; each message arrives, in order. */
function meet (all: readonly Rules<ToyState, ToyTransaction>[]): readonly Engine[] {
  const names = all.map((_, index) => nameOfNode(index))
  const engines: Engine[] = []
  const queue: { readonly to: number, readonly peer: PeerName, readonly bytes: Uint8Array }[] = []
  const take = (index: number, input: Omit<Input<ToyTransaction>, 'now'> | undefined): void => {
    const rules = all[index]
    assert(rules !== undefined, 'each index has rules')
    const before = engines[index]
    const { state, effects } = before === undefined || input === undefined
      ? begin(rules, { rows: [], appState: undefined }, nowAt(START_MS))
      : step(rules, before, { ...input, now: nowAt(START_MS) } as Input<ToyTransaction>)
    engines[index] = state
    for (const effect of effects) {
      if (effect.type === 'send') queue.push({ to: names.indexOf(effect.peer), peer: names[index] ?? '', bytes: effect.message })
    }
  }
  for (const index of all.keys()) take(index, undefined)
  for (const index of all.keys()) {
    for (const [other, { instance }] of all.entries()) {
      if (other !== index) take(index, { type: 'open', peer: names[other] ?? '', instance } as Omit<Input<ToyTransaction>, 'now'>)
    }
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    take(next.to, { type: 'message', peer: next.peer, bytes: next.bytes } as Omit<Input<ToyTransaction>, 'now'>)
  }
  assert(engines.every(({ signing }) => signing.lock.type === 'open'), 'who has met the others may vote')
  assert(bytesOfHex(names[0] ?? '') !== undefined, 'a name is the hex of a key')
  return engines
}
