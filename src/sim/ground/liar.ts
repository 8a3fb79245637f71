import type { Message, PeerName } from '../../core/consensus/index.ts'
import type { Block, Just, Validator, Vote, VoteType } from '../../core/finality/index.ts'
import type { Chance } from './chance.ts'
import type { Engine } from './process.ts'

/** What a liar can do beside what its engine, which is the production one, does for it. */
export type Power = {
  readonly name: PeerName
  readonly chance: Chance
  readonly nowMs: () => number
  readonly bodyBytesMax: number
  /** State of its engine; undefined before it began. */
  readonly engine: () => Engine | undefined
  /** The other validators that there are names for. */
  readonly others: () => readonly PeerName[]
  readonly send: (peer: PeerName, message: Message) => void
  readonly sendBytes: (peer: PeerName, bytes: Uint8Array) => void
  /** Signs whatever it likes with its own key, in its own seat; undefined without one. */
  readonly sign: (type: VoteType, view: number, digest: Uint8Array | null, epoch?: number) => Vote | undefined
  readonly encode: (message: Message) => Uint8Array
  /** A block with another time, made right in all else: own proposals become two. */
  readonly variant: (block: Block) => Block
  readonly retimed: (block: Block, timeMs: number) => Block
  readonly rejustified: (block: Block, just: Just) => Block
  /** As a seal that names these validators, or as no seal. */
  readonly sealed: (block: Block, validators: readonly Validator[] | null) => Block
  readonly after: (delayMs: number, run: () => void) => void
}

/** Hooks of one kind of lie. What is left out happens as the engine says. */
export type Lie = {
  /** Instead of a message of its engine. */
  readonly leaving?: (peer: PeerName, message: Message) => readonly Message[]
  /** Beside what its engine hears; null keeps it from hearing. */
  readonly arriving?: (from: PeerName, message: Message) => Message | null
}

export type Liar = (power: Power) => Lie
