const [OFFSET_A, OFFSET_B, PRIME_A, PRIME_B] = [0x811c9dc5, 0x9e3779b9, 0x01000193, 0x85ebca6b]

const BYTES_LOOKED_AT = 96
const NOTHING = new Uint8Array(0)

/** A running hash over all that happened: equal for equal runs. It need not withstand anybody. */
export class Trace {
  #a = OFFSET_A
  #b = OFFSET_B

  add (kind: string, atMs: number, who: string, bytes: Uint8Array = NOTHING): void {
    let [a, b] = [this.#a, this.#b]
    const take = (byte: number): void => {
      a = Math.imul(a ^ byte, PRIME_A)
      b = Math.imul(b + byte, PRIME_B) ^ (b >>> 13)
    }
    for (let at = 0; at < kind.length; at++) take(kind.charCodeAt(at))
    const micros = Math.round(atMs * 1_000)
    take(micros % 0x1_0000_0000)
    take(Math.floor(micros / 0x1_0000_0000))
    for (let at = 0; at < Math.min(who.length, 8); at++) take(who.charCodeAt(at))
    // Of long messages some bytes: whatever differs differs in hashes and signatures, which are all over them.
    const stride = Math.ceil(bytes.length / BYTES_LOOKED_AT)
    take(bytes.length)
    for (let at = 0; at < bytes.length; at += stride) take(bytes[at] ?? 0)
    this.#a = a
    this.#b = b
  }

  get hash (): string {
    return [this.#a, this.#b].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
