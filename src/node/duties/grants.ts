import { decodeGrant, SAID_MEDIA_TYPES, type Grant } from '../../core/grants/index.ts'
import { decodeStatement, type Did } from '../../core/identity/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { GRANTS_DATASET_ID } from '../granting/index.ts'
import { Incomplete, readableEnd, recordsOf } from '../reading/index.ts'

export type Granted = { readonly grant: Grant, readonly feed: Feed, readonly record: number }

/** Feeds in which keys were given: by this member, or to it. */
export function isGrantsFeed ({ role, declaration: { datasetId, class: feedClass } }: Feed, own: Did): boolean {
  return datasetId === GRANTS_DATASET_ID && (role === 'writer' || feedClass === `pair:${own}`)
}

/** Keys that were given, oldest first in each feed. Own words, or taken up when they came: they are not judged again. */
export async function * grantsIn (federation: Pick<Federation, 'feeds' | 'keyring'>, own: Did): AsyncGenerator<Granted> {
  for (const feed of federation.feeds.all()) {
    if (!isGrantsFeed(feed, own)) continue
    try {
      for await (const { mediaType, body, number } of recordsOf(federation, feed, 0, readableEnd(feed))) {
        const statement = mediaType === SAID_MEDIA_TYPES.grant ? decodeStatement(body, body.length) : undefined
        const grant = statement?.ok === true ? decodeGrant(statement.value) : undefined
        if (grant?.ok === true) yield { grant: grant.value, feed, record: number }
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete)) throw cause
    }
  }
}
