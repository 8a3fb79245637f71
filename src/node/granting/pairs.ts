import type { FeedClass } from '../../core/feed/index.ts'
import type { Did } from '../../core/identity/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'

export const GRANTS_DATASET_ID = 'grants'
export const RECEIPTS_DATASET_ID = 'receipts'
export type PairDataset = typeof GRANTS_DATASET_ID | typeof RECEIPTS_DATASET_ID

/** Whether a feed is for this member alone: what its publisher has to tell it, and nobody else. */
export function isPairWith ({ declaration: { class: feedClass, datasetId } }: Pick<Feed, 'declaration'>, own: Did): boolean {
  return feedClass === `pair:${own}` && (datasetId === GRANTS_DATASET_ID || datasetId === RECEIPTS_DATASET_ID)
}

/** The one that an own pair feed is for. */
function otherOf ({ declaration: { class: feedClass } }: Pick<Feed, 'declaration'>): Did {
  return feedClass.slice('pair:'.length)
}

export function isOwnPair ({ role, declaration: { datasetId, class: feedClass } }: Feed): boolean {
  return role === 'writer' && feedClass.startsWith('pair:') && (datasetId === GRANTS_DATASET_ID || datasetId === RECEIPTS_DATASET_ID)
}

export type PairFeedsOptions = {
  readonly feeds: Feeds
  /** Undefined while it is not known whether there was one before. */
  readonly declare: (datasetId: string, feedClass: FeedClass) => Promise<Feed | undefined>
}

/** Own feeds for one other member each. */
export class PairFeeds {
  readonly #options: PairFeedsOptions
  readonly #declaring = new Map<string, Promise<Feed | undefined>>()

  constructor (options: PairFeedsOptions) {
    this.#options = options
  }

  own (): readonly Feed[] {
    return [...this.#options.feeds.all()].filter(isOwnPair)
  }

  held (datasetId: PairDataset, other: Did): Feed | undefined {
    return this.own().filter(feed => feed.status !== 'frozen' && feed.declaration.datasetId === datasetId && otherOf(feed) === other)
      .toSorted((a, b) => b.declaration.createdMs - a.declaration.createdMs)[0]
  }

  async with (datasetId: PairDataset, other: Did): Promise<Feed | undefined> {
    const held = this.held(datasetId, other)
    if (held !== undefined) return held
    const name = `${datasetId} ${other}`
    const declaring = this.#declaring.get(name) ?? this.#options.declare(datasetId, `pair:${other}`).finally(() => this.#declaring.delete(name))
    this.#declaring.set(name, declaring)
    return declaring
  }
}
