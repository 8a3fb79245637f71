import { assert, digestOf, equalBytes } from '../../base/index.ts'
import type { Read, Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { decodeGuardRow, encodeGuardRow, guardKey, type GuardRow } from '../rows/index.ts'

export type Promised = { readonly feed: Feed, readonly length: number, readonly root: Uint8Array, readonly body: Uint8Array }

/**
 * What this node promised to sign, synced before it is signed. The only way to a signature under a head: nothing shorter
 * than before passes, and no other root at the same length.
 */
export class Guards {
  readonly #signer: Store
  readonly #newest = new Map<string, Pick<GuardRow, 'length' | 'mmrRoot'>>()

  constructor (signer: Store) {
    this.#signer = signer
  }

  async promise (heads: readonly Promised[]): Promise<void> {
    for (const { feed, length, root } of heads) {
      const last = this.#newest.get(feed.key) ?? await this.#load(feed)
      if (last === undefined) continue
      assert(length > last.length || (length === last.length && equalBytes(root, last.mmrRoot)), 'no head contradicts one that was promised before')
    }
    await this.#signer.commit(heads.map(({ feed, length, root, body }) => (
      { type: 'put', key: guardKey(digestOf(feed.id)), value: encodeGuardRow({ length, mmrRoot: root, head: body }) }
    )))
    for (const { feed, length, root } of heads) this.#newest.set(feed.key, { length, mmrRoot: root })
  }

  async #load (feed: Feed): Promise<GuardRow | undefined> {
    const read: Read = await this.#signer.get(guardKey(digestOf(feed.id)))
    assert(read.state !== 'damaged', 'a feed whose guard cannot be read is not written')
    return read.state === 'found' ? decodeGuardRow(read.value) : undefined
  }
}
