import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { hex, utf8 } from '../../src/base/index.ts'
import { KeyedState, latestByKey, type Placed } from '../../src/core/feed/index.ts'
import { recordOf } from './feed.fixture.ts'

const change = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'aa', 'd'), deletes: fc.boolean(), timeMs: fc.nat(10), body: fc.nat(99) })

function placed (changes: readonly { readonly key: string, readonly deletes: boolean, readonly timeMs: number, readonly body: number }[]): readonly Placed[] {
  return changes.map(({ key, deletes, timeMs, body }, recordIndex) => ({
    recordIndex, record: recordOf(key, deletes ? '' : `${body}`, { timeMs, operation: deletes ? 'delete' : 'put' })
  }))
}

/** Every record in turn, kept in a map. */
function replay (records: readonly Placed[]): readonly string[] {
  const state = new Map<string, string>()
  for (const { record, recordIndex } of records) {
    if (record.operation === 'delete') state.delete(hex(record.key))
    else state.set(hex(record.key), `${recordIndex} ${hex(record.body)}`)
  }
  return [...state].sort(([a], [b]) => a < b ? -1 : 1).map(([key, value]) => `${key} ${value}`)
}

const shown = (live: readonly Placed[]): readonly string[] => live.map(({ record, recordIndex }) => `${hex(record.key)} ${recordIndex} ${hex(record.body)}`)

describe('feed: keyed state', () => {
  it('is what a replay of everything gives, whatever the times', () => {
    fc.assert(fc.property(fc.array(change), changes => {
      const records = placed(changes)
      assert.deepEqual(shown(latestByKey(records)), replay(records))
    }))
  })

  it('does not depend on the order of arrival, nor on what arrives twice', () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 30 }), fc.array(fc.nat()), (changes, order) => {
      const records = placed(changes)
      const state = new KeyedState()
      const arriving = [...records, ...order.flatMap(at => records[at % Math.max(1, records.length)] ?? [])]
        .map((each, at) => ({ each, rank: order[at % Math.max(1, order.length)] ?? at }))
        .sort((a, b) => a.rank - b.rank)
      for (const { each } of arriving) state.apply(each)
      assert.deepEqual(shown(state.live()), replay(records))
      for (const { record } of records) {
        const live = state.live().find(each => hex(each.record.key) === hex(record.key))
        assert.equal(state.get(record.key), live)
      }
    }))
  })

  it('keeps its state when live records are appended again and the old ones dropped', () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 30 }), fc.nat(30), (changes, from) => {
      const records = placed(changes)
      const firstRetained = Math.min(from, records.length)
      const state = new KeyedState()
      for (const each of records) state.apply(each)
      const before = state.live().map(({ record }) => record)
      const copied = state.live().filter(({ recordIndex }) => recordIndex < firstRetained)
      for (const [at, { record }] of copied.entries()) state.apply({ recordIndex: records.length + at, record })
      state.retainFrom(firstRetained)
      assert.deepEqual(state.live().map(({ record }) => record), before)
    }))
  })

  it('says whether something changed, and forgets what is not retained', () => {
    const state = new KeyedState()
    assert.ok(state.apply({ recordIndex: 4, record: recordOf('a', 'x') }))
    assert.ok(!state.apply({ recordIndex: 4, record: recordOf('a', 'x') }))
    assert.ok(!state.apply({ recordIndex: 3, record: recordOf('a', '', { operation: 'delete' }) }))
    assert.equal(state.get(utf8('a'))?.recordIndex, 4)
    state.retainFrom(5)
    assert.equal(state.get(utf8('a')), undefined)
    assert.equal(state.get(utf8('never')), undefined)
  })
})
