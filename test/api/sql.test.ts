import { strict as assert } from 'node:assert'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { SqlAnswer } from '../../src/node/index.ts'
import { serve, type Served } from '../support/apiServer.ts'

const ANSWER: SqlAnswer = {
  columns: [
    { name: 'name', type: 'text' }, { name: 'n', type: 'integer' }, { name: 'mean', type: 'number' }, { name: 'ok', type: 'boolean' }, { name: 'at', type: 'time' }, { name: 'price', type: 'decimal' }
  ],
  rows: [['a "b", c', 3n, 1.5, true, Date.UTC(2026, 0, 2), '1.10'], ['', 2n ** 60n, Number.NaN, null, null, null]],
  isCut: false, timeMs: 5, proof: new Uint8Array([1, 2]),
  sources: [{ dataset: 'did:key:a/b', publisher: { did: 'did:key:a', name: 'Ada' }, records: 7, agreementId: null, policyCid: null, minGroupSize: 5 }],
  conditions: [{ clause: 7, code: 'pass-on-no', values: {}, sentence: 'May not be passed on.', labels: ['attested'] }]
}

describe('sql over the API', () => {
  let served: Served
  before(async () => { served = await serve() })
  after(() => served.api.stop())
  beforeEach(() => { served.node.answerSql = async () => ({ ok: true, value: ANSWER }) })

  const ask = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> => fetch(`${served.api.url}/api/v1/sql`, {
    method: 'POST', headers: { 'authorization': `Bearer ${served.tokens.read}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body)
  })

  it('gives rows as JSON, what cannot be said exactly as text, with sources, conditions and proof', async () => {
    const result = await served.client.sql({ sql: 'SELECT 1' })
    assert.ok(result.ok, JSON.stringify(result))
    assert.deepEqual(result.value.rows, [['a "b", c', 3, 1.5, true, '2026-01-02T00:00:00Z', '1.10'], ['', '1152921504606846976', 'NaN', null, null, null]])
    assert.deepEqual([result.value.proof, result.value.sources[0]?.minGroupSize, result.value.conditions[0]?.sentence], ['AQI=', 5, 'May not be passed on.'])
  })

  it('gives CSV and Parquet, by name or by Accept', async () => {
    const csv = 'name,n,mean,ok,at,price\r\n"a ""b"", c",3,1.5,true,2026-01-02T00:00:00Z,1.10\r\n"",1152921504606846976,NaN,,,\r\n'
    assert.equal(await (await ask({ sql: 'SELECT 1', format: 'csv' })).text(), csv)
    assert.equal(await (await ask({ sql: 'SELECT 1' }, { accept: 'text/csv' })).text(), csv)
    const parquet = await served.client.sqlFile({ sql: 'SELECT 1', format: 'parquet' })
    assert.ok(parquet.ok)
    const folder = await mkdtemp(join(tmpdir(), 'hanse-parquet-'))
    try {
      await writeFile(join(folder, 'rows.parquet'), parquet.value)
      const connection = await (await DuckDBInstance.create(':memory:')).connect()
      const read = await connection.runAndReadAll(`SELECT name, n, ok, "at"::VARCHAR, price FROM read_parquet('${join(folder, 'rows.parquet')}')`)
      assert.deepEqual(read.getRows(), [['a "b", c', 3n, true, '2026-01-02 00:00:00', '1.10'], ['', 2n ** 60n, null, null, null]])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('gives times beyond all calendars in every form', async () => {
    const columns = [{ name: 'at', type: 'time' as const }]
    served.node.answerSql = async () => ({ ok: true, value: { ...ANSWER, columns, rows: [[9_223_372_036_854_776], [-9_223_372_036_854_776], [0]] } })
    for (const format of ['json', 'csv', 'parquet']) assert.equal((await ask({ sql: 'SELECT 1', format })).status, 200, format)
  })

  it('says what is wrong with a question, and at which character', async () => {
    served.node.answerSql = async () => ({ ok: false, failure: { code: 'not-allowed', reason: 'the function "getenv" is not for questions', hint: 'ask otherwise', position: 7 } })
    const response = await ask({ sql: 'SELECT getenv(\'HOME\')' })
    assert.deepEqual([response.status, response.headers.get('content-type')], [403, 'application/problem+json'])
    assert.deepEqual(await response.json(), {
      type: 'urn:hanse:problem:not-allowed', title: 'Refused', status: 403, detail: 'the function "getenv" is not for questions', code: 'not-allowed', hint: 'ask otherwise', position: 7
    })
    assert.deepEqual([(await ask({ sql: '' })).status, (await ask({ sql: 'SELECT 1', format: 'xml' })).status, (await ask({ question: 'SELECT 1' })).status], [422, 422, 422])
  })

  it('asks for the purpose that is named', async () => {
    const askers: unknown[] = []
    served.node.answerSql = async (_request, asker) => {
      askers.push(asker)
      return { ok: true, value: ANSWER }
    }
    await ask({ sql: 'SELECT 1' }, { 'hanse-purpose': 'urn:hanse:purpose:1:waste.collection' })
    await ask({ sql: 'SELECT 1', purpose: 'urn:hanse:purpose:1:audit.public' })
    assert.deepEqual(askers, [{ purpose: 'urn:hanse:purpose:1:waste.collection' }, { purpose: 'urn:hanse:purpose:1:audit.public' }])
  })
})
