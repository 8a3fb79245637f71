import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { hex } from '../../src/base/index.ts'
import { DAY_MS, datasetOf, decodeRow, feedOf, membersOf, nextSequence, proposalOf, rowKey, TABLES, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import { cityNamed, codeOf, FOUNDED_MS, type City } from './identity.fixture.ts'
import { feedNamed, foundedChain, MINUTE_MS, operations, type Chain } from './ledger.fixture.ts'

const RUNS = Number(process.env['HANSE_RUNS'] ?? 60)

/**
 * The rules again, in sets and lists, without rows, drafts, marks or roots: what a reader of the design would write down.
 * It says of each action whether it happens.
 */
class NaiveLedger {
  members: Set<string>
  readonly proposals: { kind: 'join' | 'remove', subject: string, isOpen: boolean, untilMs: number, votes: Map<string, boolean>, by: string }[] = []
  readonly datasets = new Map<string, { retired: boolean }>()
  readonly feeds = new Map<string, { owner: string, length: number }>()
  readonly anchoredMs = new Map<string, number>()

  constructor (members: readonly string[]) {
    this.members = new Set(members)
  }

  open (by: string, kind: 'join' | 'remove', subject: string, nowMs: number, untilMs: number): boolean {
    if (!this.members.has(by) || (kind === 'join') === this.members.has(subject)) return false
    if (kind === 'remove' && this.members.size < 2) return false
    if (this.proposals.filter(each => each.isOpen && each.by === by && each.untilMs >= nowMs).length >= 16) return false
    this.proposals.push({ kind, subject, isOpen: true, untilMs, votes: new Map(), by })
    return true
  }

  /** How many of those who are members now said so, and whether that is more than two thirds of them. */
  vote (by: string, index: number, yes: boolean, nowMs: number): boolean {
    const proposal = this.proposals[index]
    if (!this.members.has(by) || proposal === undefined || !proposal.isOpen || nowMs > proposal.untilMs || proposal.votes.get(by) === yes) return false
    for (const voter of proposal.votes.keys()) if (!this.members.has(voter)) proposal.votes.delete(voter)
    proposal.votes.set(by, yes)
    const said = (what: boolean): number => [...this.members].filter(member => proposal.votes.get(member) === what).length
    if (3 * said(true) > 2 * this.members.size) {
      proposal.isOpen = false
      if (proposal.kind === 'join') this.members.add(proposal.subject)
      else if (this.members.size > 1) this.members.delete(proposal.subject)
    } else if (3 * (this.members.size - said(false)) <= 2 * this.members.size) proposal.isOpen = false
    return true
  }

  leave (by: string): boolean {
    return this.members.has(by) && this.members.size > 1 && this.members.delete(by)
  }

  put (by: string, dataset: string, feed: string, retired: boolean): boolean {
    const owner = this.feeds.get(feed)?.owner ?? by
    if (!this.members.has(by) || this.datasets.get(`${by} ${dataset}`)?.retired === true || owner !== by) return false
    this.datasets.set(`${by} ${dataset}`, { retired })
    if (!this.feeds.has(feed)) this.feeds.set(feed, { owner: by, length: 0 })
    return true
  }

  anchor (by: string, feed: string, length: number, nowMs: number): boolean {
    const held = this.feeds.get(feed)
    if (!this.members.has(by) || held?.owner !== by || length <= held.length || nowMs < (this.anchoredMs.get(by) ?? 0) + 60_000) return false
    held.length = length
    this.anchoredMs.set(by, nowMs)
    return true
  }
}

type Action =
  | { readonly type: 'open', readonly by: number, readonly kind: 'join' | 'remove', readonly subject: number }
  | { readonly type: 'vote', readonly by: number, readonly proposal: number, readonly yes: boolean }
  | { readonly type: 'leave', readonly by: number }
  | { readonly type: 'put', readonly by: number, readonly dataset: number, readonly feed: number, readonly retired: boolean }
  | { readonly type: 'anchor', readonly by: number, readonly feed: number, readonly length: number }
  | { readonly type: 'wait', readonly ms: number }

const CITIES = 8
const by = fc.nat(CITIES - 1)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('open' as const), by, kind: fc.constantFrom('join' as const, 'remove' as const), subject: by }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('vote' as const), by, proposal: fc.nat(6), yes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), by }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('put' as const), by, dataset: fc.nat(2), feed: fc.nat(4), retired: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('anchor' as const), by, feed: fc.nat(4), length: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 30_000, MINUTE_MS, 20 * 24 * 60 * MINUTE_MS) }) }
)

const cityOf = (chain: Chain, index: number): City => chain.founders[index] ?? cityNamed(`Stranger ${index}`)

function certified (chain: Chain, city: City): boolean {
  return membersOf(chain.state).some(({ did, nodes }) => did === city.did && nodes.some(({ certificate }) => certificate !== null))
}

describe('the ledger beside a naive one', () => {
  it('agrees about every operation, vote and member, and no minority ever changes who is a member', () => {
    fc.assert(fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), actions => {
      const chain = foundedChain(4)
      const naive = new NaiveLedger(chain.founders.map(({ did }) => did))
      const proposals: Uint8Array[] = []
      for (const each of actions) step(chain, naive, proposals, each)
    }), { numRuns: RUNS })
  })
})

function step (chain: Chain, naive: NaiveLedger, proposals: Uint8Array[], action: Action): void {
  if (action.type === 'wait') {
    // Certificates end after a quarter of a year; that too is another test's matter.
    if (chain.timeMs + action.ms < FOUNDED_MS + 80 * DAY_MS) chain.run([], { timeMs: chain.timeMs + action.ms })
    return
  }
  const city = cityOf(chain, action.by)
  const timeMs = chain.timeMs + 1
  // Strangers cannot sign what a ledger would read; that is another test's matter.
  if (!naive.members.has(city.did)) return
  if (!certified(chain, city)) {
    chain.run([chain.byNode(city, [operations.nodePut(chain, city)])])
    return
  }
  const before = new Set(membersOf(chain.state).map(({ did }) => did))
  const [expected, transaction, proposal] = take(chain, naive, proposals, action, city, timeMs)
  const sequence = nextSequence(chain.state, action.type === 'put' || action.type === 'anchor' ? city.node.publicKey : city.root.publicKey)
  assert.equal(transaction.sequence, sequence)
  const ran = chain.block([transaction], { timeMs })
  assert.equal(ran.ok, expected, `${JSON.stringify(action)} ${codeOf(ran)}`)
  if (!ran.ok) {
    chain.forget(action.type === 'put' || action.type === 'anchor' ? city.node : city.root)
    chain.run([], { timeMs })
  } else if (proposal !== undefined) proposals.push(proposal)
  compare(chain, naive, proposals)
  if (action.type !== 'leave') neverByMinority(chain, before, proposals)
}

function take (
  chain: Chain, naive: NaiveLedger, proposals: readonly Uint8Array[], action: Exclude<Action, { readonly type: 'wait' }>, city: City, timeMs: number
): readonly [boolean, LedgerTransaction, Uint8Array?] {
  switch (action.type) {
    case 'open': {
      const subject = cityOf(chain, action.subject)
      const untilMs = timeMs + 30 * 24 * 60 * MINUTE_MS
      const payload = action.kind === 'join'
        ? { kind: 'join' as const, member: subject.did, classCode: 'municipality' as const, seat: false }
        : { kind: 'remove' as const, member: subject.did }
      const id = chain.idOfNext(city)
      return [naive.open(city.did, action.kind, subject.did, timeMs, untilMs), chain.byRoot(city, [operations.open(payload, untilMs)]), id]
    }
    case 'vote': {
      const id = proposals[action.proposal] ?? new Uint8Array(32)
      return [naive.vote(city.did, action.proposal, action.yes, timeMs), chain.byRoot(city, [operations.ballot(id, action.yes)])]
    }
    case 'leave': return [naive.leave(city.did), chain.byRoot(city, [operations.leave()])]
    case 'put': {
      const expected = naive.put(city.did, `d${action.dataset}`, `${action.feed}`, action.retired)
      return [expected, chain.byNode(city, [operations.datasetPut(`d${action.dataset}`, [feedNamed(`${action.feed}`)], action.retired)])]
    }
    case 'anchor': {
      const expected = naive.anchor(city.did, `${action.feed}`, action.length, timeMs)
      return [expected, chain.byNode(city, [operations.anchor([[feedNamed(`${action.feed}`), action.length]])])]
    }
  }
}

function compare (chain: Chain, naive: NaiveLedger, proposals: readonly Uint8Array[]): void {
  assert.deepEqual(new Set(membersOf(chain.state).map(({ did }) => did)), naive.members)
  for (const [index, id] of proposals.entries()) {
    const held = proposalOf(chain.state, id)
    const other = naive.proposals[index]
    if (held !== undefined && held.state !== 'expired') assert.equal(held.state === 'open', other?.isOpen, hex(id))
  }
  for (const [name, { retired }] of naive.datasets) {
    const [publisher = '', dataset = ''] = name.split(' ')
    assert.equal(datasetOf(chain.state, publisher, dataset)?.isRetired, retired)
  }
  for (const [name, { owner, length }] of naive.feeds) {
    const feed = feedOf(chain.state, feedNamed(name))
    assert.deepEqual([feed?.publisher, feed?.length], [owner, length])
  }
}

/** Whoever came or went did so by a proposal for which more than two thirds of those before had spoken. */
function neverByMinority (chain: Chain, before: ReadonlySet<string>, proposals: readonly Uint8Array[]): void {
  const after = new Set(membersOf(chain.state).map(({ did }) => did))
  const changed = [...before, ...after].filter(did => before.has(did) !== after.has(did))
  for (const did of changed) {
    const carried = proposals.some(id => {
      const held = proposalOf(chain.state, id)
      if (held?.state !== 'passed' || held.decidedHeight !== chain.height || !('member' in held.payload) || held.payload.member !== did) return false
      // The row itself, since the query leaves out the ballot of whoever was removed by it.
      const { yes } = decodeRow(TABLES.proposal, chain.state.map.get(rowKey(TABLES.proposal.code, [id])) ?? new Uint8Array(0))
      return 3 * yes.filter(each => before.has(each)).length > 2 * before.size
    })
    assert.ok(carried, `${did} without enough votes`)
  }
}
