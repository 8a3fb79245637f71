import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { cidOf, concat, decodeCanonical, encodeCanonical, hex, sha256, utf8, type CID, type Value } from '../../src/base/index.ts'
import {
  catalogueOf, CATALOGUE_DATASET_ID, encodeEntry, ENTRY_MEDIA_TYPES, keyOfDataset, keyOfEntry, parseEntry, QUARANTINE_SHOWN_MAX, searchCatalogue,
  touches, type Advertisement, type Box, type Catalogue, type DatasetEntry, type Entry, type ProfileEntry
} from '../../src/core/catalogue/index.ts'
import type { Declaration, FeedRecord, Placed } from '../../src/core/feed/index.ts'
import { decodeRevocation, revocationBody, revocationSignature, sealRevocation } from '../../src/core/identity/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { catalogueCodecs } from './catalogue-codecs.fixture.ts'
import { ada, ben, declarationOf, membership, NOW_MS, recordOf } from './feed.fixture.ts'
import { certificateOf, codeOf, someCid, valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const traffic = declarationOf(ada)
const weather = declarationOf(ada, { datasetId: 'weather', class: 'members' })
const foreign = declarationOf(ben)
const known = [traffic, weather, foreign]
const lookUp = (feed: CID): Declaration | undefined => known.find(({ id }) => id.equals(feed))

const trafficEntry: DatasetEntry = {
  datasetId: 'traffic',
  title: 'Zähler am Brückenkopf',
  description: 'Counts of bicycles, by hour.\nBoth directions.',
  theme: 'TRAN',
  keywords: ['bicycle', 'counter'],
  licence: 'http://publications.europa.eu/resource/authority/licence/CC_BY_4_0',
  spatial: { west: -1_223_500_000, south: 476_000_000, east: -1_223_300_000, north: 476_600_000 },
  temporal: { fromMs: -86_400_000, toMs: NOW_MS },
  schema: [{ name: 'time', type: 'time', unit: null }, { name: 'count', type: 'integer', unit: '1/h' }],
  access: 'public',
  issuedMs: NOW_MS,
  modifiedMs: NOW_MS,
  version: 1,
  distribution: {
    feed: traffic.id, form: 'table', mediaType: 'text/csv', fileName: 'counts 2016.csv', firstRecord: 0, records: 17_000,
    sizeBytes: 400_000, sha256: sha256(utf8('counts'))
  },
  simulated: false,
  withdrawn: false,
  terms: null,
  sources: [],
  derivation: null,
  model: null
}
const weatherEntry: DatasetEntry = {
  ...trafficEntry, datasetId: 'weather', title: 'Weather', description: 'Wind', theme: 'ENVI', keywords: ['Höhenwind'], spatial: null, temporal: null, access: 'members', schema: [],
  distribution: { ...trafficEntry.distribution, feed: weather.id, form: 'stream', fileName: '', records: null, sizeBytes: null, sha256: null },
  simulated: true
}
const profile: ProfileEntry = { name: 'Stadt Ada', place: { latitude: 476_000_000, longitude: -1_223_000_000 }, homepage: 'https://ada.example/data', claims: null }
const certificate = certificateOf(ada, membership.federation)
const revocationSaid = revocationBody({ federation: membership.federation, member: ben.did, certificate: null, timeMs: NOW_MS })
const revocation = valueOf(decodeRevocation(sealRevocation(revocationSaid, [revocationSignature(revocationSaid, ben.root)])))

const recordFor = (entry: Entry, timeMs = NOW_MS): FeedRecord => valueOf(encodeEntry(entry, timeMs))
const datasetRecord = (entry: DatasetEntry, timeMs?: number): FeedRecord => recordFor({ type: 'dataset', dataset: entry }, timeMs)
const placed = (...records: readonly FeedRecord[]): readonly Placed[] => records.map((record, recordIndex) => ({ record, recordIndex }))
const fold = (...records: readonly FeedRecord[]): Catalogue => catalogueOf(ada.did, placed(...records), lookUp)
const titleOf = (catalogue: Catalogue, datasetId = 'traffic'): string | undefined => catalogue.datasets.get(datasetId)?.entry.title
const reasons = (catalogue: Catalogue): readonly string[] => catalogue.quarantined.map(({ key, reason }) => `${key}: ${reason.code}`)

/** The body of the traffic entry, with values that no encoder of ours would write. */
function bodyWith (changes: { readonly [key: string]: Value }): FeedRecord {
  const { terms: _terms, sources: _sources, derivation: _derivation, model: _model, ...open } = trafficEntry
  const body = encodeCanonical({ v: 1, kind: 'dataset', ...open, ...changes })
  return recordOf('dataset/traffic', body, { mediaType: ENTRY_MEDIA_TYPES.dataset })
}

describe('catalogue: entries', () => {
  const entries: readonly Entry[] = [
    { type: 'dataset', dataset: trafficEntry }, { type: 'dataset', dataset: weatherEntry }, { type: 'profile', profile },
    { type: 'profile', profile: { ...profile, place: null, homepage: null } },
    { type: 'profile', profile: { ...profile, claims: { storedIn: ['DE', 'NL'], securityLevel: 2 } } }, { type: 'certificate', certificate }, { type: 'revocation', revocation }
  ]

  for (const entry of entries) {
    it(`reads back what was written under ${keyOfEntry(entry).slice(0, 20)}`, () => {
      const record = recordFor(entry)
      assert.deepEqual(record.key, utf8(keyOfEntry(entry)))
      assert.equal(record.mediaType, ENTRY_MEDIA_TYPES[entry.type])
      const read = valueOf(parseEntry(record))
      assert.equal(read.type, entry.type)
      assert.deepEqual(valueOf(encodeEntry(read, NOW_MS)), record)
      if (read.type === 'dataset' && entry.type === 'dataset') assert.deepEqual(read.dataset, entry.dataset)
      if (read.type === 'profile' && entry.type === 'profile') assert.deepEqual(read.profile, entry.profile)
    })
  }

  it('names the key, the media type or the field that is wrong', () => {
    const { body, mediaType } = datasetRecord(trafficEntry)
    assert.equal(codeOf(parseEntry(recordOf('offers/1', body, { mediaType }))), 'unknown-key')
    assert.equal(codeOf(parseEntry(recordOf('dataset/other', body, { mediaType }))), 'other-key')
    assert.equal(codeOf(parseEntry(recordOf('dataset/traffic', body, { mediaType: 'application/json' }))), 'media-type')
    assert.equal(codeOf(parseEntry(recordOf('profile', body, { mediaType: ENTRY_MEDIA_TYPES.profile }))), 'profile')
    assert.equal(codeOf(parseEntry(recordOf('certificate', body, { mediaType: ENTRY_MEDIA_TYPES.certificate }))), 'certificate')
    assert.equal(codeOf(parseEntry(recordOf('revocation/x', body, { mediaType: ENTRY_MEDIA_TYPES.revocation }))), 'revocation')
    const other = recordFor({ type: 'revocation', revocation })
    assert.equal(codeOf(parseEntry({ ...other, key: utf8(`revocation/${ada.did}`) })), 'other-key')
    const failed = parseEntry(bodyWith({ title: '' }))
    assert.deepEqual(failed, {
      ok: false, failure: { code: 'dataset', failure: { code: 'schema', path: '.title', expected: 'one visible line of 1 to 256 characters' } }
    })
  })

  it('bounds every field', () => {
    const { distribution } = trafficEntry
    const bad: readonly { readonly [key: string]: Value }[] = [
      { v: 2 }, { kind: 'profile' }, { more: 1 }, { datasetId: 'Traffic' }, { datasetId: '' }, { datasetId: 'a'.repeat(65) },
      { title: 'a'.repeat(257) }, { title: 'a\u001b[31mred' }, { title: 'a\u202eb' }, { title: 'two\nlines' }, { title: 'e\u0301' },
      { description: 'a'.repeat(8193) }, { description: 'bell\u0007' }, { theme: 'a'.repeat(257) }, { licence: 'a'.repeat(513) },
      { keywords: [''] }, { keywords: Array<string>(65).fill('a') }, { keywords: ['a'.repeat(65)] }, { keywords: 'a' },
      { spatial: { west: 0, south: 1, east: 0, north: 0 } }, { spatial: { west: -1_800_000_001, south: 0, east: 0, north: 0 } },
      { spatial: { west: 0, south: 0, east: 0, north: 900_000_001 } }, { spatial: { west: 0, south: 0, east: 0 } }, { spatial: [0, 0, 0, 0] },
      { temporal: { fromMs: 2, toMs: 1 } }, { temporal: { fromMs: 0, toMs: 8_640_000_000_000_001 } },
      { schema: Array<Value>(513).fill({ name: 'a', type: 'text', unit: null }) }, { schema: [{ name: 'a', type: 'float', unit: null }] },
      { schema: [{ name: 'a', type: 'text' }] }, { schema: [{ name: 'a'.repeat(257), type: 'text', unit: null }] }, { access: 'restricted' },
      { issuedMs: -1 }, { issuedMs: Number.MAX_SAFE_INTEGER }, { modifiedMs: 8_640_000_000_000_001 }, { version: '1' }, { simulated: null }, { withdrawn: 0 },
      ...[
        { feed: cidOf('raw', utf8('a')) }, { form: 'folder' }, { mediaType: '' }, { mediaType: 'täxt' }, { fileName: '../a' }, { fileName: '..' }, { fileName: 'c:a' },
        { fileName: 'a\u0000' }, { fileName: 'a'.repeat(256) }, { firstRecord: -1 }, { records: 'all' }, { sha256: new Uint8Array(31) }
      ].map(change => ({ distribution: { ...distribution, ...change } }))
    ]
    assert.equal(codeOf(parseEntry(bodyWith({}))), 'ok')
    for (const change of bad) assert.equal(codeOf(parseEntry(bodyWith(change))), 'dataset', JSON.stringify(change))
    for (const wrong of [{ name: '' }, { claims: { storedIn: ['Germany'], securityLevel: 2 } }, { claims: { storedIn: [], securityLevel: 101 } }, { homepage: 'javascript:alert(1)' }, { homepage: '' }, { place: { latitude: 900_000_001, longitude: 0 } }]) {
      assert.equal(codeOf(encodeEntry({ type: 'profile', profile: { ...profile, ...wrong } }, NOW_MS)), 'profile', JSON.stringify(wrong))
    }
  })

  it('does not write what it would not read', () => {
    assert.equal(codeOf(encodeEntry({ type: 'dataset', dataset: { ...trafficEntry, title: '' } }, NOW_MS)), 'dataset')
    const name = 'ü'.repeat(256)
    const wide = Array.from({ length: 512 }, () => ({ name, type: 'text' as const, unit: null }))
    assert.equal(codeOf(encodeEntry({ type: 'dataset', dataset: { ...trafficEntry, schema: wide } }, NOW_MS)), 'dataset', 'above 262,144 bytes')
    assert.equal(codeOf(encodeEntry({ type: 'dataset', dataset: { ...trafficEntry, schema: wide.slice(0, 400) } }, NOW_MS)), 'ok')
  })

  for (const [at, entry] of entries.entries()) {
    if (at === 3) continue
    it(`survives mutated entries of a ${entry.type} (${at})`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const seed = 20_261_300 + at
      const random = randomFrom(seed)
      const record = recordFor(entry)
      for (let i = 0; i < framesOf(2_000); i++) {
        const body = mutated(record.body, random)
        const read = parseEntry({ ...record, body })
        if (read.ok) assert.equal(hex(valueOf(encodeEntry(read.value, NOW_MS)).body), hex(body), `seed ${seed}, mutant ${i}`)
      }
    })
  }
})

describe('catalogue: what a publisher offers', () => {
  it('shows the profile, the certificate, the revocations and the datasets', () => {
    const catalogue = fold(
      recordFor({ type: 'profile', profile }), datasetRecord(weatherEntry), datasetRecord(trafficEntry),
      recordFor({ type: 'certificate', certificate }), recordFor({ type: 'revocation', revocation })
    )
    assert.deepEqual([...catalogue.datasets.keys()], ['traffic', 'weather'])
    assert.deepEqual(catalogue.profile, profile)
    assert.ok(catalogue.certificate?.id.equals(certificate.id))
    assert.deepEqual(catalogue.revocations.map(({ member }) => member), [ben.did])
    assert.deepEqual(catalogue.datasets.get('traffic'), { publisher: ada.did, recordIndex: 2, entry: trafficEntry })
    assert.equal(catalogue.quarantinedCount, 0)
    assert.equal(keyOfDataset(CATALOGUE_DATASET_ID), 'dataset/catalogue')
  })

  it('follows the position in the feed, not the time', () => {
    const catalogue = fold(datasetRecord({ ...trafficEntry, title: 'old' }, NOW_MS + 1000), datasetRecord({ ...trafficEntry, title: 'new' }, NOW_MS))
    assert.equal(titleOf(catalogue), 'new')
    const shuffled = catalogueOf(ada.did, placed(datasetRecord({ ...trafficEntry, title: 'old' }), datasetRecord({ ...trafficEntry, title: 'new' })).toReversed(), lookUp)
    assert.equal(titleOf(shuffled), 'new')
  })

  it('forgets what was deleted, and shows what was published again', () => {
    const gone = recordOf('dataset/traffic', '', { operation: 'delete' })
    assert.equal(fold(datasetRecord(trafficEntry), gone).datasets.size, 0)
    assert.equal(fold(datasetRecord(trafficEntry), gone, datasetRecord(trafficEntry)).datasets.size, 1)
    assert.equal(fold(datasetRecord(trafficEntry), gone).quarantinedCount, 0)
  })

  it('quarantines what is malformed, names it, and goes on', () => {
    const catalogue = fold(
      bodyWith({ title: '' }), datasetRecord(weatherEntry), recordOf('offers/1', 'x'), recordOf('dataset/', 'x', { mediaType: ENTRY_MEDIA_TYPES.dataset }),
      recordOf('x', 'x', { key: new Uint8Array([255, 254]) })
    )
    assert.deepEqual([...catalogue.datasets.keys()], ['weather'])
    assert.deepEqual(reasons(catalogue), ['dataset/: dataset', 'dataset/traffic: dataset', 'offers/1: unknown-key', 'fffe: unknown-key'])
    assert.equal(catalogue.quarantinedCount, 4)
  })

  it('does not bring back the entry that a malformed one replaced, and recovers with the next good one', () => {
    assert.equal(fold(datasetRecord(trafficEntry), bodyWith({ title: '' })).datasets.size, 0)
    assert.equal(titleOf(fold(bodyWith({ title: '' }), datasetRecord(trafficEntry))), trafficEntry.title)
  })

  it('lets a publisher describe only feeds that it declared, as it declared them', () => {
    const at = (feed: CID, changes: Partial<DatasetEntry> = {}): readonly string[] =>
      reasons(fold(datasetRecord({ ...trafficEntry, ...changes, distribution: { ...trafficEntry.distribution, feed } })))
    assert.deepEqual(at(traffic.id), [])
    assert.deepEqual(at(foreign.id), ['dataset/traffic: foreign-feed'])
    assert.deepEqual(at(someCid), ['dataset/traffic: unknown-feed'])
    assert.deepEqual(at(weather.id), ['dataset/traffic: other-dataset'])
    assert.deepEqual(at(traffic.id, { access: 'members' }), ['dataset/traffic: access'])
    assert.deepEqual(reasons(fold(recordFor({ type: 'certificate', certificate: certificateOf(ben, membership.federation) }))), ['certificate: foreign-certificate'])
  })

  it('names a hundred of many and counts all', () => {
    const catalogue = fold(...Array.from({ length: 150 }, (_, at) => recordOf(`offers/${at}`, 'x')))
    assert.equal(catalogue.quarantined.length, QUARANTINE_SHOWN_MAX)
    assert.equal(catalogue.quarantinedCount, 150)
  })

  it('lists 16,384 datasets and counts what is beyond', () => {
    const declared = new Map<string, Declaration>()
    const records = Array.from({ length: 16_386 }, (_, at) => {
      const datasetId = `weather-${`${at}`.padStart(5, '0')}`
      const feed = cidOf('dagCbor', utf8(datasetId))
      declared.set(feed.toString(), { ...weather, id: feed, datasetId })
      const entry: DatasetEntry = { ...weatherEntry, datasetId, distribution: { ...weatherEntry.distribution, feed } }
      return datasetRecord(entry)
    })
    const catalogue = catalogueOf(ada.did, placed(...records), feed => declared.get(feed.toString()))
    assert.equal(catalogue.datasets.size, 16_384)
    assert.deepEqual(reasons(catalogue), ['dataset/weather-16384: too-many', 'dataset/weather-16385: too-many'])
  })

  it('is the same whatever came before, as long as the latest records are the same', () => {
    const pool: readonly FeedRecord[] = [
      datasetRecord(trafficEntry), datasetRecord({ ...trafficEntry, version: 2 }), datasetRecord(weatherEntry), bodyWith({ title: '' }), bodyWith({ v: 9 }),
      recordOf('dataset/traffic', '', { operation: 'delete' }), recordOf('dataset/weather', '', { operation: 'delete' }), recordFor({ type: 'profile', profile }),
      recordOf('profile', 'x', { mediaType: ENTRY_MEDIA_TYPES.profile }), recordOf('nothing', 'x')
    ]
    fc.assert(fc.property(fc.array(fc.nat(pool.length - 1), { maxLength: 20 }), picks => {
      const records = placed(...picks.flatMap(pick => pool[pick] ?? []))
      const latest = records.filter(({ record }, at) => !records.slice(at + 1).some(later => hex(later.record.key) === hex(record.key)))
      assert.deepEqual(catalogueOf(ada.did, records, lookUp), catalogueOf(ada.did, latest, lookUp))
    }))
  })

  it('never crashes on any records', () => {
    const random = randomFrom(7)
    const good = [datasetRecord(trafficEntry), recordFor({ type: 'profile', profile })]
    fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 20 }), picks => {
      const records = picks.flatMap(pick => {
        const record = good[pick % good.length]
        return record === undefined ? [] : [{ ...record, key: pick % 3 === 0 ? concat([record.key, utf8('x')]) : record.key, body: mutated(record.body, random) }]
      })
      const catalogue = fold(...records)
      assert.ok(catalogue.quarantinedCount >= catalogue.quarantined.length)
    }))
  })
})

describe('catalogue: terms', () => {
  const secret = declarationOf(ada, { datasetId: 'bins', class: 'restricted' })
  const policy = utf8('{"permission":[{"action":"use"}]}')
  const bins: DatasetEntry = {
    ...trafficEntry, datasetId: 'bins', access: 'restricted', distribution: { ...trafficEntry.distribution, feed: secret.id },
    terms: { policy, salt: new Uint8Array(32).fill(1), visibility: 'members', replicas: 'recipients', legalNotice: 'May have to be disclosed.' },
    sources: [
      { publisher: ben.did, datasetId: 'raw', agreementId: 'urn:uuid:00000000-0000-4000-8000-000000000001', policyCid: cidOf('dagCbor', policy) },
      { publisher: ada.did, datasetId: 'own', agreementId: null, policyCid: null }
    ],
    derivation: { recipe: cidOf('dagCbor', utf8('r')), operations: ['redact', 'summarise'], minGroupSize: 10, h3Resolution: 7, timeStepMs: 3_600_000, delayMs: 0, redactedFields: ['plate'] }
  }
  const versionOf = (entry: DatasetEntry): unknown => {
    const decoded = decodeCanonical(datasetRecord(entry).body, value => ({ ok: true, value: value as { readonly v: unknown } }), 262_144)
    return decoded.ok ? decoded.value.v : undefined
  }

  it('are read back, and what is open is written as it was before there were any', () => {
    for (const entry of [bins, { ...bins, derivation: null }, { ...trafficEntry, sources: bins.sources }, { ...bins, access: 'members' as const }]) {
      assert.equal(versionOf(entry), 2)
      assert.deepEqual(valueOf(parseEntry(datasetRecord(entry))), { type: 'dataset', dataset: entry })
    }
    assert.equal(versionOf(trafficEntry), 1)
    assert.equal(
      hex(sha256(datasetRecord(trafficEntry).body)), hex(sha256(bodyWith({}).body)), 'older nodes read it'
    )
  })

  it('leave the layouts as they were, except where a data model is named', () => {
    for (const entry of [{ ...trafficEntry, model: 'TrafficFlowObserved' }, { ...bins, model: 'WasteContainer' }]) {
      assert.equal(versionOf(entry), 3)
      assert.deepEqual(valueOf(parseEntry(datasetRecord(entry))), { type: 'dataset', dataset: entry })
    }
    assert.equal(versionOf(bins), 2)
  })

  it('have one layout for one meaning, and bounds for every field', () => {
    const { model: _model, ...unmodelled } = bins
    const bodyOf = (changes: { readonly [key: string]: Value }): FeedRecord =>
      recordOf('dataset/bins', encodeCanonical({ v: 2, kind: 'dataset', ...unmodelled, ...changes }), { mediaType: ENTRY_MEDIA_TYPES.dataset })
    const { terms, derivation } = bins
    assert.ok(terms !== null && derivation !== null)
    assert.equal(codeOf(parseEntry(bodyOf({}))), 'ok')
    for (const bad of [
      { v: 3 }, { v: 4 }, { model: 'Vehicle' }, { v: 3, model: null }, { v: 3, model: '' }, { v: 3, model: 'a'.repeat(129) }, { v: 3, model: 'Way\u202etop' },
      { v: 3, model: 'Vehicle', terms: null, access: 'restricted' }, { terms: null, sources: [], derivation: null, access: 'members' }, { terms: null }, { access: 'members', terms: { ...terms, visibility: 'named' } },
      { terms: { ...terms, policy: new Uint8Array(32_769) } }, { terms: { ...terms, salt: new Uint8Array(31) } }, { terms: { ...terms, replicas: 'all' } }, { terms: { ...terms, more: 1 } },
      { terms: { ...terms, legalNotice: 'a'.repeat(513) } }, { sources: [{ publisher: 'did:key:z6', datasetId: 'raw', agreementId: null, policyCid: null }] },
      { sources: [{ publisher: ben.did, datasetId: 'raw', agreementId: '1', policyCid: null }] }, { sources: Array.from({ length: 65 }, () => bins.sources[1] as unknown as Value) },
      { derivation: { ...derivation, h3Resolution: 16 } }, { derivation: { ...derivation, operations: ['sort'] } }, { derivation: { ...derivation, recipe: cidOf('raw', utf8('r')) } }
    ] as readonly { readonly [key: string]: Value }[]) assert.equal(codeOf(parseEntry(bodyOf(bad))), 'dataset', Object.keys(bad).join())
  })

  it('go with a feed of their own class, whatever its label', () => {
    const labelled = declarationOf(ada, { datasetId: 'bins', class: 'restricted:day' })
    const pair = declarationOf(ada, { datasetId: 'bins', class: `pair:${ben.did}` })
    const open = declarationOf(ada, { datasetId: 'bins', class: 'members' })
    const foldWith = (feed: Declaration): Catalogue => catalogueOf(ada.did, placed(datasetRecord({ ...bins, distribution: { ...bins.distribution, feed: feed.id } })), () => feed)
    for (const feed of [secret, labelled]) assert.equal(foldWith(feed).datasets.size, 1)
    for (const feed of [pair, open]) assert.deepEqual(reasons(foldWith(feed)), ['dataset/bins: access'])
  })

  it('carry notices of erasure and emergencies, under the id of what they are about', () => {
    const envelope = utf8('said by somebody')
    const id = cidOf('dagCbor', envelope).toString()
    const notices: readonly Entry[] = [{ type: 'erasure', id, envelope }, { type: 'emergency', id, envelope }]
    assert.deepEqual(fold(...notices.map(each => recordFor(each))).notices.toSorted((a, b) => b.type.localeCompare(a.type)), notices)
    const end: Entry = { type: 'emergency-end', id, envelope: utf8('it is over') }
    assert.deepEqual(fold(recordFor(notices[1] as Entry), recordFor(end)).notices, [end], 'the end takes the place of the declaration')
    assert.deepEqual(reasons(fold({ ...recordFor(notices[0] as Entry), key: utf8('erasure/other') })), ['erasure/other: other-key'])
  })
})

describe('catalogue: every kind of body', () => {
  for (const [kind, { assertRoundTrip }] of Object.entries(catalogueCodecs)) {
    it(`is read back as it was written: ${kind}`, () => {
      const random = randomFrom(11)
      for (let at = 0; at < 500; at++) assertRoundTrip(random)
    })
  }
})

describe('catalogue: search', () => {
  const advertisement = (entry: DatasetEntry, publisher = ada.did): Advertisement => ({ publisher, recordIndex: 0, entry })
  const all = [
    advertisement(trafficEntry), advertisement(weatherEntry),
    advertisement({ ...trafficEntry, datasetId: 'counts', title: 'Old counts', withdrawn: true }),
    advertisement({ ...weatherEntry, datasetId: 'air', title: 'Air', description: 'Measured beside the bicycle counter', keywords: [] }, ben.did)
  ]
  const search = (query: Parameters<typeof searchCatalogue>[1]): readonly string[] => searchCatalogue(all, query).map(({ entry }) => entry.datasetId)

  it('finds everything that is not withdrawn, by name, when nothing is asked', () => {
    assert.deepEqual(search({}), ['air', 'traffic', 'weather'])
    assert.deepEqual(search({ withdrawn: true }), ['air', 'counts', 'traffic', 'weather'])
    assert.deepEqual(search({ text: '   ' }), ['air', 'traffic', 'weather'])
  })

  it('finds words in any case, with or without accents, the title first', () => {
    assert.deepEqual(search({ text: 'BRUCKENKOPF zahler' }), ['traffic'])
    assert.deepEqual(search({ text: 'höhenWIND' }), ['weather'])
    assert.deepEqual(search({ text: 'bicycle' }), ['traffic', 'air'], 'keywords before description')
    assert.deepEqual(search({ text: 'count' }), ['traffic', 'air'])
    assert.deepEqual(search({ text: 'bicycle unicorn' }), [])
  })

  it('finds by theme, publisher and place, all at once', () => {
    assert.deepEqual(search({ theme: 'envi' }), ['air', 'weather'])
    assert.deepEqual(search({ theme: 'envi', publisher: ben.did }), ['air'])
    const seattle: Box = { west: -1_224_000_000, south: 475_000_000, east: -1_222_000_000, north: 477_000_000 }
    assert.deepEqual(search({ box: seattle }), ['traffic'])
    assert.deepEqual(search({ box: seattle, theme: 'ENVI' }), [])
    assert.deepEqual(search({ box: { ...seattle, south: 477_000_000 } }), [])
  })

  it('knows that boxes touch, also across the antimeridian', () => {
    const box = (west: number, east: number, south = 0, north = 10): Box => ({ west: west * 10_000_000, south, east: east * 10_000_000, north })
    assert.ok(touches(box(0, 10), box(10, 20)), 'at a border')
    assert.ok(!touches(box(0, 10), box(11, 20)))
    assert.ok(!touches(box(0, 10, 0, 1), box(0, 10, 2, 3)))
    assert.ok(touches(box(170, -170), box(175, 179)))
    assert.ok(touches(box(170, -170), box(-175, -172)))
    assert.ok(touches(box(170, -170), box(160, -160)))
    assert.ok(!touches(box(170, -170), box(-160, 160)))
    assert.ok(touches(box(170, 180), box(-180, -170)), 'one meridian with two names')
    fc.assert(fc.property(fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: -180, max: 180 })) as [fc.Arbitrary<number>, fc.Arbitrary<number>, fc.Arbitrary<number>, fc.Arbitrary<number>]), ([a, b, c, d]) => {
      assert.equal(touches(box(a, b), box(c, d)), touches(box(c, d), box(a, b)))
      assert.ok(touches(box(a, b), box(a, b)))
    }))
  })
})
