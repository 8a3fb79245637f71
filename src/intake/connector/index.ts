/**
 * Runs connectors: what brings data into a node.
 *
 * A connector is a `run` that works until it is told to end; it throws where it cannot go on, and is made and run again after a
 * while, longer each time. It stores through an inlet, which stores each record once: what came before is known by an identity
 * that follows from the record, so the newest records of the stream tell it after a restart. A source is told that something
 * arrived only when `take` has resolved. What cannot be read is a dead letter: kept with reason, time, origin and the beginning of
 * its bytes in a stream that nobody else gets, up to a number a day; beyond it is counted.
 *
 * Nothing here knows the node: `Sink` is the port, made in `cli/start`.
 */
export type {
  Connector, ConnectorClock, ConnectorContext, ConnectorFactories, ConnectorFactory, Inlet, InletOptions, LetterInput, PrivateTerms, Reporter, SafeAnswer, SafeFetch, Sink, SinkFailure, StatePort
} from './types.ts'
export { backoffMs } from './backoff.ts'
export { descriptionOf } from './describing.ts'
export { StreamInlet } from './inlet.ts'
export { LETTERS_DATASET_ID } from './letters.ts'
export { LETTERS_PER_DAY_MAX } from './limits.ts'
export { fileState } from './state.ts'
export { contentIdentity } from './window.ts'
export { Supervisor, type SupervisorOptions } from './supervisor.ts'
