import { utf8 } from '../../base/index.ts'
import { recordComplaint, type Box, type RecordInput } from '../../sdk/index.ts'
import { removal } from './changes.ts'
import type { JsonObject } from './json.ts'
import { AHEAD_MS_MAX, REJECTED_BYTES_MAX, REJECTED_MAX, THINGS_MAX } from './limits.ts'
import type { ReadWarning, Rejected } from './types.ts'

/** Collects the records of one feed and what it does not take, within limits. */
export class Gathering {
  readonly records: RecordInput[] = []
  readonly rejected: Rejected[] = []
  readonly #nowMs: number
  readonly #warnings = new Map<string, ReadWarning>()
  #dropped = 0
  #ahead = 0
  #box: { west: number, south: number, east: number, north: number } | undefined

  constructor (nowMs: number) {
    this.#nowMs = nowMs
  }

  /** Takes a thing under its key, observed at `timeMs`: now, where that is not known or lies ahead of it. */
  put (key: string, timeMs: number | undefined, thing: JsonObject): void {
    const isAhead = timeMs !== undefined && timeMs > this.#nowMs + AHEAD_MS_MAX
    if (isAhead) this.#ahead++
    const body = utf8(JSON.stringify(thing))
    const record: RecordInput = {
      key: utf8(key), timeMs: isAhead ? this.#nowMs : timeMs ?? this.#nowMs, operation: 'put', mediaType: 'application/json', body
    }
    const complaint = this.records.length >= THINGS_MAX ? `a feed has at most ${THINGS_MAX} things` : recordComplaint(record)
    if (complaint === undefined) this.records.push(record)
    else this.reject(complaint, body)
  }

  /** Says that a thing has gone. */
  remove (key: string, timeMs: number): void {
    const record = removal(utf8(key), Math.min(timeMs, this.#nowMs))
    if (this.records.length < THINGS_MAX && recordComplaint(record) === undefined) this.records.push(record)
  }

  reject (reason: string, part: unknown): void {
    if (this.rejected.length >= REJECTED_MAX) {
      this.#dropped++
      return
    }
    const bytes = part instanceof Uint8Array ? part : utf8(JSON.stringify(part) ?? '')
    this.rejected.push({ reason, bytes: new Uint8Array(bytes.subarray(0, REJECTED_BYTES_MAX)) })
  }

  /** Once for each code. */
  warn (code: string, sentence: string): void {
    if (!this.#warnings.has(code)) this.#warnings.set(code, { code, sentence })
  }

  place (longitude: number, latitude: number): void {
    const box = this.#box ??= { west: longitude, south: latitude, east: longitude, north: latitude }
    box.west = Math.min(box.west, longitude)
    box.south = Math.min(box.south, latitude)
    box.east = Math.max(box.east, longitude)
    box.north = Math.max(box.north, latitude)
  }

  get box (): Box | null {
    return this.#box ?? null
  }

  get warnings (): readonly ReadWarning[] {
    const counted: ReadWarning[] = []
    if (this.rejected.length > 0) {
      const sentence = `${this.rejected.length + this.#dropped} parts of the feed were not taken: ${this.rejected[0]?.reason ?? ''}.`
      counted.push({ code: 'rejected', sentence })
    }
    if (this.#ahead > 0) {
      counted.push({ code: 'clock', sentence: `${this.#ahead} times lie in the future: the clock of the source is wrong, the time of the pull was taken.` })
    }
    return [...this.#warnings.values(), ...counted]
  }
}
