import { assert, fail, ok, type Result } from '../../base/index.ts'
import { makeProof, type BundleWish } from '../bundle/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Asker, BundleFailure, Failure, Listener, Listening, NumberedRecord, OnProgress, VerifyReport } from '../contract/index.ts'
import { assetOf, refusalOf, sealedRefusal, type Doors, type Question } from '../doors/index.ts'
import { contentOfFile } from '../files/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { Live } from '../live/index.ts'
import { followedRecords, noGrant, readableEnd, recordsOf } from '../reading/index.ts'
import { verifyDataset } from '../verifying/index.ts'
import { idOf, type Datasets, type Found } from './datasets.ts'
import { gated, gatedBytes, gatedLive, questionOf, unsealed } from './gate.ts'
import { fileOf } from './held.ts'
import { bodies, joined, nothing, renumbered, slice } from './streams.ts'

type Streamed = { readonly feed: Feed, readonly firstRecord: number, readonly question: Question }

/** Reads datasets that are here: records, live records, content, proofs, and what goes into a bundle. */
export class Reader {
  readonly #federation: Federation
  readonly #catalogue: Catalogue
  readonly #datasets: Datasets
  readonly #doors: Doors
  readonly #own: string
  readonly #stopped: AbortSignal
  readonly live: Live

  constructor (options: {
    readonly federation: Federation, readonly catalogue: Catalogue, readonly datasets: Datasets, readonly own: string, readonly stopped: AbortSignal, readonly clock: Clock
  }) {
    this.#federation = options.federation
    this.#doors = options.federation.doors
    this.#own = options.own
    this.#catalogue = options.catalogue
    this.#datasets = options.datasets
    this.#stopped = options.stopped
    const { federation: readable, clock, stopped } = options
    this.live = new Live({ readable, doors: readable.doors, clock, stopped, follow: feed => this.#following(feed) })
  }

  read (
    reference: string, { from, limit }: { readonly from: number, readonly limit: number }, asker?: Asker
  ): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous' | 'refused'>> {
    const found = this.#found(reference, asker)
    if (!found.ok) return found
    const { firstRecord, records, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) return ok(nothing())
    const end = Math.min(records === null ? readableEnd(feed) : firstRecord + records, readableEnd(feed), firstRecord + from + limit)
    const asked = questionOf(this.#doors, this.#own, { door: 'read', asset: assetOf(feed), records: Math.max(0, end - firstRecord - from) }, asker)
    if (!asked.ok) return asked
    const sealed = this.#sealedFrom(feed)
    if (sealed !== undefined) return fail(sealed)
    return ok(gated(renumbered(this.#recordsOf(feed, firstRecord + from, end), firstRecord), this.#doors, asked.value))
  }

  follow (
    reference: string, { last, signal }: { readonly last: number, readonly signal: AbortSignal }, asker?: Asker
  ): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous' | 'refused'>> {
    const found = this.#streamed(reference, asker)
    if (!found.ok) return found
    const { feed, firstRecord, question } = found.value
    const stopped = AbortSignal.any([signal, this.#stopped])
    const readable = this.#federation
    const from = Math.max(firstRecord, readableEnd(feed) - last)
    const following = (): () => void => this.#following(feed)
    const live = async function * (until: AbortSignal): AsyncGenerator<NumberedRecord> {
      const leave = following()
      try {
        yield * followedRecords(readable, feed, from, until)
      } finally {
        leave()
      }
    }
    return ok(renumbered(gatedLive(live, this.#doors, question, stopped), firstRecord))
  }

  listen (
    reference: string, where: { readonly from: number } | { readonly last: number }, listener: Listener, asker?: Asker
  ): Result<Listening, Failure<'not-found' | 'ambiguous' | 'refused'>> {
    const found = this.#streamed(reference, asker)
    return found.ok ? this.live.listen(found.value, found.value.question, where, listener) : found
  }

  /** The feed of a dataset that may be followed, and the question that said so. */
  #streamed (reference: string, asker: Asker | undefined): Result<Streamed, Failure<'not-found' | 'ambiguous' | 'refused'>> {
    const found = this.#found(reference, asker)
    if (!found.ok) return found
    const { firstRecord, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) {
      return fail({ code: 'not-found', reason: `nothing of "${reference}" has come yet`, hint: 'wait a moment, or fetch it with "hanse get"' })
    }
    const asked = questionOf(this.#doors, this.#own, { door: 'stream', asset: assetOf(feed), records: 0 }, asker)
    return asked.ok ? ok({ feed, firstRecord, question: asked.value }) : asked
  }

  /** What others publish is asked for while it is followed. */
  #following (feed: Feed): () => void {
    return feed.role === 'reader' ? this.#federation.puller.follow(feed) : () => {}
  }

  async content (reference: string, range?: { readonly from: number, readonly to: number }, asker?: Asker): Promise<Result<{
    readonly sizeBytes: number, readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array>
  }, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'range' | 'refused'>>> {
    const found = this.#found(reference, asker)
    if (!found.ok) return found
    const { publisher, entry: { datasetId } } = found.value
    const asked = questionOf(this.#doors, this.#own, { door: 'read', asset: { publisher, datasetId }, records: found.value.entry.distribution.records ?? undefined }, asker)
    if (!asked.ok) return asked
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
    const through = (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> => gatedBytes(bytes, this.#doors, asked.value, { records, bytes: to - from })
    const feed = this.#federation.feeds.get(found.value.entry.distribution.feed)
    assert(feed !== undefined, 'a complete dataset has its feed')
    if (form === 'file') {
      const file = await fileOf(this.#federation, found.value.entry)
      assert(file !== undefined, 'a complete file has a record that names it')
      const content = contentOfFile(this.#federation, feed, file, from, to)
      return content.ok ? ok({ ...head, bytes: through(content.value) }) : fail(sealedRefusal(noGrant(content.failure.epoch)))
    }
    const sealed = this.#sealedFrom(feed)
    if (sealed !== undefined) return fail(sealed)
    return ok({ ...head, bytes: through(joined(slice(bodies(this.#recordsOf(feed, firstRecord, firstRecord + records)), from, to))) })
  }

  async verify (reference: string, onProgress: OnProgress): Promise<Result<VerifyReport, Failure<'not-found' | 'ambiguous' | 'incomplete'>>> {
    const found = this.#datasets.find(reference)
    if (!found.ok) return found
    const { form, firstRecord, records, sizeBytes, sha256, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed?.head === undefined) return fail({ code: 'incomplete', reason: 'nothing of it is here yet', hint: 'fetch it first with "hanse get"' })
    const file = await fileOf(this.#federation, found.value.entry) ?? null
    return ok(await verifyDataset(this.#federation, feed, {
      dataset: idOf(found.value), form, firstRecord, records, sizeBytes, sha256, file
    }, onProgress))
  }

  /** The proof of one record, self-contained. */
  async proof (reference: string, number: number, asker?: Asker): Promise<Result<Uint8Array, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'refused'>>> {
    const found = this.#found(reference, asker)
    if (!found.ok) return found
    const { feed: id, firstRecord, records } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    const isWithin = number >= 0 && (records === null || number < records)
    const proof = feed === undefined || !isWithin ? undefined : await makeProof(this.#federation, feed, firstRecord + number)
    if (proof?.ok === true) return this.disclose(found.value, proof.value, asker)
    if (proof?.failure.code === 'sealed') return fail(sealedRefusal(proof.failure.reason))
    return fail(isWithin
      ? { code: 'incomplete', reason: `record ${number} is not here`, hint: 'fetch the dataset first with "hanse get"' }
      : { code: 'not-found', reason: `there is no record ${number}`, hint: `records are numbered from 0 to ${(records ?? 1) - 1}` })
  }

  /** Bytes that hold one record of a dataset, let through as a read of it. */
  async disclose ({ publisher, entry: { datasetId } }: Found, bytes: Uint8Array, asker?: Asker): Promise<Result<Uint8Array, Failure<'not-found' | 'refused'>>> {
    const asked = questionOf(this.#doors, this.#own, { door: 'read', asset: { publisher, datasetId }, records: 1 }, asker)
    if (!asked.ok) return asked
    const passage = this.#doors.enter(asked.value)
    const isOut = await passage.take({ records: 1, bytes: bytes.length })
    await passage.end()
    return isOut ? ok(bytes) : fail(refusalOf(passage.decision))
  }

  /** Where no key of it is here at all, before anything is read; a single one that is missing shows on the way. */
  #sealedFrom ({ head, declaration: { publisher, datasetId, class: feedClass } }: Feed): Failure<'refused'> | undefined {
    const newest = head?.keyEpoch ?? 0
    for (let epoch = newest; epoch > 0; epoch--) if (this.#federation.keyring.keyOf({ publisher, datasetId, class: feedClass, epoch }) !== undefined) return undefined
    return newest === 0 ? undefined : sealedRefusal(noGrant(newest))
  }

  #recordsOf (feed: Feed, from: number, to: number): AsyncIterable<NumberedRecord> {
    return unsealed(recordsOf(this.#federation, feed, from, to))
  }

  /** The dataset that a reference names, for one who may know of it. */
  #found (reference: string, asker: Asker | undefined): ReturnType<Datasets['find']> {
    return this.#datasets.findFor(reference, asker)
  }

  /** Feeds and files that a bundle of these datasets holds, with the catalogues that describe them. */
  async bundled (references: readonly string[], recipient: string | null): Promise<Result<readonly BundleWish[], BundleFailure | Failure<'ambiguous' | 'incomplete'>>> {
    const wishes: BundleWish[] = []
    for (const reference of references) {
      const found = this.#datasets.find(reference)
      if (!found.ok) return found
      const { publisher, entry } = found.value
      const feed = this.#federation.feeds.get(entry.distribution.feed)
      const catalogues = this.#catalogue.feedsFor(publisher, entry.datasetId, recipient)
      const { phase, because } = this.#datasets.view(found.value).held
      const isHere = feed?.head !== undefined && (phase === 'complete' || phase === 'frozen')
      if (!isHere || catalogues.length === 0) {
        return fail({ code: 'incomplete', reason: because ?? `not all of "${reference}" is here`, hint: 'fetch it first with "hanse get"' })
      }
      const file = await fileOf(this.#federation, entry)
      const grants = recipient === null || publisher !== this.#own ? undefined : this.#federation.granting.feedFor(recipient)
      const besides = grants?.head === undefined ? catalogues : [...catalogues, grants]
      wishes.push(...besides.map(each => ({ feed: each, fileRoots: [] })), { feed, fileRoots: file === undefined ? [] : [file.root] })
    }
    return ok(wishes)
  }
}
