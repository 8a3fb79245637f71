/** Verified bytes by key, the least recently used forgotten first, within a size. */
export class Cache {
  readonly #entries = new Map<string, Uint8Array>()
  readonly #bytesMax: number
  #bytes = 0

  constructor (bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get (key: string): Uint8Array | undefined {
    const found = this.#entries.get(key)
    if (found !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, found)
    }
    return found
  }

  set (key: string, bytes: Uint8Array): void {
    this.delete(key)
    this.#entries.set(key, bytes)
    this.#bytes += bytes.length
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.delete(oldest)
    }
  }

  delete (key: string): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0
    this.#entries.delete(key)
  }
}
