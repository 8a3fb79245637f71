import { strict as assert } from 'node:assert'
import type { LedgerStatus } from '../../src/sdk/index.ts'
import { entryText, isNews } from '../../src/web/entries/index.ts'
import { standingText } from '../../src/web/ledger/sentences.ts'
import { speak, type Messages } from '../../src/web/text/index.ts'
import english from '../../src/web/text/en.json' with { type: 'json' }

const STATUS: LedgerStatus = {
  epoch: 0, height: 7, digest: '', stateRoot: '', finalMs: 1_790_000_000_000, role: 'validator', validators: 4, toleratedFaults: 1, reachable: 4, waiting: 0, view: 1, sentence: ''
}

describe('what the console says of the ledger', () => {
  before(() => { speak('en', english as Messages) })

  it('is that a quiet one is well, also while others are away', () => {
    assert.deepEqual([standingText(STATUS).tone, standingText(STATUS).text.startsWith('Nothing to decide since')], ['ok', true])
    assert.equal(standingText({ ...STATUS, height: 0 }).text, 'Nothing was decided yet.')
    const few = standingText({ ...STATUS, reachable: 2 })
    assert.deepEqual([few.tone, few.text.startsWith('Nothing waits.')], ['ok', true])
  })

  it('is that it stalls only where something waits and too few are there', () => {
    assert.deepEqual(standingText({ ...STATUS, waiting: 2 }), { tone: 'wait', text: '2 entries are being decided on.' })
    assert.match(standingText({ ...STATUS, waiting: 1, reachable: 2 }).text, /^Stalled: one entry waits, and 1 more/)
    assert.doesNotMatch(standingText({ ...STATUS, waiting: 1, reachable: 3 }).text, /Stalled/)
  })

  it('names each entry in a sentence, and one of a later version by its name', () => {
    assert.equal(entryText('Renton', { index: 0, name: 'ballot', fields: { yes: false } }), 'Renton voted no on a proposal.')
    assert.equal(entryText('Renton', { index: 0, name: 'dataset.anchor', fields: { heads: [1, 2] } }), 'Renton anchored how far 2 datasets had come.')
    assert.equal(isNews({ index: 0, name: 'dataset.put', fields: { dataset: 'bins' } }), true)
    assert.equal(isNews({ index: 0, name: 'dataset.put', fields: { dataset: 'catalogue' } }), false)
    assert.equal(isNews({ index: 0, name: 'dataset.anchor', fields: {} }), false)
    assert.match(entryText('Renton', { index: 0, name: 'comet.catch', fields: {} }), /a kind that this version does not know: comet\.catch/)
  })
})
