/** Hanse itself, through the same interface that its commands use: whole nodes with founding, catalogue, gossip and sync. */
import { createHash, randomUUID } from 'node:crypto'
import type { DatasetDescription, HanseNode, NodeOptions, RecordInput, TermsOrder } from '../../../src/node/index.ts'
import type { Result } from '../../../src/base/index.ts'
import {
  FILE_SIZE_BYTES, LIVE_MESSAGES_PER_SECOND, LIVE_SECONDS, RECORD_SIZE_BYTES, type Conditions, type Contestant, type Scenario, type Stage
} from '../contestant.ts'
import { Arrivals, folderSizeBytes, randomBytes, sendPaced, slices } from '../load.ts'
import { startHanse } from './hanseStart.ts'
import { decideOnly, decideWithReport } from './hanseTerms.ts'

/** Starts a node over the folder, which it lays out when it is empty. Resolves when the node is ready, or alone. */
export type OpenNode = (folder: string, name: string, onRooms?: OnRooms) => Promise<HanseNode>
type OnRooms = NonNullable<NodeOptions['onRooms']>
type Rooms = Parameters<OnRooms>[0]
/** Compacts the databases of a folder whose node has stopped. */
export type CompactFolder = (folder: string) => Promise<void>

type Offer = { readonly reference: string, readonly records: number, readonly digest: string }

const RECORDS = 1_000_000
const RECORDS_PER_CALL = 1_000
/** Calls under way at once: the next batch is built while the last is synced. */
const CALLS_IN_FLIGHT = 8
/** A record of 300 bytes as the others count it: its key and its body. */
const KEY_SIZE_BYTES = 8
const MEDIA_TYPE = 'application/octet-stream'
const POLL_MS = 2
const FOUNDING_VALID_MS = 600_000
const FETCH_TIMEOUT_MS = 200_000
const DATASET_ID = 'bench'

const conditions: Conditions = {
  packed: 'segments of 256 KiB',
  durable: 'synced batch',
  encrypted: 'Noise',
  verified: 'each segment and record against the signed head'
}

/** A decision is a function of what is given. */
const inMemory: Conditions = { packed: '-', durable: '-', encrypted: '-', verified: '-' }

export function hanseContestant (open: OpenNode, compact: CompactFolder): Contestant {
  const append = async (stage: Stage) => {
    const node = await open(stage.folder, 'writer')
    good(await node.invite({ federationName: 'bench', want: 1, validMs: FOUNDING_VALID_MS }))
    await ready(node)
    await openStream(node)
    const records = recordsOf(randomBytes(stage.scaled(RECORDS) * RECORD_SIZE_BYTES))
    const seconds = await stage.measure(() => appendAll(node, records))
    await node.stop()
    await compact(stage.folder)
    return {
      appendRecordsPerSecond: records.length / seconds,
      diskBytesPerByte: folderSizeBytes(stage.folder) / (records.length * RECORD_SIZE_BYTES)
    }
  }

  return {
    name: 'hanse',
    packages: [],
    scenarios: [
      { name: 'append', variant: 'packed', conditions, roles: { writer: append } },
      lateJoin(open, 'packed, one source', 1),
      lateJoin(open, 'packed, two sources', 2),
      replication(open, 'open'),
      replication(open, 'sealed, with a grant'),
      { name: 'file', variant: 'UnixFS', conditions: { ...conditions, packed: 'chunks of UnixFS' }, roles: fileRoles(open) },
      { name: 'live', variant: 'packed', conditions, roles: liveRoles(open) },
      { name: 'startup', variant: 'hanse start', conditions, roles: { node: startHanse } },
      { name: 'terms', variant: 'all clauses', conditions: inMemory, roles: { engine: decideOnly } },
      { name: 'terms', variant: 'all clauses, reported', conditions: inMemory, roles: { engine: decideWithReport } }
    ]
  }
}

function lateJoin (open: OpenNode, variant: string, sources: 1 | 2): Scenario {
  const first = async (stage: Stage) => {
    const node = await convene(stage, open, sources + 1)
    await stage.hear('left')
    const dataset = await openStream(node)
    const bytes = randomBytes(stage.scaled(RECORDS) * RECORD_SIZE_BYTES)
    await appendAll(node, recordsOf(bytes))
    const digest = createHash('sha256').update(bytes).digest('hex')
    const offer: Offer = { reference: dataset.id, records: stage.scaled(RECORDS), digest }
    stage.tell('offer', offer)
    await serveWhileMeasured(stage)
    return {}
  }
  const second = async (stage: Stage) => {
    const node = await apply(stage, open, 'second')
    const offer = await stage.hear<Offer>('offer')
    await holds(node, offer)
    stage.tell('second holds all')
    await serveWhileMeasured(stage)
    return {}
  }
  const reader = async (stage: Stage) => {
    const founding = await apply(stage, open, 'reader')
    await founding.stop()
    stage.tell('left')
    const offer = await stage.hear<Offer>('offer')
    if (sources === 2) await stage.hear('second holds all')

    stage.tell('begin')
    let node = founding
    const seconds = await stage.measure(async () => {
      node = await open(stage.folder, 'reader')
      await holds(node, offer)
    })
    stage.tell('end')
    const { verified, checks } = good(await node.verify(offer.reference))
    if (!verified) throw new Error(`what was joined does not verify: ${JSON.stringify(checks.filter(({ ok }) => !ok))}`)
    if (await digestOfStream(node, offer) !== offer.digest) throw new Error('what was read is not what was written')
    return { lateJoinRecordsPerSecond: offer.records / seconds, lateJoinMegabytesPerSecond: offer.records * RECORD_SIZE_BYTES / 1e6 / seconds }
  }
  return { name: 'lateJoin', variant, conditions, roles: sources === 2 ? { first, second, reader } : { first, reader } }
}

/** One dataset to one late joiner, in clear or as ciphertext whose key it was given before: what sealing costs. */
function replication (open: OpenNode, variant: 'open' | 'sealed, with a grant'): Scenario {
  const isSealed = variant !== 'open'
  const first = async (stage: Stage) => {
    let rooms: Rooms | undefined
    const node = await convene(stage, open, 2, each => { rooms = each })
    const dataset = await openStream(node, isSealed ? termsFor(node) : undefined)
    stage.tell('opened', dataset.id)
    const consumer = await stage.hear<string>('known')
    const { federation } = rooms ?? failed('a node that is ready has rooms')
    if (isSealed) {
      const standing = standingOf(rooms, node.status().member.did, consumer)
      await federation.standings.put(standing)
      good(await federation.granting.agreed(standing.id))
      stage.tell('agreed', standing)
    }
    await stage.hear('left')
    const bytes = randomBytes(stage.scaled(RECORDS) * RECORD_SIZE_BYTES)
    await appendAll(node, recordsOf(bytes))
    stage.tell('offer', { reference: dataset.id, records: stage.scaled(RECORDS), digest: createHash('sha256').update(bytes).digest('hex') } satisfies Offer)
    await serveWhileMeasured(stage)
    return {}
  }
  const reader = async (stage: Stage) => {
    let rooms: Rooms | undefined
    const founding = await apply(stage, open, 'reader', each => { rooms = each })
    const reference = await stage.hear<string>('opened')
    await until(() => founding.dataset(reference).ok)
    stage.tell('known', founding.status().member.did)
    const { federation } = rooms ?? failed('a node that is ready has rooms')
    if (isSealed) {
      await federation.standings.put(await stage.hear('agreed'))
      await until(() => federation.keyring.grants().length > 0)
    }
    await founding.stop()
    stage.tell('left')
    const offer = await stage.hear<Offer>('offer')
    stage.tell('begin')
    let node = founding
    const seconds = await stage.measure(async () => {
      node = await open(stage.folder, 'reader', each => { rooms = each })
      await until(() => hasAll(rooms, offer))
    })
    stage.tell('end')
    if (await digestOfStream(node, offer) !== offer.digest) throw new Error('what was read is not what was written')
    return { sealedRecordsPerSecond: offer.records / seconds, sealedMegabytesPerSecond: offer.records * RECORD_SIZE_BYTES / 1e6 / seconds }
  }
  return { name: 'sealed', variant, conditions: isSealed ? { ...conditions, encrypted: 'Noise; at rest AES-256-GCM' } : conditions, roles: { first, reader } }
}

/** As `holds`, of the feed itself: to describe a dataset with its terms takes longer than one without, and it is asked for often. */
function hasAll (rooms: Rooms | undefined, { records }: Offer): boolean {
  const [feed] = [...rooms?.federation.feeds.all() ?? []].filter(({ declaration }) => declaration.datasetId === DATASET_ID)
  return feed !== undefined && feed.isComplete && feed.length > 0 && feed.records >= records
}

/** For the one other member, without anything that would be counted. */
function termsFor (node: HanseNode): TermsOrder {
  const file = good(node.templateOf('neighbours')) as { readonly terms: object, readonly dataset?: object }
  const members = node.members().flatMap(({ did }) => did === node.status().member.did ? [] : [did])
  return good(node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members }, purposes: [] }, dataset: { ...file.dataset, replicas: 'nobody' } }))
}

/** An agreement as both sides hold it once it is signed. */
function standingOf (rooms: Rooms | undefined, provider: string, consumer: string): Parameters<Rooms['federation']['standings']['put']>[0] {
  const policy = rooms?.catalogue.entry(provider, DATASET_ID)?.terms?.policy ?? failed('a dataset that was published has terms')
  return {
    id: `urn:uuid:${randomUUID()}`, provider, consumer, datasetId: DATASET_ID, purpose: null, policy, inForceFromMs: Date.now(), commit: null, revokedAtMs: null,
    stalenessMaxMs: null, duties: [], endedHere: false
  }
}

function failed (sentence: string): never {
  throw new Error(sentence)
}

function fileRoles (open: OpenNode): Scenario['roles'] {
  const source = async (stage: Stage) => {
    const node = await convene(stage, open, 2)
    await stage.hear('left')
    const bytes = randomBytes(stage.scaled(FILE_SIZE_BYTES))
    const content = { form: 'file', mediaType: MEDIA_TYPE, fileName: 'bench.bin', bytes: inChunks(bytes) } as const
    const dataset = good(await node.publish(descriptionOf(), content))
    const offer: Offer = { reference: dataset.id, records: 1, digest: createHash('sha256').update(bytes).digest('hex') }
    stage.tell('offer', offer)
    await serveWhileMeasured(stage)
    return {}
  }
  const reader = async (stage: Stage) => {
    const founding = await apply(stage, open, 'reader')
    await founding.stop()
    stage.tell('left')
    const offer = await stage.hear<Offer>('offer')
    stage.tell('begin')
    let node = founding
    const seconds = await stage.measure(async () => {
      node = await open(stage.folder, 'reader')
      await until(() => node.dataset(offer.reference).ok)
      good(await node.fetch(offer.reference, AbortSignal.timeout(FETCH_TIMEOUT_MS)))
    })
    stage.tell('end')
    const hash = createHash('sha256')
    for await (const part of good(await node.content(offer.reference)).bytes) hash.update(part)
    if (hash.digest('hex') !== offer.digest) throw new Error('what was read is not what was written')
    return { fileMegabytesPerSecond: stage.scaled(FILE_SIZE_BYTES) / 1e6 / seconds }
  }
  return { source, reader }
}

function liveRoles (open: OpenNode): Scenario['roles'] {
  const writer = async (stage: Stage) => {
    const node = await convene(stage, open, 2)
    const dataset = await openStream(node)
    stage.tell('offer', { reference: dataset.id, records: 0, digest: '' })
    await stage.hear('subscribed')
    await stage.measure(async () => {
      const appends: Promise<unknown>[] = []
      await sendPaced(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS), record => {
        appends.push(node.append(DATASET_ID, [recordOf(record)], { flush: true }).then(good))
      })
      await Promise.all(appends)
      await stage.hear('end')
    })
    return {}
  }
  const reader = async (stage: Stage) => {
    const node = await apply(stage, open, 'reader')
    const offer = await stage.hear<Offer>('offer')
    await until(() => node.dataset(offer.reference).ok)
    const arrivals = new Arrivals(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS))
    const enough = new AbortController()
    const following = good(node.follow(offer.reference, { last: 0, signal: enough.signal }))
    const reading = (async () => {
      for await (const { key, body } of following) arrivals.arrived(Buffer.concat([key, body]))
      throw new Error('the stream ended early')
    })()
    stage.tell('subscribed')
    await stage.measure(() => Promise.race([arrivals.all, reading]))
    stage.tell('end')
    reading.catch(() => {})
    enough.abort()
    return arrivals.measures()
  }
  return { writer, reader }
}

/** Founds the federation with the other roles; resolves when all are in it. */
async function convene (stage: Stage, open: OpenNode, want: number, onRooms?: OnRooms): Promise<HanseNode> {
  const node = await open(stage.folder, 'first', onRooms)
  const { ticket } = good(await node.invite({ federationName: 'bench', want, validMs: FOUNDING_VALID_MS }))
  stage.tell('ticket', ticket)
  await ready(node)
  return node
}

async function apply (stage: Stage, open: OpenNode, name: string, onRooms?: OnRooms): Promise<HanseNode> {
  const node = await open(stage.folder, name, onRooms)
  good(await node.join(await stage.hear<string>('ticket')))
  await ready(node)
  return node
}

async function serveWhileMeasured (stage: Stage): Promise<void> {
  await stage.hear('begin')
  await stage.measure(() => stage.hear('end'))
}

async function openStream (node: HanseNode, terms?: TermsOrder): Promise<{ readonly id: string }> {
  return good(await node.publish(descriptionOf(), { form: 'stream', mediaType: MEDIA_TYPE }, undefined, terms))
}

async function appendAll (node: HanseNode, records: readonly RecordInput[]): Promise<void> {
  const flying = new Set<Promise<unknown>>()
  for (let at = 0; at < records.length; at += RECORDS_PER_CALL) {
    const call = node.append(DATASET_ID, records.slice(at, at + RECORDS_PER_CALL), { flush: false }).then(good)
    const done = call.finally(() => flying.delete(done))
    flying.add(done)
    if (flying.size >= CALLS_IN_FLIGHT) await Promise.race(flying)
  }
  await Promise.all(flying)
}

/** All of it is verified and stored here, as the node itself says. */
async function holds (node: HanseNode, offer: Offer): Promise<void> {
  await until(() => {
    const found = node.dataset(offer.reference)
    return found.ok && found.value.held.phase === 'complete' && found.value.held.records >= offer.records
  })
}

async function digestOfStream (node: HanseNode, offer: Offer): Promise<string> {
  const hash = createHash('sha256')
  for await (const { key, body } of good(node.read(offer.reference, { from: 0, limit: offer.records }))) hash.update(key).update(body)
  return hash.digest('hex')
}

async function ready (node: HanseNode): Promise<void> {
  await until(() => node.status().state === 'ready')
}

async function until (holdsNow: () => boolean): Promise<void> {
  while (!holdsNow()) await new Promise(resolve => setTimeout(resolve, POLL_MS))
}

function recordsOf (bytes: Uint8Array): readonly RecordInput[] {
  return slices(bytes, RECORD_SIZE_BYTES).map(recordOf)
}

function recordOf (bytes: Uint8Array): RecordInput {
  return { key: bytes.subarray(0, KEY_SIZE_BYTES), timeMs: Date.now(), operation: 'put', mediaType: MEDIA_TYPE, body: bytes.subarray(KEY_SIZE_BYTES) }
}

async function * inChunks (bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield * slices(bytes, 1_048_576)
}

function descriptionOf (): DatasetDescription {
  return {
    datasetId: DATASET_ID, title: 'Random bytes', description: '', theme: '', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null,
    schema: [], access: 'public', simulated: true
  }
}

function good<T> (result: Result<T, { readonly code: string, readonly reason: string }>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.reason}`)
  return result.value
}
