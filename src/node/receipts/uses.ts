import { ACCESS_MEDIA_TYPE, decodeAccess, type AccessLog, type AccessRecord } from '../access/index.ts'
import { Incomplete, readableEnd, recordsOf, type Readable } from '../reading/index.ts'

/** Reads back what this node wrote down of accesses. */
export class UseCounter {
  readonly #readable: Readable
  readonly #access: Pick<AccessLog, 'feed'>

  constructor (readable: Readable, access: Pick<AccessLog, 'feed'>) {
    this.#readable = readable
    this.#access = access
  }

  /** Everything that stands in the access feed, oldest first, with its number there. */
  async * records (): AsyncGenerator<{ readonly access: AccessRecord, readonly number: number }> {
    const { feed } = this.#access
    if (feed === undefined) return
    try {
      for await (const { mediaType, body, number } of recordsOf(this.#readable, feed, 0, readableEnd(feed))) {
        const access = mediaType === ACCESS_MEDIA_TYPE ? decodeAccess(body) : undefined
        if (access?.ok === true) yield { access: access.value, number }
      }
    } catch (cause) {
      // What is damaged is being fetched again.
      if (!(cause instanceof Incomplete)) throw cause
    }
  }

  /** Whether a member ever got anything of an own dataset, in clear or sealed, under an agreement or before there was one. */
  async wasServed (publisher: string, datasetId: string, member: string): Promise<boolean> {
    for await (const { access } of this.records()) {
      if (access.publisher === publisher && access.datasetId === datasetId && access.requester === member && access.door === 'sync' && access.outcome === 'allowed' && access.bytes > 0) return true
    }
    return false
  }

  /** What was used under an agreement in [fromMs, untilMs). */
  async count (agreementId: string, fromMs: number, untilMs: number): Promise<{ readonly requests: number, readonly records: number }> {
    let [requests, records] = [0, 0]
    for await (const { access } of this.records()) {
      const counts = access.agreementId === agreementId && access.outcome === 'allowed' && access.timeMs >= fromMs && access.timeMs < untilMs
      if (!counts) continue
      requests += access.requests
      records += access.records
    }
    return { requests, records }
  }
}
