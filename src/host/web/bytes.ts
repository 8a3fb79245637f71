import type { IncomingMessage } from 'node:http'
import { pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { plain } from '../../base/index.ts'
import { broken, WebBroken } from './broken.ts'
import type { Deadline } from './deadline.ts'
import { RATIO_FROM_BYTES, RATIO_MAX } from './limits.ts'

/** The content of an answer, decompressed and counted. Throws `WebBroken` where it is not whole, too long, or too late. */
export async function * bytesOf (
  message: IncomingMessage, encoding: string | undefined, bytesMax: number, deadline: Pick<Deadline, 'signal' | 'failure' | 'end'>
): AsyncGenerator<Uint8Array> {
  const wire = { taken: 0 }
  let given = 0
  try {
    for await (const chunk of decoded(counted(message, wire), encoding)) {
      given += chunk.length
      if (given > bytesMax) throw broken('too-large', `the answer has more than ${bytesMax} bytes`)
      if (given > RATIO_FROM_BYTES && given > wire.taken * RATIO_MAX) throw broken('too-large', `the answer grows to more than ${RATIO_MAX} times its size when it is unpacked`)
      if (deadline.signal.aborted) throw new WebBroken(deadline.failure)
      if (chunk.length > 0) yield plain(chunk)
    }
  } catch (error) {
    if (error instanceof WebBroken) throw error
    if (deadline.signal.aborted) throw new WebBroken(deadline.failure)
    throw isFromZlib(error) ? broken('broken', 'the answer is packed in a way that cannot be unpacked, or is cut short') : broken('broken', 'the answer broke off')
  } finally {
    deadline.end()
    message.destroy()
  }
}

async function * counted (message: IncomingMessage, wire: { taken: number }): AsyncGenerator<Buffer> {
  for await (const chunk of message as AsyncIterable<Buffer>) {
    wire.taken += chunk.length
    yield chunk
  }
}

async function * decoded (chunks: AsyncGenerator<Buffer>, encoding: string | undefined): AsyncGenerator<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (name === 'identity' || name === '') return yield * chunks
  const first = await chunks.next()
  if (first.done === true) return
  const decoder = decoderOf(name, first.value)
  const whole = async function * (): AsyncGenerator<Buffer> {
    yield first.value
    yield * chunks
  }
  // Its errors come out of the iteration of the decoder.
  pipeline(Readable.from(whole()), decoder, () => {})
  yield * decoder as AsyncIterable<Buffer>
}

function decoderOf (name: string, first: Uint8Array): Transform {
  switch (name) {
    case 'gzip':
    case 'x-gzip': return createGunzip()
    case 'br': return createBrotliDecompress()
    // Half of the servers that say deflate send it without the frame that RFC 9110 section 8.4.1.2 wants.
    case 'deflate': return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()
    default: throw broken('encoding', 'the answer is packed in a way that is not read here')
  }
}

function isFromZlib (error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ERR__?BROTLI|ERR_BROTLI)/.test(error.code)
}
