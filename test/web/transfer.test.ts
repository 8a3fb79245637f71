import { strict as assert } from 'node:assert'
import { transferAfter } from '../../src/web/transfer/progress.ts'

describe('a transfer in the console', () => {
  it('says how fast it goes and for how long, by the last while', () => {
    const first = transferAfter(null, { phase: 'fetching', done: 0, total: 1_000, unit: 'bytes' }, [{ timeMs: 0, done: 0 }], 0)
    assert.deepEqual([first.perSecond, first.remainingMs, first.sinceMs], [null, null, 0])
    const later = transferAfter(first, { phase: 'fetching', done: 250, total: 1_000, unit: 'bytes' }, [{ timeMs: 0, done: 0 }, { timeMs: 1_000, done: 250 }], 1_000)
    assert.deepEqual([later.perSecond, later.remainingMs, later.sinceMs], [250, 3_000, 0])
  })

  it('says when it last came on', () => {
    const first = transferAfter(null, { phase: 'sending', done: 5, total: 9, unit: 'bytes' }, [], 0)
    assert.equal(transferAfter(first, { phase: 'sending', done: 5, total: 9, unit: 'bytes' }, [], 3_000).movedMs, 0)
    assert.equal(transferAfter(first, { phase: 'sending', done: 6, total: 9, unit: 'bytes' }, [], 3_000).movedMs, 3_000)
    assert.equal(transferAfter(first, { phase: 'reading', done: 5, total: 9, unit: 'bytes' }, [], 3_000).movedMs, 3_000, 'another phase has come')
  })

  it('says since when it stands still, and promises nothing then', () => {
    const going = transferAfter(null, { phase: 'fetching', done: 5, total: 9, unit: 'segments' }, [{ timeMs: 0, done: 5 }], 0)
    const stalled = transferAfter(going, { phase: 'stalled', done: 5, total: 9, unit: 'segments' }, [{ timeMs: 0, done: 5 }], 4_000)
    assert.deepEqual([stalled.sinceMs, stalled.perSecond, stalled.remainingMs], [4_000, 0, null])
    assert.equal(transferAfter(stalled, { phase: 'stalled', done: 5, total: 9, unit: 'segments' }, [], 9_000).sinceMs, 4_000)
  })
})
