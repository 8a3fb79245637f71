import { strict as assert } from 'node:assert'
import type { Dataset } from '../../src/sdk/index.ts'
import { countsOf, isChosen, NO_CHOICES, toggled, valueOf } from '../../src/web/catalogue/facets.ts'

const NOW_MS = Date.UTC(2026, 5, 1)
const DAY_MS = 86_400_000

function dataset (theme: string, publisher: string, ageMs: number): Dataset {
  return {
    id: `did:key:z/${theme}-${publisher}-${ageMs}`, datasetId: theme, title: theme, description: '', theme, keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null, schema: [],
    access: 'public', simulated: false, model: null, publisher: { did: 'did:key:z', name: publisher }, version: 1, issuedMs: 0, modifiedMs: NOW_MS - ageMs,
    distribution: { feed: '', form: 'table', mediaType: 'text/csv', fileName: '', firstRecord: 0, records: 1, sizeBytes: 1, sha256: null }, sources: [], terms: null,
    held: { phase: 'complete', segmentsHave: 1, segmentsKnown: 1, records: 1, bytes: 1, sources: 0, because: null, state: 'local', replicas: 0 }
  }
}

const ALL = [dataset('waste', 'Bellevue', 0), dataset('waste', 'Renton', 3 * DAY_MS), dataset('water', 'Renton', 400 * DAY_MS)]

describe('facets of the catalogue', () => {
  it('count what there would be beside what is chosen of the others', () => {
    const choices = toggled(NO_CHOICES, 'publisher', 'Renton')
    assert.deepEqual(countsOf(ALL, 'theme', choices, NOW_MS), [{ value: 'waste', count: 1 }, { value: 'water', count: 1 }])
    assert.deepEqual(countsOf(ALL, 'publisher', choices, NOW_MS), [{ value: 'Renton', count: 2 }, { value: 'Bellevue', count: 1 }])
  })

  it('keep what is chosen, also where nothing is left of it', () => {
    const choices = toggled(toggled(NO_CHOICES, 'publisher', 'Bellevue'), 'theme', 'water')
    assert.deepEqual(countsOf(ALL, 'theme', choices, NOW_MS), [{ value: 'waste', count: 1 }, { value: 'water', count: 0 }])
    assert.equal(ALL.some(each => isChosen(each, choices, NOW_MS)), false)
    assert.deepEqual(toggled(toggled(choices, 'theme', 'water'), 'publisher', 'Bellevue'), NO_CHOICES)
  })

  it('tell ages from new to old', () => {
    assert.deepEqual(ALL.map(each => valueOf(each, 'freshness', NOW_MS)), ['day', 'week', 'older'])
    assert.deepEqual(countsOf(ALL.toReversed(), 'freshness', NO_CHOICES, NOW_MS).map(({ value }) => value), ['day', 'week', 'older'])
  })
})
