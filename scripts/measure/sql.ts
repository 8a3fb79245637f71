/**
 * Measures questions in SQL over a dataset of `HANSE_ROWS` rows (1,000,000) on one node: reading it into the engine, a group-by over all
 * of it, a join with itself, and a question in groups with k, held against what was told before.
 *
 *     node scripts/measure/sql.ts
 */
import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { Column, HanseNode, SqlAnswer } from '../../src/node/index.ts'
import { found, makeCity, removeCities } from '../../test/support/nodes.ts'

const ROWS = Number(process.env['HANSE_ROWS'] ?? 1_000_000)
const columns: readonly Column[] = [
  { name: 'vehicle', type: 'text', unit: null }, { name: 'street', type: 'text', unit: null }, { name: 'speed', type: 'number', unit: null },
  { name: 'count', type: 'integer', unit: null }, { name: 'time', type: 'time', unit: null }
]

async function publish (node: HanseNode, datasetId: string, questions: boolean): Promise<void> {
  const records = (async function * () {
    yield { key: utf8('header/0'), timeMs: 0, operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${columns.map(({ name }) => name).join(',')}\n`) }
    for (let at = 0; at < ROWS; at++) {
      const time = new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString()
      yield { key: utf8(`row/${at}`), timeMs: 0, operation: 'put' as const, mediaType: 'text/csv', body: utf8(`V${at % 5_000},Street ${at % 997},${(at * 7 % 900) / 10},${at % 13},${time}\n`) }
    }
  })()
  const begun = node.templateOf('aggregates')
  assert.ok(begun.ok)
  const terms = questions ? node.readTerms({ ...begun.value as object, questions: { countedBy: 'vehicle' } }) : undefined
  assert.ok(terms === undefined || terms.ok, JSON.stringify(terms))
  const published = await node.publish({
    datasetId, title: datasetId, description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: columns, access: 'members', simulated: true
  }, { form: 'table', mediaType: 'text/csv', fileName: `${datasetId}.csv`, records }, undefined, terms?.ok === true ? terms.value : undefined)
  assert.ok(published.ok, JSON.stringify(published))
}

async function timed (name: string, node: HanseNode, text: string, requester?: string): Promise<SqlAnswer> {
  const begun = performance.now()
  const answered = await node.sql({ text }, requester === undefined ? undefined : { requester })
  const tookMs = performance.now() - begun
  assert.ok(answered.ok, answered.ok ? '' : JSON.stringify(answered.failure))
  console.log(`${name}: ${tookMs.toFixed(0)} ms, ${answered.value.rows.length} rows`)
  return answered.value
}

const cities = [await makeCity('Brugge'), await makeCity('Gent')]
try {
  await found(cities)
  const [{ node }, other] = cities as [typeof cities[0] & object, typeof cities[0] & object]
  await publish(node, 'trips', false)
  await publish(node, 'closed', true)
  const all = 'SELECT street, count(*), avg(speed), sum(count), min(time) FROM "trips" GROUP BY street ORDER BY 2 DESC'
  const begun = performance.now()
  await timed('first question, reads 4 of 5 columns into the engine', node, all)
  console.log(`  that is ${Math.round(ROWS / ((performance.now() - begun) / 1_000)).toLocaleString('en')} rows/s with the question itself`)
  await timed('group by street, all in the engine', node, all)
  await timed('group by hour and street', node, 'SELECT date_trunc(\'hour\', time) AS h, street, avg(speed) FROM trips GROUP BY 1, 2 LIMIT 1000')
  await timed('join of two groupings', node, 'SELECT count(*) FROM (SELECT street, avg(speed) AS s FROM trips GROUP BY 1) AS a JOIN (SELECT street, max(speed) AS m FROM trips GROUP BY 1) AS b USING (street)')
  const asker = other.node.status().member.did
  const groups = 'SELECT street, count(*), avg(speed) FROM closed GROUP BY street'
  await timed('in groups, first: reads, makes coarser, counts by vehicle', node, groups, asker)
  await timed('in groups, the same again', node, groups, asker)
  await timed('in groups, held against one answer', node, 'SELECT date_trunc(\'day\', time) AS day, count(*) FROM closed GROUP BY 1', asker)
  await timed('in groups, held against two answers', node, 'SELECT hour(time), avg(speed) FROM closed GROUP BY 1', asker)
  console.log(`resident memory: ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
} finally {
  await removeCities(cities.filter(city => city !== undefined))
}
