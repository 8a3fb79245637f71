import { bytesOfHex, equalBytes, ok, sha256, utf8, type Result } from '../../base/index.ts'
import type { Carry, HanseNode } from '../../node/contract/index.ts'
import { ANSWER_BYTES_MAX, REQUEST_TIMEOUT_MS } from '../../node/dsp/index.ts'
import { line, problem, type ApiRequest, type Listen, type ListenFailure, type Log, type Reply, type Route } from '../http/index.ts'
import { httpCarry } from './carry.ts'
import { listenDsp, type DspListener, type WhoIs } from './listen.ts'
import type { Web } from './web.ts'

/** Somebody whom the operator entered: a member by its did, or a connector that is no node, known by a token. */
export type Participant = {
  readonly id: string
  readonly address: string
  /** Of the token that it sends; null: it signs its requests, as members do. */
  readonly tokenSha256: Uint8Array | null
}

export type MemberDspOptions = {
  readonly node: HanseNode
  readonly listen: Listen
  /** How others reach it, without a slash at the end; undefined: as it listens. */
  readonly url: string | undefined
  readonly participants: readonly Participant[]
  readonly web: Web
  readonly log: Log
}

const DATA = '/data'

/** Lets a member be spoken to over HTTP, and speak so itself. */
export async function serveDsp ({ node, listen, url, participants, web, log }: MemberDspOptions): Promise<Result<DspListener, ListenFailure>> {
  const listening = await listenDsp({
    listen, url, answer: request => node.answerProtocol(request), whoIs: whoIsOf(node, participants), participantId: node.status().member.did,
    more: [dataRoute(node)], log
  })
  if (!listening.ok) return listening
  const { address } = listening.value
  const carry: Carry = httpCarry({ web, authorize: ({ peer, ...request }) => node.authorizationFor(peer, request) })
  node.openWeb({
    address, dataAddress: address.replace(/\/dsp$/, DATA), carry,
    push: async ({ consumer, address: url, headers, body }) => {
      const answer = await web({
        url, method: 'POST', headers, body, timeoutMs: REQUEST_TIMEOUT_MS, bytesMax: ANSWER_BYTES_MAX, onlyAllowed: hostsOf(consumer, participants)
      })
      if (!answer.ok) return undefined
      const whole = await answer.value.whole()
      return whole.ok ? answer.value.status : undefined
    },
    addresses: new Map([...Map.groupBy(participants, ({ id }) => id)].map(([id, entered]) => [id, entered.map(each => each.address.replace(/\/+$/, ''))]))
  })
  return ok(listening.value)
}

/** What a consumer names itself may be in a private network only where the operator entered an address of that consumer. */
function hostsOf (consumer: string, participants: readonly Participant[]): readonly string[] {
  const entered = participants.flatMap(({ id, address }) => id === consumer && URL.canParse(address) ? [new URL(address)] : [])
  return entered.map(({ hostname, port, protocol }) => `${hostname}:${port !== '' ? port : protocol === 'https:' ? '443' : '80'}`)
}

/** A signature is for one request; a token says who has it, and that it was entered here. */
function whoIsOf (node: HanseNode, participants: readonly Participant[]): WhoIs {
  return ({ authorization, ...request }) => {
    const token = /^Bearer ([^.\s]{16,256})$/.exec(authorization ?? '')?.[1]
    if (token === undefined) return authorization === undefined ? undefined : node.memberBehind(authorization, request)
    const digest = sha256(utf8(token))
    return participants.find(({ tokenSha256 }) => tokenSha256 !== null && equalBytes(tokenSha256, digest))?.id
  }
}

/** What a transfer's token opens: one dataset, read as its consumer. A stream begins after `afterSeq`, and does not wait for more. */
function dataRoute (node: HanseNode): Route {
  return {
    method: 'GET', path: `${DATA}/:pid`, scope: null,
    handle: async request => {
      const token = /^Bearer (\S{1,256})$/.exec(request.header('authorization') ?? '')?.[1] ?? ''
      const opened = node.openedBy(token)
      if (opened === undefined || opened.pid !== request.parameters['pid']) {
        return problem({ code: 'unauthorised', reason: 'there is no transfer that this token opens', hint: 'start a transfer, and use the token that its start brings' }, { 'www-authenticate': 'Bearer' })
      }
      const reply = await sendData(node, opened, request)
      return reply.type === 'stream' ? { ...reply, isEnded: () => node.openedBy(token) === undefined } : reply
    }
  }
}

async function sendData (node: HanseNode, { reference, requester, agreementId }: { readonly reference: string, readonly requester: string, readonly agreementId: string }, request: ApiRequest): Promise<Reply> {
  const asker = { requester, agreementId }
  const dataset = node.dataset(reference)
  if (!dataset.ok) return problem(dataset.failure)
  if (dataset.value.distribution.form !== 'stream') {
    const content = await node.content(reference, undefined, asker)
    if (!content.ok) return problem(content.failure)
    const { sizeBytes, mediaType, bytes } = content.value
    return { type: 'stream', status: 200, headers: { 'content-type': mediaType, 'content-length': String(sizeBytes) }, chunks: bytes }
  }
  const from = Number(request.searched('afterSeq') ?? '-1') + 1
  const records = node.read(reference, { from: Number.isSafeInteger(from) && from >= 0 ? from : 0, limit: RECORDS_MAX }, asker)
  if (!records.ok) return problem(records.failure)
  return { type: 'stream', status: 200, headers: { 'content-type': 'application/x-ndjson' }, chunks: lines(records.value) }
}

const RECORDS_MAX = 10_000_000

async function * lines (records: AsyncIterable<{ readonly number: number, readonly timeMs: number, readonly key: Uint8Array, readonly body: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { number, timeMs, key, body } of records) {
    yield line({ _seq: number, _time: timeMs, _key: new TextDecoder().decode(key), body: new TextDecoder().decode(body) })
  }
}

/** `DID ADDRESS`, or `DID ADDRESS sha256:HEX` for one that is known by a token. */
export function participantOf (text: string): Participant | undefined {
  const [, id, address, token] = /^(\S{1,256}) (https?:\/\/\S{1,2000})(?: sha256:([0-9a-f]{64}))?$/.exec(text) ?? []
  if (id === undefined || address === undefined) return undefined
  return { id, address, tokenSha256: token === undefined ? null : bytesOfHex(token) ?? null }
}
