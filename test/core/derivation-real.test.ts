/** Real positions of buses, summarised by the machine and once more in the plainest way; see SOURCES.md beside the data. */
import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { latLngToCell } from 'h3-js'
import { textOf, utf8 } from '../../src/base/index.ts'
import type { FeedRecord } from '../../src/core/feed/index.ts'
import { describeFile, rowTimeMs, splitRows } from '../../src/intake/file/index.ts'
import { HOUR_MS, objectOf, recipe, Run, vehicles } from './derivation.fixture.ts'

const FILE = join(process.env['HANSE_DATA'] ?? '../shared/data', 'austin_capmetro_vehicle_positions_2015-09-06.csv')
const K = 10

describe('derivation of real data', () => {

  it('shows the hexagons and hours with enough vehicles, with their counts and means, and no others', async function () {
    if (!existsSync(FILE)) {
      console.error(`      there is no file ${FILE}: set HANSE_DATA to the folder that has it`)
      this.skip()
    }
    const description = await describeFile(FILE)
    assert.ok(description.ok)
    const columns = description.value.columns.map(({ name, type }) => ({ name, type }))
    const run = new Run(recipe({ summarise: { minGroupSize: K }, redactFields: ['trip_id'], h3ResolutionMax: 7, timeStepMs: HOUR_MS }, {
      entityKey: 'vehicle_id', groupBy: ['cell'], measures: [{ measure: 'count', field: null }, { measure: 'mean', field: 'speed' }]
    }, { ...vehicles, columns }))
    let number = 0
    for await (const { part, bytes } of splitRows(FILE, description.value.kind)) {
      const record: FeedRecord = {
        key: utf8(`${part}/${number++}`), timeMs: rowTimeMs(description.value, bytes) ?? 0, operation: 'put', mediaType: 'text/csv', body: bytes
      }
      run.give(record)
    }
    const shown = run.tell(Date.UTC(2026, 0, 1))
    const expected = naive()
    assert.equal(run.derivation.state.tally.malformed, 0)
    assert.equal(shown.length, expected.size)
    assert.ok(shown.length > 50)
    for (const record of shown) {
      const { from, cell, count, speed_mean: mean } = objectOf(record)
      const group = expected.get(`${String(from)} ${String(cell)}`)
      assert.ok(group !== undefined, `${String(from)} ${String(cell)} is shown`)
      assert.equal(count, group.count)
      assert.ok(Math.abs(Number(mean) - group.sum / group.count) < 0.001)
      assert.deepEqual(Object.keys(objectOf(record)), ['from', 'to', 'cell', 'count', 'speed_mean', 'revision'])
    }
  })

  function naive (): ReadonlyMap<string, { readonly count: number, readonly sum: number }> {
    const groups = new Map<string, { count: number, sum: number, vehicles: Set<string> }>()
    const [, ...rows] = (textOf(readFileSync(FILE)) ?? '').trimEnd().split(/\r?\n/)
    for (const row of rows) {
      const [vehicle = '', time = '', speed = '', , , latitude = '', longitude = ''] = row.split(',')
      const hour = new Date(Math.floor(Date.parse(time) / HOUR_MS) * HOUR_MS).toISOString().replace('.000', '')
      const name = `${hour} ${latLngToCell(Number(latitude), Number(longitude), 7)}`
      const group = groups.get(name) ?? { count: 0, sum: 0, vehicles: new Set() }
      groups.set(name, group)
      group.count++
      group.sum += Number(speed)
      group.vehicles.add(vehicle)
    }
    return new Map([...groups].filter(([, group]) => group.vehicles.size >= K))
  }
})
