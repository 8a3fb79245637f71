/**
 * Tells of a dataset over time: `GET /api/v1/datasets/:reference/history`. What its publisher said when, what it was made of, and who
 * holds it.
 *
 * Whoever may know of a dataset is told what was said of it to as many as know of it now. Who holds copies is told to people of the
 * node alone.
 */
export { HISTORY_OPERATIONS, type HistoryCalls } from './operations.ts'
export { historySchema } from './schemas.ts'
export type { DatasetHistory, HolderView, RecipeView, SourceView, VersionChange, VersionView } from './types.ts'
