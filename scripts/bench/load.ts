/** What contestants are loaded with, and how the outcome is read. */
import { hash, randomFillSync } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { LIVE_MESSAGES_PER_SECOND, LIVE_SECONDS, LIVE_WARM_UP_SECONDS, RECORD_SIZE_BYTES, type Measures } from './contestant.ts'

const RANDOM_BYTES_MAX = 64 * 1024 * 1024
const SENT_AT_SIZE_BYTES = 8

/** Unique by chance: equal records would be compressed or stored once, and the figures would be worth nothing. */
export function randomBytes (sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += RANDOM_BYTES_MAX) randomFillSync(bytes.subarray(at, at + RANDOM_BYTES_MAX))
  return bytes
}

/** Slices of `size` bytes, not copied. */
export function slices (bytes: Uint8Array, sizeBytes: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / sizeBytes) }, (_, i) => bytes.subarray(i * sizeBytes, (i + 1) * sizeBytes))
}

export function digestOf (parts: readonly Uint8Array[]): string {
  return hash('sha256', Buffer.concat(parts))
}

export function folderSizeBytes (folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map(name => statSync(join(folder, String(name))))
    .reduce((sum, entry) => entry.isFile() ? sum + entry.size : sum, 0)
}

/**
 * Sends `count` records at the pace of the live figure, each call at its own time whether or not earlier ones are answered.
 * The first bytes carry the monotonic clock just before the call: the processes of one machine share it.
 */
export async function sendPaced (count: number, send: (record: Uint8Array) => void): Promise<void> {
  const records = slices(randomBytes(count * RECORD_SIZE_BYTES), RECORD_SIZE_BYTES)
  const startedMs = performance.now()
  for (const [i, record] of records.entries()) {
    const aheadMs = startedMs + i * 1000 / LIVE_MESSAGES_PER_SECOND - performance.now()
    if (aheadMs > 0) await new Promise(resolve => setTimeout(resolve, aheadMs))
    new DataView(record.buffer, record.byteOffset).setBigUint64(0, process.hrtime.bigint())
    send(record)
  }
}

/** Collects what arrives of a paced sending. */
export class Arrivals {
  readonly all: Promise<void>
  readonly #want: number
  readonly #latenciesMs: number[] = []
  #firstSentNs = 0n
  #lastNs = 0n
  #resolve = (): void => {}

  constructor (want: number) {
    this.#want = want
    this.all = new Promise(resolve => { this.#resolve = resolve })
  }

  arrived (record: Uint8Array): void {
    if (record.length < SENT_AT_SIZE_BYTES) throw new Error('what arrived is not what was sent')
    const nowNs = process.hrtime.bigint()
    const sentNs = new DataView(record.buffer, record.byteOffset).getBigUint64(0)
    if (this.#latenciesMs.length === 0) this.#firstSentNs = sentNs
    this.#lastNs = nowNs
    this.#latenciesMs.push(Number(nowNs - sentNs) / 1e6)
    if (this.#latenciesMs.length === this.#want) this.#resolve()
  }

  measures (): Measures {
    const warm = Math.floor(this.#want * LIVE_WARM_UP_SECONDS / LIVE_SECONDS)
    const sorted = this.#latenciesMs.slice(warm).toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return {
      liveP50Ms: at(0.5),
      liveP99Ms: at(0.99),
      liveDeliveredPerSecond: this.#latenciesMs.length / (Number(this.#lastNs - this.#firstSentNs) / 1e9)
    }
  }
}

const IDLE_MS = 3_000

/** To be called when the contestant can serve: the process began with `performance.timeOrigin`. */
export async function readyNow (): Promise<Measures> {
  const startupMs = performance.now()
  await new Promise(resolve => setTimeout(resolve, IDLE_MS))
  return { startupMs, idleMegabytes: process.memoryUsage.rss() / 1e6 }
}
