import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hex } from '../../src/base/index.ts'
import type { Read, Store } from '../../src/host/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { joinPort } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode } from '../../src/node/index.ts'
import type { City } from './nodes.ts'

/** A store that tells of every row that a read found damaged. */
function watchReads (store: Store, damaged: (key: string) => void): Store {
  const look = (key: Uint8Array, read: Read | undefined): void => { if (read?.state === 'damaged') damaged(hex(key)) }
  return {
    storeId: store.storeId,
    async get (key) {
      const read = await store.get(key)
      look(key, read)
      return read
    },
    async getMany (keys) {
      const reads = await store.getMany(keys)
      for (const [at, key] of keys.entries()) look(key, reads[at])
      return reads
    },
    async getBlock (key, digest) {
      const read = await store.getBlock(key, digest)
      look(key, read)
      return read
    },
    async getBlocks (wanted) {
      const reads = await store.getBlocks(wanted)
      for (const [at, { key }] of wanted.entries()) look(key, reads[at])
      return reads
    },
    async * entries (range) {
      for await (const entry of store.entries(range)) {
        look(entry.key, entry.read)
        yield entry
      }
    },
    keys: range => store.keys(range),
    commit: rows => store.commit(rows),
    compact: range => store.compact(range),
    close: () => store.close()
  }
}

/** Starts a stopped city over a store that is watched. Throws what opening throws, with everything closed again. */
export async function startWatched (city: Omit<City, 'node' | 'store'>, damaged: (key: string) => void): Promise<HanseNode> {
  const address = `/ip4/127.0.0.1/tcp/${city.port}`
  const store = await openStore(join(city.folder, 'store'), {})
  const signer = await openStore(join(city.folder, 'signer'), {})
  try {
    return await createNode({
      host: { clock: systemClock, random: systemRandom, store: watchReads(store, damaged), signer, openNetwork: city.openNetwork, join: joinPort },
      keys: keysOf(city.seeds), name: city.name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'],
      joinAnnounce: [], lan: false, profile: 'normal', gossip: true, keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 65_536, lingerMs: 5,
      scrubHours: 24, hasRoom: () => true, log: () => {}, ...city.options
    })
  } catch (error) {
    await store.close()
    await signer.close()
    throw error
  }
}

/** Flips one bit of one file under a folder; returns which file. `place` and `choice` are from 0 to 1. */
export async function flipBit (folder: string, choice: number, place: number): Promise<string> {
  const files: { readonly path: string, readonly bytes: Buffer }[] = []
  for (const name of await readdir(join(folder, 'store'))) {
    if (/\.(ldb|log)$|^MANIFEST|^CURRENT$/.test(name)) files.push({ path: join(folder, 'store', name), bytes: await readFile(join(folder, 'store', name)) })
  }
  files.push({ path: join(folder, 'store.marker'), bytes: await readFile(join(folder, 'store.marker')) })
  const [bulk, small] = [files.filter(({ path }) => /\.(ldb|log)$/.test(path)), files.filter(({ path }) => !/\.(ldb|log)$/.test(path))]
  // Most of what is stored are tables and logs; one flip in a hundred goes to the few bytes that say which they are.
  const among = choice < 0.01 ? small : bulk
  const sizeBits = among.reduce((sum, { bytes }) => sum + bytes.length * 8, 0)
  let bit = Math.floor(place * sizeBits)
  for (const { path, bytes } of among) {
    if (bit < bytes.length * 8) {
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      await writeFile(path, bytes)
      return path
    }
    bit -= bytes.length * 8
  }
  throw new Error('a place within the files')
}
