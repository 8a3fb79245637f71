/**
 * Hypercore 11: a signed append-only log with a Merkle tree over its blocks, in RocksDB, replicated over Noise streams.
 * Packed, a block holds 1,000 records, as a segment of ours does; unpacked, a block is a record, as its users write it.
 */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { RECORD_SIZE_BYTES, LIVE_MESSAGES_PER_SECOND, LIVE_SECONDS, type Conditions, type Contestant, type Scenario, type Stage } from '../contestant.ts'
import { Arrivals, digestOf, folderSizeBytes, randomBytes, readyNow, sendPaced, slices } from '../load.ts'
import { peer } from '../peers.ts'

type Core = {
  readonly key: Uint8Array
  readonly length: number
  ready (): Promise<void>
  append (blocks: Uint8Array | readonly Uint8Array[]): Promise<unknown>
  get (index: number): Promise<Uint8Array>
  download (range: { readonly start: number, readonly end: number }): { done (): Promise<unknown> }
  replicate (isInitiator: boolean): NodeJS.ReadWriteStream
  on (event: 'append', listener: () => void): void
  compact (): Promise<void>
  close (): Promise<void>
}
type HypercoreModule = { readonly default: new (folder: string, key?: Uint8Array) => Core }
type Offer = { readonly port: number, readonly key: Uint8Array, readonly length: number, readonly digest: string }

const RECORDS_PER_BLOCK = 1_000
const RECORDS_PER_BATCH = 1_000
const PACKED_RECORDS = 1_000_000
const UNPACKED_RECORDS = 50_000

const packed: Conditions = {
  packed: `${RECORDS_PER_BLOCK} records a block`,
  durable: 'written to RocksDB, no fsync',
  encrypted: 'Noise',
  verified: 'each block against the signed tree'
}
const unpacked: Conditions = { ...packed, packed: 'no: a block is a record' }

export const hypercore: Contestant = {
  name: 'hypercore',
  packages: ['hypercore'],
  scenarios: [
    append('packed', packed, PACKED_RECORDS, RECORDS_PER_BLOCK, 1),
    append('unpacked', { ...unpacked, packed: `no: a block is a record, ${RECORDS_PER_BATCH} in one call` }, UNPACKED_RECORDS, 1, RECORDS_PER_BATCH),
    lateJoin('packed, one source', packed, PACKED_RECORDS, RECORDS_PER_BLOCK, 1),
    lateJoin('packed, two sources', packed, PACKED_RECORDS, RECORDS_PER_BLOCK, 2),
    lateJoin('unpacked, one source', unpacked, UNPACKED_RECORDS, 1, 1),
    { name: 'live', variant: 'unpacked', conditions: unpacked, roles: { writer: liveWriter, reader: liveReader } },
    { name: 'startup', variant: 'new folder', conditions: packed, roles: { node: start } }
  ]
}

async function open (folder: string, key?: Uint8Array): Promise<Core> {
  const { default: Hypercore } = await peer<HypercoreModule>('hypercore')
  const core = key === undefined ? new Hypercore(folder) : new Hypercore(folder, key)
  await core.ready()
  return core
}

function append (variant: string, conditions: Conditions, records: number, recordsPerBlock: number, blocksPerCall: number): Scenario {
  const writer = async (stage: Stage) => {
    const core = await open(stage.folder)
    const blocks = slices(randomBytes(stage.scaled(records) * RECORD_SIZE_BYTES), recordsPerBlock * RECORD_SIZE_BYTES)
    const seconds = await stage.measure(() => appendAll(core, blocks, blocksPerCall))
    await core.compact()
    await core.close()
    return {
      appendRecordsPerSecond: stage.scaled(records) / seconds,
      diskBytesPerByte: folderSizeBytes(stage.folder) / (stage.scaled(records) * RECORD_SIZE_BYTES)
    }
  }
  return { name: 'append', variant, conditions, roles: { writer } }
}

async function appendAll (core: Core, blocks: readonly Uint8Array[], blocksPerCall: number): Promise<void> {
  for (let at = 0; at < blocks.length; at += blocksPerCall) await core.append(blocks.slice(at, at + blocksPerCall))
}

function lateJoin (variant: string, conditions: Conditions, records: number, recordsPerBlock: number, sources: 1 | 2): Scenario {
  const first = async (stage: Stage) => {
    const core = await open(stage.folder)
    const blocks = slices(randomBytes(stage.scaled(records) * RECORD_SIZE_BYTES), recordsPerBlock * RECORD_SIZE_BYTES)
    await appendAll(core, blocks, RECORDS_PER_BATCH)
    const offer: Offer = { port: await serve(core), key: core.key, length: core.length, digest: digestOf(blocks) }
    stage.tell('first', offer)
    if (sources === 2) await stage.hear('second')
    await stage.hear('begin')
    await stage.measure(() => stage.hear('end'))
    return {}
  }
  const second = async (stage: Stage) => {
    const offer = await stage.hear<Offer>('first')
    const core = await open(stage.folder, offer.key)
    attach(core, true, connect(offer.port, '127.0.0.1'))
    await core.download({ start: 0, end: offer.length }).done()
    stage.tell('second', await serve(core))
    await stage.hear('begin')
    await stage.measure(() => stage.hear('end'))
    return {}
  }
  const reader = async (stage: Stage) => {
    const offer = await stage.hear<Offer>('first')
    const ports = sources === 2 ? [offer.port, await stage.hear<number>('second')] : [offer.port]
    const core = await open(stage.folder, offer.key)
    stage.tell('begin')
    const seconds = await stage.measure(async () => {
      for (const port of ports) attach(core, true, connect(port, '127.0.0.1'))
      await core.download({ start: 0, end: offer.length }).done()
    })
    stage.tell('end')
    const got = await Promise.all(Array.from({ length: offer.length }, (_, i) => core.get(i)))
    if (digestOf(got) !== offer.digest) throw new Error('what was read is not what was written')
    const count = stage.scaled(records)
    return { lateJoinRecordsPerSecond: count / seconds, lateJoinMegabytesPerSecond: count * RECORD_SIZE_BYTES / 1e6 / seconds }
  }
  return { name: 'lateJoin', variant, conditions, roles: sources === 2 ? { first, second, reader } : { first, reader } }
}

async function liveWriter (stage: Stage) {
  const core = await open(stage.folder)
  await core.append(randomBytes(RECORD_SIZE_BYTES))
  const offer: Offer = { port: await serve(core), key: core.key, length: core.length, digest: '' }
  stage.tell('first', offer)
  await stage.hear('subscribed')
  await stage.measure(async () => {
    const appends: Promise<unknown>[] = []
    await sendPaced(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS), record => { appends.push(core.append(record)) })
    await Promise.all(appends)
    await stage.hear('end')
  })
  return {}
}

async function liveReader (stage: Stage) {
  const offer = await stage.hear<Offer>('first')
  const core = await open(stage.folder, offer.key)
  attach(core, true, connect(offer.port, '127.0.0.1'))
  core.download({ start: 0, end: -1 })
  await core.get(0)

  const arrivals = new Arrivals(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS))
  const broken = Promise.withResolvers<never>()
  let next = 1
  core.on('append', () => {
    for (; next < core.length; next++) core.get(next).then(block => arrivals.arrived(block)).catch(broken.reject)
  })
  stage.tell('subscribed')
  await stage.measure(() => Promise.race([arrivals.all, broken.promise]))
  stage.tell('end')
  return arrivals.measures()
}

async function start (stage: Stage) {
  await serve(await open(stage.folder))
  return readyNow()
}

/** Listens on the loopback interface; resolves with the port. */
function serve (core: Core): Promise<number> {
  const server = createServer({ noDelay: true }, socket => attach(core, false, socket))
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function attach (core: Core, isInitiator: boolean, socket: Socket): void {
  socket.setNoDelay(true)
  const stream = core.replicate(isInitiator)
  // The other side ends first when it is done: no fault.
  stream.on('error', () => socket.destroy())
  socket.on('error', () => {})
  socket.pipe(stream).pipe(socket)
}
