import type { Result } from '../../base/index.ts'
import type { ErasureBasis, ErasureNotice } from '../../core/grants/index.ts'
import { addRange, type Ranges } from '../../core/sync/index.ts'
import type { Log, Store } from '../../host/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { contentsOf } from '../reading/index.ts'
import { derivationProgressKey, rowsOf } from '../rows/index.ts'

/** What keeps derivations up to date: told when what one is made from was erased. */
export interface DerivationsToEnd {
  /** Ends one, and forgets all that it holds of its source. */
  end (datasetId: string): Promise<void>
  /** Has the note of where one stands lose the records that it appended last. */
  forget (datasetId: string): Promise<void>
}

export type DerivedOptions = {
  readonly federation: Pick<Federation, 'feeds' | 'keyring'>
  readonly derivations: DerivationsToEnd | undefined
  readonly store: Store
  readonly log: Log
  readonly erase: (feed: Feed, ranges: Ranges, basis: ErasureBasis) => Promise<Result<unknown, { readonly reason: string }>>
}

/**
 * Follows an erasure into what this node made of the erased data. Segments of own derivations that were made from any of it go,
 * by a notice of their own; those of a summary name the whole source, so all of them do. A summary ends with that, and so does what
 * nothing is left to be made from; whoever needs it derives it anew from what is left.
 */
export class Derived {
  readonly #options: DerivedOptions

  constructor (options: DerivedOptions) {
    this.#options = options
  }

  async follow (source: Feed, { scope, basis }: ErasureNotice): Promise<void> {
    const { federation: { feeds }, derivations, store, log, erase } = this.#options
    const records = recordsOf(source, scope)
    if (records.length === 0) return
    for (const feed of feeds.all()) {
      if (feed.role !== 'writer' || feed.declaration.derivedFrom?.equals(source.id) !== true) continue
      const { datasetId } = feed.declaration
      const { made, isSummary } = await this.#madeFrom(feed, source, records)
      const isWhole = source.gone.length === 1 && source.gone[0]?.[0] === 0 && source.gone[0][1] === source.log.length
      // A summary keeps values of its source in its open windows. Rows are made one by one, and those that are gone are passed over.
      if (isSummary || isWhole) {
        await derivations?.end(datasetId)
        await store.commit([{ type: 'delete', key: derivationProgressKey(datasetId) }])
      } else await derivations?.forget(datasetId)
      await store.compact(rowsOf('derivationProgress'))
      if (made.length === 0) continue
      const erased = await erase(feed, made, basis)
      if (!erased.ok) log('warn', 'what was derived from erased data could not be erased yet', { dataset: datasetId, reason: erased.failure.reason })
    }
  }

  /** Segments whose header names any of these records, or that cannot be read. */
  async #madeFrom (feed: Feed, source: Feed, records: Ranges): Promise<{ readonly made: Ranges, readonly isSummary: boolean }> {
    const { feeds, keyring } = this.#options.federation
    let made: Ranges = []
    // One that has shown nothing yet may be one.
    let isSummary = feed.log.length === 0
    for (let index = 0; index < feed.log.length; index++) {
      if (feed.isGone(index) || feed.isBarred(index)) continue
      const stored = await feeds.segment(feed, index)
      const contents = stored === undefined ? undefined : contentsOf(keyring, feed, stored)
      const lineage = contents?.ok === true && contents.value.kind === 'segment' ? contents.value.segment.header.source : null
      if (lineage?.to === Number.MAX_SAFE_INTEGER) isSummary = true
      const isElse = lineage !== null && (!lineage.feed.equals(source.id) || !records.some(([from, to]) => from < lineage.to && lineage.from < to))
      if (!isElse) made = addRange(made, [index, index + 1])
    }
    return { made, isSummary }
  }
}

/** Numbers [from, to) of the records that a notice is about; of epochs, all that are gone. */
function recordsOf (feed: Feed, scope: ErasureNotice['scope']): Ranges {
  if ('records' in scope) return scope.records.reduce<Ranges>((all, [from, to]) => addRange(all, [from, to + 1]), [])
  const segments: Ranges = 'segments' in scope ? scope.segments.map(([from, to]) => [from, Math.min(feed.log.length, to + 1)]) : feed.gone
  return segments.reduce<Ranges>((all, [from, to]) => {
    if (to <= from) return all
    const [first, last] = [feed.leaf(from), feed.leaf(to - 1)]
    return addRange(all, [first.first, last.first + last.count])
  }, [])
}
