import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { plain } from '../../base/index.ts'
import { ArchiveBroken, damaged, tooLarge } from './broken.ts'

/** Whether bytes begin as gzip does, RFC 1952 section 2.3.1. */
export function isGzip (head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8
}

/** Whether bytes begin as a zip that has entries does. */
export function isZip (head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4
}

/** What a stream of gzip holds. Throws `ArchiveBroken` where it is cut short, damaged or too large, and what the source throws. */
export async function * gunzip (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [packed, unpacked] = [0, 0]
  let cause: Error | undefined
  const source = async function * (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        packed += chunk.length
        yield chunk
      }
    } catch (error) {
      cause = error instanceof Error ? error : new Error(String(error))
      throw cause
    }
  }
  const unpacker = createGunzip()
  // Its errors come out of the iteration of the unpacker.
  pipeline(Readable.from(source()), unpacker, () => {})
  try {
    for await (const chunk of unpacker as AsyncIterable<Buffer>) {
      unpacked += chunk.length
      const failure = tooLarge(unpacked, packed)
      if (failure !== undefined) throw new ArchiveBroken(failure)
      yield plain(chunk)
    }
  } catch (error) {
    if (error instanceof ArchiveBroken) throw error
    throw cause ?? new ArchiveBroken(damaged('it is cut short, or no gzip at all'))
  } finally {
    unpacker.destroy()
  }
}
