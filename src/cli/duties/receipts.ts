import { failed, wholeNumber, withNode } from '../client/index.ts'
import { answer, type Command } from '../terminal/index.ts'
import { usesTable } from './words.ts'

const LIMIT = 100
const LIMIT_MAX = 10_000

export const receiptsCommand: Command = {
  name: 'receipts',
  summary: 'Show what was confirmed: received, used, deleted; by this node and by others',
  arguments: [{ name: 'DATASET', help: 'only about this one: PUBLISHER/DATASET, or its id alone', optional: true }],
  options: [{ name: 'limit', value: 'N', help: `how many, newest first (default ${LIMIT})` }],
  examples: ['hanse receipts', 'hanse receipts bins --limit 10'],
  run: async call => {
    const limit = wholeNumber(call, 'limit', LIMIT, { min: 1, max: LIMIT_MAX })
    if (!limit.ok) return limit
    return await withNode(call, async client => {
      const [dataset] = call.arguments
      const receipts = await client.receipts({ limit: limit.value, ...dataset === undefined ? {} : { dataset } })
      if (!receipts.ok) return failed(receipts.failure)
      return answer({ receipts: receipts.value }, receipts.value.length === 0 ? 'Nothing was confirmed yet.' : usesTable(receipts.value))
    })
  }
}
