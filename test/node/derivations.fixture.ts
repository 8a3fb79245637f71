import { strict as assert } from 'node:assert'
import { textOf, utf8 } from '../../src/base/index.ts'
import type { TermsForm } from '../../src/core/terms/index.ts'
import type { Column, DatasetDescription, DerivationOrder, HanseNode, RecordInput, TermsOrder } from '../../src/node/index.ts'
import { descriptionOf } from '../support/publications.ts'

const HOUR_MS = 3_600_000
/** Windows of this day are long over, but not for so long that nothing late is taken. */
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 100 * HOUR_MS
/** In every row of the source, and nowhere else. */
export const CANARY = 'CANARY-7731'

const columns: readonly Column[] = [
  { name: 'plate', type: 'text', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null },
  { name: 'speed', type: 'number', unit: 'km/h' }
]
export const vehicles: DatasetDescription = { ...descriptionOf('vehicles'), schema: columns, access: 'restricted' }

const UNSET: Omit<TermsForm, 'audience' | 'passOn'> = {
  purposes: [], fromMs: null, untilMs: null, summarise: null, redactFields: [], h3ResolutionMax: null, timeStepMs: null, delayMs: null,
  requestsPerDayMax: null, requestsMax: null, recordsPerDayMax: null, keep: null, fee: null, reportEveryMs: null, creditTexts: [],
  informOnPublication: false, never: [], storedIn: [], securityLevelMin: null, emergency: null
}
const OF_ITSELF = { replicas: 'nobody', licence: null, legalNotice: null } as const

/** Terms of what stays with its publisher. */
export function forNobody (node: HanseNode): TermsOrder {
  return { form: { ...UNSET, audience: { type: 'named', members: [node.status().member.did] }, passOn: { type: 'no' } }, dataset: OF_ITSELF, viewers: [] }
}

export function orderOf (node: HanseNode, datasetId: string, detail: Partial<TermsForm>, more: Partial<DerivationOrder> = {}): DerivationOrder {
  const form: TermsForm = {
    ...UNSET, audience: { type: 'members', federation: node.status().federation?.id ?? '' }, passOn: { type: 'results', minGroupSize: 10 }, ...detail
  }
  return { datasetId, title: `The ${datasetId}`, description: '', terms: { form, dataset: OF_ITSELF, viewers: 'members' }, ...more }
}

export function summaryOf (node: HanseNode, datasetId: string, timeStepMs = HOUR_MS): DerivationOrder {
  return orderOf(node, datasetId, { summarise: { minGroupSize: 5 }, h3ResolutionMax: 7, timeStepMs }, {
    entityKey: 'plate', groupBy: ['cell'], measures: [{ measure: 'count', field: null }, { measure: 'mean', field: 'speed' }], closeAfterMs: 0
  })
}

/** Vehicles in two cells at that time: `large` of them in one, two in the other. */
export function rowsAt (timeMs: number, large = 6): readonly RecordInput[] {
  const row = (plate: number, lat: number): RecordInput => ({
    key: utf8(`${CANARY}/${plate}`), timeMs, operation: 'put', mediaType: 'application/json',
    body: utf8(JSON.stringify({ plate: `${CANARY}-${plate}`, lat, lon: -122.3, speed: 30 + plate }))
  })
  return [...Array.from({ length: large }, (_, at) => row(at, 47.6)), row(90, 48.9), row(91, 48.9)]
}

export async function append (node: HanseNode, hour: number, large?: number): Promise<void> {
  const appended = await node.append('vehicles', rowsAt(START_MS + hour * HOUR_MS, large), { flush: true })
  assert.ok(appended.ok, JSON.stringify(appended))
}

export async function derivedOf (node: HanseNode, reference: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const records = node.read(reference, { from: 0, limit: 100_000 })
  if (!records.ok) return []
  const rows: Readonly<Record<string, unknown>>[] = []
  for await (const { body } of records.value) rows.push(JSON.parse(textOf(body) ?? '') as Readonly<Record<string, unknown>>)
  return rows
}

/** The hours whose windows are there, in the order in which they came. */
export async function hoursOf (node: HanseNode, reference: string): Promise<readonly number[]> {
  return (await derivedOf(node, reference)).map(row => (Date.parse(String(row['from'])) - START_MS) / HOUR_MS)
}
