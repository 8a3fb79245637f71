/**
 * Decides who may see a feed. One function, asked at every door: listing, serving, live, bundles.
 *
 * Today a feed is for everyone, for members, or closed; the terms of a dataset will be judged here.
 */
import type { FeedClass } from '../../core/feed/index.ts'

/** `null` is somebody outside the federation, such as the reader of a bundle. */
export function maySee (feedClass: FeedClass, member: string | null): boolean {
  if (feedClass === 'public') return true
  return feedClass === 'members' && member !== null
}
