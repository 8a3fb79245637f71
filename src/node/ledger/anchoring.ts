import { concat, encodeCanonical, equalBytes, sha256, utf8, type CID } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import type { Head } from '../../core/feed/index.ts'
import type { Did } from '../../core/identity/index.ts'
import {
  datasetOf, decodeRow, encodeOperation, feedOf, OPERATIONS, rowKey, standingOf, TABLES, type LedgerState, type OperationFields, type RowOf
} from '../../core/ledger/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { Consensus } from '../consensus/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Author } from './author.ts'

/** Waits this long for what belongs to the same change: content, its entry in the catalogue, the next records. */
const GATHER_MS = 500
/** Whoever makes the block may have a clock that is behind. */
const CLOCK_SPARE_MS = 2_000
const REFUSED_MS = 10_000
/** A proof of a record carries the whole operation, so it names few feeds: 16 KiB for all of the proof. */
const HEADS_MAX = 16
const PUTS_MAX = 64
const DATASET_FEEDS_MAX = 16
/** From when on terms count: later than the block that may still take the operation. */
const POLICY_HEIGHTS_AHEAD = 64
const WAIT_MS = 60_000
const CATALOGUE = 'catalogue'

/** What the ledger says of a dataset beside its feeds: hashes only. */
export type Described = {
  readonly schemaHash: Uint8Array | null
  readonly licenceHash: Uint8Array | null
  /** What binds its publisher to the terms without saying them; null: it has none. */
  readonly policyCommit: Uint8Array | null
}

/** The commitment is over the bytes of the terms as the catalogue has them, and its salt stands beside them. */
export function describedBy (entry: DatasetEntry | undefined): Described | undefined {
  if (entry === undefined) return undefined
  const { schema, licence, terms } = entry
  return {
    schemaHash: sha256(encodeCanonical(schema)), licenceHash: sha256(utf8(licence)),
    policyCommit: terms === null ? null : sha256(concat([terms.salt, terms.policy]))
  }
}

export type AnchoringOptions = {
  readonly own: Did
  readonly feeds: Pick<Feeds, 'all' | 'changed'>
  readonly consensus: Pick<Consensus, 'state' | 'finals' | 'waiting'>
  readonly author: Pick<Author, 'write'>
  readonly describe: (datasetId: string) => Described | undefined
  /** Whether every member may know that a feed exists. */
  readonly mayName: (feed: Feed) => boolean
  readonly clock: Clock
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

type Grown = { readonly feed: Feed, readonly head: Head, readonly isNew: boolean }

/**
 * Has the heads of own feeds ordered by the ledger, so that everyone can show that a record existed before a block: in batches,
 * as often as the ledger takes them, and never without a change. Datasets are put on the ledger before their first anchor.
 *
 * The catalogue rides along with other feeds; alone it waits until nothing else came for as long as an anchor takes.
 */
export class Anchoring {
  readonly #options: AnchoringOptions
  #isBusy = false
  /** Something is longer or other than the ledger says. */
  #isOpen = true
  #hasStopped = false
  #wakesAtMs = Number.POSITIVE_INFINITY
  #cancel: () => void = () => {}
  readonly #stops: readonly (() => void)[]
  /** Since when only the catalogue has grown; undefined: it has not. */
  #catalogueSinceMs: number | undefined

  constructor (options: AnchoringOptions) {
    this.#options = options
    const { feeds, consensus } = options
    this.#stops = [
      feeds.changed.on(feed => { if (feed.role === 'writer') this.look() }),
      consensus.finals.on(() => { if (this.#isOpen) this.look() })
    ]
    this.look()
  }

  /** Something may have to be anchored. */
  look (): void {
    this.#isOpen = true
    this.#wake(GATHER_MS)
  }

  stop (): void {
    this.#hasStopped = true
    this.#cancel()
    for (const stop of this.#stops) stop()
  }

  #wake (afterMs: number): void {
    const { clock, onFatal } = this.#options
    const atMs = clock.monotonicMs() + afterMs
    if (this.#hasStopped || atMs >= this.#wakesAtMs) return
    this.#cancel()
    this.#wakesAtMs = atMs
    this.#cancel = clock.wake(afterMs, () => {
      this.#wakesAtMs = Number.POSITIVE_INFINITY
      if (!this.#isBusy) this.#turn().catch(onFatal)
    })
  }

  async #turn (): Promise<void> {
    const { consensus, author, log } = this.#options
    if (this.#isWaiting()) return
    const operations = this.#due(consensus.state)
    if (operations.length === 0) return
    this.#isBusy = true
    try {
      const outcome = await author.write(operations, { type: 'node' }, WAIT_MS)
      // Again when it is final, or when something else has changed.
      if (!outcome.ok) {
        log('debug', 'the ledger does not take this anchor yet', { because: outcome.failure.code })
        this.#wake(REFUSED_MS)
      }
    } finally {
      this.#isBusy = false
    }
    this.look()
  }

  /** One at a time: what waits to become final may be what is due. */
  #isWaiting (): boolean {
    const codes: readonly number[] = [OPERATIONS.datasetAnchor.code, OPERATIONS.datasetPut.code, OPERATIONS.policyVersion.code]
    for (const { author, operations } of this.#options.consensus.waiting()) {
      if (author === this.#options.own && operations.some(({ code }) => codes.includes(code))) return true
    }
    return false
  }

  #due (state: LedgerState): readonly Uint8Array[] {
    const member = memberRow(state, this.#options.own)
    if (member?.state !== 'active') return []
    const puts = this.#puts(state)
    const grown = this.#grown(state, puts)
    const policies = this.#policies(state)
    this.#isOpen = puts.length > 0 || grown.length > 0 || policies.length > 0
    const restMs = grown.length === 0 ? 0 : this.#restMs(state, member.anchoredMs, grown)
    if (restMs > 0) this.#wake(restMs)
    const heads = restMs > 0 ? [] : grown.slice(0, HEADS_MAX)
    const described = puts.filter(({ feeds, isNew }) => !isNew || heads.some(({ feed }) => feeds.some(id => id.equals(feed.id))))
    return [
      ...described.map(({ isNew: _isNew, ...put }) => encodeOperation(OPERATIONS.datasetPut, put)),
      ...policies.map(policy => encodeOperation(OPERATIONS.policyVersion, policy)),
      ...heads.length === 0 ? [] : [encodeOperation(OPERATIONS.datasetAnchor, {
        heads: heads.map(({ feed, head }) => [feed.id, head.length, head.mmrRoot, sha256(head.statement.body)] as const)
      })]
    ]
  }

  /** How long until the ledger takes the next anchor of this member, or until a catalogue alone is worth one. */
  #restMs (state: LedgerState, anchoredMs: number | null, grown: readonly Grown[]): number {
    const { clock } = this.#options
    const { anchorEveryMs } = standingOf(state).parameters
    const byLedger = anchoredMs === null ? 0 : anchoredMs + anchorEveryMs + CLOCK_SPARE_MS - clock.nowMs()
    const isCatalogueAlone = grown.length > 0 && grown.every(({ feed }) => feed.declaration.datasetId === CATALOGUE)
    if (!isCatalogueAlone) {
      this.#catalogueSinceMs = undefined
      return byLedger
    }
    this.#catalogueSinceMs ??= clock.monotonicMs()
    return Math.max(byLedger, this.#catalogueSinceMs + anchorEveryMs - clock.monotonicMs())
  }

  /** Own feeds that are longer than the ledger knows, those that wait longest first. */
  #grown (state: LedgerState, puts: readonly { readonly dataset: string, readonly feeds: readonly CID[] }[]): readonly Grown[] {
    const grown: (Grown & { readonly height: number })[] = []
    for (const feed of this.#own()) {
      const { head, declaration: { publisher, datasetId }, id } = feed
      if (head === undefined || head.length === 0) continue
      const row = feedOf(state, id)
      const isPut = row === undefined && puts.some(({ dataset, feeds }) => dataset === datasetId && feeds.some(each => each.equals(id)))
      if (row === undefined ? !isPut : row.publisher !== publisher || row.frozenHeight !== null || row.length >= head.length) continue
      grown.push({ feed, head, isNew: row === undefined, height: row === undefined || row.length === 0 ? 0 : row.height })
    }
    return grown.toSorted((a, b) => a.height - b.height)
  }

  /** Datasets whose row lacks a feed, or says something else. A new one is put together with its first anchor. */
  #puts (state: LedgerState): readonly (OperationFields<'datasetPut'> & { readonly isNew: boolean })[] {
    const { own, describe } = this.#options
    const byDataset = Map.groupBy(this.#own(), ({ declaration }) => declaration.datasetId)
    const puts: (OperationFields<'datasetPut'> & { readonly isNew: boolean })[] = []
    for (const [dataset, feeds] of byDataset) {
      const row = datasetOf(state, own, dataset)
      if (row?.isRetired === true) continue
      const { schemaHash, licenceHash } = describe(dataset) ?? row ?? { schemaHash: null, licenceHash: null }
      const known = row?.feeds ?? []
      const added = feeds.filter(({ id, head }) => (head?.length ?? 0) > 0 && !known.some(each => each.equals(id)) && isClaimable(state, id, own))
      const isSame = row !== undefined && isEqual(row.schemaHash, schemaHash) && isEqual(row.licenceHash, licenceHash)
      if (added.length === 0 && (isSame || row === undefined)) continue
      puts.push({
        dataset, feeds: [...known, ...added.map(({ id }) => id)].slice(-DATASET_FEEDS_MAX), schemaHash, licenceHash, isRetired: false,
        isNew: row === undefined
      })
      if (puts.length === PUTS_MAX) break
    }
    return puts
  }

  /** Datasets on the ledger whose terms are others than those it was told of last. */
  #policies (state: LedgerState): readonly OperationFields<'policyVersion'>[] {
    const { own, describe } = this.#options
    const policies: OperationFields<'policyVersion'>[] = []
    for (const dataset of new Set(this.#own().map(({ declaration }) => declaration.datasetId))) {
      const row = datasetOf(state, own, dataset)
      const commit = describe(dataset)?.policyCommit ?? null
      if (row === undefined || row.isRetired || commit === null || isEqual(row.policy?.commit ?? null, commit)) continue
      policies.push({ dataset, version: (row.policy?.version ?? 0) + 1, commit, fromHeight: standingOf(state).height + POLICY_HEIGHTS_AHEAD })
      if (policies.length === PUTS_MAX) break
    }
    return policies
  }

  /** Those that everyone may know of. Names of pairs say who deals with whom. */
  #own (): readonly Feed[] {
    return [...this.#options.feeds.all()].filter(feed => {
      const { role, status, declaration } = feed
      return role === 'writer' && status === 'open' && !declaration.class.startsWith('pair:') && this.#options.mayName(feed)
    })
  }
}

function memberRow ({ map }: LedgerState, did: Did): RowOf<'member'> | undefined {
  const row = map.get(rowKey(TABLES.member.code, [did]))
  return row === undefined ? undefined : decodeRow(TABLES.member, row)
}

/** Not claimed by another: the first who lists a feed on the ledger has it. */
function isClaimable (state: LedgerState, feed: CID, own: Did): boolean {
  const publisher = feedOf(state, feed)?.publisher
  return publisher === undefined || publisher === own
}

function isEqual (a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b)
}
