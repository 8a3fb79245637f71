import type { ExitCode } from './exit.ts'
import { plain } from './format.ts'

/** Grows when a field changes its meaning or goes; new fields alone do not. */
const SCHEMA_VERSION = 1

const JSON_INDENT = 2

/** What a command has to say, for programs and for people. */
export type Answer = {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
  readonly exit?: ExitCode
}

/** What went wrong: a sentence, what to do, a code that programs can rely on. */
export type Problem = {
  readonly exit: ExitCode
  readonly code: string
  readonly reason: string
  readonly hint: string
  /** Codes of all reasons, where terms refuse. */
  readonly reasons?: readonly string[] | undefined
}

/** How the answer is written: for a person, as one document, as one a line. */
type Json = 'no' | 'json' | 'ndjson'

/** What the process gives: kept narrow, so that a test can look. */
export type Streams = {
  /** Resolves when the chunk is handed on, so that a slow reader slows the writer. */
  readonly writeOut: (chunk: string | Uint8Array) => Promise<void>
  readonly writeError: (text: string) => void
  readonly inputIsTerminal: boolean
  readonly outputIsTerminal: boolean
  readonly errorIsTerminal: boolean
  readonly errorColumns: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

export type Terminal = {
  readonly json: Json
  /** True when a person may be asked: stdin and stderr are a terminal and nobody forbade it. */
  readonly mayAsk: boolean
  /** True when progress may be drawn: stderr is a terminal. */
  readonly mayDraw: boolean
  readonly columns: number
  /** Writes the answer. */
  readonly answer: (answer: Answer) => void
  /** Writes one item of a stream: a line for a person, a document for `--json` and `--ndjson`. */
  readonly item: (json: Readonly<Record<string, unknown>>, text: string) => Promise<void>
  /** Writes content that was asked for, as it is. */
  readonly bytes: (chunk: Uint8Array) => Promise<void>
  /** Tells a person something beside the answer. */
  readonly note: (text: string) => void
  readonly warn: (text: string) => void
  readonly problem: (problem: Problem) => void
  /** Draws on the current line of stderr. */
  readonly draw: (text: string) => void
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly red: (text: string) => string
  readonly bold: (text: string) => string
}

export type Manner = { readonly json: Json, readonly quiet: boolean, readonly noInput: boolean }

export function createTerminal (manner: Manner, streams: Streams): Terminal {
  const { json, quiet } = manner
  const { writeOut, writeError, environment } = streams
  // https://no-color.org: any value but the empty text.
  const noColour = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
  const paint = (code: number, terminal: boolean) => (text: string): string => terminal && !noColour ? `\u001b[${code}m${text}\u001b[0m` : text
  const coloured = json === 'no' && streams.outputIsTerminal
  const document = (value: Readonly<Record<string, unknown>>, indent: number): string =>
    `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, undefined, indent)}\n`
  const red = paint(31, streams.errorIsTerminal)
  return {
    json,
    mayAsk: streams.inputIsTerminal && streams.errorIsTerminal && !manner.noInput,
    mayDraw: streams.errorIsTerminal && !quiet,
    columns: streams.errorColumns,
    answer: answer => {
      if (json === 'no') {
        if (answer.text !== '') void writeOut(answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`)
      } else {
        void writeOut(document(answer.json, json === 'json' ? JSON_INDENT : 0))
      }
    },
    item: (value, text) => writeOut(json === 'no' ? `${text}\n` : document(value, 0)),
    bytes: writeOut,
    note: text => {
      if (!quiet) writeError(`${text}\n`)
    },
    warn: text => writeError(`${paint(33, streams.errorIsTerminal)('warning:')} ${text}\n`),
    problem: ({ exit, code, reason, hint, reasons }) => {
      if (json !== 'no') void writeOut(document({ error: { code, reason, hint, exitCode: exit, ...reasons === undefined ? {} : { reasons } } }, json === 'json' ? JSON_INDENT : 0))
      writeError(`${red('error:')} ${sentence(reason)}\n${hint === '' ? '' : `  ${hint}\n`}`)
    },
    draw: writeError,
    green: paint(32, coloured),
    yellow: paint(33, coloured),
    red: paint(31, coloured),
    bold: paint(1, coloured)
  }
}

function sentence (reason: string): string {
  return reason.split('\n').map(plain).map(line => /[.!?:]$/.test(line) ? line : `${line}.`).join('\n  ')
}
