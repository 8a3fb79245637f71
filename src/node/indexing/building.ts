import { hex } from '../../base/index.ts'
import { BlockBuilder, encodeManifest, type Manifest } from '../../core/postings/index.ts'
import type { KeyRange, Row, Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { indexBlockKey, indexPageKey } from '../rows/index.ts'
import { ROWS_PER_COMMIT } from './limits.ts'
import { indexedRecords, openedSegment, type OwnKey, type Readable } from './segment.ts'
import type { Scope } from './scope.ts'
import type { Placed } from './tail.ts'

/** Where a block is: segments [from, to) of a slot. */
export type BlockPlace = { readonly slot: number, readonly from: number, readonly to: number }

export type Built = { readonly place: BlockPlace, readonly manifest: Manifest }

type BuildOptions = {
  readonly readable: Readable
  readonly store: Store
  readonly feed: Feed
  readonly scope: Scope
  readonly ownKey: OwnKey
  readonly rest: () => Promise<void>
  readonly isStopped: () => boolean
}

/**
 * Writes the pages of a block and puts the latest record of each key into `latest`; undefined where one of its segments cannot be read
 * now. Without its manifest the block is none yet.
 */
export async function buildBlock (options: BuildOptions, place: BlockPlace, latest: Map<string, Placed>): Promise<Built | 'missing' | 'sealed'> {
  const { readable, store, feed, scope, ownKey, rest, isStopped } = options
  const first = Math.max(scope.first, feed.leaf(place.from).first)
  const last = feed.leaf(place.to - 1)
  const end = Math.min(scope.end ?? Infinity, last.first + last.count)
  const builder = new BlockBuilder(first, scope.isSealed)
  for (let index = place.from; index < place.to; index++) {
    if (isStopped()) return 'missing'
    const opened = await openedSegment(readable, feed, index)
    if (opened === 'missing' || opened === 'sealed') return opened
    builder.beginSegment()
    if (opened === 'gone') continue
    for (const record of indexedRecords(opened, feed.leaf(index).first, { ...scope, end: scope.end ?? Infinity }, ownKey)) {
      builder.add({ number: record.number, timeMs: record.timeMs, place: record.place, key: record.keyTerm })
      const name = hex(record.own)
      const before = latest.get(name)
      if (before === undefined) latest.set(name, { ...record, own: record.own.slice() })
      else if (before.number < record.number) latest.set(name, { ...record, own: before.own })
    }
    await rest()
  }
  const block = builder.finish([place.from, place.to], end)
  const rowOf = (kind: 'place' | 'key') => (page: Uint8Array, at: number): Row => ({ type: 'put', key: indexPageKey(feed.number, place.slot, kind, at), value: page })
  await store.commit([
    ...block.places?.pages.map(rowOf('place')) ?? [], ...block.keys.pages.map(rowOf('key')),
    { type: 'put', key: indexPageKey(feed.number, place.slot, 'times', 0), value: block.times }
  ])
  return { place, manifest: block.manifest }
}

/** From now on the block is one. */
export function manifestRow (feed: Feed, { place, manifest }: Built): Row {
  return { type: 'put', key: indexBlockKey(feed.number, place.slot), value: encodeManifest(manifest) }
}

/** Deletes all rows of the ranges, bit by bit. */
export async function deleteRows (store: Store, ranges: readonly KeyRange[]): Promise<void> {
  let rows: Row[] = []
  for (const range of ranges) {
    for await (const key of store.keys(range)) {
      rows.push({ type: 'delete', key })
      if (rows.length < ROWS_PER_COMMIT) continue
      await store.commit(rows)
      rows = []
    }
  }
  if (rows.length > 0) await store.commit(rows)
}
