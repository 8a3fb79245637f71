/** What one batch holds at most, so that a slow disk slows the sender and not the memory. */
const BATCH_BYTES_MAX = 4 << 20
const BATCH_ITEMS_MAX = 256

/**
 * The last stage of a receiving pipeline: one batch is filled while one is stored, and a batch goes to the disk as soon as
 * the disk is idle.
 */
export function inBatches<T extends { readonly bytes: Uint8Array }> (
  store: (batch: readonly T[]) => Promise<void>
): (source: AsyncIterable<T>) => Promise<void> {
  return async source => {
    let filling: T[] = []
    let fillingBytes = 0
    let storing: Promise<void> | undefined
    let failed: { readonly cause: unknown } | undefined
    const hand = (): void => {
      const batch = filling
      filling = []
      fillingBytes = 0
      storing = store(batch).catch((cause: unknown) => { failed = { cause } }).finally(() => { storing = undefined })
    }
    for await (const item of source) {
      filling.push(item)
      fillingBytes += item.bytes.length
      const isFull = fillingBytes >= BATCH_BYTES_MAX || filling.length >= BATCH_ITEMS_MAX
      if (isFull && storing !== undefined) await storing
      if (failed !== undefined) throw failed.cause
      if (storing === undefined) hand()
    }
    if (storing !== undefined) await storing
    if (failed === undefined && filling.length > 0) {
      hand()
      await storing
    }
    if (failed !== undefined) throw failed.cause
  }
}
