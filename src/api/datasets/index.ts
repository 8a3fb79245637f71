/**
 * Answers calls about datasets: the catalogue, publishing, records and content. Whoever asks sees what the doors allow it.
 */
import type { DatasetCalls } from '../../sdk/contract/index.ts'
import type { HistoryCalls } from '../../sdk/history/index.ts'
import type { Handlers } from '../context/index.ts'
import { append, listDatasets, publish, showDataset, showHistory, withdraw } from './catalogue.ts'
import { fetchDataset, followRecords, prove, readRecords, sendContent, verify } from './records.ts'

export const datasetHandlers: Handlers<DatasetCalls & HistoryCalls> = {
  'datasets.list': listDatasets,
  'datasets.publish': publish,
  'datasets.show': showDataset,
  'datasets.history': showHistory,
  'datasets.withdraw': withdraw,
  'datasets.records': readRecords,
  'datasets.append': append,
  'datasets.follow': followRecords,
  'datasets.content': sendContent,
  'datasets.fetch': fetchDataset,
  'datasets.verify': verify,
  'datasets.prove': prove
}
