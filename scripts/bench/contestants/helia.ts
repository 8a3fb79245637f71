/** Helia 7: files as UnixFS DAGs in a LevelDB block store, moved by bitswap. No gateways, no routing beyond the peer it knows. */
import { join } from 'node:path'
import { FILE_SIZE_BYTES, type Conditions, type Contestant, type Stage } from '../contestant.ts'
import { digestOf, folderSizeBytes, randomBytes, readyNow } from '../load.ts'
import { peer } from '../peers.ts'
import { addressOf, dial, libp2pOptions, type Libp2p } from './libp2pPeer.ts'

type Helia = { readonly libp2p: Libp2p, start (): Promise<Helia> }
type UnixFs = {
  addBytes (bytes: Uint8Array): Promise<{ toString (): string }>
  cat (cid: unknown): AsyncIterable<Uint8Array>
}
type Store = new (folder: string) => { open (): Promise<void> }
type Offer = { readonly address: string, readonly cid: string, readonly digest: string }

const conditions: Conditions = {
  packed: 'chunks of 1 MiB',
  durable: 'written to LevelDB, no fsync',
  encrypted: 'Noise',
  verified: 'each block against its CID'
}

export const helia: Contestant = {
  name: 'helia',
  packages: ['helia', '@helia/bitswap', '@helia/unixfs', 'libp2p'],
  scenarios: [
    { name: 'file', variant: 'bitswap', conditions, roles: { source: fileSource, reader: fileReader } },
    { name: 'startup', variant: 'new folder', conditions, roles: { node: start } }
  ]
}

async function open (folder: string): Promise<{ readonly node: Helia, readonly files: UnixFs }> {
  const [{ createHeliaLight }, { withLibp2pLight }, { withBitswap }, { unixfs }, { LevelBlockstore }, { LevelDatastore }] = await Promise.all([
    peer<{ readonly createHeliaLight: (options: object) => unknown }>('helia'),
    peer<{ readonly withLibp2pLight: (helia: unknown, options: object) => unknown }>('@helia/libp2p'),
    peer<{ readonly withBitswap: (helia: unknown) => Helia }>('@helia/bitswap'),
    peer<{ readonly unixfs: (helia: Helia) => UnixFs }>('@helia/unixfs'),
    peer<{ readonly LevelBlockstore: Store }>('blockstore-level'),
    peer<{ readonly LevelDatastore: Store }>('datastore-level')
  ])
  const blockstore = new LevelBlockstore(join(folder, 'blocks'))
  const datastore = new LevelDatastore(join(folder, 'data'))
  await Promise.all([blockstore.open(), datastore.open()])
  const light = createHeliaLight({ blockstore, datastore })
  const node = await withBitswap(withLibp2pLight(light, await libp2pOptions({}))).start()
  return { node, files: unixfs(node) }
}

async function fileSource (stage: Stage) {
  const { node, files } = await open(stage.folder)
  const bytes = randomBytes(stage.scaled(FILE_SIZE_BYTES))
  const cid = await files.addBytes(bytes)
  const offer: Offer = { address: addressOf(node.libp2p), cid: cid.toString(), digest: digestOf([bytes]) }
  stage.tell('offer', offer)
  await stage.hear('begin')
  await stage.measure(() => stage.hear('end'))
  return {}
}

async function fileReader (stage: Stage) {
  const { CID } = await peer<{ readonly CID: { parse (text: string): unknown } }>('multiformats/cid')
  const offer = await stage.hear<Offer>('offer')
  const { node, files } = await open(stage.folder)
  const parts: Uint8Array[] = []
  stage.tell('begin')
  const seconds = await stage.measure(async () => {
    await dial(node.libp2p, offer.address)
    for await (const part of files.cat(CID.parse(offer.cid))) parts.push(part)
  })
  stage.tell('end')
  if (digestOf(parts) !== offer.digest) throw new Error('what was read is not what was written')
  if (folderSizeBytes(stage.folder) < stage.scaled(FILE_SIZE_BYTES)) throw new Error('the blocks were not kept')
  return { fileMegabytesPerSecond: stage.scaled(FILE_SIZE_BYTES) / 1e6 / seconds }
}

async function start (stage: Stage) {
  await open(stage.folder)
  return readyNow()
}
