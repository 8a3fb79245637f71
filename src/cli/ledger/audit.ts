import { argument, failed, withNode } from '../client/index.ts'
import { answer, formatTime, table, type Command } from '../terminal/index.ts'
import { fieldsText } from './show.ts'

export const auditCommand: Command = {
  name: 'audit',
  summary: 'List everything that the ledger says about a dataset or a member, oldest first',
  arguments: [{ name: 'DATASET|MEMBER', help: 'a dataset as hanse ls shows it, or the name or key of a member' }],
  options: [],
  examples: ['hanse audit Bellevue/i90-counter', 'hanse audit Renton --json'],
  run: async call => await withNode(call, async client => {
    const entries = await client.audit(argument(call))
    if (!entries.ok) return failed(entries.failure)
    if (entries.value.length === 0) return answer({ audit: [] }, 'The ledger says nothing about it yet.')
    const rows = entries.value.map(({ height, timeMs, by, operation: { name, fields } }) => [String(height), formatTime(timeMs), by.name, name, fieldsText(fields)])
    return answer({ audit: entries.value }, table([
      { heading: 'BLOCK', right: true }, { heading: 'TIME' }, { heading: 'BY' }, { heading: 'OPERATION' }, { heading: 'WHAT' }
    ], rows))
  })
}
