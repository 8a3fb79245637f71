import { bytes, concat, decodeCanonical, encodeCanonical, fail, literal, nullable, ok, struct, text, textOf, uint, utf8, type Result } from '../../base/index.ts'
import { CATALOG_PAGE_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../core/agreement/index.ts'
import type { Clock, Peer, ProtocolHandler, Reply } from '../../host/index.ts'
import type { Carried, Carry, DspAnswer, DspRequest } from '../contract/index.ts'
import { ANSWER_BYTES_MAX, REQUEST_TIMEOUT_MS } from './limits.ts'

export const DSP_PROTOCOL = '/hanse/dsp/1'

const BASE = '/dsp'
const PATH_BYTES_MAX = 4_096
const LINK_BYTES_MAX = 8_192
/** What is longer comes as DATA: END is one control frame of 64 KiB. */
const END_BODY_BYTES_MAX = 32_768
const CHUNK_BYTES = 65_536
const FRAME_BYTES_MAX = 65_536
/** More than one participant asks at a time; each answer of a catalogue may be as large as a page. */
const CREDIT_BYTES = ANSWER_BYTES_MAX

const requestSchema = struct({
  verb: literal('GET', 'POST'), path: text(PATH_BYTES_MAX), body: nullable(bytes(0, MESSAGE_BYTES_MAX)), creditBytes: uint()
})
const endSchema = struct({
  status: uint(999), headers: struct({ link: nullable(text(LINK_BYTES_MAX)) }), body: nullable(bytes(0, END_BODY_BYTES_MAX))
})

/** The base under which a node speaks this protocol to other members. */
export function libp2pAddress (peerId: string): string {
  return `libp2p://${peerId}${BASE}`
}

/** The node that such an address names. */
export function peerIdOfAddress (address: string): string | undefined {
  return /^libp2p:\/\/([A-Za-z0-9]{1,128})\/dsp$/.exec(address)?.[1]
}

/** `Link` as both bindings write it: RFC 8288, with the pages of a catalogue. */
export function linkOf (url: string, { next, previous }: DspAnswer): string | null {
  const links = [['next', next], ['previous', previous]].flatMap(([name, page]) =>
    page === undefined ? [] : [`<${url}?page=${encodeURIComponent(page)}>; rel="${name}"`])
  return links.length === 0 ? null : links.join(', ')
}

/** The answering side: whoever is connected is a member, and known. */
export function dspHandler (
  { memberOf, answer }: { readonly memberOf: (peerId: string) => string | undefined, readonly answer: (request: DspRequest) => Promise<DspAnswer> }
): ProtocolHandler {
  return {
    request: async (peer, body, reply) => {
      const member = memberOf(peer.peerId)
      const request = decodeCanonical(body, requestSchema, FRAME_BYTES_MAX)
      const target = request.ok ? splitTarget(request.value.path) : undefined
      if (!request.ok || target === undefined) {
        peer.blame('a request of the Dataspace Protocol that cannot be')
        return reply.error('limit', 'the request is malformed')
      }
      if (member === undefined) return reply.error('refused', 'not a member')
      const { verb } = request.value
      const answered = await answer({ peer: member, verb, ...target, body: verb === 'POST' ? request.value.body : null })
      await send(reply, answered, request.value.path.split('?')[0] ?? '')
    },
    note: peer => { peer.blame('this protocol has no notes') }
  }
}

async function send (reply: Reply, answered: DspAnswer, path: string): Promise<void> {
  const body = answered.body === null ? null : utf8(JSON.stringify(answered.body))
  const isLong = body !== null && body.length > END_BODY_BYTES_MAX
  if (isLong) for (let at = 0; at < body.length; at += CHUNK_BYTES) await reply.send(body.subarray(at, at + CHUNK_BYTES))
  reply.end(encodeCanonical({ status: answered.status, headers: { link: linkOf(path, answered) }, body: isLong ? null : body }))
}

function splitTarget (target: string): { readonly path: string, readonly page: string | null } | undefined {
  const [path = '', query, ...more] = target.split('?')
  if (!path.startsWith(`${BASE}/`) || more.length > 0) return undefined
  const page = /^page=([^&]*)$/.exec(query ?? '')?.[1]
  if (query !== undefined && page === undefined) return undefined
  try {
    return { path: path.slice(BASE.length), page: page === undefined ? null : decodeURIComponent(page) }
  } catch {
    return undefined
  }
}

/** The asking side: messages to the nodes of members that are connected now. */
export function libp2pCarry ({ peerOf, clock }: { readonly peerOf: (peerId: string) => Peer | undefined, readonly clock: Clock }): Carry {
  return async ({ address, path, body }) => {
    const peerId = peerIdOfAddress(address)
    const peer = peerId === undefined ? undefined : peerOf(peerId)
    if (peer === undefined) return undefined
    const request = { verb: body === null ? 'GET' : 'POST', path: BASE + path, body: body === null ? null : utf8(JSON.stringify(body)), creditBytes: CREDIT_BYTES }
    const exchange = peer.request(DSP_PROTOCOL, encodeCanonical(request), CREDIT_BYTES)
    const cancel = clock.wake(REQUEST_TIMEOUT_MS, () => exchange.cancel())
    const parts: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of exchange.data) {
        size += chunk.length
        if (size > CATALOG_PAGE_BYTES_MAX) {
          exchange.cancel()
          return undefined
        }
        parts.push(chunk)
        exchange.grant(chunk.length)
      }
      const outcome = await exchange.outcome
      return outcome.type === 'end' ? carried(outcome.body, concat(parts)) : undefined
    } finally {
      cancel()
    }
  }
}

function carried (end: Uint8Array, data: Uint8Array): Carried {
  const decoded = decodeCanonical(end, endSchema, FRAME_BYTES_MAX)
  if (!decoded.ok) return undefined
  const { status, body } = decoded.value
  const json = jsonOf(body ?? data)
  return json.ok ? { status, body: json.value } : { status, body: null }
}

function jsonOf (encoded: Uint8Array): Result<unknown, 'json'> {
  try {
    return ok(JSON.parse(textOf(encoded) ?? '') as unknown)
  } catch {
    return fail('json')
  }
}
