import {
  boolean, bytes, cidOf, decodeCanonical, encodeCanonical, fail, integer, list, literal, matching, nullable, ok, struct,
  text, textOf, uint, utf8, type CodecFailure, type Parsed, type Result, type Schema
} from '../../base/index.ts'
import { BODY_BYTES_MAX, datasetIdSchema, isMediaType, statementIdSchema, type FeedRecord } from '../feed/index.ts'
import {
  decodeCertificate, decodeRevocation, type Certificate, type CertificateFailure, type Revocation, type RevocationFailure
} from '../identity/index.ts'
import { claimsSchema, derivationSchema, sourcesSchema, termsSchema, type Claims, type Derivation, type EntryTerms, type Source } from './terms.ts'
import {
  COLUMN_NAME_LENGTH_MAX, COLUMNS_MAX, DESCRIPTION_LENGTH_MAX, FILE_NAME_LENGTH_MAX, HOMEPAGE_LENGTH_MAX, KEYWORD_LENGTH_MAX,
  KEYWORDS_MAX, LICENCE_LENGTH_MAX, MEMBER_NAME_LENGTH_MAX, MODEL_LENGTH_MAX, THEME_LENGTH_MAX, TITLE_LENGTH_MAX, UNIT_LENGTH_MAX
} from './limits.ts'

/** Control characters and marks that reverse the reading direction: they change what a terminal or a page shows. */
const UNSEEN = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u
const UNSEEN_BESIDE_LINE_ENDS = /[^\P{Cc}\n\t]|[\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

function line (lengthMax: number, lengthMin = 0): Schema<string> {
  const expected = `one visible line of ${lengthMin} to ${lengthMax} characters`
  return (value, path) => {
    const parsed = text(lengthMax)(value, path)
    return parsed.ok && parsed.value.length >= lengthMin && !UNSEEN.test(parsed.value) ? parsed : fail({ path, expected })
  }
}

const prose: Schema<string> = (value, path) => {
  const parsed = text(DESCRIPTION_LENGTH_MAX)(value, path)
  const good = parsed.ok && !UNSEEN_BESIDE_LINE_ENDS.test(parsed.value)
  return good ? parsed : fail({ path, expected: `visible text of at most ${DESCRIPTION_LENGTH_MAX} characters` })
}

/** Data, never a path: nothing in it leads elsewhere on any system. Empty for a stream. */
const fileName: Schema<string> = (value, path) => {
  const parsed = line(FILE_NAME_LENGTH_MAX)(value, path)
  const good = parsed.ok && !/[/\\:]/.test(parsed.value) && parsed.value !== '.' && parsed.value !== '..'
  return good ? parsed : fail({ path, expected: `a file name of at most ${FILE_NAME_LENGTH_MAX} characters without / \\ :` })
}

const mediaType: Schema<string> = (value, path) => typeof value === 'string' && value !== '' && isMediaType(value)
  ? ok(value)
  : fail({ path, expected: 'a media type of 1 to 127 printable ASCII characters' })

const degrees = (max: number): Schema<number> => integer(-max * 10_000_000, max * 10_000_000)

/** The last of ECMAScript dates: what is later nobody can write as one, and whoever tries fails for all datasets. */
const INSTANT_MS_MAX = 8_640_000_000_000_000
/** Data may be older than 1970. */
const instantMs = integer(-INSTANT_MS_MAX, INSTANT_MS_MAX)

/** WGS 84, in units of 1e-7 degrees. West above east: the box crosses the antimeridian. */
const box = struct({ west: degrees(180), south: degrees(90), east: degrees(180), north: degrees(90) })
const boxSchema: Schema<Parsed<typeof box>> = (value, path) => {
  const parsed = box(value, path)
  return parsed.ok && parsed.value.south > parsed.value.north ? fail({ path, expected: 'a box with its south below its north' }) : parsed
}
const period = struct({ fromMs: instantMs, toMs: instantMs })
const periodSchema: Schema<Parsed<typeof period>> = (value, path) => {
  const parsed = period(value, path)
  return parsed.ok && parsed.value.fromMs > parsed.value.toMs ? fail({ path, expected: 'a period that does not end before it begins' }) : parsed
}

const described = {
  kind: literal('dataset'),
  datasetId: datasetIdSchema,
  title: line(TITLE_LENGTH_MAX, 1),
  description: prose,
  theme: line(THEME_LENGTH_MAX),
  keywords: list(line(KEYWORD_LENGTH_MAX, 1), KEYWORDS_MAX),
  licence: line(LICENCE_LENGTH_MAX),
  spatial: nullable(boxSchema),
  temporal: nullable(periodSchema),
  schema: list(struct({
    name: line(COLUMN_NAME_LENGTH_MAX),
    type: literal('text', 'integer', 'number', 'boolean', 'time', 'latitude', 'longitude', 'geometry'),
    unit: nullable(line(UNIT_LENGTH_MAX))
  }), COLUMNS_MAX),
  issuedMs: uint(INSTANT_MS_MAX),
  modifiedMs: uint(INSTANT_MS_MAX),
  version: uint(),
  distribution: struct({
    feed: statementIdSchema,
    form: literal('table', 'file', 'stream'),
    mediaType,
    fileName,
    firstRecord: uint(),
    records: nullable(uint()),
    sizeBytes: nullable(uint()),
    sha256: nullable(bytes(32))
  }),
  simulated: boolean(),
  withdrawn: boolean()
}

/** Without terms, as before there were any. */
const openSchema = struct({ v: literal(1), ...described, access: literal('public', 'members') })
const governed = {
  ...described, access: literal('public', 'members', 'restricted'),
  terms: nullable(termsSchema), sources: sourcesSchema, derivation: nullable(derivationSchema)
}
const governedSchema = struct({ v: literal(2), ...governed })
const modelledSchema = struct({ v: literal(3), ...governed, model: line(MODEL_LENGTH_MAX, 1) })
type Written = Parsed<typeof openSchema> | Parsed<typeof governedSchema> | Parsed<typeof modelledSchema>
const datasetSchema: Schema<Written> = (value, path) => {
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined
  if (version === 3) return modelledSchema(value, path)
  return version === 2 ? governedSchema(value, path) : openSchema(value, path)
}

const presented = {
  kind: literal('profile'),
  name: line(MEMBER_NAME_LENGTH_MAX, 1),
  place: nullable(struct({ latitude: degrees(90), longitude: degrees(180) })),
  homepage: nullable(matching(
    new RegExp(`^https?://[\\x21-\\x7e]{1,${HOMEPAGE_LENGTH_MAX - 8}}$`), `an http or https address of at most ${HOMEPAGE_LENGTH_MAX} characters`
  ))
}
const plainProfileSchema = struct({ v: literal(1), ...presented })
const claimingProfileSchema = struct({ v: literal(2), ...presented, claims: claimsSchema })
const profileSchema: Schema<Parsed<typeof plainProfileSchema> | Parsed<typeof claimingProfileSchema>> = (value, path) =>
  typeof value === 'object' && value !== null && 'v' in value && value.v === 2 ? claimingProfileSchema(value, path) : plainProfileSchema(value, path)

export type DatasetEntry = Omit<Parsed<typeof openSchema>, 'v' | 'kind' | 'access'> & {
  readonly access: 'public' | 'members' | 'restricted'
  /** Null: whoever is of the audience of `access` may use it without an agreement. */
  readonly terms: EntryTerms | null
  readonly sources: readonly Source[]
  readonly derivation: Derivation | null
  /** Short name of the Smart Data Model that its records follow, such as `WasteContainer`; null: none is named. */
  readonly model: string | null
}
export type Box = Parsed<typeof box>
export type ProfileEntry = Omit<Parsed<typeof plainProfileSchema>, 'v' | 'kind'> & {
  /** What it attests of where and how it keeps what it is given; null: nothing. */
  readonly claims: Claims | null
}

/** What one record of a catalogue feed says. */
export type Entry =
  | { readonly type: 'dataset', readonly dataset: DatasetEntry }
  | { readonly type: 'profile', readonly profile: ProfileEntry }
  | { readonly type: 'certificate', readonly certificate: Certificate }
  | { readonly type: 'revocation', readonly revocation: Revocation }
  /** Of `core/grants`, which reads the envelope; `id` is that of the erasure or of the declared emergency. */
  | { readonly type: NoticeType, readonly id: string, readonly envelope: Uint8Array }

export type NoticeType = 'erasure' | 'emergency' | 'emergency-end'

export type EntryFailure =
  /** Not a key of a catalogue. */
  | { readonly code: 'unknown-key', readonly key: string }
  | { readonly code: 'media-type', readonly mediaType: string, readonly expected: string }
  /** The body describes something else than the key names. */
  | { readonly code: 'other-key', readonly key: string, readonly expected: string }
  | { readonly code: 'dataset' | 'profile', readonly failure: CodecFailure }
  | { readonly code: 'certificate', readonly failure: CertificateFailure }
  | { readonly code: 'revocation', readonly failure: RevocationFailure }

/** Media types of the entries, also of those whose body is an envelope. */
export const ENTRY_MEDIA_TYPES = {
  dataset: 'application/vnd.hanse.dataset+cbor',
  profile: 'application/vnd.hanse.profile+cbor',
  certificate: 'application/vnd.hanse.certificate+cbor',
  revocation: 'application/vnd.hanse.revocation+cbor',
  'erasure': 'application/vnd.hanse.erasure+cbor',
  'emergency': 'application/vnd.hanse.emergency+cbor',
  'emergency-end': 'application/vnd.hanse.emergency-end+cbor'
} as const

/** The key under which an entry stands: the latest record of a key wins. */
export function keyOfEntry (entry: Entry): string {
  switch (entry.type) {
    case 'dataset': return keyOfDataset(entry.dataset.datasetId)
    case 'revocation': return `revocation/${entry.revocation.member}`
    case 'profile': return 'profile'
    case 'certificate': return 'certificate'
    case 'erasure': return `erasure/${entry.id}`
    // The end of an emergency takes the place of its declaration.
    case 'emergency': case 'emergency-end': return `emergency/${entry.id}`
  }
}

export function keyOfDataset (datasetId: string): string {
  return `dataset/${datasetId}`
}

/** The record that puts an entry into the catalogue feed, or what a reader would refuse in it. */
export function encodeEntry (entry: Entry, timeMs: number): Result<FeedRecord, EntryFailure> {
  const record: FeedRecord = {
    key: utf8(keyOfEntry(entry)), timeMs, operation: 'put', mediaType: ENTRY_MEDIA_TYPES[entry.type], body: bodyOf(entry)
  }
  const parsed = parseEntry(record)
  return parsed.ok ? ok(record) : parsed
}

function bodyOf (entry: Entry): Uint8Array {
  switch (entry.type) {
    case 'dataset': {
      const { model, ...governed } = entry.dataset
      if (model !== null) return encodeCanonical({ v: 3, kind: 'dataset', ...entry.dataset })
      const { terms, sources, derivation, ...open } = governed
      const isOpen = terms === null && sources.length === 0 && derivation === null
      return encodeCanonical(isOpen ? { v: 1, kind: 'dataset', ...open } : { v: 2, kind: 'dataset', ...governed })
    }
    case 'profile': {
      const { claims, ...plain } = entry.profile
      return encodeCanonical(claims === null ? { v: 1, kind: 'profile', ...plain } : { v: 2, kind: 'profile', ...plain, claims })
    }
    case 'certificate': return entry.certificate.envelope
    case 'revocation': return entry.revocation.envelope
    case 'erasure': case 'emergency': case 'emergency-end': return entry.envelope
  }
}

/** A catalogue is folded anew whenever it grows; what a record says does not change. */
const parsedByRecord = new WeakMap<FeedRecord, Result<Entry, EntryFailure>>()

/** What a put record of a catalogue feed says. Whether its publisher may say so, `catalogueOf` decides. */
export function parseEntry (record: FeedRecord): Result<Entry, EntryFailure> {
  const known = parsedByRecord.get(record)
  if (known !== undefined) return known
  const parsed = parse(record)
  parsedByRecord.set(record, parsed)
  return parsed
}

function parse ({ key, mediaType: given, body }: FeedRecord): Result<Entry, EntryFailure> {
  const name = textOf(key) ?? ''
  const type = typeOfKey(name, given)
  if (type === undefined) return fail({ code: 'unknown-key', key: name })
  const expected = ENTRY_MEDIA_TYPES[type]
  if (given !== expected) return fail({ code: 'media-type', mediaType: given, expected })
  const entry = entryOf(type, name, body)
  if (!entry.ok) return entry
  const own = keyOfEntry(entry.value)
  return own === name ? entry : fail({ code: 'other-key', key: name, expected: own })
}

function typeOfKey (name: string, mediaTypeGiven: string): Entry['type'] | undefined {
  if (name === 'profile' || name === 'certificate') return name
  if (name.startsWith('dataset/')) return 'dataset'
  if (name.startsWith('erasure/')) return 'erasure'
  if (name.startsWith('emergency/')) return mediaTypeGiven === ENTRY_MEDIA_TYPES['emergency-end'] ? 'emergency-end' : 'emergency'
  return name.startsWith('revocation/') ? 'revocation' : undefined
}

function entryOf (type: Entry['type'], name: string, body: Uint8Array): Result<Entry, EntryFailure> {
  switch (type) {
    case 'dataset': {
      const decoded = datasetOf(body)
      return decoded.ok ? ok({ type, dataset: decoded.value }) : fail({ code: 'dataset', failure: decoded.failure })
    }
    case 'profile': {
      const decoded = decodeCanonical(body, profileSchema, BODY_BYTES_MAX)
      if (!decoded.ok) return fail({ code: 'profile', failure: decoded.failure })
      const { name: called, place, homepage } = decoded.value
      return ok({ type, profile: { name: called, place, homepage, claims: decoded.value.v === 2 ? decoded.value.claims : null } })
    }
    case 'certificate': {
      const decoded = decodeCertificate(body)
      return decoded.ok ? ok({ type, certificate: decoded.value }) : fail({ code: 'certificate', failure: decoded.failure })
    }
    case 'revocation': {
      const decoded = decodeRevocation(body)
      return decoded.ok ? ok({ type, revocation: decoded.value }) : fail({ code: 'revocation', failure: decoded.failure })
    }
    case 'erasure': case 'emergency': return ok({ type, id: cidOf('dagCbor', body).toString(), envelope: body })
    case 'emergency-end': return ok({ type, id: name.slice('emergency/'.length), envelope: body })
  }
}

/** One meaning has one layout: what names no model, and what has no terms, no sources and no recipe, is written as before there were any. */
function datasetOf (body: Uint8Array): Result<DatasetEntry, CodecFailure> {
  const decoded = decodeCanonical(body, datasetSchema, BODY_BYTES_MAX)
  if (!decoded.ok) return decoded
  if (decoded.value.v === 1) {
    const { v: _v, kind: _kind, ...dataset } = decoded.value
    return ok({ ...dataset, terms: null, sources: [], derivation: null, model: null })
  }
  const { v, kind: _kind, ...dataset } = decoded.value
  const { access, terms, sources, derivation } = dataset
  const wrong = (path: string, expected: string): Result<never, CodecFailure> => fail({ code: 'schema', path, expected })
  if (v === 2 && terms === null && sources.length === 0 && derivation === null) return wrong('.v', '1 where there are no terms, sources or derivation')
  if (access === 'restricted' && terms === null) return wrong('.terms', 'the terms of what is restricted')
  if (access !== 'restricted' && terms?.visibility === 'named') return wrong('.access', 'restricted where only named members may see it')
  return ok('model' in dataset ? dataset : { ...dataset, model: null })
}
