/**
 * OrbitDB 4, an `events` database: a signed entry for each `add`, as a block of IPFS (here Helia 6, as it requires), heads by
 * gossip, the rest by bitswap. Packed, an entry holds 200 records, which is no feature of OrbitDB but fair to its signatures.
 */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LIVE_MESSAGES_PER_SECOND, LIVE_SECONDS, RECORD_SIZE_BYTES, type Conditions, type Contestant, type Scenario, type Stage } from '../contestant.ts'
import { Arrivals, digestOf, folderSizeBytes, randomBytes, readyNow, sendPaced, slices } from '../load.ts'
import { peer } from '../peers.ts'
import { addressOf, dial, libp2pOptions, type Libp2p } from './libp2pPeer.ts'

type Entry = { readonly hash: string, readonly payload: { readonly value: Uint8Array } }
type Database = {
  readonly address: string
  readonly events: { on (event: 'update', listener: (entry: Entry) => void): void }
  add (value: Uint8Array): Promise<string>
  all (): Promise<readonly { readonly value: Uint8Array }[]>
  close (): Promise<void>
}
type OrbitDb = { open (address: string, options?: object): Promise<Database>, stop (): Promise<void> }
type Helia = { readonly libp2p: Libp2p, stop (): Promise<void> }
type Store = new (folder: string) => { open (): Promise<void>, close (): Promise<void> }
type Node = { readonly ipfs: Helia, readonly orbitdb: OrbitDb, close (): Promise<void> }
type Offer = { readonly node: string, readonly database: string, readonly digest: string }

const UNPACKED_RECORDS = 1_000
const PACKED_RECORDS = 20_000
const RECORDS_PER_ENTRY = 200

const unpacked: Conditions = {
  packed: 'no: an entry is a record',
  durable: 'written to LevelDB, no fsync',
  encrypted: 'Noise',
  verified: 'each entry: signature, identity and hash'
}
const packed: Conditions = { ...unpacked, packed: `${RECORDS_PER_ENTRY} records an entry` }

export const orbitdb: Contestant = {
  name: 'orbitdb',
  packages: ['@orbitdb/core', 'helia-6', 'libp2p'],
  scenarios: [
    append('unpacked', unpacked, UNPACKED_RECORDS, 1),
    append('packed', packed, PACKED_RECORDS, RECORDS_PER_ENTRY),
    lateJoin('unpacked', unpacked, UNPACKED_RECORDS, 1),
    lateJoin('packed', packed, PACKED_RECORDS, RECORDS_PER_ENTRY),
    { name: 'live', variant: 'unpacked', conditions: unpacked, roles: { writer: liveWriter, reader: liveReader } },
    { name: 'startup', variant: 'new folder', conditions: unpacked, roles: { node: start } }
  ]
}

async function open (folder: string): Promise<Node> {
  const [{ createHelia }, { bitswap }, { createOrbitDB }, { gossipsub }, { LevelBlockstore }] = await Promise.all([
    peer<{ readonly createHelia: (options: object) => Promise<Helia> }>('helia-6'),
    peer<{ readonly bitswap: () => unknown }>('@helia/block-brokers'),
    peer<{ readonly createOrbitDB: (options: object) => Promise<OrbitDb> }>('@orbitdb/core'),
    peer<{ readonly gossipsub: (options: object) => unknown }>('@libp2p/gossipsub'),
    peer<{ readonly LevelBlockstore: Store }>('blockstore-level')
  ])
  const blockstore = new LevelBlockstore(join(folder, 'blocks'))
  await blockstore.open()
  const libp2p = await libp2pOptions({ pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, emitSelf: false }) })
  const ipfs = await createHelia({ blockstore, libp2p, blockBrokers: [bitswap()], routers: [] })
  const orbitdb = await createOrbitDB({ ipfs, directory: join(folder, 'orbitdb') })
  return {
    ipfs,
    orbitdb,
    close: async () => {
      await orbitdb.stop()
      await ipfs.stop()
      await blockstore.close()
    }
  }
}

function append (variant: string, conditions: Conditions, records: number, recordsPerEntry: number): Scenario {
  const writer = async (stage: Stage) => {
    const node = await open(stage.folder)
    const database = await node.orbitdb.open('bench')
    const entries = slices(randomBytes(stage.scaled(records) * RECORD_SIZE_BYTES), recordsPerEntry * RECORD_SIZE_BYTES)
    const seconds = await stage.measure(async () => {
      for (const entry of entries) await database.add(entry)
    })
    await node.close()
    await compactAll(stage.folder)
    return {
      appendRecordsPerSecond: stage.scaled(records) / seconds,
      diskBytesPerByte: folderSizeBytes(stage.folder) / (stage.scaled(records) * RECORD_SIZE_BYTES)
    }
  }
  return { name: 'append', variant, conditions, roles: { writer } }
}

function lateJoin (variant: string, conditions: Conditions, records: number, recordsPerEntry: number): Scenario {
  const source = async (stage: Stage) => {
    const { ipfs, orbitdb } = await open(stage.folder)
    const database = await orbitdb.open('bench')
    const entries = slices(randomBytes(stage.scaled(records) * RECORD_SIZE_BYTES), recordsPerEntry * RECORD_SIZE_BYTES)
    for (const entry of entries) await database.add(entry)
    const offer: Offer = { node: addressOf(ipfs.libp2p), database: database.address, digest: digestOf(entries) }
    stage.tell('offer', offer)
    await stage.hear('begin')
    await stage.measure(() => stage.hear('end'))
    return {}
  }
  const reader = async (stage: Stage) => {
    const offer = await stage.hear<Offer>('offer')
    const { ipfs, orbitdb } = await open(stage.folder)
    const want = Math.ceil(stage.scaled(records) / recordsPerEntry)
    let database: Database | undefined
    stage.tell('begin')
    const seconds = await stage.measure(async () => {
      await dial(ipfs.libp2p, offer.node)
      const joining = database = await orbitdb.open(offer.database)
      // It tells of a head once the whole history behind it is joined; a single writer has a single head.
      await new Promise<void>(resolve => joining.events.on('update', () => resolve()))
    })
    stage.tell('end')
    const got = await database?.all() ?? []
    if (got.length !== want) throw new Error(`${got.length} entries of ${want} arrived`)
    if (digestOf(got.map(({ value }) => value)) !== offer.digest) throw new Error('what was read is not what was written')
    const count = stage.scaled(records)
    return { lateJoinRecordsPerSecond: count / seconds, lateJoinMegabytesPerSecond: count * RECORD_SIZE_BYTES / 1e6 / seconds }
  }
  return { name: 'lateJoin', variant, conditions, roles: { source, reader } }
}

async function liveWriter (stage: Stage) {
  const { ipfs, orbitdb } = await open(stage.folder)
  const database = await orbitdb.open('bench')
  stage.tell('offer', { node: addressOf(ipfs.libp2p), database: database.address, digest: '' })
  await stage.hear('subscribed')
  await stage.measure(async () => {
    const adds: Promise<unknown>[] = []
    await sendPaced(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS), record => { adds.push(database.add(record)) })
    await Promise.all(adds)
    await stage.hear('end')
  })
  return {}
}

async function liveReader (stage: Stage) {
  const offer = await stage.hear<Offer>('offer')
  const { ipfs, orbitdb } = await open(stage.folder)
  await dial(ipfs.libp2p, offer.node)
  const database = await orbitdb.open(offer.database)
  const arrivals = new Arrivals(stage.scaled(LIVE_MESSAGES_PER_SECOND * LIVE_SECONDS))
  database.events.on('update', ({ payload }) => arrivals.arrived(payload.value))
  stage.tell('subscribed')
  await stage.measure(() => arrivals.all)
  stage.tell('end')
  return arrivals.measures()
}

async function start (stage: Stage) {
  const { orbitdb } = await open(stage.folder)
  await orbitdb.open('bench')
  return readyNow()
}

/** Closed databases only: each folder with a CURRENT file is one. */
async function compactAll (folder: string): Promise<void> {
  type Level = { open (): Promise<void>, compactRange (from: Uint8Array, to: Uint8Array, options: object): Promise<void>, close (): Promise<void> }
  const { Level } = await peer<{ readonly Level: new (folder: string) => Level }>('level')
  const databases = readdirSync(folder, { recursive: true }).map(String).filter(name => name.endsWith('CURRENT')).map(name => join(folder, dirname(name)))
  for (const path of databases) {
    const level = new Level(path)
    await level.open()
    await level.compactRange(new Uint8Array(0), new Uint8Array(64).fill(0xff), { keyEncoding: 'view' })
    await level.close()
  }
}
