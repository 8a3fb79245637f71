import { assert, fail, type Result } from '../../base/index.ts'
import {
  decodeNegotiationMessage, decodeTransferMessage, encodeError, parseMessage,
  type MessageFailure, type NegotiationMessage, type Process, type ProcessStep, type TransferMessage
} from '../../core/agreement/index.ts'
import type { Random } from '../../host/index.ts'
import type { DspAnswer, DspRequest } from '../contract/index.ts'
import { freshUrn } from './ids.ts'
import type { Kind } from './kinds.ts'
import type { Conduct, Party } from './party.ts'
import { NEGOTIATION_FIRSTS, NEGOTIATION_TAILS, TRANSFER_FIRSTS, TRANSFER_TAILS } from './paths.ts'
import type { Processes } from './processes.ts'

/** The part of `Processes` that opening needs. */
export type Opened<S extends string, P> = {
  open (pid: string, firstKey: string | null, step: ProcessStep<S, P>): { begin (step: ProcessStep<S, P>): Promise<{ readonly answer: DspAnswer | undefined }> }
}

type First = { readonly callbackAddress: string | null }

export type Answering<F extends M & First, S extends string, M, P extends Process<S, M>, Move> = {
  readonly kind: Kind<S, M, P, Move>
  readonly request: DspRequest
  /** Segments after the collection. */
  readonly rest: readonly string[]
  readonly processes: Processes<F, S, M, P, Move>
  readonly party: Party
  readonly conduct: Conduct<F, P, Move>
  readonly firstKey: (peer: string, message: F) => string
  readonly random: Random
  readonly decodeFirst: (json: unknown, tail: string) => Result<F, MessageFailure> | undefined
  readonly decodeLater: (json: unknown, tail: string) => Result<M, MessageFailure> | undefined
  readonly open: (peer: string, peerAddress: string, ownPid: string, message: F) => ProcessStep<S, P>
}

/** Messages of processes: the first opens one, later ones find it by the pid that this node gave it. */
export async function answerProcess<F extends M & First, S extends string, M, P extends Process<S, M>, Move> (
  answering: Answering<F, S, M, P, Move>
): Promise<DspAnswer> {
  const { kind, request, rest, processes } = answering
  const [first = '', ...tail] = rest
  if (request.verb === 'POST' && rest.length === 1) {
    const json = jsonOf(request)
    const message = json.ok ? answering.decodeFirst(json.value, first) : json
    if (message === undefined) return NOT_FOUND
    return message.ok ? opened(answering, message.value) : refused(answering, undefined, json, message.failure)
  }
  const running = processes.get(first)
  // Whoever is not a party is not told that there is one.
  if (running === undefined || running.process.peer !== request.peer) return NOT_FOUND
  if (request.verb === 'GET') {
    const { providerPid, consumerPid, state } = tail.length === 0 ? await running.standing() : NOWHERE
    if (providerPid === null || consumerPid === null || state === null) return NOT_FOUND
    return { status: 200, body: kind.encodeStanding({ providerPid, consumerPid, state }) }
  }
  const json = jsonOf(request)
  const message = json.ok ? answering.decodeLater(json.value, tail.join('/')) : json
  if (message === undefined) return NOT_FOUND
  return message.ok ? running.receive(message.value) : refused(answering, running.process, json, message.failure)
}

export function decodeNegotiationFirst (json: unknown, tail: string): ReturnType<typeof decodeNegotiationMessage<'ContractRequestMessage' | 'ContractOfferMessage'>> | undefined {
  const type = NEGOTIATION_FIRSTS[tail]
  return type === undefined ? undefined : decodeNegotiationMessage(json, [type])
}

export function decodeNegotiationLater (json: unknown, tail: string): Result<NegotiationMessage, MessageFailure> | undefined {
  const type = NEGOTIATION_TAILS[tail]
  return type === undefined ? undefined : decodeNegotiationMessage(json, [type])
}

export function decodeTransferFirst (json: unknown, tail: string): ReturnType<typeof decodeTransferMessage<'TransferRequestMessage'>> | undefined {
  const type = TRANSFER_FIRSTS[tail]
  return type === undefined ? undefined : decodeTransferMessage(json, [type])
}

export function decodeTransferLater (json: unknown, tail: string): Result<TransferMessage, MessageFailure> | undefined {
  const type = TRANSFER_TAILS[tail]
  return type === undefined ? undefined : decodeTransferMessage(json, [type])
}

const NOT_FOUND: DspAnswer = { status: 404, body: null }
const NOWHERE = { providerPid: null, consumerPid: null, state: null } as const

async function opened<F extends M & First, S extends string, M, P extends Process<S, M>, Move> (
  answering: Answering<F, S, M, P, Move>, message: F
): Promise<DspAnswer> {
  const { request: { peer }, processes, party, conduct, firstKey, random, open } = answering
  const { callbackAddress } = message
  const json = jsonOf(answering.request)
  if (callbackAddress === null) return refused(answering, undefined, json, { position: '/callbackAddress', reason: 'expected this member to be present' })
  const key = firstKey(peer, message)
  const known = processes.first(key)
  if (known !== undefined) return known.receive(message)
  const address = callbackAddress.replace(/\/+$/, '')
  if (!party.isAddressOf(peer, address)) {
    return refused(answering, undefined, json, { position: '/callbackAddress', reason: 'this is none of the addresses that you are known by' })
  }
  const allowed = conduct.mayOpen(peer, message)
  if (!allowed.ok) {
    if (allowed.failure.isHidden) return NOT_FOUND
    return refused(answering, undefined, json, { position: '', ...allowed.failure })
  }
  if (!processes.mayOpen(peer)) return { status: 503, body: null }
  const pid = freshUrn(random)
  const step = open(peer, address, pid, message)
  const { answer } = await processes.open(pid, key, step).begin(step)
  assert(answer !== undefined, 'a first message is answered')
  return answer
}

function jsonOf ({ body }: DspRequest): Result<unknown, MessageFailure> {
  return body === null ? fail({ code: 'message', position: '', reason: 'a message has a body' }) : parseMessage(body)
}

/** A refusal names both pids: what is known of them, what the message says, or one of our own. */
function refused<F extends M & First, S extends string, M, P extends Process<S, M>, Move> (
  { kind, random }: Answering<F, S, M, P, Move>, process: P | undefined, json: Result<unknown, MessageFailure>,
  { code = 'message', position, reason }: { readonly code?: string, readonly position: string, readonly reason: string }
): DspAnswer {
  const said = (name: string): string | undefined => {
    const value: unknown = json.ok && typeof json.value === 'object' && json.value !== null ? Reflect.get(json.value, name) : undefined
    return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value) ? value : undefined
  }
  return {
    status: 400,
    body: encodeError({
      type: kind.errorType, code, reason: [`${position} ${reason}`.trim()],
      providerPid: process?.providerPid ?? said('providerPid') ?? freshUrn(random), consumerPid: process?.consumerPid ?? said('consumerPid') ?? freshUrn(random)
    })
  }
}
