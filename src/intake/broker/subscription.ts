import type { Client } from 'aedes'
import type { Result } from '../../base/index.ts'
import type { NumberedRecord } from '../../sdk/index.ts'
import { LATEST_PAGE_ROWS, WRITES_UNDER_WAY_MAX } from './limits.ts'
import { levelOf, levelOfKey, OUT_PREFIX, type OutFilter } from './topics.ts'
import type { BrokerCaller, Outflow } from './types.ts'

const REVOKED = 'its token opens nothing any more'

/**
 * Records of one dataset for one client: the last value of each key, marked as retained, then each that comes. What comes while the last
 * values are being read waits at its source.
 */
export class OutSubscription {
  readonly #client: Client
  readonly #filter: OutFilter
  readonly #qos: 0 | 1
  #stop: (() => void) | undefined
  #isStopped = false

  private constructor (client: Client, filter: OutFilter, qos: 0 | 1) {
    this.#client = client
    this.#filter = filter
    this.#qos = qos
  }

  /** Asks the door. `begun` resolves when the client knows that it is subscribed; `onEnd` is told when the door closes. */
  static open (options: {
    readonly client: Client, readonly filter: OutFilter, readonly qos: 0 | 1, readonly caller: BrokerCaller, readonly outflow: Outflow
    readonly begun: Promise<void>, readonly isValid: () => boolean, readonly onEnd: (why: string) => void
  }): Result<OutSubscription, { readonly reason: string }> {
    const { client, filter, qos, caller, outflow, begun, isValid, onEnd } = options
    const subscription = new OutSubscription(client, filter, qos)
    const ready = Promise.withResolvers<void>()
    const listening = outflow.listen(filter.reference, caller, {
      take: async records => {
        await ready.promise
        if (!isValid()) {
          onEnd(REVOKED)
          return
        }
        await subscription.#write(records, false)
      },
      end: why => { if (!subscription.#isStopped) onEnd(why) }
    })
    if (!listening.ok) return listening
    const { from } = listening.value
    subscription.#stop = () => { listening.value.stop() }
    begun.then(() => subscription.#writeLatest(outflow, caller, from, isValid)).then(ready.resolve, (cause: unknown) => {
      onEnd(cause instanceof Error ? cause.message : String(cause))
      ready.resolve()
    })
    return { ok: true, value: subscription }
  }

  stop (): void {
    this.#isStopped = true
    this.#stop?.()
  }

  async #writeLatest (outflow: Outflow, caller: BrokerCaller, from: number, isValid: () => boolean): Promise<void> {
    const { reference, key } = this.#filter
    let after: string | undefined
    while (!this.#isStopped) {
      if (!isValid()) throw new Error(REVOKED)
      const page = await outflow.latest(reference, caller, { key, after, limit: LATEST_PAGE_ROWS })
      // Who may have what comes, and not what was, gets what comes.
      if (!page.ok) return
      await this.#write(page.value.rows.filter(({ number }) => number < from), true)
      if (page.value.next === null) return
      after = page.value.next
    }
  }

  async #write (records: readonly NumberedRecord[], retain: boolean): Promise<void> {
    let underWay: Promise<void>[] = []
    for (const record of records) {
      if (this.#isStopped) return
      const { key } = this.#filter
      if (key !== undefined && Buffer.compare(key, record.key) !== 0) continue
      underWay.push(this.#publish(record, retain))
      if (underWay.length < WRITES_UNDER_WAY_MAX) continue
      await Promise.all(underWay)
      underWay = []
    }
    await Promise.all(underWay)
  }

  /** Resolves when it is written, or the client is gone. A deletion is an empty message. */
  #publish ({ key, operation, body }: NumberedRecord, retain: boolean): Promise<void> {
    const topic = `${OUT_PREFIX}${levelOf(this.#filter.reference)}/${levelOfKey(key)}`
    const payload = operation === 'put' ? Buffer.from(body) : Buffer.alloc(0)
    return new Promise(resolve => {
      if (this.#client.closed) resolve()
      else this.#client.publish({ cmd: 'publish', topic, payload, qos: this.#qos, retain, dup: false }, () => { resolve() })
    })
  }
}
