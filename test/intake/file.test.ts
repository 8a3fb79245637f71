import { strict as assert } from 'node:assert'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { concat, equalBytes, utf8 } from '../../src/base/index.ts'
import {
  describeFile, ROW_BYTES_MAX, rowTimeMs, sniffFile, splitBytes, splitRows, type FileDescription, type FileKind, type Slice
} from '../../src/intake/file/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'

const folder = mkdtempSync(join(tmpdir(), 'hanse-intake-'))
const cityData = process.env['HANSE_DATA'] ?? '../shared/data'

const CSV: FileKind = { type: 'csv', mediaType: 'text/csv', dialect: { delimiter: ',', lineEnd: '\n', header: true, encoding: 'utf-8' } }

function file (name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function described (name: string, content: string | Uint8Array): Promise<FileDescription> {
  const result = await describeFile(file(name, content))
  assert.ok(result.ok)
  return result.value
}

async function slicesOf (path: string, kind: FileKind): Promise<Slice[]> {
  return Array.fromAsync(splitRows(path, kind))
}

function texts (slices: readonly Slice[], part: Slice['part']): string[] {
  return slices.filter(slice => slice.part === part).map(({ bytes }) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
}

describe('file intake', () => {
  after(() => rmSync(folder, { recursive: true }))

  describe('splits', () => {
    it('rows at line ends outside of quotes, with BOM, CRLF, and without a last line end', async () => {
      const path = file('quoted.csv', '\ufeff"a",b\r\n1,"x\r\ny ""z"", w"\r\n\r\n2,q\n3,"last"')
      const kind = await sniffFile(path)
      assert.equal(kind.type, 'csv')
      const slices = await slicesOf(path, kind)
      assert.deepEqual(texts(slices, 'header'), ['\ufeff"a",b\r\n'])
      assert.deepEqual(texts(slices, 'row'), ['1,"x\r\ny ""z"", w"\r\n', '2,q\n', '3,"last"'])
      assert.deepEqual(texts(slices, 'glue'), ['\r\n'])
    })

    it('no row at a line end behind a doubled quote, nor in a heading behind a byte order mark', async () => {
      const path = file('doubled.csv', '\ufeff"a\nb",c\n1,"x ""y\nz"" w"\n')
      const slices = await slicesOf(path, CSV)
      assert.deepEqual(texts(slices, 'header'), ['\ufeff"a\nb",c\n'])
      assert.deepEqual(texts(slices, 'row'), ['1,"x ""y\nz"" w"\n'])
    })

    it('features with the comma behind them, prelude and coda apart', async () => {
      const feature = '{"type":"Feature","properties":{"a":"],}\\""},"geometry":{"type":"Point","coordinates":[1,2]}}'
      const path = file('f.geojson', `{"type":"FeatureCollection","features":[ ${feature} ,\n${feature}\n] , "n": [1, {"x": 2}] }\n`)
      const kind = await sniffFile(path)
      assert.equal(kind.type, 'geojson')
      const slices = await slicesOf(path, kind)
      assert.deepEqual(texts(slices, 'header'), ['{"type":"FeatureCollection","features":['])
      assert.deepEqual(texts(slices, 'row'), [` ${feature} ,`, `\n${feature}\n`])
      assert.equal(texts(slices, 'glue').join(''), '] , "n": [1, {"x": 2}] }\n')
    })

    it('any mutated bytes in any chunks into slices that join to the same bytes', async function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const piece = fc.constantFrom(
        'a', ',', ';', '"', '""', '\n', '\r\n', '\r', '\t', ' ', '{', '}', '[', ']', '\\', '\\"', '1.5', '2016-01-02', 'ü', '\ufeff', '{"a":1}\n'
      )
      const kinds: readonly FileKind[] = [
        CSV, { type: 'ndjson', mediaType: '' }, { type: 'geojson', mediaType: '', featuresAt: 3 },
        { ...CSV, dialect: { delimiter: '\t', lineEnd: '\r', header: false, encoding: 'windows-1252' } }
      ]
      await fc.assert(fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), fc.constantFrom(...kinds),
        async (pieces, sizes, kind) => {
          const whole = utf8(pieces.join(''))
          const slices = await Array.fromAsync(splitBytes(chunked(whole, sizes), kind))
          assert.ok(equalBytes(concat(slices.map(({ bytes }) => bytes)), whole), 'joined')
          assert.ok(slices.every(({ bytes }) => bytes.length > 0), 'no empty slice')
          const atOnce = await Array.fromAsync(splitBytes([whole], kind))
          if (kind.type === 'geojson') return
          assert.deepEqual(slices, atOnce.map(({ part, bytes }) => ({ part, bytes: new Uint8Array(bytes) })))
        }
      ), { numRuns: framesOf(500) })
    })

    it('a file with a row larger than a record may be not at all', async () => {
      const limit = await described('limit.csv', `a,b\n1,${'x'.repeat(ROW_BYTES_MAX - 3)}\n`)
      assert.equal(limit.form, 'table')
      const over = await described('over.csv', `a,b\n1,2\n1,${'x'.repeat(ROW_BYTES_MAX - 2)}\n`)
      assert.equal(over.form, 'file')
      assert.deepEqual(over.warnings.map(({ code }) => code), ['row-too-large'])
      await assert.rejects(slicesOf(join(folder, 'over.csv'), over.kind), { code: 'row-too-large' })
    })
  })

  describe('tells kinds', () => {
    const cases: readonly [string, string | Uint8Array, string][] = [
      ['a.csv', 'a;b\n1;2\n', 'csv ;'], ['b.tsv', 'a\tb\n1\t2\n', 'csv \t'], ['stops.txt', 'stop_id,stop_name\n1,"A, B"\n', 'csv ,'],
      ['one.csv', 'a\n1\n2\n', 'csv ,'], ['l.ndjson', '{"a":1}\n', 'ndjson'], ['l.json', '{"a":1}\n{"a":2}\n', 'ndjson'],
      ['o.json', '{"a":1,\n"b":2}\n', 'other'], ['x.json', '[1,2,\n3,4]', 'other'], ['t.txt', 'Dear all,\nthis is a letter.\n', 'other'],
      ['e.csv', '', 'other'], ['u.csv', utf16('a,b\n1,2\n'), 'other'], ['p.png', new Uint8Array([0x89, 0x50, 0, 1]), 'other'],
      ['esri.json', '{"geometryType":"x","features":[{"attributes":{}}]}', 'other'], ['empty.geojson', '{"features":[],"type":"FeatureCollection"}', 'geojson'],
      ['nul.csv', 'a,b\n1,\0\n', 'other'], ['deep.json', '['.repeat(60_000), 'other'], ['mac.csv', 'a,b\r1,2\r', 'csv ,']
    ]
    for (const [name, content, expected] of cases) {
      it(`${name} is ${JSON.stringify(expected)}`, async () => {
        const kind = await sniffFile(file(name, content))
        assert.equal(kind.type === 'csv' ? `csv ${kind.dialect.delimiter}` : kind.type, expected)
      })
    }
  })

  describe('describes', () => {
    it('columns, units, time, positions and box', async () => {
      const { columns, time, box, position, rows, warnings } = await described('sensors.csv',
        'id,observed_at,lat,lon,temp_c,open,plz\n1,2026-01-02T03:04:05+01:00,53.5,10.0,1.5,true,01067\n2,2026-01-03T00:00:00Z,53.6,9.9,-2,false,20095\n')
      assert.deepEqual(columns.map(({ type }) => type), ['integer', 'time', 'latitude', 'longitude', 'number', 'boolean', 'text'])
      assert.equal(columns[4]?.unit, '°C')
      assert.deepEqual(time, {
        column: 'observed_at', index: 1, reading: 'iso', withoutZone: false,
        fromMs: Date.UTC(2026, 0, 2, 2, 4, 5), toMs: Date.UTC(2026, 0, 3)
      })
      assert.deepEqual(box, { west: 9.9, south: 53.5, east: 10, north: 53.6 })
      assert.deepEqual(position, { type: 'columns', latitude: 'lat', longitude: 'lon' })
      assert.equal(rows, 2)
      assert.deepEqual(warnings, [])
    })

    it('decimal commas of tables with semicolons, in Windows-1252', async () => {
      const { columns, warnings } = await described('de.csv', new Uint8Array(Buffer.from('straße;breite;länge\nA;53,5;10,25\n', 'latin1')))
      assert.deepEqual(columns.map(({ name, type }) => [name, type]), [['straße', 'text'], ['breite', 'latitude'], ['länge', 'longitude']])
      assert.ok(warnings.some(({ code }) => code === 'not-utf8'))
    })

    it('NDJSON with nested objects and lines that are none', async () => {
      const table = await described('n.ndjson', '{"ts":1767225600,"location":{"lat":1,"lon":2}}\n\nbroken\n{"ts":1767225601,"extra":[1]}\n{"ts":1767225602}\n')
      assert.deepEqual(table.columns.map(({ name, type }) => [name, type]),
        [['ts', 'time'], ['location.lat', 'latitude'], ['location.lon', 'longitude'], ['extra', 'text']])
      assert.equal(table.time?.reading, 'epoch-seconds')
      assert.deepEqual(table.warnings.map(({ code }) => code), ['malformed-rows'])
      assert.equal(rowTimeMs(table, utf8('{"ts":1767225601}\n')), 1_767_225_601_000)
    })

    it('mixed orders of day and month, and dates that nothing decides', async () => {
      const mixed = await described('mixed.csv', 'date,n\n13/01/2016,1\n01/14/2016,2\n02/03/2016,3\n')
      const found = mixed.warnings.find(({ code }) => code === 'mixed-date-formats')
      assert.ok(found?.code === 'mixed-date-formats')
      assert.deepEqual([found.dayFirst, found.monthFirst, found.ambiguous], [1, 1, 1])
      assert.deepEqual([found.dayFirstRows, found.monthFirstRows], [[1], [2]])
      assert.equal(mixed.time, null)
      const open = await described('open.csv', 'date,n\n02/03/2016,3\n04/03/2016,3\n')
      assert.deepEqual(open.warnings.map(({ code }) => code), ['ambiguous-dates'])
      const german = await described('german.csv', 'datum;n\n02.03.2016 14:00;3\n04.03.2016 15:00;3\n')
      assert.equal(german.time?.reading, 'day-first')
      assert.equal(german.time?.fromMs, Date.UTC(2016, 2, 2, 14))
      assert.equal(rowTimeMs(german, utf8('02.03.2016 14:00;3\n')), undefined)
      const iso = await described('both.csv', 'date,n\n2016-03-02,3\n04/03/2016,3\n')
      assert.deepEqual(iso.warnings.map(({ code }) => code), ['mixed-date-formats'])
    })

    it('personal data by headings and by values, in English and German', async () => {
      const { warnings } = await described('people.csv',
        'Nachname;kontakt;telefon;Kennzeichen;Geburtsdatum;notiz;konto;stop_name\n' +
        'Meier;a@example.org;040 1234567;HH-AB 123;03.04.1970;Anna Schmidt;DE89370400440532013000;Main St\n' +
        'Kunz;b@example.org;+49 40 123456;HH-AB 124;13.04.1971;Peter Kunz;GB82WEST12345698765432;Pine St\n')
      const found = warnings.flatMap(warning => warning.code === 'personal-data' ? [[warning.column, warning.kind, warning.values]] : [])
      assert.deepEqual(found, [
        ['Nachname', 'name', 2], ['kontakt', 'e-mail', 2], ['telefon', 'phone', 2], ['Kennzeichen', 'plate', 2],
        ['Geburtsdatum', 'birth-date', 2], ['notiz', 'name', 2], ['konto', 'bank-account', 2]
      ])
    })

    it('no time of records in a date of birth', async () => {
      const { time, warnings } = await described('birth.csv', 'birth_date,seen\n1970-01-02,2026-01-02T00:00:00Z\n')
      assert.equal(time?.column, 'seen')
      assert.deepEqual(warnings.map(({ code }) => code), ['local-time', 'personal-data'])
    })

    it('positions at zero as missing', async () => {
      const { box, warnings } = await described('zero.csv', 'id,lat,lon\n1,0,0\n2,53.5,10\n')
      assert.deepEqual(box, { west: 10, south: 53.5, east: 10, north: 53.5 })
      assert.deepEqual(warnings.map(({ code }) => code), ['zero-positions'])
    })

    it('a file whose lines are mostly no objects as one that travels whole', async () => {
      const { form, warnings } = await described('mostly.ndjson', '{"a":1}\n{"a":2}\nx\ny\nz\n')
      assert.equal(form, 'file')
      assert.deepEqual(warnings.map(({ code }) => code), ['malformed-rows'])
    })

    it('nothing personal in what only sounds like it', async () => {
      const { warnings } = await described('things.csv',
        'stop_name,driver_id,vehicle_id,route,ip_count,part\n1st Ave & Pine St,4,2204,SR-520,3,DE00370400440532013000\n' +
        'Union St & Martin Luther King Way,5,2205,I-90,4,GB00WEST12345698765432\n')
      assert.deepEqual(warnings, [])
    })

    it('times of rows, only where they are certain', async () => {
      const table = await described('t.csv', 'at,n\n2016-01-01T00:00:00,1\n1950-01-01T00:00:00,1\n')
      assert.deepEqual(table.warnings.map(({ code }) => code), ['local-time'])
      assert.equal(rowTimeMs(table, utf8('2016-01-01T00:00:00,1\n')), Date.UTC(2016, 0, 1))
      assert.equal(rowTimeMs(table, utf8('2016-02-30T00:00:00,1\n')), undefined)
      assert.equal(rowTimeMs(table, utf8('1950-01-01T00:00:00,1\n')), undefined)
      assert.equal(rowTimeMs(table, utf8('\n')), undefined)
    })

    it('any bytes, also mutated ones, without failing', async function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const start = fc.constantFrom('', '{"type":"FeatureCollection","features":[', 'a,b\n1,2\n', '{"a":1}\n{"a":2}\n', '{"__proto__":1}\n{"constructor":{"a":2}}\n')
      const noise = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(utf8), fc.string({ maxLength: 300 }).map(utf8))
      await fc.assert(fc.asyncProperty(start, noise, fc.constantFrom('x.csv', 'x.json', 'x.geojson', 'x'), async (head, tail, name) => {
        const bytes = concat([utf8(head), tail])
        const result = await describeFile(file(name, bytes))
        assert.ok(result.ok)
        if (result.value.form === 'file') return
        const slices = await slicesOf(join(folder, name), result.value.kind)
        assert.ok(equalBytes(concat(slices.map(slice => slice.bytes)), bytes))
        for (const slice of slices) rowTimeMs(result.value, slice.bytes)
      }), { numRuns: framesOf(400) })
    })

    it('says which path holds no readable file', async () => {
      for (const [path, code] of [[join(folder, 'none'), 'not-found'], [folder, 'not-a-file'], ['a\0b', 'not-found']] as const) {
        const result = await describeFile(path)
        assert.ok(!result.ok)
        assert.equal(result.failure.code, code)
        assert.notEqual(result.failure.hint, '')
      }
    })
  })

  describe('reads the real files of cities', () => {
    it('and gives all of them back byte for byte', async function () {
      if (!existsSync(cityData)) return skip(this)
      for (const name of readdirSync(cityData)) {
        const path = join(cityData, name)
        const result = await describeFile(path)
        assert.ok(result.ok, name)
        const { form, kind, rows, sizeBytes } = result.value
        assert.equal(sizeBytes, statSync(path).size)
        assert.equal(form, /\.(csv|geojson)$|_gtfs_/.test(name) ? 'table' : 'file', name)
        if (form === 'file') continue
        const slices = await slicesOf(path, kind)
        assert.ok(equalBytes(concat(slices.map(({ bytes }) => bytes)), readFileSync(path)), name)
        assert.equal(slices.filter(({ part }) => part === 'row').length, rows, name)
      }
    })

    it('and describes the counters of Bellevue and the buses of Austin', async function () {
      if (!existsSync(cityData)) return skip(this)
      const bellevue = await describeFile(join(cityData, 'bellevue_i90_sr520_2016_2017.csv'))
      assert.ok(bellevue.ok)
      assert.equal(bellevue.value.rows, 29_232)
      assert.deepEqual(bellevue.value.columns.map(({ type }) => type), ['time', 'text', 'integer', 'integer'])
      assert.equal(bellevue.value.time?.fromMs, Date.UTC(2016, 0, 1))
      assert.deepEqual(bellevue.value.warnings.map(({ code }) => code), ['local-time'])
      const startedMs = performance.now()
      const austin = await describeFile(join(cityData, 'austin_capmetro_vehicle_positions_2015-09-06.csv'))
      const tookMs = performance.now() - startedMs
      assert.ok(austin.ok)
      assert.equal(austin.value.rows, 53_569)
      assert.equal(austin.value.time?.withoutZone, false)
      assert.notEqual(austin.value.box, null)
      assert.deepEqual(austin.value.warnings, [])
      process.stdout.write(`      4 MB described in ${tookMs.toFixed(0)} ms\n`)
    })
  })
})

function skip (test: Mocha.Context): void {
  process.stdout.write(`      no folder ${cityData}: set HANSE_DATA to run this on real files\n`)
  test.skip()
}

function * chunked (whole: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield whole.slice(at, at + size)
    at += size
  }
}

function utf16 (text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'))
}
