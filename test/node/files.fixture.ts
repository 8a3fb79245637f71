import { sha256, u32 } from '../../src/base/index.ts'
import type { ProtocolHandler } from '../../src/host/index.ts'
import { Feeds } from '../../src/node/feeds/index.ts'
import { Files } from '../../src/node/files/index.ts'
import { Server } from '../../src/node/serving/index.ts'
import { ada, ben } from '../core/feed.fixture.ts'
import { openDoors, OPEN } from '../support/doors.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { stillClock } from './loopback.fixture.ts'

export const MIB = 1_048_576

/** Bytes that differ from block to block: every 1 KiB begins with its own number. */
export function content (sizeBytes: number, seed: number = 0): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 1_024) bytes.set(u32(seed * 4_194_304 + at / 1_024).subarray(0, sizeBytes - at), at)
  return bytes
}

/** In pieces as a disk or a socket gives them, none of them a whole leaf. */
export async function * pieces (bytes: Uint8Array, sizeBytes: number = 200_001): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

export async function collect (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

/** One unlike block of 1 MiB after the other, hashed without being held together. */
export async function * manyLeaves (count: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at++) {
    const leaf = new Uint8Array(MIB)
    leaf.set(sha256(u32(at)))
    yield leaf
  }
}

export type Shelf = { readonly store: MemoryStore, readonly files: Files, readonly handler: ProtocolHandler }

export async function shelf (store: MemoryStore = openMemoryStore()): Promise<Shelf> {
  const files = await Files.load(store)
  // Every file that is here is that of one open dataset.
  const { doors } = await openDoors({ own: ada.did, clock: stillClock(0) }, {
    describe: () => OPEN, uses: [{ asset: { publisher: ada.did, datasetId: 'files' }, isSealed: false }]
  })
  const server = new Server({
    feeds: await Feeds.load(openMemoryStore()), doors, memberOf: () => ben.did, statement: async () => undefined,
    file: (root, wanted) => files.serve(root, wanted), note: () => {}, clock: stillClock(0)
  })
  return { store, files, handler: server.handler }
}
