import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, equalBytes, hex, sha256, textOf, utf8 } from '../../src/base/index.ts'
import { scheduleReader } from '../../src/intake/gtfs/index.ts'
import type { Reading } from '../../src/intake/reader/index.ts'
import { readPages, recordsOf } from './reading.fixture.ts'
import { zipOf as packed } from './zip.fixture.ts'

const CITY_DATA = process.env['HANSE_DATA'] ?? '../shared/data'
const STOPS = 'stop_id,stop_name,stop_lat,stop_lon\r\n0017,"Main, North",53.55,10.0\r\nheader/1,X,53.6,9.9\r\n'
const STOP_TIMES = 'trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt1,25:10:00,25:10:30,0017,1\nt1,25:12:00,25:12:00,0018,2\n'

function zipOf (files: Readonly<Record<string, string>>): Uint8Array {
  return packed(Object.entries(files).map(([name, content]) => ({ name, content: utf8(content) })))
}

async function read<T> (content: Uint8Array, use: (reading: Reading) => Promise<T> | T): Promise<T> {
  const result = await readPages(scheduleReader(), { 'https://city.example/gtfs.zip': content }, 'https://city.example/gtfs.zip', use)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

describe('GTFS Schedule', () => {
  it('makes a dataset of each table of a zip, byte for byte, with the types of the reference', async () => {
    await read(zipOf({ 'stops.txt': STOPS, 'stop_times.txt': STOP_TIMES, 'readme.md': 'hello' }), async reading => {
      assert.deepEqual(reading.outputs.map(({ suffix, title }) => [suffix, title]), [['stops', 'Stops'], ['stop-times', 'Times at stops']])
      const [stops, times] = reading.outputs
      assert.deepEqual(stops?.columns.map(({ type }) => type), ['text', 'text', 'latitude', 'longitude'])
      assert.deepEqual(stops?.spatial, { west: 9.9, south: 53.55, east: 10, north: 53.6 })
      assert.deepEqual(times?.columns.map(({ type }) => type), ['text', 'text', 'text', 'text', 'integer'])
      const records = await recordsOf(stops)
      assert.deepEqual(records.map(({ key }) => textOf(key)), ['header/0', '0017', 'row/2'])
      assert.ok(equalBytes(concat(records.map(({ body }) => body)), utf8(STOPS)))
      assert.ok(stops?.form === 'table' && stops.sha256 === hex(sha256(utf8(STOPS))) && stops.sizeBytes === utf8(STOPS).length)
      assert.deepEqual((await recordsOf(times)).map(({ key }) => textOf(key)), ['header/0', 't1/1', 't1/2'])
    })
  })

  it('takes an archive with all tables in one folder, and a bare table by its fields', async () => {
    await read(zipOf({ 'feed/stops.txt': STOPS }), ({ outputs }) => { assert.deepEqual(outputs.map(({ suffix }) => suffix), ['stops']) })
    await read(utf8(STOPS), ({ outputs }) => { assert.deepEqual(outputs.map(({ suffix, title }) => [suffix, title]), [[null, 'Stops']]) })
  })

  it('leaves a damaged table out, says so, and takes the others', async () => {
    await read(zipOf({ 'stops.txt': STOPS, 'routes.txt': `route_id,route_type\n1,"${'x'.repeat(300_000)}\n` }), reading => {
      assert.deepEqual(reading.outputs.map(({ suffix }) => suffix), ['stops'])
      assert.equal(reading.rejected.length, 1)
      assert.match(reading.warnings[0]?.sentence ?? '', /routes\.txt cannot be read/)
    })
  })

  it('refuses what is neither a zip nor a table of GTFS', async () => {
    for (const content of ['a,b\n1,2\n', '<html></html>', '', zipOf({ 'a.txt': 'b' }), zipOf({ 'stops.txt': STOPS }).subarray(0, 90)]) {
      const result = await readPages(scheduleReader(), { u: content }, 'u')
      assert.ok(!result.ok && /^(malformed|unreadable)$/.test(result.failure.code), JSON.stringify(result))
    }
  })

  it('reads the stops and routes of two cities', async function () {
    const files = [
      ['kingcounty_metro_gtfs_stops.txt', 'Stops', 7_663], ['kingcounty_metro_gtfs_routes.txt', 'Routes', 218], ['austin_capmetro_stops.csv', 'Stops', 2_695]
    ] as const
    if (!existsSync(CITY_DATA)) {
      console.error(`      there is no folder ${CITY_DATA}: set HANSE_DATA to one with files of cities`)
      this.skip()
    }
    for (const [file, title, rows] of files) {
      const content = readFileSync(join(CITY_DATA, file))
      await read(content, async ({ outputs: [output], warnings }) => {
        assert.equal(output?.title, title)
        assert.deepEqual(warnings, [])
        const records = await recordsOf(output)
        assert.equal(records.length, rows + 1, file)
        assert.ok(equalBytes(concat(records.map(({ body }) => body)), new Uint8Array(content)))
        assert.equal(new Set(records.map(({ key }) => textOf(key))).size, records.length)
      })
    }
  })
})
