import { strict as assert } from 'node:assert'
import type { QueriedRow } from '../../src/sdk/index.ts'
import { kindOf, summaryOf } from '../../src/web/chart/summary.ts'
import { shellText } from '../../src/web/dataset/snippets.ts'
import { agoText, dayText, isoText, preciseTimeText, shortTimeText, speak, timeText } from '../../src/web/text/index.ts'
import english from '../../src/web/text/en.json' with { type: 'json' }
import { cellOf, columnsOf, featureOf, pointsOf, timeOf, valueIn } from '../../src/web/rows/cells.ts'

function row (number: number, values: QueriedRow['values'], key = 'a'): QueriedRow {
  return { number, timeMs: number * 1_000, key, values, place: { longitude: 1, latitude: 2, box: { west: 1, south: 2, east: 1, north: 2 } } }
}

describe('rows in the console', () => {
  it('show numbers and texts as they were published', () => {
    assert.deepEqual(cellOf('0.10000000000000000555', 'number'), { kind: 'number', text: '0.10000000000000000555' })
    assert.deepEqual(cellOf('<b>1</b>', 'number'), { kind: 'text', text: '<b>1</b>' })
    assert.deepEqual(cellOf(true, 'boolean'), { kind: 'truth', isTrue: true })
    assert.deepEqual([cellOf(null, 'text'), cellOf('', 'number'), cellOf(undefined, 'time')], [{ kind: 'empty' }, { kind: 'empty' }, { kind: 'empty' }])
  })

  it('take for a time only what says which number is the day', () => {
    assert.equal(timeOf('2026-01-02T03:04:05Z'), Date.UTC(2026, 0, 2, 3, 4, 5))
    assert.equal(timeOf('2026-01-02 03:04'), Date.UTC(2026, 0, 2, 3, 4))
    assert.equal(timeOf('2026-01-02T03:04:05+02:00'), Date.UTC(2026, 0, 2, 1, 4, 5))
    for (const other of ['02/01/2026', '2026', 'yesterday', 20260102, '2026-13-45']) assert.equal(timeOf(other), null)
  })

  it('show a day alone as the day that was published, wherever the reader is', () => {
    speak('en', english)
    assert.deepEqual(cellOf('2012-01-31', 'time'), { kind: 'day', timeMs: Date.UTC(2012, 0, 31), text: '2012-01-31' })
    assert.equal(cellOf('2012-01-31T00:00', 'time').kind, 'time')
    const { TZ } = process.env
    for (const zone of ['America/Los_Angeles', 'Pacific/Auckland']) {
      process.env['TZ'] = zone
      assert.match(dayText(Date.UTC(2012, 0, 31)), /31/)
    }
    if (TZ === undefined) delete process.env['TZ']
    else process.env['TZ'] = TZ
    const columns = [{ name: 'day', unit: null, type: 'time' }, { name: 'n', unit: null, type: 'number' }] as const
    assert.equal(pointsOf([row(1, { day: '2012-01-31', n: 1 }), row(2, { day: '2012-02-01', n: 2 })], columns, 'n', null).isByDay, true)
    assert.equal(pointsOf([row(1, { day: '2012-01-31', n: 1 }), row(2, { day: '2012-02-01T00:00', n: 2 })], columns, 'n', null).isByDay, false)
  })

  it('have the columns that JSON has where none are described', () => {
    assert.deepEqual(columnsOf([], [row(1, { level: 3, at: '2026-01-02' }), row(2, { open: false })]), [
      { name: 'level', unit: null, type: 'number' }, { name: 'at', unit: null, type: 'time' }, { name: 'open', unit: null, type: 'boolean' }
    ])
  })

  it('go in order of time, of one thing alone, with gaps where nothing was measured', () => {
    const rows = [row(3, { level: 7 }), row(1, { level: '5' }), row(2, { level: 'broken' }), row(4, { level: 9 }, 'b')]
    const points = pointsOf(rows, [{ name: 'level', unit: null, type: 'number' }], 'level', 'a')
    assert.deepEqual(points, { timesMs: [1_000, 2_000, 3_000], values: [5, null, 7], isByDay: false })
    assert.deepEqual(summaryOf(points.timesMs, points.values), { count: 2, min: 5, mean: 6, max: 7, fromMs: 1_000, toMs: 3_000 })
    assert.equal(summaryOf([1], [null]), null)
    assert.deepEqual(kindOf(points), { isByDay: false, isCrowd: false, hasDots: true })
    assert.deepEqual(kindOf({ timesMs: [1, 1], values: [1, 2], isByDay: true }), { isByDay: true, isCrowd: true, hasDots: true })
  })

  it('lie where their shape is, or else where their point is', () => {
    assert.deepEqual(featureOf(row(1, { shape: '{"type":"LineString","coordinates":[[0,0],[1,1]]}' }), 'shape')?.geometry, { type: 'LineString', coordinates: [[0, 0], [1, 1]] })
    for (const broken of ['{', '{"type":"Evil","coordinates":[]}', null, { type: 'Polygon', coordinates: [null] }, { type: 'LineString', coordinates: [1, 2] }, { type: 'Point', coordinates: ['1', '2'] }]) {
      assert.deepEqual(featureOf(row(1, { shape: broken }), 'shape')?.geometry, { type: 'Point', coordinates: [1, 2] })
    }
    assert.equal(featureOf({ ...row(1, {}), place: null }, undefined), null)
  })

  it('tell a time that no date can tell without falling over it', () => {
    speak('en', english)
    const latestMs = 8_640_000_000_000_000
    for (const timeMs of [latestMs + 1, Number.MAX_SAFE_INTEGER, NaN]) {
      assert.deepEqual([timeText(timeMs), dayText(timeMs), preciseTimeText(timeMs), shortTimeText(timeMs, 1_000), isoText(timeMs)], ['?', '?', '?', '?', undefined])
    }
    assert.notEqual(agoText(Number.MAX_SAFE_INTEGER, 0), '')
    assert.equal(isoText(latestMs), '+275760-09-13T00:00:00.000Z')
    assert.match(timeText(latestMs), /275,?760/)
  })

  it('say nothing that only every object says, whatever a stranger calls a column', () => {
    const rows = [row(1, {}), row(2, { constructor: 'Hansa', level: 1 })]
    const [shown] = columnsOf([], rows)
    assert.deepEqual([shown?.name, shown?.type], ['constructor', 'text'])
    assert.deepEqual(rows.map(each => cellOf(valueIn(each, 'constructor'), 'text')), [{ kind: 'empty' }, { kind: 'text', text: 'Hansa' }])
    assert.deepEqual(cellOf(valueIn(row(1, {}), '__proto__'), 'text'), { kind: 'empty' })
    assert.deepEqual(pointsOf(rows, [{ name: 'valueOf', unit: null, type: 'time' }, { name: 'level', unit: null, type: 'number' }], 'level', null).timesMs, [])
  })

  it('never let what a publisher wrote become a command', () => {
    assert.equal(shellText("a'; rm -rf /; '"), "'a'\\''; rm -rf /; '\\'''")
  })
})
