import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { SqlTables } from '../../src/host/index.ts'
import type { NumberedRecord } from '../../src/node/index.ts'
import { rowsReader } from '../../src/node/sql/columns.ts'
import { beginTable, extendTable } from '../../src/node/sql/loading.ts'

const ROWS = 60_000

describe('sql: rows that are read into the engine', () => {
  it('are read no further once whoever asked has left, and the next one goes on from there', async () => {
    let appended = 0
    const tables = { create: async () => {}, append: async (_table: string, _values: unknown, count: number) => { appended += count } } as unknown as SqlTables
    const loaded = await beginTable(tables, 't', rowsReader({ delimiter: null, columns: [{ name: 'n', type: 'integer' }] }, null), false, 0)
    const leaving = new AbortController()
    let read = 0
    async function * records (from: number): AsyncGenerator<NumberedRecord> {
      for (let number = from; number < ROWS; number++) {
        read++
        if (number === 30_000) leaving.abort()
        yield { number, key: utf8('k'), timeMs: 1, operation: 'put', mediaType: 'application/json', body: utf8(`{"n":${number}}`) }
      }
    }
    const moment = { delayMs: 0, nowMs: 1 }
    assert.equal(await extendTable(tables, loaded, records(loaded.next), { ...moment, signal: leaving.signal }), 'left')
    assert.ok(read < ROWS, 'it stopped')
    assert.deepEqual([loaded.next, loaded.rows, appended], [read, read, read])
    assert.equal(await extendTable(tables, loaded, records(loaded.next), moment), 'whole')
    assert.deepEqual([read, loaded.next, loaded.rows, appended], [ROWS, ROWS, ROWS, ROWS])
  })
})
