/**
 * Asks what a page shows, never twice at a time: what is wanted meanwhile is asked once more, after the answer that is under way. So no older
 * answer comes behind a newer one and stays. Done when what was asked after the call is there.
 */
export function inTurn (ask: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = (): Promise<void> => {
    next = undefined
    current = ask().finally(() => { current = undefined })
    return current
  }
  return () => {
    if (next !== undefined) return next
    if (current === undefined) return begin()
    next = current.then(begin, begin)
    return next
  }
}
