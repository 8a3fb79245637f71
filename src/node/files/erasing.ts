import { bytesOfHex, digestOf, hex, type CID } from '../../base/index.ts'
import type { KeyRange, Row, Store } from '../../host/index.ts'
import { blockKey, fileKey, locatorKey, rowsOf } from '../rows/index.ts'
import type { Blocks } from './blocks.ts'
import { partsBelow, rootPart } from './shape.ts'

/** Rows of one commit, and blocks of one compaction: LevelDB rewrites a range for certain as long as it is below 80 MiB. */
const BLOCKS_PER_STEP = 64

/** The number under which a file's blocks stand, and how many were ever stored under it. */
export type FilePlace = { readonly fileNo: number, readonly blocks: number }

/** Takes the blocks of a file off the disk, but for those that other files have too. Done again after a crash it finishes what was left. */
export async function eraseFile ({ store, blocks, root, place, others }: {
  readonly store: Store, readonly blocks: Blocks, readonly root: CID, readonly place: FilePlace, readonly others: readonly CID[]
}): Promise<void> {
  const digests = await digestsBelow(blocks, root)
  const kept = new Set<string>()
  for (const other of others) for (const digest of await digestsBelow(blocks, other)) kept.add(hex(digest))
  const gone = digests.filter(digest => !kept.has(hex(digest)))
  const located = await store.getMany(gone.map(locatorKey))
  const keys = new Map(located.flatMap(read => read.state === 'found' ? [[hex(read.value), read.value] as const] : []))
  const keptKeys = new Set((await store.getMany([...kept].map(name => locatorKey(bytesOfHex(name) ?? new Uint8Array(0))))).flatMap(read => read.state === 'found' ? [hex(read.value)] : []))
  // Blocks that nothing leads to: of a file that never became whole.
  for await (const key of store.keys(rowsOf('block', place.fileNo))) if (!keptKeys.has(hex(key))) keys.set(hex(key), key)
  const rows: Row[] = [...keys.values(), ...gone.map(locatorKey)].map(key => ({ type: 'delete', key }))
  await store.commit([...rows, { type: 'delete', key: fileKey(root.bytes) }])
  const stood = Array.from({ length: Math.ceil(place.blocks / BLOCKS_PER_STEP) }, (_, step) => blockKey(place.fileNo, step * BLOCKS_PER_STEP))
  for (const range of rangesOf([...keys.values(), ...stood])) await store.compact(range)
  await store.compact(rowsOf('locator'))
}

/** Of all blocks that can be reached from a root; leaves are not read. */
async function digestsBelow (blocks: Blocks, root: CID): Promise<readonly Uint8Array[]> {
  const block = await blocks.get(digestOf(root))
  const top = block === undefined ? undefined : rootPart(root, block)
  const found: Uint8Array[] = [digestOf(root)]
  const ahead = top === undefined || top.level === 0 ? [] : [top]
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    const node = await blocks.get(digestOf(part.cid))
    for (const below of node === undefined ? [] : partsBelow(part, node) ?? []) {
      found.push(digestOf(below.cid))
      if (below.level > 0) ahead.push(below)
    }
  }
  return found
}

function rangesOf (keys: readonly Uint8Array[]): readonly KeyRange[] {
  const places = new Map<string, { readonly fileNo: number, readonly step: number }>()
  for (const key of keys) {
    const view = new DataView(key.buffer, key.byteOffset)
    const place = { fileNo: view.getUint32(1), step: Math.floor(view.getUint32(5) / BLOCKS_PER_STEP) }
    places.set(`${place.fileNo}/${place.step}`, place)
  }
  return [...places.values()].map(({ fileNo, step }) => ({
    from: blockKey(fileNo, step * BLOCKS_PER_STEP), to: blockKey(fileNo, (step + 1) * BLOCKS_PER_STEP)
  }))
}
