import { API_PATH } from '../bodies/index.ts'
import { kept, type Call, type Operations } from '../operation/index.ts'
import { historySchema } from './schemas.ts'

export type HistoryCalls = { 'datasets.history': Call }

export const HISTORY_OPERATIONS: Operations<HistoryCalls> = {
  'datasets.history': {
    method: 'GET', path: `${API_PATH}/datasets/:reference/history`, scope: 'read', tag: 'Datasets', forOthers: true,
    summary: 'What was said of a dataset over time, what it was made of, and who holds it',
    description: 'The newest 50 versions, newest first, each with what changed. `holders` are told to people of this node alone.',
    answers: kept(historySchema), problems: [409]
  }
}
