import { concat, MerkleLog, sha256, u32, utf8, type CID } from '../../src/base/index.ts'
import {
  declareFeed, decodeDeclaration, decodeHead, headBody, leafHashOf, SegmentBuilder,
  type ClosedSegment, type Declaration, type DeclarationFields, type FeedRecord, type Head, type HeadFields, type Speaker
} from '../../src/core/feed/index.ts'
import { signStatement, type Membership } from '../../src/core/identity/index.ts'
import { certificateOf, cities, federationOf, FOUNDED_MS, valueOf, type City } from './identity.fixture.ts'

export const [ada, ben, cyd] = cities(3) as [City, City, City]
export const membership: Membership = federationOf([ada, ben, cyd])
export const NOW_MS: number = FOUNDED_MS + 1_000_000

export const speaker: Speaker = (statement, timeMs) => membership.speaker(statement, timeMs)

/** Says the same, and verifies each statement once: mutants of a proof carry the same heads again and again. */
export function rememberingSpeaker (): Speaker {
  const saidById = new Map<string, ReturnType<Speaker>>()
  return (statement, timeMs) => {
    const id = `${statement.id.toString()} ${timeMs}`
    const said = saidById.get(id) ?? speaker(statement, timeMs)
    if (saidById.size < 1000) saidById.set(id, said)
    return said
  }
}

export function recordOf (key: string, body: string | Uint8Array = '', changes: Partial<FeedRecord> = {}): FeedRecord {
  return {
    key: utf8(key), timeMs: NOW_MS, operation: 'put', mediaType: 'text/plain',
    body: typeof body === 'string' ? utf8(body) : body, ...changes
  }
}

export function declarationOf (city: City, changes: Partial<DeclarationFields> = {}): Declaration {
  const body = declareFeed({
    federation: membership.federation, publisher: city.did, datasetId: 'traffic', class: 'public', mode: 'log', supersedes: null,
    derivedFrom: null, createdMs: FOUNDED_MS + 1, nonce: new Uint8Array(16), ...changes
  })
  return valueOf(decodeDeclaration(signStatement(body, certificateOf(city, membership.federation).id, city.node)))
}

export function headOf (city: City, fields: HeadFields): Head {
  return valueOf(decodeHead(signStatement(headBody(fields), certificateOf(city, membership.federation).id, city.node)))
}

export type TestFeed = {
  readonly declaration: Declaration
  readonly segments: readonly ClosedSegment[]
  readonly log: MerkleLog
  readonly head: (length?: number, changes?: Partial<HeadFields>) => Head
}

/** A feed of one city with the given records in each segment. All of it follows from its arguments. */
export function feedOf (city: City, recordsBySegment: readonly (readonly FeedRecord[])[], changes: Partial<DeclarationFields> = {}): TestFeed {
  const declaration = declarationOf(city, changes)
  const log = new MerkleLog()
  const segments: ClosedSegment[] = []
  let first = 0
  for (const [index, records] of recordsBySegment.entries()) {
    const segment = segmentOf(records, declaration.id, index, first)
    segments.push(segment)
    log.append(leafHashOf(segment.leafData))
    first += segment.leaf.count
  }
  return {
    declaration,
    segments,
    log,
    head: (length = segments.length, fields = {}) => headOf(city, {
      federation: membership.federation,
      feed: declaration.id,
      length,
      records: segments.slice(0, length).reduce((sum, { leaf }) => sum + leaf.count, 0),
      bytes: segments.slice(0, length).reduce((sum, { bytes }) => sum + bytes.length, 0),
      mmrRoot: log.root(length),
      firstRetained: 0,
      keyEpoch: 0,
      timeMs: NOW_MS,
      prevHeadDigest: null,
      ...fields
    })
  }
}

export function segmentOf (records: readonly FeedRecord[], feed: CID, index: number, first: number): ClosedSegment {
  const builder = new SegmentBuilder()
  for (const record of records) {
    const outcome = builder.add(record)
    if (outcome !== 'added') throw new Error(`not added: ${JSON.stringify(outcome)}`)
  }
  return builder.close({ feed, index, first, secret: sha256(concat([feed.bytes, u32(index)])), source: null })
}

export function recordsOf (count: number, name = 'sensor'): readonly FeedRecord[] {
  return Array.from({ length: count }, (_, at) => recordOf(`${name}/${at}`, `value ${at}`, { timeMs: NOW_MS + at * 7 % 5 }))
}
