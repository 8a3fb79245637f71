import { equalBytes, type CID } from '../../base/index.ts'
import { recordsRootOf } from '../../core/feed/index.ts'
import type { OnProgress } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { contentsOf } from '../reading/index.ts'

export type Scrubbed = { readonly segments: number, readonly damaged: number, readonly refetched: number, readonly lost: number }

/** How long damaged segments are waited for: who has them is asked at once, and again every second. */
const REFETCH_WAIT_MS = 30_000

/**
 * Reads every segment and every block of a file once, checks it, and has neighbours send anew what is damaged. Tells what was
 * found; what nobody has stays missing and shows in the status.
 */
export async function scrub (federation: Federation, onProgress: OnProgress): Promise<Scrubbed> {
  const { feeds, files, keyring } = federation
  const all = [...feeds.all()]
  const total = all.reduce((sum, feed) => sum + feed.length, 0)
  let [segments, damaged] = [0, 0]
  for (const feed of all) {
    for (let index = 0; index < feed.length; index++) {
      const isHeld = feed.has(index)
      const bytes = isHeld ? await feeds.reread(feed, index) : undefined
      // What is sealed under a key that is not here is checked by its hash alone.
      const opened = bytes === undefined ? undefined : contentsOf(keyring, feed, bytes)
      // A wrong records root with right bytes is the publisher's doing, not the disk's: it is told of, not fetched again.
      if (opened?.ok === true && opened.value.kind === 'segment' && !equalBytes(recordsRootOf(opened.value.segment), feed.leaf(index).recordsRoot)) {
        federation.alarm(`segment ${index} of feed ${feed.key} was published with a wrong tree of records`)
      }
      if (isHeld && bytes === undefined) damaged++
      segments++
      if (segments % 64 === 0) onProgress({ phase: 'verifying', done: segments, total, unit: 'segments' })
    }
  }
  const damagedFiles: CID[] = []
  for (const root of files.roots()) {
    if (!files.has(root)) continue
    const found = (await files.scrub(root)).damaged
    if (found > 0) damagedFiles.push(root)
    damaged += found
  }
  const lost = damaged === 0 ? 0 : await federation.awaitRepair(damagedFiles, REFETCH_WAIT_MS)
  onProgress({ phase: 'done', done: segments, total, unit: 'segments' })
  return { segments, damaged, refetched: Math.max(0, damaged - lost), lost }
}
