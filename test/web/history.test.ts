import { strict as assert } from 'node:assert'
import { changeTexts, holderTexts, recipeTexts } from '../../src/web/dataset/history.ts'
import { speak } from '../../src/web/text/index.ts'
import german from '../../src/web/text/de.json' with { type: 'json' }
import english from '../../src/web/text/en.json' with { type: 'json' }

const holder = (name: string, segments: number): { readonly member: { readonly did: string, readonly name: string }, readonly segments: number } => ({ member: { did: name, name }, segments })
const version = { version: 3, modifiedMs: 0, title: 'Counts', records: 3, changes: null }

describe('what is said of a dataset in the past', () => {
  before(() => { speak('en', english) })
  after(() => { speak('en', english) })

  it('names who holds all of it, and how much the others do', () => {
    assert.deepEqual(holderTexts({ segments: 5, holders: [holder('Kent', 5), holder('Renton', 5), holder('SeaTac', 3)] }), ['Kent and Renton hold all of it.', 'SeaTac holds 3 of 5 parts.'])
    assert.deepEqual(holderTexts({ segments: 1, holders: [holder('Kent', 1)] }), ['Kent holds all of it.'])
    assert.deepEqual(holderTexts({ segments: 0, holders: [holder('Kent', 0)] }), ['Kent holds 0 of 0 parts.'], 'of nothing nobody holds all')
    const many = Array.from({ length: 12 }, (_, at) => holder(`M${at}`, 5))
    assert.match(holderTexts({ segments: 5, holders: many }).join(' '), /M7,? and 4 others hold all of it\.$/)
  })

  it('says what changed in a sentence each', () => {
    assert.deepEqual(changeTexts({ ...version, version: 1 }), ['First published.'])
    assert.deepEqual(changeTexts(version), ['What it changed is not known here.'])
    assert.deepEqual(changeTexts({ ...version, changes: [] }), ['Published anew; nothing of its description changed.'])
    assert.deepEqual(changeTexts({
      ...version, changes: [
        { what: 'title', before: 'Cars', after: 'Counts' }, { what: 'columns', added: ['speed', '__proto__'], removed: [], altered: ['day'] },
        { what: 'records', before: 2, after: 1 }, { what: 'records', before: null, after: 7 }, { what: 'access', before: 'public', after: 'members' }, { what: 'licence', before: '', after: 'CC0' }
      ]
    }), [
      'Another title; before it was “Cars”.', 'New columns: speed and __proto__.', 'Columns of another type or unit: day.', 'One record; before there were 2.', 'Other content.',
      'From then on members of the federation may read it.', 'Another licence: CC0; before it was: none.'
    ])
  })

  it('says with how much less detail it was made, in German too', () => {
    const recipe = { recipe: 'bafy', operations: ['redact', 'coarsen', 'roundTime', 'summarise', 'delay'], minGroupSize: 5, h3Resolution: 8, timeStepMs: 3_600_000, delayMs: 86_400_000, redactedFields: ['plate'] } as const
    assert.deepEqual(recipeTexts(recipe), [
      'Left out: plate.', 'Places are cells of the H3 grid, resolution 8 at the finest.', 'Times are rounded to steps of 1 hour.', 'Rows are summed up in groups, with at least 5 behind each.',
      'Each row comes at least 1 day late.'
    ])
    speak('de', german)
    assert.equal(recipeTexts(recipe)[2], 'Zeiten sind auf Schritte von 1 Stunde gerundet.')
    assert.deepEqual(holderTexts({ segments: 5, holders: [holder('Kent', 5), holder('Renton', 5), holder('SeaTac', 3)] }), ['Kent und Renton halten ihn ganz.', 'SeaTac hält 3 von 5 Teilen.'])
  })
})
