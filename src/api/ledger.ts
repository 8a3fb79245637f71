/** Handlers of the federation's ledger: what it holds, what people decide, what it proves. */
import { z } from 'zod'
import { fail, ok, type Result } from '../base/index.ts'
import type { HanseNode } from '../node/contract/index.ts'
import { MEDIA_TYPES, proposalRequestSchema, voteSchema, type BlockPage, type PublicCheckpoint } from '../sdk/index.ts'
import type { Context } from './context.ts'
import { bytesOrProblem, invalid, json, jsonOrProblem, problem, progressing, type AnyFailure, type ApiRequest, type Reply } from './http/index.ts'

const PAGE_SIZE = 20
const REFERENCE_CHARACTERS_MAX = 512
const NO_LEDGER: AnyFailure = {
  code: 'not-ready', reason: 'this node belongs to no federation yet, so it has no ledger', hint: 'found one with "hanse invite", or join one with "hanse join TICKET"'
}

/** What needs a ledger to answer: an empty list would say that there is one, with nothing in it. */
function withLedger (node: HanseNode, answer: () => Reply | Promise<Reply>): Reply | Promise<Reply> {
  return node.ledger() === undefined ? problem(NO_LEDGER) : answer()
}

export function showLedger ({ node }: Context): Reply {
  const ledger = node.ledger()
  return ledger === undefined ? problem(NO_LEDGER) : json(ledger)
}

export function listLedgerMembers ({ node }: Context): Reply | Promise<Reply> {
  return withLedger(node, () => json(node.ledgerMembers()))
}

export function listApplications ({ node }: Context): Reply | Promise<Reply> {
  return withLedger(node, () => json(node.applications()))
}

export function listProposals ({ node }: Context): Reply | Promise<Reply> {
  return withLedger(node, () => json(node.proposals()))
}

export function listBlocks ({ node, limits }: Context, request: ApiRequest): Reply | Promise<Reply> {
  const query = request.query(z.strictObject({
    before: z.coerce.number<string>().int().min(0).exactOptional(),
    limit: z.coerce.number<string>().int().min(1).max(limits.pageSizeMax).default(PAGE_SIZE)
  }))
  if (!query.ok) return problem(query.failure)
  return withLedger(node, async () => {
    const blocks = await node.blocks(query.value)
    const last = blocks.at(-1)
    const page: BlockPage = { blocks, next: last === undefined || blocks.length < query.value.limit || last.height <= 1 ? null : last.height }
    return json(page)
  })
}

// --- Deciding ------------------------------------------------------------------------------------------------------

export async function propose (context: Context, request: ApiRequest): Promise<Reply> {
  const withinMs = patience(context, request)
  if (!withinMs.ok) return problem(withinMs.failure)
  const body = await request.json(proposalRequestSchema)
  return body.ok ? jsonOrProblem(await context.node.propose(body.value, withinMs.value), 201) : problem(body.failure)
}

export async function vote (context: Context, request: ApiRequest): Promise<Reply> {
  const withinMs = patience(context, request)
  if (!withinMs.ok) return problem(withinMs.failure)
  const body = await request.json(voteSchema)
  return body.ok ? jsonOrProblem(await context.node.vote(body.value.proposal, body.value.yes, withinMs.value)) : problem(body.failure)
}

export async function rotateKey (context: Context, request: ApiRequest): Promise<Reply> {
  const withinMs = patience(context, request)
  return withinMs.ok ? jsonOrProblem(await context.node.rotateKey(withinMs.value)) : problem(withinMs.failure)
}

export async function submit (context: Context, request: ApiRequest): Promise<Reply> {
  const withinMs = patience(context, request)
  if (!withinMs.ok) return problem(withinMs.failure)
  const expected = request.expect(MEDIA_TYPES.cbor)
  if (!expected.ok) return problem(expected.failure)
  const transaction = await request.bytes(context.limits.transactionBytesMax)
  if (!transaction.ok) return problem(transaction.failure)
  if (transaction.value.length === 0) return problem(invalid('the body is empty', 'send the signed transaction'))
  return jsonOrProblem(await context.node.submit(transaction.value, withinMs.value), 201)
}

/** For how long the answer may wait for the ledger: shorter than a connection on which nothing moves stays open. */
/** For how long an answer may wait. */
export function patience ({ limits: { decideMsMax, decideMs } }: Context, request: ApiRequest): Result<number, AnyFailure> {
  const query = request.query(z.strictObject({ withinMs: z.coerce.number<string>().int().min(0).max(decideMsMax).default(decideMs) }))
  return query.ok ? ok(query.value.withinMs) : fail(query.failure)
}

// --- Proving -------------------------------------------------------------------------------------------------------

export function verifyLedger ({ node, limits }: Context): Reply | Promise<Reply> {
  return withLedger(node, () => progressing(async () => {
    const checked = await node.verifyLedger()
    return checked === undefined ? fail(NO_LEDGER) : ok(checked)
  }, limits.heartbeatMs))
}

export async function proveByLedger ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const query = request.query(z.strictObject({
    dataset: z.string().min(1).max(REFERENCE_CHARACTERS_MAX), record: z.coerce.number<string>().int().min(0)
  }))
  return query.ok ? bytesOrProblem(await node.ledgerProof(query.value.dataset, query.value.record)) : problem(query.failure)
}

export async function audit ({ node }: Context, request: ApiRequest): Promise<Reply> {
  const query = request.query(z.strictObject({ subject: z.string().min(1).max(REFERENCE_CHARACTERS_MAX) }))
  return query.ok ? jsonOrProblem(await node.audit(query.value.subject)) : problem(query.failure)
}

export function checkpoint ({ node }: Context): Reply {
  return bytesOrProblem(node.checkpoint())
}

/** For newcomers, who have no token: it says nothing that is not meant for everybody who verifies. */
export function publicCheckpoint ({ node }: Context): Reply {
  const [ledger, signed, { member, federation }] = [node.ledger(), node.checkpoint(), node.status()]
  if (!signed.ok) return problem(signed.failure)
  if (ledger === undefined || federation === null) return problem(NO_LEDGER)
  const { epoch, height, digest, finalMs } = ledger
  const said: PublicCheckpoint = {
    member: member.did, federation: federation.id, epoch, height, digest, timeMs: finalMs, statement: Buffer.from(signed.value).toString('base64')
  }
  return json(said)
}
