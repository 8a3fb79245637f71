import { ok, type Result } from '../../base/index.ts'
import { MEASURES, type DeriveRequest } from '../../sdk/index.ts'
import { wholeNumber } from '../client/index.ts'
import { EXIT, problem, type Call, type Option, type Problem } from '../terminal/index.ts'

/** What terms leave open about a derivation, and only its publisher knows. */
export type Wishes = Pick<DeriveRequest, 'entityKey' | 'groupBy' | 'measures' | 'closeAfterMs'>

const CLOSE_AFTER_S = 900
const CLOSE_AFTER_S_MAX = 2_678_400

export const WISHES: readonly Option[] = [
  { name: 'entity', value: 'COLUMN', help: 'for summaries: the column that says whom or what a row is about' },
  { name: 'group-by', value: 'COLUMN', repeated: true, help: 'for summaries: a column that groups are made by (default: where rows lie, if they say so)' },
  { name: 'measure', value: 'WHAT', repeated: true, help: `for summaries: count, or one of ${MEASURES.slice(1).join(', ')} as mean:COLUMN (default: count, and means of all numbers)` },
  { name: 'close-after', value: 'SECONDS', help: `for summaries: how long late rows are waited for (default ${CLOSE_AFTER_S})` }
]

export function wishesOf (call: Call): Result<Wishes, Problem> {
  const [entityKey, groupBy, given] = [call.text('entity'), call.texts('group-by'), call.texts('measure')]
  const closeAfter = wholeNumber(call, 'close-after', CLOSE_AFTER_S, { min: 0, max: CLOSE_AFTER_S_MAX })
  if (!closeAfter.ok) return closeAfter
  const measures = given.map(measureOf)
  const wrong = measures.indexOf(undefined)
  if (wrong >= 0) {
    return problem(EXIT.usage, 'usage', `--measure takes count, or what and a column, not "${given[wrong] ?? ''}"`, `What: ${MEASURES.slice(1).join(', ')}. For instance --measure mean:speed.`)
  }
  return ok({
    ...entityKey === undefined ? {} : { entityKey }, ...groupBy.length === 0 ? {} : { groupBy },
    ...measures.length === 0 ? {} : { measures: measures.flatMap(each => each ?? []) },
    ...call.text('close-after') === undefined ? {} : { closeAfterMs: closeAfter.value * 1_000 }
  })
}

function measureOf (text: string): NonNullable<Wishes['measures']>[number] | undefined {
  if (text === 'count') return { measure: 'count', field: null }
  const at = text.indexOf(':')
  const [what, field] = [text.slice(0, at), text.slice(at + 1)]
  const measure = MEASURES.find(each => each !== 'count' && each === what)
  return at < 0 || measure === undefined || field === '' ? undefined : { measure, field }
}
