import { fail, type Result } from '../../base/index.ts'
import { characterAt, type QuestionFault } from '../../core/sql/index.ts'
import type { SqlFault } from '../../host/index.ts'
import type { SqlFailure } from '../contract/index.ts'

const HELP = 'see "hanse sql --help"'

/** Nobody reads it any more. */
export const LEFT: SqlFailure = { code: 'limit', reason: 'whoever asked has left', hint: 'ask again' }

/** What speaks against a question, with its place in the text. */
export function failureOfQuestion ({ code, reason, hint, byte }: QuestionFault, text: string): SqlFailure {
  return { code, reason, hint, ...byte === null ? {} : { position: characterAt(text, byte) } }
}

/** What the engine said. `isOwn`: of a text that this node made; its positions mean nothing to who asked. */
export function failureOfEngine ({ code, reason, position }: SqlFault, isOwn = false): SqlFailure {
  const at = position === null || isOwn ? {} : { position }
  switch (code) {
    case 'missing': return { code: 'unavailable', reason, hint: 'install it beside hanse, and start the node again' }
    case 'syntax': return { code: 'syntax', reason, hint: HELP, ...at }
    case 'invalid': return { code: 'invalid', reason, hint: 'see the names of datasets and columns with "hanse sql"', ...at }
    case 'timeout': return { code: 'limit', reason: 'the question took too long', hint: 'ask for less, or for fewer rows' }
    case 'memory': return { code: 'limit', reason: 'the question takes more memory than it may', hint: 'ask for less: fewer columns, fewer groups, a shorter time' }
    case 'fault': return { code: 'unavailable', reason: `the engine failed: ${reason}`, hint: 'ask again' }
  }
}

/** Of rows that only groups may be told of: nothing of what the engine says, since it may be about a row. */
export function failureOfGroups ({ code }: SqlFault): SqlFailure {
  return code === 'timeout' || code === 'memory' || code === 'missing'
    ? failureOfEngine({ code, reason: 'SQL needs DuckDB: npm install @duckdb/node-api', position: null })
    : { code: 'invalid', reason: 'the groups could not be reckoned', hint: 'ask in another way' }
}

export function refused (failure: SqlFailure): Result<never, SqlFailure> {
  return fail(failure)
}
