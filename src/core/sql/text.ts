import { fail, ok, utf8, type Result } from '../../base/index.ts'
import { COMMENTS_MAX, OPERATOR_BYTES_MAX, QUESTION_BYTES_MAX } from './limits.ts'
import type { QuestionFault } from './tree.ts'

const OPERATORS = new RegExp(`[-+*/<>=~!@#%^&|\`?]{${OPERATOR_BYTES_MAX + 1},}`, 'g')
const COMMENT = /\/\*/g
/** Lines that people draw in comments: these the parser passes by at once. */
const DRAWN = /^(-+|=+|\/?\*+\/?|#+|~+)$/

/**
 * Whether a text may be given to the parser, which hears no interrupt: it reads a run of operators again from each of its characters
 * (measured: 2,000 times `+` took six seconds, and 30,000 would take hours), and comments in comments so too.
 */
export function checkText (text: string): Result<null, QuestionFault> {
  const refused = (reason: string, hint: string, at: number | undefined): Result<never, QuestionFault> =>
    fail({ code: 'limit', reason, hint, byte: at === undefined ? null : utf8(text.slice(0, at)).length })
  if (utf8(text).length > QUESTION_BYTES_MAX) return refused(`a question has at most ${QUESTION_BYTES_MAX} bytes`, 'ask in parts', undefined)
  // The engine takes it for the end.
  if (text.includes('\u0000')) return refused('a question has no character of the number 0', 'leave it out', text.indexOf('\u0000'))
  const run = [...text.matchAll(OPERATORS)].find(([each]) => !DRAWN.test(each))
  if (run !== undefined) return refused(`there are more than ${OPERATOR_BYTES_MAX} characters of operators in a row`, 'part them by spaces or brackets', run.index)
  const comment = [...text.matchAll(COMMENT)][COMMENTS_MAX]
  return comment === undefined ? ok(null) : refused(`a question has at most ${COMMENTS_MAX} comments`, 'leave some out', comment.index)
}
