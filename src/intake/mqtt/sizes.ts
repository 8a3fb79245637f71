/**
 * Watches the fixed headers of MQTT packets in a stream of bytes (MQTT 3.1.1, section 2.2), so that a packet that is too large is known
 * from its first bytes: parsers gather a packet of up to 256 MiB before they show it.
 */
export class PacketSizes {
  readonly #bytesMax: number
  /** Bytes of the present packet that are still to come; -1: its header is being read. */
  #left = -1
  #inLength = false
  #length = 0
  #shift = 0

  constructor (bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The size of a packet that is larger than the limit; undefined while there is none. */
  tooLarge (chunk: Uint8Array): number | undefined {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#left = -1
        continue
      }
      const byte = chunk[at++] ?? 0
      if (!this.#inLength) {
        this.#inLength = true
        this.#length = 0
        this.#shift = 0
        continue
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift
      this.#shift += 7
      if (this.#length > this.#bytesMax || this.#shift > 28) return this.#length
      if ((byte & 0x80) !== 0) continue
      this.#inLength = false
      this.#left = this.#length === 0 ? -1 : this.#length
    }
    return undefined
  }
}
