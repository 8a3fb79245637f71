import { strict as assert } from 'node:assert'
import { utf8, textOf } from '../../src/base/index.ts'
import { beginDerivation, encodeState, resumeDerivation, type Measure } from '../../src/core/derivation/index.ts'
import type { FeedRecord } from '../../src/core/feed/index.ts'
import { HOUR_MS, objectOf, recipe, row, Run, START_MS, vehicles } from './derivation.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const MINUTE_MS = 60_000
const all = (...fields: readonly string[]): readonly Measure[] => [
  { measure: 'count', field: null },
  ...fields.flatMap(field => (['sum', 'mean', 'min', 'max', 'p50', 'p90'] as const).map(measure => ({ measure, field })))
]
const hourly = recipe({ summarise: { minGroupSize: 5 } }, { entityKey: 'plate', groupBy: ['kind'], measures: all('speed') })

const car = (plate: string | number, speed: number | string, kind = 'bus', timeMs = START_MS): FeedRecord => row(`${plate},,47.6,-122.3,${kind},${speed}\n`, timeMs)

describe('a derivation of rows', () => {
  it('keeps what the recipe names, and drops a column that comes later', () => {
    const run = new Run(recipe({ redactFields: ['plate'] }, {}, { ...vehicles, delimiter: null }))
    run.give(row('{"plate":"AB 1","kind":"bus","speed":1.50,"driver":"Ann","lat":47.6,"lon":-122.3}'))
    assert.equal(textOf(run.out[0]?.body ?? new Uint8Array(0)), '{"seen":null,"lat":47.6,"lon":-122.3,"kind":"bus","speed":1.5}\n')
    assert.equal(run.out[0]?.mediaType, 'application/x-ndjson')
  })

  it('drops rows with other fields than the table has columns, so that no value slips into a kept one', () => {
    const run = new Run(recipe({ redactFields: ['plate'] }))
    run.give(row('AB 1,AB 1,,47.6,-122.3,bus,50\n'))
    run.give(row('AB 1\n'))
    assert.deepEqual(run.out, [])
    assert.equal(run.derivation.state.tally.malformed, 2)
  })

  it('passes over the line of names and ends at one with other names', () => {
    const run = new Run(recipe({ redactFields: ['plate'] }))
    run.give(row('plate,seen,lat,lon,kind,speed\r\n', START_MS, 'header/0'))
    assert.deepEqual([run.out, run.derivation.state.tally.malformed], [[], 0])
    const stepped = run.derivation.step({ type: 'record', number: 1, record: row('seen,plate,lat,lon,kind,speed\n', START_MS, 'header/1') })
    assert.deepEqual(stepped, { ok: false, failure: { code: 'columns', number: 1 } })
  })

  it('puts a cell and its centre in the place of a place', () => {
    const run = new Run(recipe({ h3ResolutionMax: 7 }))
    run.give(car('AB 1', 50))
    run.give(row('AB 1,,91,-122.3,bus,50\n'))
    const { cell, lat, lon } = objectOf(run.out[0] as FeedRecord)
    assert.deepEqual({ cell, lat, lon }, { cell: '8728d5421ffffff', lat: 47.60703, lon: -122.30405 })
    const other = objectOf(run.out[1] as FeedRecord)
    assert.deepEqual([other['cell'], other['lat'], other['lon']], [null, null, null])
  })

  it('rounds times down in UTC, that of the record and its key included, and drops what it cannot read', () => {
    const run = new Run(recipe({ timeStepMs: 15 * MINUTE_MS }))
    for (const seen of ['2026-12-01T01:14:59.999+01:00', '2024-02-29 23:50', String(START_MS), String(START_MS / 1_000), '01/12/2026', '']) {
      run.give(row(`x,${seen},,,bus,1\n`, START_MS + 14 * MINUTE_MS, 'vehicle/AB 1/00:14'))
    }
    assert.deepEqual(run.out.map(each => objectOf(each)['seen']), [
      '2026-12-01T00:00:00Z', '2024-02-29T23:45:00Z', '2026-12-01T00:00:00Z', '2026-12-01T00:00:00Z', null, null
    ])
    assert.ok(run.out.every(({ timeMs }) => timeMs === START_MS))
    assert.deepEqual(run.out.map(({ key }) => textOf(key)), ['row/0', 'row/1', 'row/2', 'row/3', 'row/4', 'row/5'])
  })

  it('keeps back what is too young, in the order of the source', () => {
    const run = new Run(recipe({ delayMs: HOUR_MS }))
    run.tell(START_MS + HOUR_MS - 1)
    const early = run.derivation.step({ type: 'record', number: 0, record: car('AB 1', 50) })
    assert.deepEqual(early, { ok: true, value: { type: 'early', dueMs: START_MS + HOUR_MS } })
    run.tell(START_MS + HOUR_MS)
    assert.equal(run.give(car('AB 1', 50)).length, 1)
  })

  it('leaves out a record from the far future rather than wait for it', () => {
    const run = new Run(recipe({ delayMs: HOUR_MS }))
    run.tell(START_MS + HOUR_MS)
    run.give(car('AB 1', 50, 'bus', START_MS + 1_000 * HOUR_MS))
    assert.deepEqual([run.out, run.derivation.state.tally.ahead], [[], 1])
  })
})

describe('a summary', () => {
  const publishAt = START_MS + HOUR_MS + 15 * MINUTE_MS

  it('is published once, when its window has been over for as long as the recipe says', () => {
    const run = new Run(hourly)
    for (let plate = 0; plate < 10; plate++) run.give(car(plate, `${plate}.10`))
    assert.equal(run.derivation.dueMs, publishAt)
    assert.deepEqual(run.tell(publishAt - 1), [])
    assert.equal(textOf(run.tell(publishAt)[0]?.body ?? new Uint8Array(0)),
      '{"from":"2026-12-01T00:00:00Z","to":"2026-12-01T01:00:00Z","kind":"bus","count":10,"speed_sum":46,"speed_mean":4.6,"speed_min":0.1,"speed_max":9.1,' +
      '"speed_p50":4.1,"speed_p90":8.1,"revision":1}\n')
    assert.deepEqual(run.tell(publishAt + HOUR_MS), [])
    assert.equal(run.derivation.dueMs, undefined)
  })

  it('counts whom the rows are of, not the rows', () => {
    const run = new Run(hourly)
    for (let at = 0; at < 100; at++) run.give(car(at % 4, at))
    for (let at = 0; at < 100; at++) run.give(car('', at, 'van'))
    assert.deepEqual(run.tell(publishAt), [])
  })

  it('tells smallest and largest only of twice as many', () => {
    const run = new Run(hourly)
    for (let plate = 0; plate < 9; plate++) run.give(car(plate, plate))
    for (let plate = 0; plate < 10; plate++) run.give(car(plate, plate, 'van'))
    const [bus, van] = run.tell(publishAt).map(objectOf).toSorted((a, b) => String(a['kind']) < String(b['kind']) ? -1 : 1)
    assert.deepEqual([bus?.['speed_min'], bus?.['speed_max'], bus?.['speed_sum']], [null, null, 36])
    assert.deepEqual([van?.['speed_min'], van?.['speed_max']], [0, 9])
  })

  it('leaves out a measure that few of a large group have', () => {
    const run = new Run(hourly)
    for (let plate = 0; plate < 20; plate++) run.give(car(plate, plate < 4 ? 99 : ''))
    const shown = objectOf(run.tell(publishAt)[0] as FeedRecord)
    assert.deepEqual([shown['count'], shown['speed_mean'], shown['speed_p50'], shown['speed_sum']], [20, null, null, null])
  })

  it('is published again only once as many new ones came late as a group must have', () => {
    const run = new Run(hourly)
    for (let plate = 0; plate < 5; plate++) run.give(car(plate, 1))
    for (let plate = 0; plate < 4; plate++) run.give(car(plate, 1, 'van'))
    assert.equal(run.tell(publishAt).length, 1)
    for (let plate = 0; plate < 9; plate++) run.give(car(plate, 1))
    run.give(car(4, 1, 'van'))
    assert.deepEqual(run.tell(publishAt + 1), [], 'four new ones, and old ones again; and one that makes five of four')
    run.give(car(9, 1))
    const again = run.tell(publishAt + 2)
    assert.deepEqual(again.map(objectOf).map(({ kind, count, revision }) => ({ kind, count, revision })), [{ kind: 'bus', count: 15, revision: 2 }])
    assert.equal(textOf(again[0]?.key ?? new Uint8Array(0)), textOf(run.out[0]?.key ?? new Uint8Array(0)))
  })

  it('waits as long after the first record of a group of which nothing came in time', () => {
    const run = new Run(hourly)
    run.tell(publishAt + HOUR_MS)
    for (let plate = 0; plate < 7; plate++) run.give(car(plate, 1))
    assert.equal(run.derivation.dueMs, publishAt + HOUR_MS + 15 * MINUTE_MS)
    assert.deepEqual(run.tell(publishAt + HOUR_MS + 15 * MINUTE_MS - 1), [])
    assert.deepEqual(run.tell(publishAt + HOUR_MS + 15 * MINUTE_MS).map(objectOf).map(({ count, revision }) => [count, revision]), [[7, 1]])
  })

  it('takes no more records of a window that has been published for a week', () => {
    const run = new Run(hourly)
    run.give(car(0, 1))
    run.tell(publishAt + 7 * 24 * HOUR_MS)
    for (let plate = 0; plate < 20; plate++) run.give(car(plate, 1))
    assert.deepEqual(run.tell(publishAt + 8 * 24 * HOUR_MS), [])
    assert.equal(run.derivation.state.tally.late, 20)
  })

  it('adds up the same in every order, as no float would', () => {
    const speeds = ['0.1', '0.2', '0.3', '1e-3', '123456789012345678', '-0.7']
    const sums = [speeds, speeds.toReversed()].map(each => {
      const run = new Run(hourly)
      for (const [plate, speed] of each.entries()) run.give(car(plate, speed))
      return /"speed_sum":([^,]+)/.exec(textOf(run.tell(publishAt)[0]?.body ?? new Uint8Array(0)) ?? '')?.[1]
    })
    assert.deepEqual(sums, ['123456789012345677.901', '123456789012345677.901'])
  })

  it('takes no row whose group would be too long to name, nor one that would not fit a record', () => {
    const run = new Run(hourly)
    run.give(car(1, 1, 'x'.repeat(4_097)))
    const rows = new Run(recipe({ redactFields: ['plate'] }))
    rows.give(car(1, 1, 'x'.repeat(262_120)))
    assert.deepEqual([rows.out, rows.derivation.state.tally.malformed, run.derivation.state.tally.malformed], [[], 1, 1])
  })

  it('ends visibly where its windows hold more than they may', () => {
    const run = new Run(hourly)
    let at = 0
    for (;; at++) {
      const stepped = run.derivation.step({ type: 'record', number: at, record: car(at, at) })
      if (stepped.ok) continue
      assert.deepEqual(stepped.failure, { code: 'limit', itemsMax: 500_000 })
      break
    }
    assert.equal(run.derivation.state.next, at)
  })
})

describe('a derivation that is gone on with', () => {
  const recipes = {
    summary: recipe({ summarise: { minGroupSize: 5 }, h3ResolutionMax: 8 }, { entityKey: 'plate', groupBy: ['kind', 'cell'], measures: all('speed') }),
    rows: recipe({ redactFields: ['plate'], timeStepMs: HOUR_MS, h3ResolutionMax: 9 })
  }

  for (const [name, each] of Object.entries(recipes)) {
    it(`gives the same records wherever it was cut: ${name} (HANSE_SEED=${SEED})`, () => {
      for (let table = 0; table < 20; table++) {
        const random = randomFrom(SEED + table)
        // By chance alone no time might be told after the first hour, and nothing would come out.
        const inputs = Array.from({ length: 300 }, (_, at) => random() < 0.05 || at % 100 === 99
          ? START_MS + at * 2 * MINUTE_MS
          : car(Math.floor(random() * 30), (random() * 100 - 20).toFixed(2), random() < 0.5 ? 'bus' : 'van', START_MS + Math.floor(at * random() * 2) * MINUTE_MS))
        const play = (cut: (at: number) => boolean): readonly FeedRecord[] => {
          let run = new Run(beginDerivation(each, 0))
          const out: FeedRecord[] = []
          for (const [at, input] of inputs.entries()) {
            out.push(...typeof input === 'number' ? run.tell(input) : run.give(input))
            if (!cut(at)) continue
            const encoded = encodeState(run.derivation)
            const resumed = resumeDerivation(each, encoded)
            assert.ok(resumed.ok, JSON.stringify(resumed))
            assert.deepEqual(encodeState(resumed.value), encoded)
            run = new Run(resumed.value)
          }
          return out
        }
        const whole = play(() => false)
        assert.ok(whole.length > 0)
        assert.deepEqual(play(() => random() < 0.1), whole, `HANSE_SEED=${SEED + table}`)
      }
    })
  }

  it('is not gone on with by another recipe', () => {
    const resumed = resumeDerivation(recipes.rows, encodeState(beginDerivation(recipes.summary, 0)))
    assert.deepEqual(resumed, { ok: false, failure: { code: 'other-recipe' } })
    assert.equal(resumeDerivation(recipes.rows, utf8('x')).ok, false)
  })
})
