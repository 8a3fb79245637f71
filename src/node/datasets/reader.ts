import { assert, fail, ok, type CID, type Result } from '../../base/index.ts'
import { makeProof, type BundleWish } from '../bundle/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { BundleFailure, Failure, NumberedRecord, OnProgress, VerifyReport } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { followedRecords, readableEnd, recordsOf } from '../reading/index.ts'
import { verifyDataset } from '../verifying/index.ts'
import { idOf, type Datasets } from './datasets.ts'
import { fileRootOf } from './held.ts'
import { bodies, joined, nothing, renumbered, slice } from './streams.ts'

/** Reads datasets that are here: records, live records, content, proofs, and what goes into a bundle. */
export class Reader {
  readonly #federation: Federation
  readonly #catalogue: Catalogue
  readonly #datasets: Datasets
  readonly #stopped: AbortSignal

  constructor (options: {
    readonly federation: Federation, readonly catalogue: Catalogue, readonly datasets: Datasets, readonly stopped: AbortSignal
  }) {
    this.#federation = options.federation
    this.#catalogue = options.catalogue
    this.#datasets = options.datasets
    this.#stopped = options.stopped
  }

  read (reference: string, { from, limit }: { readonly from: number, readonly limit: number }): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous'>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const { firstRecord, records, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) return ok(nothing())
    const end = Math.min(records === null ? readableEnd(feed) : firstRecord + records, readableEnd(feed))
    return ok(renumbered(recordsOf(this.#federation.feeds, feed, firstRecord + from, Math.min(end, firstRecord + from + limit)), firstRecord))
  }

  follow (reference: string, { last, signal }: { readonly last: number, readonly signal: AbortSignal }): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous'>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const { firstRecord, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) {
      return fail({ code: 'not-found', reason: `nothing of "${reference}" has come yet`, hint: 'wait a moment, or fetch it with "hanse get"' })
    }
    const stopped = AbortSignal.any([signal, this.#stopped])
    const { feeds, puller } = this.#federation
    const from = Math.max(firstRecord, readableEnd(feed) - last)
    return ok(renumbered((async function * () {
      const leave = feed.role === 'reader' ? puller.follow(feed) : () => {}
      try {
        yield * followedRecords(feeds, feed, from, stopped)
      } finally {
        leave()
      }
    })(), firstRecord))
  }

  async content (reference: string, range?: { readonly from: number, readonly to: number }): Promise<Result<{
    readonly sizeBytes: number, readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array>
  }, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'range'>>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const dataset = this.#datasets.view(found.value)
    const { form, mediaType, fileName, firstRecord, records } = found.value.entry.distribution
    const sizeBytes = dataset.distribution.sizeBytes
    if (sizeBytes === null || records === null) {
      return fail({ code: 'range', reason: 'a stream has no end, so it cannot be had as a whole', hint: 'read its records, or follow it with "hanse tail"' })
    }
    if (dataset.held.phase !== 'complete') {
      return fail({ code: 'incomplete', reason: dataset.held.because ?? 'not all of it is here yet', hint: 'fetch it first: "hanse get" waits for it' })
    }
    const { from, to } = range ?? { from: 0, to: sizeBytes }
    if (from < 0 || to > sizeBytes || from > to) return fail({ code: 'range', reason: `there are ${sizeBytes} bytes`, hint: 'ask within them' })
    const head = { sizeBytes, mediaType, fileName }
    if (form === 'file') {
      const root = await fileRootOf(this.#federation, found.value.entry)
      assert(root !== undefined, 'a complete file has a root')
      return ok({ ...head, bytes: this.#federation.files.read(root, from, to) })
    }
    const feed = this.#federation.feeds.get(found.value.entry.distribution.feed)
    assert(feed !== undefined, 'a complete dataset has its feed')
    return ok({ ...head, bytes: joined(slice(bodies(recordsOf(this.#federation.feeds, feed, firstRecord, firstRecord + records)), from, to)) })
  }

  async verify (reference: string, onProgress: OnProgress): Promise<Result<VerifyReport, Failure<'not-found' | 'ambiguous' | 'incomplete'>>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const { form, firstRecord, records, sizeBytes, sha256, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed?.head === undefined) return fail({ code: 'incomplete', reason: 'nothing of it is here yet', hint: 'fetch it first with "hanse get"' })
    const fileRoot = await fileRootOf(this.#federation, found.value.entry) ?? null
    return ok(await verifyDataset(this.#federation, feed, {
      dataset: idOf(found.value), form, firstRecord, records, sizeBytes, sha256, fileRoot
    }, onProgress))
  }

  /** The proof of one record, self-contained. */
  async proof (reference: string, number: number): Promise<Result<Uint8Array, Failure<'not-found' | 'ambiguous' | 'incomplete'>>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const { feed: id, firstRecord, records } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    const isWithin = number >= 0 && (records === null || number < records)
    const proof = feed === undefined || !isWithin ? undefined : await makeProof(this.#federation, feed, firstRecord + number)
    if (proof !== undefined) return ok(proof)
    return fail(isWithin
      ? { code: 'incomplete', reason: `record ${number} is not here`, hint: 'fetch the dataset first with "hanse get"' }
      : { code: 'not-found', reason: `there is no record ${number}`, hint: `records are numbered from 0 to ${(records ?? 1) - 1}` })
  }

  /** Feeds and files that a bundle of these datasets holds, with the catalogues that describe them. */
  async bundled (references: readonly string[]): Promise<Result<readonly BundleWish[], BundleFailure | Failure<'ambiguous' | 'incomplete'>>> {
    const wishes: BundleWish[] = []
    for (const reference of references) {
      const found = this.#datasets.find(reference)
      if (!found.ok) return found
      const { publisher, entry } = found.value
      const feed = this.#federation.feeds.get(entry.distribution.feed)
      const catalogue = this.#catalogue.feedOf(publisher)
      const { phase, because } = this.#datasets.view(found.value).held
      const isHere = feed?.head !== undefined && (phase === 'complete' || phase === 'frozen')
      if (!isHere || catalogue === undefined) {
        return fail({ code: 'incomplete', reason: because ?? `not all of "${reference}" is here`, hint: 'fetch it first with "hanse get"' })
      }
      const root: CID | undefined = await fileRootOf(this.#federation, entry)
      wishes.push({ feed: catalogue, fileRoots: [] }, { feed, fileRoots: root === undefined ? [] : [root] })
    }
    return ok(wishes)
  }
}
