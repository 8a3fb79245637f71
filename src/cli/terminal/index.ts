/**
 * Gives every command the same way to be called and to speak: arguments, answers, failures, exit codes, progress.
 *
 * stdout carries the answer and nothing else, stderr all the rest. `--json` makes the answer one document, `--ndjson` one
 * document a line; both carry `schemaVersion`, and a failure is a document with `error`. Nothing is asked when stdin is no
 * terminal or `--no-input` is given. Text that comes from others loses its control characters before it is shown.
 */
export { callOf, GLOBAL_OPTIONS, readGlobals } from './arguments.ts'
export {
  answer, problem, type Call, type Command, type Option, type Outcome
} from './command.ts'
export { EXIT, type ExitCode } from './exit.ts'
export { count, formatBytes, formatDuration, formatTime, pairs, plain, table } from './format.ts'
export { ledgerRows } from './ledger.ts'
export { nearest } from './nearest.ts'
export { createTerminal, type Answer, type Problem, type Streams, type Terminal } from './output.ts'
export { createProgress, progressLine, ProgressState } from './progress.ts'
export { announceEffect, askSecret } from './prompt.ts'
export { qrText } from './qr.ts'
export { versionOf } from './version.ts'
