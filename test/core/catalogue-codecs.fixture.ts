import { cidOf, utf8, type CID, type Result } from '../../src/base/index.ts'
import {
  encodeEntry, ENTRY_MEDIA_TYPES, keyOfEntry, parseEntry, type DatasetEntry, type Entry, type EntryFailure, type ProfileEntry
} from '../../src/core/catalogue/index.ts'
import { didOfKey } from '../../src/core/identity/index.ts'
import { decodeAccess, encodeAccess, type AccessRecord } from '../../src/node/access/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { codecCase, listOf, pick, someUint, type CodecCase, type Random } from './codecs.fixture.ts'
import { valueOf } from './identity.fixture.ts'

const someId = (random: Random): CID => cidOf('dagCbor', randomBytes(random, 8))
const someDid = (random: Random): string => didOfKey(randomBytes(random, 32))
const someName = (random: Random): string => pick(random, ['traffic', 'a', 'waste-2026', 'bins'])
const someAgreement = (random: Random): string => `urn:uuid:00000000-0000-4000-8000-${Buffer.from(randomBytes(random, 6)).toString('hex')}`

function maybe<T> (random: Random, make: () => T): T | null {
  return random() < 0.5 ? null : make()
}

function someDataset (random: Random): DatasetEntry {
  return {
    datasetId: someName(random), title: pick(random, ['Bins', 'Zähler am Ufer']), description: pick(random, ['', 'Two\nlines.']), theme: pick(random, ['', 'TRAN']),
    keywords: listOf(random, 3, () => pick(random, ['bicycle', 'waste'])), licence: pick(random, ['', 'CC0-1.0']),
    spatial: maybe(random, () => ({ west: -1, south: -2, east: 3, north: 4 })), temporal: maybe(random, () => ({ fromMs: -5, toMs: 5 })),
    schema: listOf(random, 2, () => ({ name: pick(random, ['time', 'plate']), type: pick(random, ['time', 'text', 'integer'] as const), unit: maybe(random, () => 'km/h') })),
    access: pick(random, ['public', 'members'] as const), issuedMs: someUint(random), modifiedMs: someUint(random), version: someUint(random),
    distribution: {
      feed: someId(random), form: pick(random, ['table', 'file', 'stream'] as const), mediaType: 'text/csv', fileName: pick(random, ['', 'bins.csv']), firstRecord: someUint(random),
      records: maybe(random, () => 17), sizeBytes: maybe(random, () => 400), sha256: maybe(random, () => randomBytes(random, 32))
    },
    simulated: random() < 0.5, withdrawn: random() < 0.5, terms: null, sources: [], derivation: null, model: null
  }
}

function someGoverned (random: Random): DatasetEntry {
  return {
    ...someDataset(random), access: 'restricted',
    terms: {
      policy: randomBytes(random, 2 + someUint(random, 40)), salt: randomBytes(random, 32), visibility: pick(random, ['members', 'named'] as const),
      replicas: pick(random, ['members', 'recipients', 'nobody'] as const), legalNotice: maybe(random, () => 'May be disclosed.')
    },
    sources: listOf(random, 3, () => ({
      publisher: someDid(random), datasetId: someName(random), agreementId: maybe(random, () => someAgreement(random)), policyCid: maybe(random, () => someId(random))
    })),
    derivation: maybe(random, () => ({
      recipe: someId(random), operations: listOf(random, 2, () => pick(random, ['redact', 'coarsen', 'roundTime', 'summarise', 'delay'] as const)), minGroupSize: someUint(random, 100),
      h3Resolution: someUint(random, 15), timeStepMs: someUint(random), delayMs: someUint(random), redactedFields: listOf(random, 2, () => pick(random, ['plate', 'driver']))
    }))
  }
}

function someProfile (random: Random): ProfileEntry {
  return {
    name: pick(random, ['Bellevue', 'Stadt Ada']), place: maybe(random, () => ({ latitude: 5, longitude: -6 })), homepage: maybe(random, () => 'https://ada.example'),
    claims: maybe(random, () => ({ storedIn: listOf(random, 2, () => pick(random, ['DE', 'NL', 'US-WA'])), securityLevel: someUint(random, 100) }))
  }
}

function someAccess (random: Random): AccessRecord {
  return {
    outcome: pick(random, ['allowed', 'refused'] as const), timeMs: someUint(random), agreementId: maybe(random, () => someAgreement(random)), publisher: someDid(random),
    datasetId: someName(random), requester: maybe(random, () => someDid(random)), door: pick(random, ['advertise', 'negotiate', 'sync', 'read', 'stream', 'sql', 'derive', 'reshare'] as const),
    purpose: maybe(random, () => 'urn:hanse:purpose:1:waste.collection'), policyCid: maybe(random, () => someId(random)), requests: someUint(random, 1), records: someUint(random),
    bytes: someUint(random), reasons: listOf(random, 2, () => pick(random, ['agreement.none', 'term.unknown (urn:x:moon)']))
  }
}

/** The body of an entry alone: key and media type follow from what it says. */
function entryCase (keyed: (body: Uint8Array) => string, type: 'dataset' | 'profile', example: (random: Random) => Entry): CodecCase {
  const encode = (entry: Entry): Uint8Array => valueOf(encodeEntry(entry, 0)).body
  const decode = (body: Uint8Array): Result<Entry, EntryFailure> =>
    parseEntry({ key: utf8(keyed(body)), timeMs: 0, operation: 'put', mediaType: ENTRY_MEDIA_TYPES[type], body })
  return codecCase(encode, decode, example)
}

/** The datasetId is in the body: the key is found by trying the names that the examples use. */
function keyOfBody (body: Uint8Array): string {
  const names = ['traffic', 'a', 'waste-2026', 'bins'].map(name => `dataset/${name}`)
  return names.find(key => {
    const parsed = parseEntry({ key: utf8(key), timeMs: 0, operation: 'put', mediaType: ENTRY_MEDIA_TYPES.dataset, body })
    return parsed.ok && keyOfEntry(parsed.value) === key
  }) ?? 'dataset/none'
}

/** Everything that core/catalogue writes itself, and what node/access does. */
export const catalogueCodecs: Readonly<Record<string, CodecCase>> = {
  'dataset in the open': entryCase(keyOfBody, 'dataset', random => ({ type: 'dataset', dataset: someDataset(random) })),
  'dataset with terms': entryCase(keyOfBody, 'dataset', random => ({ type: 'dataset', dataset: someGoverned(random) })),
  'dataset with a model': entryCase(keyOfBody, 'dataset', random => ({
    type: 'dataset', dataset: { ...random() < 0.5 ? someDataset(random) : someGoverned(random), model: pick(random, ['WasteContainer', 'Vehicle', 'Ort der Messung']) }
  })),
  'profile': entryCase(() => 'profile', 'profile', random => ({ type: 'profile', profile: someProfile(random) })),
  'access': codecCase(record => encodeAccess(record).body, decodeAccess, someAccess)
}
