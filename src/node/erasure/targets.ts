import type { CID } from '../../base/index.ts'
import type { ErasureNotice, ErasureScope } from '../../core/grants/index.ts'
import { isWithin } from '../../core/grants/index.ts'
import { readSealedPrefix, redact, redactFurther, sealRedacted, encodeRedacted } from '../../core/sealing/index.ts'
import { addRange, type Ranges } from '../../core/sync/index.ts'
import type { Random } from '../../host/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import { decodeFileEntry, FILE_MEDIA_TYPE } from '../files/index.ts'
import type { Keyring } from '../keyring/index.ts'
import { contentsOf, type Contents } from '../reading/index.ts'

const SALT_SIZE_BYTES = 32

/** What a notice asks for in a feed as it is here: whole segments that go, and segments that lose records. */
export type Targets = { readonly gone: Ranges, readonly thinned: Ranges }

export type TargetSource = { readonly feeds: Feeds, readonly keyring: Pick<Keyring, 'keyOf'>, readonly random: Random }

/** Has a feed refuse from now on what a notice says must go: at once, before anything of it is looked at. */
export function bar (feed: Feed, scope: ErasureScope): void {
  if ('segments' in scope) feed.barred = scope.segments.reduce<Ranges>((all, [from, to]) => addRange(all, [from, to + 1]), feed.barred)
  if ('records' in scope) feed.thinned = scope.records.reduce<Ranges>((all, [from, to]) => addRange(all, [from, to + 1]), feed.thinned)
}

/** `fresh`: segments that have come since it was asked last; epochs are looked for in these alone. */
export async function targetsOf ({ feeds }: TargetSource, feed: Feed, { scope }: Pick<ErasureNotice, 'scope'>, fresh: Ranges): Promise<Targets> {
  const end = feed.log.length
  if ('segments' in scope) {
    const gone = scope.segments.filter(([from]) => from < end).reduce<Ranges>((all, [from, to]) => addRange(all, [from, Math.min(end, to + 1)]), [])
    return { gone, thinned: [] }
  }
  let [gone, thinned]: [Ranges, Ranges] = [[], []]
  if ('records' in scope) {
    for (const [from, to] of scope.records) {
      const [first, last] = [feed.segmentOf(from), feed.segmentOf(Math.min(to, feed.records - 1))]
      for (let index = first ?? end; last !== undefined && index <= last; index++) {
        const leaf = feed.leaf(index)
        // Erased by several ranges together, a segment is redacted to nothing but hashes.
        const isWhole = from <= leaf.first && leaf.first + leaf.count - 1 <= to
        if (isWhole) gone = addRange(gone, [index, index + 1])
        else thinned = addRange(thinned, [index, index + 1])
      }
    }
    return { gone, thinned }
  }
  for (const [from, to] of fresh) {
    for (let index = from; index < to; index++) {
      const stored = feed.has(index) ? await feeds.segment(feed, index) : undefined
      const prefix = stored === undefined ? undefined : readSealedPrefix(stored)
      if (prefix?.ok === true && isWithin(scope.epochs, prefix.value.keyEpoch)) gone = addRange(gone, [index, index + 1])
    }
  }
  return { gone, thinned: [] }
}

/**
 * Segments without the records that must go. `closed`: here, but without the key that it takes; somebody who has it must send
 * them anew.
 */
export async function redactedOf (
  source: TargetSource, feed: Feed, thinned: Ranges
): Promise<{ readonly redacted: readonly { readonly index: number, readonly bytes: Uint8Array }[], readonly closed: readonly number[] }> {
  const redacted: { index: number, bytes: Uint8Array }[] = []
  const closed: number[] = []
  for (const [from, to] of thinned) {
    for (let index = from; index < to; index++) {
      const stored = feed.has(index) ? await source.feeds.segment(feed, index) : undefined
      if (stored === undefined) continue
      const contents = contentsOf(source.keyring, feed, stored)
      if (!contents.ok) {
        // Redacted already, or not: nobody can tell without the key, but what was redacted before comes so again.
        closed.push(index)
        continue
      }
      const bytes = withoutRecords(source, feed, index, stored, contents.value)
      if (bytes !== undefined) redacted.push({ index, bytes })
    }
  }
  return { redacted, closed }
}

/** Undefined where nothing of it has to go any more. */
function withoutRecords ({ keyring, random }: TargetSource, feed: Feed, index: number, stored: Uint8Array, contents: Contents): Uint8Array | undefined {
  const { first, count, digest } = feed.leaf(index)
  const positions = new Set<number>()
  for (let position = 0; position < count; position++) if (feed.thinned.some(([from, to]) => from <= first + position && first + position < to)) positions.add(position)
  if (contents.kind === 'redacted' && ![...positions].some(position => !(contents.segment.items[position] instanceof Uint8Array))) return undefined
  if (positions.size === 0) return undefined
  const redacted = contents.kind === 'redacted' ? redactFurther(contents.segment, positions) : redact(contents.segment, digest, positions)
  const prefix = readSealedPrefix(stored)
  if (!prefix.ok) return encodeRedacted(redacted)
  const { keyEpoch } = prefix.value
  const { publisher, datasetId, class: feedClass } = feed.declaration
  const epochKey = keyring.keyOf({ publisher, datasetId, class: feedClass, epoch: keyEpoch })
  return epochKey === undefined ? undefined : sealRedacted(redacted, { feed: feed.id, index, keyEpoch, epochKey, salt: random.bytes(SALT_SIZE_BYTES) })
}

/** Files that are named in what goes: in whole segments, and in records. */
export async function filesIn (source: TargetSource, feed: Feed, { gone, thinned }: Targets): Promise<readonly CID[]> {
  const roots = new Map<string, CID>()
  for (const [from, to] of [...gone, ...thinned]) {
    for (let index = from; index < to; index++) {
      const stored = feed.has(index) ? await source.feeds.segment(feed, index) : undefined
      const contents = stored === undefined ? undefined : contentsOf(source.keyring, feed, stored)
      if (contents?.ok !== true || contents.value.kind !== 'segment') continue
      if (!contents.value.segment.header.mediaTypes.includes(FILE_MEDIA_TYPE)) continue
      let number = feed.leaf(index).first
      for (const { mediaType, body } of contents.value.segment.records()) {
        const isConcerned = gone.some(([a, b]) => a <= index && index < b) || feed.thinned.some(([a, b]) => a <= number && number < b)
        const entry = isConcerned && mediaType === FILE_MEDIA_TYPE ? decodeFileEntry(body) : undefined
        if (entry?.ok === true) roots.set(entry.value.root.toString(), entry.value.root)
        number++
      }
    }
  }
  return [...roots.values()]
}
