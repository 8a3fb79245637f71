import { strict as assert } from 'node:assert'
import { decide, NOTHING_ON_RECORD, recorded, type OnRecord } from '../../src/core/consensus/index.ts'
import { FINALIZE, NOTARIZE, NULLIFY, PROPOSE, type VoteType } from '../../src/core/finality/index.ts'

const OPTIONS = [null, 'd', 'e'] as const

function everyRecord (): readonly OnRecord[] {
  return OPTIONS.flatMap(proposed => OPTIONS.flatMap(notarized => [false, true].flatMap(nullified => OPTIONS.map(finalized => (
    { proposed, notarized, nullified, finalized })))))
}

/** The table of the specification, read by column: what one thing on record makes of the question. */
const TABLE: Record<'NOTARIZE' | 'NULLIFY' | 'FINALIZE', Record<'nothing' | 'N(d)' | 'N(e)' | 'X' | 'F(d)' | 'F(e)', 'sign' | 'repeat' | 'refuse'>> = {
  NOTARIZE: { 'nothing': 'sign', 'N(d)': 'repeat', 'N(e)': 'refuse', 'X': 'refuse', 'F(d)': 'sign', 'F(e)': 'refuse' },
  NULLIFY: { 'nothing': 'sign', 'N(d)': 'sign', 'N(e)': 'sign', 'X': 'repeat', 'F(d)': 'refuse', 'F(e)': 'refuse' },
  FINALIZE: { 'nothing': 'sign', 'N(d)': 'sign', 'N(e)': 'refuse', 'X': 'refuse', 'F(d)': 'repeat', 'F(e)': 'refuse' }
}

function columnsOf ({ notarized, nullified, finalized }: OnRecord): readonly ('N(d)' | 'N(e)' | 'X' | 'F(d)' | 'F(e)')[] {
  return [
    ...notarized === null ? [] : [notarized === 'd' ? 'N(d)' as const : 'N(e)' as const], ...nullified ? ['X' as const] : [],
    ...finalized === null ? [] : [finalized === 'd' ? 'F(d)' as const : 'F(e)' as const]
  ]
}

describe('the signer', () => {
  it('answers every question on every record as its table says, any refusal winning', () => {
    let asked = 0
    for (const record of everyRecord()) {
      for (const [name, type, digest] of [['NOTARIZE', NOTARIZE, 'd'], ['NULLIFY', NULLIFY, null], ['FINALIZE', FINALIZE, 'd']] as const) {
        const said = columnsOf(record).map(column => TABLE[name][column])
        const expected = said.includes('refuse') ? 'refuse' : said.includes('repeat') ? 'repeat' : 'sign'
        assert.equal(decide(type, digest, record), expected, `${name} on ${JSON.stringify(record)}`)
        asked++
      }
    }
    assert.equal(asked, 54 * 3)
  })

  it('proposes one block a view, and the same again', () => {
    for (const record of everyRecord()) {
      assert.equal(decide(PROPOSE, 'd', record), record.proposed === null ? 'sign' : record.proposed === 'd' ? 'repeat' : 'refuse')
    }
  })

  it('gives a digest to every vote but NULLIFY', () => {
    for (const [type, digest] of [[NOTARIZE, null], [FINALIZE, null], [PROPOSE, null], [NULLIFY, 'd']] as const) {
      assert.equal(decide(type, digest, NOTHING_ON_RECORD), 'refuse')
    }
  })

  it('never lets a sequence of votes through that proves a lie', () => {
    const questions = ([PROPOSE, NOTARIZE, FINALIZE] as const).flatMap(type => ['d', 'e'].map(digest => [type, digest] as const))
    const all: readonly (readonly [VoteType, string | null])[] = [...questions, [NULLIFY, null]]
    const walk = (record: OnRecord, said: readonly (readonly [VoteType, string | null])[], depth: number): void => {
      for (const [type, digest] of said) {
        for (const [other, against] of said) {
          const isLie = type === other ? digest !== against : (type === FINALIZE && other === NULLIFY) || (type === FINALIZE && other === NOTARIZE && digest !== against)
          assert.ok(!isLie, JSON.stringify(said))
        }
      }
      if (depth === 0) return
      for (const [type, digest] of all) if (decide(type, digest, record) === 'sign') walk(recorded(record, type, digest), [...said, [type, digest]], depth - 1)
    }
    walk(NOTHING_ON_RECORD, [], 5)
  })
})
