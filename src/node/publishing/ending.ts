import type { PublishFailure } from '../contract/index.ts'

/** Before the catalogue names it nobody knows what was stored. */
export const ENDED: PublishFailure = {
  code: 'not-ready', reason: 'the node was stopped before all of it was stored, and nothing of it is published', hint: 'publish it again when the node runs'
}

/** Thrown into what stores content, where that knows no other way to end before the content does. */
export class Ended extends Error {
  override readonly name = 'Ended'
}

/** Content as it comes, until publishing has to end: then it throws, also where nothing comes and nobody says that nothing will. */
export async function * untilEnded<T> (content: AsyncIterable<T>, ending: AbortSignal): AsyncGenerator<T> {
  const iterator = content[Symbol.asyncIterator]()
  let end = (): void => {}
  const onAbort = (): void => { end() }
  ending.addEventListener('abort', onAbort)
  let isRead = false
  try {
    for (;;) {
      // One promise for each part: a race with one that lasts as long as the node would keep something of each.
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        end = () => { reject(new Ended(ENDED.reason)) }
        if (ending.aborted) end()
        else iterator.next().then(resolve, reject)
      })
      if (next.done === true) {
        isRead = true
        return
      }
      yield next.value
    }
  } finally {
    ending.removeEventListener('abort', onAbort)
    // Not awaited: a source that waits for its next part answers only when that comes.
    if (!isRead) iterator.return?.().catch(() => {})
  }
}
