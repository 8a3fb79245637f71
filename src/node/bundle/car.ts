import {
  cid, CID_SIZE_BYTES, cidOfBytes, concat, decodeCanonical, digestOf, encodeCanonical, equalBytes, list, literal, plain, readVarint,
  sha256, struct, varintSize, writeVarint, type CID
} from '../../base/index.ts'
import { BundleFault } from './fault.ts'
import { BLOCK_BYTES_MAX, BUNDLE_BYTES_MAX } from './manifest.ts'

const HEADER_BYTES_MAX = 1_024
const SECTION_BYTES_MAX: number = BLOCK_BYTES_MAX + CID_SIZE_BYTES
const VARINT_BYTES_MAX = 8

/** A block that has its hash. The first one is named by the header as the root. */
export type Section = { readonly cid: CID, readonly bytes: Uint8Array, readonly isRoot: boolean }

const headerSchema = struct({ roots: list(cid(), 1, 1), version: literal(1) })

export function encodeHeader (root: CID): Uint8Array {
  const header = encodeCanonical({ roots: [root], version: 1 })
  return concat([varint(header.length), header])
}

/** What stands before the bytes of a block. */
export function sectionPrefix (cid: CID, blockBytes: number): Uint8Array {
  return concat([varint(CID_SIZE_BYTES + blockBytes), cid.bytes])
}

function varint (value: number): Uint8Array {
  const bytes = new Uint8Array(varintSize(value))
  writeVarint(bytes, 0, value)
  return bytes
}

/** Cuts a CARv1 file into blocks and checks their hashes. Reads nothing whose length it did not allow; holds one block. */
export async function * carDecode (source: AsyncIterable<Uint8Array>): AsyncGenerator<Section> {
  const bytes = new ByteSource(source)
  try {
    const headerSize = await bytes.length(HEADER_BYTES_MAX)
    if (headerSize === undefined) throw new BundleFault('cut-short', 'the file is empty')
    const header = decodeCanonical(await bytes.take(headerSize), headerSchema, HEADER_BYTES_MAX)
    const root = header.ok ? header.value.roots[0] : undefined
    if (root === undefined) throw new BundleFault('malformed', 'the file does not begin as a bundle does')
    let isRoot = true
    for (let size = await bytes.length(SECTION_BYTES_MAX); size !== undefined; size = await bytes.length(SECTION_BYTES_MAX)) {
      const cid = size < CID_SIZE_BYTES ? undefined : cidOfBytes(await bytes.take(CID_SIZE_BYTES))
      if (cid === undefined) throw new BundleFault('malformed', `no block at byte ${bytes.readBytes}`)
      const block = await bytes.take(size - CID_SIZE_BYTES)
      if (!equalBytes(sha256(block), digestOf(cid))) throw new BundleFault('tampered', `the block before byte ${bytes.readBytes} does not have its hash`)
      if (isRoot && !cid.equals(root)) throw new BundleFault('tampered', 'the first block is not the one that the header names')
      yield { cid, bytes: block, isRoot }
      isRoot = false
    }
  } finally {
    await bytes.close()
  }
}

/** Takes exact numbers of bytes from chunks of any size. */
class ByteSource {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  readBytes = 0

  constructor (source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** A minimal varint up to `max`; undefined where the source ends before it. */
  async length (max: number): Promise<number | undefined> {
    const digits: number[] = []
    do {
      if (this.#chunk.length === 0 && !await this.#fill()) {
        if (digits.length === 0) return undefined
        throw cutShort(this.readBytes)
      }
      digits.push(this.#part(1)[0] ?? 0)
    } while ((digits.at(-1) ?? 0) >= 128 && digits.length < VARINT_BYTES_MAX)
    const size = readVarint(Uint8Array.from(digits), 0)?.value
    if (size === undefined || size > max) throw new BundleFault('malformed', `a length before byte ${this.readBytes} that no bundle has`)
    return size
  }

  /** A view where one chunk holds them, else one copy. */
  async take (size: number): Promise<Uint8Array> {
    if (this.#chunk.length >= size) return this.#part(size)
    const whole = new Uint8Array(size)
    for (let at = 0; at < size;) {
      if (this.#chunk.length === 0 && !await this.#fill()) throw cutShort(this.readBytes)
      const part = this.#part(Math.min(size - at, this.#chunk.length))
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  async close (): Promise<void> {
    await this.#source.return?.()
  }

  #part (size: number): Uint8Array {
    const part = this.#chunk.subarray(0, size)
    this.#chunk = this.#chunk.subarray(size)
    this.readBytes += size
    if (this.readBytes > BUNDLE_BYTES_MAX) throw new BundleFault('too-large', `a bundle has at most ${BUNDLE_BYTES_MAX} bytes`)
    return part
  }

  async #fill (): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#source.next()
      if (done === true) return false
      this.#chunk = plain(value)
    }
    return true
  }
}

function cutShort (atByte: number): BundleFault {
  return new BundleFault('cut-short', `the file ends at byte ${atByte}, in the middle of a block`)
}
