import { ok, type Result } from '../../base/index.ts'
import { ERASE_BASES, type EraseScope } from '../../sdk/index.ts'
import { argument, failed, withNode, withProgress } from '../client/index.ts'
import { announceEffect, answer, EXIT, plain, problem, type Call, type Command, type Problem } from '../terminal/index.ts'
import { confirmedText, erasureTable, oneOf, rangesIn, rangesText } from './words.ts'

const PARTS = ['records', 'segments', 'epochs'] as const

export const eraseCommand: Command = {
  name: 'erase',
  summary: 'Have an own dataset, or parts of it, erased by everybody who holds it',
  arguments: [{ name: 'DATASET', help: 'one of your own datasets as hanse ls shows it' }],
  options: [
    { name: 'records', value: 'RANGES', help: 'only these records, such as 3 or 0-4,7' },
    { name: 'segments', value: 'RANGES', help: 'only these segments' },
    { name: 'epochs', value: 'RANGES', help: 'only what was sealed in these epochs, with their keys' },
    { name: 'basis', value: 'CODE', help: `why: ${ERASE_BASES.join(', ')} (default request)` },
    { name: 'yes', help: 'do not wait for Enter' }
  ],
  examples: ['hanse erase plates', 'hanse erase visits --records 12,40-44 --basis consent'],
  run: async call => {
    const scope = scopeOf(call)
    if (!scope.ok) return scope
    const basis = oneOf(call, 'basis', ERASE_BASES, 'request')
    if (!basis.ok) return basis
    const what = scope.value.type === 'dataset' ? 'all of it' : `${scope.value.type} ${rangesText(scope.value.ranges)}`
    const announced = await announceEffect(call, [
      `Erases ${what} of ${plain(argument(call))}, here and with everybody who holds it. It cannot be brought back.`,
      'What somebody has copied out of their node, and old pages of flash disks, are out of reach.'
    ])
    if (!announced.ok) return announced
    return await withNode(call, async client => {
      const erased = await withProgress(call, 'erasing', () => client.erase(argument(call), scope.value, basis.value))
      if (!erased.ok) return failed(erased.failure)
      const confirmed = erased.value.map(each => `Gone from this disk (${each.scope.type} ${rangesText(each.scope.ranges)}). Confirmed: ${confirmedText(each)}.`)
      return answer({ erasures: erased.value }, [...confirmed, 'See hanse erasures for who has confirmed it.'].join('\n'))
    })
  }
}

export const erasuresCommand: Command = {
  name: 'erasures',
  summary: 'Show what had to be erased, and who has confirmed it',
  arguments: [],
  options: [],
  examples: ['hanse erasures', 'hanse erasures --json'],
  run: async call => await withNode(call, async client => {
    const erasures = await client.erasures()
    if (!erasures.ok) return failed(erasures.failure)
    return answer({ erasures: erasures.value }, erasures.value.length === 0 ? 'Nothing had to be erased yet.' : erasureTable(erasures.value))
  })
}

function scopeOf (call: Call): Result<EraseScope, Problem> {
  const given = PARTS.filter(part => call.text(part) !== undefined)
  const [part] = given
  if (part === undefined) return ok({ type: 'dataset' })
  if (given.length > 1) return problem(EXIT.usage, 'usage', 'Records, segments or epochs, not several of them', 'Erase them one after the other.')
  const ranges = rangesIn(call.text(part) ?? '')
  return ranges.ok ? ok({ type: part, ranges: ranges.value }) : ranges
}
