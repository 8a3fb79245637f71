/** Answers calls about the federation's ledger: what it holds, what people decide, what it proves. */
import { fail, ok } from '../../base/index.ts'
import type { HanseNode } from '../../node/contract/index.ts'
import type { LedgerCalls } from '../../sdk/contract/index.ts'
import type { BlockPage, PublicCheckpoint } from '../../sdk/index.ts'
import { NO_LEDGER, type Handler, type Handlers } from '../context/index.ts'
import { bytesOrProblem, json, jsonOrProblem, problem, progressing, type Reply } from '../http/index.ts'

/** What needs a ledger to answer: an empty list would say that there is one, with nothing in it. */
function withLedger (node: HanseNode, answer: () => Reply | Promise<Reply>): Reply | Promise<Reply> {
  return node.ledger() === undefined ? problem(NO_LEDGER) : answer()
}

const listBlocks: Handler<LedgerCalls['ledger.blocks']> = ({ node }, _request, { query }) => withLedger(node, async () => {
  const blocks = await node.blocks(query)
  const last = blocks.at(-1)
  const page: BlockPage = { blocks, next: last === undefined || blocks.length < query.limit || last.height <= 1 ? null : last.height }
  return json(page)
})

const verifyLedger: Handler<LedgerCalls['ledger.verify']> = ({ node, limits }) => withLedger(node, () => progressing(async () => {
  const checked = await node.verifyLedger()
  return checked === undefined ? fail(NO_LEDGER) : ok(checked)
}, limits.heartbeatMs))

/** For newcomers, who have no token: it says nothing that is not meant for everybody who verifies. */
const publicCheckpoint: Handler<LedgerCalls['ledger.public-checkpoint']> = ({ node }) => {
  const [ledger, signed, { member, federation }] = [node.ledger(), node.checkpoint(), node.status()]
  if (!signed.ok) return problem(signed.failure)
  if (ledger === undefined || federation === null) return problem(NO_LEDGER)
  const { epoch, height, digest, finalMs } = ledger
  const said: PublicCheckpoint = {
    member: member.did, federation: federation.id, epoch, height, digest, timeMs: finalMs, statement: Buffer.from(signed.value).toString('base64')
  }
  return json(said)
}

export const ledgerHandlers: Handlers<LedgerCalls> = {
  'ledger.show': ({ node }) => {
    const ledger = node.ledger()
    return ledger === undefined ? problem(NO_LEDGER) : json(ledger)
  },
  'ledger.members': ({ node }) => withLedger(node, () => json(node.ledgerMembers())),
  'ledger.blocks': listBlocks,
  'ledger.proposals': ({ node }) => withLedger(node, () => json(node.proposals())),
  'ledger.propose': async ({ node }, _request, { query, body }) => jsonOrProblem(await node.propose(body, query.withinMs), 201),
  'ledger.vote': async ({ node }, _request, { query, body }) => jsonOrProblem(await node.vote(body.proposal, body.yes, query.withinMs)),
  'ledger.rotate-key': async ({ node }, _request, { query }) => jsonOrProblem(await node.rotateKey(query.withinMs)),
  'ledger.submit': async ({ node }, _request, { query, body }) => jsonOrProblem(await node.submit(body, query.withinMs), 201),
  'ledger.verify': verifyLedger,
  'ledger.prove': async ({ node }, _request, { query }) => bytesOrProblem(await node.ledgerProof(query.dataset, query.record)),
  'ledger.audit': async ({ node }, _request, { query }) => jsonOrProblem(await node.audit(query.subject)),
  'ledger.checkpoint': ({ node }) => bytesOrProblem(node.checkpoint()),
  'ledger.public-checkpoint': publicCheckpoint
}
