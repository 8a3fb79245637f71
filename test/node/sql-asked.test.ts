import { strict as assert } from 'node:assert'
import type { Grouping } from '../../src/core/sql/index.ts'
import { Asked, groupingNamed, nameOfGrouping, type Told } from '../../src/node/sql/asked.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const NOW_MS = 1_700_000_000_000
const DAY_MS = 86_400_000

describe('sql: what was told in groups', () => {
  let nowMs = NOW_MS
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, wake: () => () => {} }
  const grouping = (value: string): Grouping => {
    const column = { name: 'street', stored: 's', type: 'text' } as const
    return { where: { type: 'compare', operator: '=', term: { type: 'column', column }, constant: value }, terms: [], measures: [] }
  }

  /** Adds them one after the other, as questions come. */
  async function told (names: readonly (string | undefined)[]): Promise<{ readonly asked: Asked, readonly read: readonly Told[] | undefined }> {
    const asked = new Asked(openMemoryStore(), clock as never)
    for (const name of names) {
      assert.ok(name !== undefined, 'it is remembered')
      const before = await asked.of('trips', null)
      assert.ok(before !== undefined, 'what was told can be read again')
      await asked.add('trips', null, before, { version: 'v', grouping: name, upto: 1, rows: 1 })
    }
    return { asked, read: await asked.of('trips', null) }
  }

  it('is read again, whatever letters somebody asks with', async () => {
    for (const value of ['cafe\u0301', '\ud800', '\u0000', '\u212b', 'ﬁ\u0323\u0307', '\u{1f600}']) {
      const { read } = await told([nameOfGrouping(grouping(value))])
      assert.equal(read?.length, 1, JSON.stringify(value))
      const again = groupingNamed(read[0]?.grouping ?? '', new Map([['street', 's']]))
      assert.deepEqual(again, grouping(value), JSON.stringify(value))
    }
  })

  it('is read again when there is as much of it as there may be, and forgotten when its time is over', async () => {
    const long = Array.from({ length: 64 }, (_, at) => nameOfGrouping(grouping(`${at}${'x'.repeat(65_000)}`)))
    assert.ok(long.every(name => name !== undefined && name.length > 65_000))
    const { asked, read } = await told(long)
    assert.equal(read?.length, 64)
    nowMs = NOW_MS + 31 * DAY_MS
    assert.deepEqual(await asked.of('trips', null), [])
  })

  it('is nothing that is too long to be remembered: it could not be held against what is asked later', () => {
    assert.equal(nameOfGrouping(grouping('\u0001'.repeat(20_000))), undefined)
    assert.equal(nameOfGrouping(grouping('ü'.repeat(20_000))), undefined)
  })
})
