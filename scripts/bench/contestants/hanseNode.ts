/** A whole node on the loopback interface, over the real host, with the settings that a city starts with. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signingKeyOfSeed } from '../../../src/core/identity/index.ts'
import { createStore, openStore } from '../../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode, type NodeOptions } from '../../../src/node/index.ts'
import { freePort } from '../../ports.ts'

const SEED_SIZE_BYTES = 32
const SEGMENT_BYTES_TARGET = 262_144
const LINGER_MS = 50
const QUOTA_BYTES = 10 * 1024 ** 3
const SCRUB_HOURS = 24
const SIGNER_WRITE_BUFFER_BYTES = 256 * 1024
const SEEDS = ['root', 'node', 'transport', 'encryption'] as const
const DATABASES = ['store', 'signer'] as const

type Kept = { readonly seeds: Readonly<Record<typeof SEEDS[number], string>>, readonly ports: readonly [number, number] }

export async function openHanse (folder: string, name: string, onRooms: NonNullable<NodeOptions['onRooms']> = () => {}): Promise<HanseNode> {
  const path = join(folder, 'kept.json')
  const isNew = !existsSync(path)
  if (isNew) writeFileSync(path, JSON.stringify(await layOut()))
  const { seeds, ports: [port, joinPortNumber] } = JSON.parse(readFileSync(path, 'utf8')) as Kept
  const seed = (of: typeof SEEDS[number]): Uint8Array => new Uint8Array(Buffer.from(seeds[of], 'hex'))

  const random = systemRandom
  const [store, signer] = await Promise.all(DATABASES.map(database => {
    const options = database === 'signer' ? { writeBufferBytes: SIGNER_WRITE_BUFFER_BYTES } : {}
    return isNew ? createStore(join(folder, database), { ...options, random }) : openStore(join(folder, database), options)
  }))
  if (store === undefined || signer === undefined) throw new Error('a node has two databases')

  const listen = [`/ip4/127.0.0.1/tcp/${port}`]
  const joinListen = [`/ip4/127.0.0.1/tcp/${joinPortNumber}`]
  const root = seed('root')
  return createNode({
    host: { clock: systemClock, random, store, signer, openNetwork, join: joinPort },
    keys: keysOf({
      root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: seed('node'), transport: seed('transport'), encryption: seed('encryption')
    }),
    name,
    listen,
    announce: listen,
    joinListen,
    joinAnnounce: joinListen,
    lan: false,
    profile: 'normal',
    gossip: true,
    keepsAll: true,
    quotaBytes: QUOTA_BYTES,
    segmentBytesTarget: SEGMENT_BYTES_TARGET,
    lingerMs: LINGER_MS,
    scrubHours: SCRUB_HOURS,
    hasRoom: () => true,
    onRooms,
    log: () => {}
  })
}

/** Compacts what a stopped node left, so that its size is that of the data and not of the log. */
export async function compactHanse (folder: string): Promise<void> {
  for (const database of DATABASES) {
    const store = await openStore(join(folder, database), {})
    await store.compact({ from: new Uint8Array(0), to: new Uint8Array(64).fill(0xff) })
    await store.close()
  }
}

async function layOut (): Promise<Kept> {
  const seeds = Object.fromEntries(SEEDS.map(of => [of, Buffer.from(systemRandom.bytes(SEED_SIZE_BYTES)).toString('hex')])) as Kept['seeds']
  return { seeds, ports: [await freePort(), await freePort()] }
}
