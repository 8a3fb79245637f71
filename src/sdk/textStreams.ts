/** Takes lines and server-sent events out of byte streams, with limits. */
import { utf8 } from '../base/index.ts'

/** A record body of the largest size, every byte escaped, and its fields. */
const LINE_BYTES_MAX = 2_097_152

/** A stream that ended before its time or holds what it must not. Thrown out of iterables, which know no other way. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken'
  /** `refused`: the terms no longer allow it. */
  readonly code: 'cut' | 'protocol' | 'refused'

  constructor (code: StreamBroken['code'], sentence: string, cause?: unknown) {
    super(sentence, { cause })
    this.code = code
  }
}

/** The lines of a stream, without their ends; empty ones are left out, as they only keep the connection alive. */
export async function * linesOf (chunks: AsyncIterable<Uint8Array>, lineBytesMax: number = LINE_BYTES_MAX): AsyncGenerator<string> {
  for await (const line of allLinesOf(chunks, lineBytesMax)) if (line !== '') yield line
}

/** Keeps pieces of one line apart until it ends, so that a long line costs no more than its length. */
async function * allLinesOf (chunks: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let pieces: string[] = []
  let size = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      checkSize(size + end - from, lineBytesMax)
      const line = pieces.join('') + textPiece(decoder, chunk.subarray(from, end))
      yield line.endsWith('\r') ? line.slice(0, -1) : line
      pieces = []
      size = 0
      from = end + 1
    }
    if (from === chunk.length) continue
    size += chunk.length - from
    checkSize(size, lineBytesMax)
    pieces.push(textPiece(decoder, chunk.subarray(from)))
  }
  if (size > 0) yield pieces.join('')
}

function textPiece (decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true })
  } catch (cause) {
    throw new StreamBroken('protocol', 'bytes that are no UTF-8 text', cause)
  }
}

function checkSize (sizeBytes: number, lineBytesMax: number): void {
  if (sizeBytes > lineBytesMax) throw new StreamBroken('protocol', `a line of more than ${lineBytesMax} bytes`)
}

export type ServerSentEvent = { readonly id: string, readonly event: string, readonly data: string }

/** Events of a `text/event-stream`; `onHeartbeat` hears of comments, which only say that the other side lives, with the id that holds there. */
export async function * eventsOf (chunks: AsyncIterable<Uint8Array>, onHeartbeat: (id: string) => void): AsyncGenerator<ServerSentEvent> {
  let id = ''
  let event = ''
  let data: string[] = []
  for await (const line of allLinesOf(chunks, LINE_BYTES_MAX)) {
    if (line.startsWith(':')) onHeartbeat(id)
    if (line === '') {
      if (data.length > 0) yield { id, event: event === '' ? 'message' : event, data: data.join('\n') }
      event = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const [name, value] = colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
    if (name === 'id') id = value
    if (name === 'event') event = value
    if (name === 'data') data.push(value)
    if (data.length > EVENT_LINES_MAX) throw new StreamBroken('protocol', `an event of more than ${EVENT_LINES_MAX} lines`)
  }
}

const EVENT_LINES_MAX = 64

/** One event in the form that `eventsOf` reads. JSON holds no line end, so its text is one line. Without an id the last one stays. */
export function eventBytes (id: string | undefined, event: string, value: unknown): Uint8Array {
  return utf8(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(value)}\n\n`)
}
