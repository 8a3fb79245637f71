import { concat, textOf, utf8 } from '../../base/index.ts'
import type { Transfer } from '../../core/agreement/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Asker, HanseNode, NumberedRecord, Push } from '../contract/index.ts'
import type { AssetName, StandingAgreement } from '../doors/index.ts'
import { PUSH_LINGER_MS, PUSH_RECORDS_MAX, PUSH_RETRY_MS_MAX, PUSH_RETRY_MS_MIN } from './limits.ts'
import { targetOf } from './offers.ts'

const ALL = Number.MAX_SAFE_INTEGER

export type PushingOptions = {
  readonly catalogue: Pick<Catalogue, 'entry'>
  readonly reader: Pick<HanseNode, 'read' | 'follow'>
  readonly push: Push
  /** All of it was taken. */
  readonly done: (pid: string) => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * Pushes records to consumers that asked for it: batches as NDJSON, in order, each again until it is taken. `Hanse-Seq` is the
 * number of a batch's first record, so that a receiver knows what it has already.
 */
export class Pushing {
  readonly #options: PushingOptions
  readonly #running = new Map<string, AbortController>()

  constructor (options: PushingOptions) {
    this.#options = options
  }

  flows (transfer: Transfer, agreement: StandingAgreement, isFlowing: boolean): void {
    const pid = transfer.providerPid ?? ''
    if (isFlowing === this.#running.has(pid)) return
    this.#running.get(pid)?.abort()
    this.#running.delete(pid)
    if (!isFlowing) return
    const stop = new AbortController()
    this.#running.set(pid, stop)
    this.#run(transfer, agreement, stop.signal).catch((cause: unknown) => {
      if (!stop.signal.aborted) this.#options.log('warn', 'a push ended', { pid, reason: String(cause) })
    })
  }

  stop (): void {
    for (const each of this.#running.values()) each.abort()
    this.#running.clear()
  }

  async #run ({ destination, providerPid }: Transfer, { id, provider, datasetId, consumer, purpose }: StandingAgreement, signal: AbortSignal): Promise<void> {
    const address = destination?.endpoint
    const asker = { requester: consumer, agreementId: id, ...purpose === null ? {} : { purpose } }
    const records = this.#records({ publisher: provider, datasetId }, asker, signal)
    if (address === undefined || address === null || !records.ok) return
    const token = destination?.properties.find(({ name }) => name === 'authorization')?.value
    const headers = { 'content-type': 'application/x-ndjson', ...token === undefined ? {} : { authorization: `Bearer ${token}` } }
    let batch: NumberedRecord[] = []
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await this.#deliver({ consumer, address, headers: { ...headers, 'hanse-seq': String(batch[0]?.number ?? 0) }, body: concat(batch.map(lineOf)) }, signal)
      batch = []
    }
    const iterator = records.value[Symbol.asyncIterator]()
    let next = iterator.next()
    while (!signal.aborted) {
      const came = batch.length === 0 ? await next : await Promise.race([next, this.#pause(PUSH_LINGER_MS, signal)])
      if (came === undefined) await flush()
      else if (came.done === true) break
      else {
        batch.push(came.value)
        next = iterator.next()
        if (batch.length >= PUSH_RECORDS_MAX) await flush()
      }
    }
    await flush()
    if (!signal.aborted) this.#options.done(providerPid ?? '')
  }

  /** From the first record on, for as long as there are more and the terms allow it. */
  #records (asset: AssetName, asker: Asker, signal: AbortSignal): ReturnType<HanseNode['read']> {
    const { catalogue, reader } = this.#options
    const isStream = catalogue.entry(asset.publisher, asset.datasetId)?.distribution.form === 'stream'
    const reference = targetOf(asset)
    return isStream ? reader.follow(reference, { last: ALL, signal }, asker) : reader.read(reference, { from: 0, limit: ALL }, asker)
  }

  async #deliver (batch: Parameters<Push>[0], signal: AbortSignal): Promise<void> {
    const { push } = this.#options
    for (let delayMs = PUSH_RETRY_MS_MIN; !signal.aborted; delayMs = Math.min(2 * delayMs, PUSH_RETRY_MS_MAX)) {
      const status = await push(batch)
      if (status !== undefined && status >= 200 && status < 300) return
      await this.#pause(delayMs, signal)
    }
  }

  #pause (delayMs: number, signal: AbortSignal): Promise<undefined> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.wake(delayMs, () => resolve(undefined))
      signal.addEventListener('abort', () => {
        cancel()
        resolve(undefined)
      }, { once: true })
    })
  }
}

/** A record as a line: its number, time, key and body, the body as it is where it is JSON. */
function lineOf ({ number, timeMs, key, operation, body }: NumberedRecord): Uint8Array {
  const text = textOf(body)
  return utf8(`${JSON.stringify({ _seq: number, _time: timeMs, _key: textOf(key) ?? null, _operation: operation, body: text ?? Buffer.from(body).toString('base64') })}\n`)
}
