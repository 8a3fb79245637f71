import { u64 } from '../../base/index.ts'

const [OFFSET_A, OFFSET_B, PRIME_A, PRIME_B] = [0x811c9dc5, 0x9e3779b9, 0x01000193, 0x85ebca6b]

/** A running hash over all that happened: equal for equal runs. It need not withstand anybody. */
export class Trace {
  #a = OFFSET_A
  #b = OFFSET_B
  #count = 0

  add (kind: string, atMs: number, who: string, bytes: Uint8Array = NOTHING): void {
    this.#count++
    for (let at = 0; at < kind.length; at++) this.#take(kind.charCodeAt(at))
    for (const byte of u64(Math.round(atMs * 1_000))) this.#take(byte)
    for (let at = 0; at < Math.min(who.length, 16); at++) this.#take(who.charCodeAt(at))
    for (let at = 0; at < bytes.length; at++) this.#take(bytes[at] ?? 0)
  }

  get count (): number {
    return this.#count
  }

  get hash (): string {
    return [this.#a, this.#b].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #take (byte: number): void {
    this.#a = Math.imul(this.#a ^ byte, PRIME_A)
    this.#b = Math.imul(this.#b + byte, PRIME_B) ^ (this.#b >>> 13)
  }
}

const NOTHING = new Uint8Array(0)
