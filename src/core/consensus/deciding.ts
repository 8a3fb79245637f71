import { compareBytes, encodeCanonical, hex } from '../../base/index.ts'
import {
  assembleCert, contradictionOf, encodeEvidence, encodeFinalityProof, FINALIZE, NOTARIZE, NULLIFY, PROPOSE, validatorSet, verifyEvidence, verifyVote,
  type Block, type Cert, type FinalityProof, type SignedHeader, type Vote
} from '../finality/index.ts'
import { DELTA_DECAY, DELTA_FACTOR_MAX, DELTA_GROWTH, DIGESTS_PER_VOTE_MAX, EVIDENCE_POOL_MAX, NEWEST_VOTES_MAX, PAST_EPOCHS_MAX, SILENCE_DELTAS, VIEW_WINDOW } from './types.ts'
import { blockRowGone, certRow, certRowGone, epochRow, evidenceRow, finalRow, lockRow, voteRow } from './rows.ts'
import {
  alarm, blame, drop, emit, epochOf, hasBit, leaderAt, openPeers, openValidators, put, sendAll, viewAt, votesAt,
  type Claim, type Final, type Held, type Known, type OwnRow, type Peer, type Proven, type Turn
} from './state.ts'
import type { FinalBlock, PeerName, Transaction } from './types.ts'
import { recordOf } from './signer.ts'
import { evidenceName, isProven, isShown, validate, want } from './validity.ts'
import { cast, enter, sendStatus, tell } from './views.ts'

// --- Votes ---------------------------------------------------------------------------------------------------------

export function onVote<S, T extends Transaction> (turn: Turn<S, T>, vote: Vote, from: PeerName | null, isVerified: boolean): void {
  const { draft, rules } = turn
  const { epoch, final } = draft
  if (vote.epoch !== epoch.number || vote.view <= final.view || vote.view > draft.view + VIEW_WINDOW || vote.signer >= epoch.nodes.length) return
  const at = viewAt(turn, vote.view)
  const digest = vote.digest === null ? null : hex(vote.digest)
  const others = at.votes.filter(each => each.vote.signer === vote.signer)
  if (others.some(each => each.vote.type === vote.type && each.digest === digest)) return hear(turn, vote, from)
  if (others.filter(each => each.vote.type === vote.type).length >= DIGESTS_PER_VOTE_MAX) return
  if (!isVerified && !verifyVote(rules.federation, epoch.set, vote)) return blame(turn, from, 'a vote with a wrong signature')
  hear(turn, vote, from)
  record(turn, { vote, digest })
  if (from !== null) forward(turn, vote, from)
  tally(turn, vote, digest)
}

/** Takes a verified vote among the others, and shows it where it contradicts one of them. */
function record<S, T extends Transaction> (turn: Turn<S, T>, known: Known): void {
  const { draft } = turn
  const { vote } = known
  const at = viewAt(turn, vote.view)
  for (const other of at.votes) {
    if (other.vote.signer !== vote.signer) continue
    const evidence = contradictionOf(other.vote, vote)
    if (evidence !== undefined && evidence !== null) poolEvidence(turn, encodeEvidence(evidence), evidence)
  }
  put(turn, 'views', vote.view, { ...at, votes: [...at.votes, known] })
  const unjust = vote.type === NOTARIZE && known.digest !== null ? draft.blocks.get(known.digest) : undefined
  if (unjust?.isUnjust === true) showUnjust(turn, vote, unjust.block)
  const node = draft.epoch.nodes[vote.signer]
  if (node === undefined) return
  const newest = draft.newest.get(node)
  if (newest === undefined || newest.epoch < vote.epoch || (newest.epoch === vote.epoch && newest.view <= vote.view)) {
    if (newest !== undefined || draft.newest.size < NEWEST_VOTES_MAX) put(turn, 'newest', node, vote)
  }
}

/** Whoever notarized a block whose justification does not verify has not looked, or lies. */
function showUnjust<S, T extends Transaction> (turn: Turn<S, T>, vote: Vote, { bytes: header, justBytes: just }: Block): void {
  const evidence = { kind: 'bad-justification', vote, header, just } as const
  if (verifyEvidence(turn.rules.federation, turn.draft.epoch.set, evidence)) poolEvidence(turn, encodeEvidence(evidence), evidence)
}

export function onUnjust<S, T extends Transaction> (turn: Turn<S, T>, vote: Vote, name: string): void {
  const held = turn.draft.blocks.get(name)
  if (held !== undefined && vote.epoch === turn.draft.epoch.number) showUnjust(turn, vote, held.block)
}

function tally<S, T extends Transaction> (turn: Turn<S, T>, { view, type }: Vote, digest: string | null): void {
  const { epoch } = turn.draft
  const at = viewAt(turn, view)
  if (type === NULLIFY) turn.due.tick = true
  if (type === PROPOSE) return
  const certified = type === NOTARIZE ? at.notarized : type === NULLIFY ? at.nullified : at.finalized
  const votes = votesAt(at, type, digest)
  if (certified !== null || votes.length < epoch.set.quorum) return
  turn.pending.push({ type: 'cert', cert: assembleCert(epoch.set, votes.slice(0, epoch.set.quorum).map(each => each.vote)), from: null, verified: true })
}

/** A valid word of a validator: it is there, and if it came from itself, it has reached that view. */
function hear<S, T extends Transaction> (turn: Turn<S, T>, { signer, view }: Vote, from: PeerName | null): void {
  const { draft, now: { monotonicMs } } = turn
  const node = draft.epoch.nodes[signer]
  if (from === null || node === undefined) return
  if (monotonicMs - draft.activeMs > SILENCE_DELTAS * draft.deltaMs) draft.activeSinceMs = monotonicMs
  draft.activeMs = monotonicMs
  if (draft.suspects.has(signer)) draft.suspects = new Set([...draft.suspects].filter(each => each !== signer))
  const peer = draft.peers.get(node)
  if (peer !== undefined) put(turn, 'peers', node, { ...peer, heardMs: monotonicMs, view: node === from ? Math.max(peer.view, view) : peer.view })
}

/** To whoever has said that it does not reach the signer. In a full mesh that is nobody. */
function forward<S, T extends Transaction> (turn: Turn<S, T>, vote: Vote, from: PeerName): void {
  if (vote.type === PROPOSE) return
  sendAll(turn, lacking(turn, vote.signer, from), { kind: 'vote', vote })
}

export function lacking<S, T extends Transaction> (turn: Turn<S, T>, signer: number, from: PeerName): readonly PeerName[] {
  const { draft } = turn
  if (draft.epoch.me < 0) return []
  return openValidators(turn).filter(name => {
    const connected = draft.peers.get(name)?.connected
    return name !== from && name !== draft.epoch.nodes[signer] && connected != null && !hasBit(connected, signer)
  })
}

// --- Certificates --------------------------------------------------------------------------------------------------

export function onCert<S, T extends Transaction> (turn: Turn<S, T>, cert: Cert, from: PeerName | null, isVerified: boolean): void {
  const { draft } = turn
  if (cert.epoch !== draft.epoch.number) return
  if (from !== null) reached(turn, from, cert)
  if (cert.view <= draft.final.view) return
  const at = viewAt(turn, cert.view)
  if ((cert.type === NOTARIZE ? at.notarized : cert.type === NULLIFY ? at.nullified : at.finalized) !== null) return
  if (!isVerified && !isProven(turn, cert)) return blame(turn, from, 'a certificate that does not verify')
  if (!isVerified) absorb(turn, cert)
  const proven: Proven = { cert, digest: cert.digest === null ? null : hex(cert.digest) }
  turn.lazyRows.push(certRow(cert))
  const { view } = cert
  if (cert.type === NULLIFY) onNullified(turn, proven)
  else if (cert.type === NOTARIZE) {
    put(turn, 'views', view, { ...viewAt(turn, view), notarized: proven })
    if (cert.digest !== null) want(turn, cert.digest, view, from)
    if (viewAt(turn, view).nullified === null) cast(turn, FINALIZE, view, cert.digest, proven.digest)
  } else {
    put(turn, 'views', view, { ...viewAt(turn, view), finalized: proven })
    if (cert.digest !== null) want(turn, cert.digest, view, from)
    tell(turn, openPeers(turn).filter(peer => (draft.peers.get(peer)?.finView ?? 0) < view && mayTell(turn, peer)), cert)
    turn.due.finalize = true
  }
  enter(turn, view + 1, proven)
  turn.due.tick = true
}

/** Who only follows tells nobody: the validators do. */
function mayTell<S, T extends Transaction> ({ draft: { epoch, halted } }: Turn<S, T>, _peer: PeerName): boolean {
  return epoch.me >= 0 && halted === null
}

function onNullified<S, T extends Transaction> (turn: Turn<S, T>, proven: Proven): void {
  const { draft, rules: { profile } } = turn
  const { view } = proven.cert
  const at = viewAt(turn, view)
  put(turn, 'views', view, { ...at, nullified: proven })
  if (view < draft.view) return
  const leader = leaderAt(draft.epoch, view)
  if (!draft.suspects.has(leader)) draft.deltaMs = Math.min(draft.deltaMs * DELTA_GROWTH, profile.deltaMs * DELTA_FACTOR_MAX)
  if (at.proposal === null) draft.suspects = new Set(draft.suspects).add(leader)
}

function reached<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, { epoch, view, type }: Cert): void {
  const peer = turn.draft.peers.get(from)
  if (peer === undefined) return
  const finView = type === FINALIZE ? Math.max(peer.finView, view) : peer.finView
  if (peer.view > view && finView === peer.finView) return
  // Who shows finality has at least one block more. That block may be gone by now, as those are that made a seal final; ranges stay.
  const isAhead = finView > turn.draft.final.view && (peer.claim?.epoch ?? 0) <= epoch
  const claim = isAhead ? claimOf(turn, peer, epoch, Math.max(peer.claim?.height ?? 0, turn.draft.final.height + 1)) : peer.claim
  put(turn, 'peers', from, { ...peer, view: Math.max(peer.view, view + 1), finView, claim })
}

/** The same claim again is no new one: how long it stands, and how often it was in vain, stay. One that came true is over. */
export function claimOf<S, T extends Transaction> ({ draft, now: { monotonicMs } }: Turn<S, T>, { claim }: Peer, epoch: number, height: number): Claim {
  const before = claim !== null && (claim.epoch > draft.epoch.number || claim.height > draft.final.height) ? claim : null
  return { epoch, height, sinceMs: before?.sinceMs ?? monotonicMs, misses: before?.misses ?? 0 }
}

/** The votes in a certificate are votes: they need no second verification, and may contradict others. */
function absorb<S, T extends Transaction> (turn: Turn<S, T>, { epoch, view, type, digest, bitmap, signatures }: Cert): void {
  if (view > turn.draft.view + VIEW_WINDOW) return
  const name = digest === null ? null : hex(digest)
  let at = 0
  for (let signer = 0; signer < turn.draft.epoch.nodes.length; signer++) {
    if (!hasBit(bitmap, signer)) continue
    const signature = signatures.slice(at, at + 64)
    at += 64
    const others = viewAt(turn, view).votes.filter(each => each.vote.signer === signer && each.vote.type === type)
    if (others.some(each => each.digest === name) || others.length >= DIGESTS_PER_VOTE_MAX) continue
    record(turn, { vote: { epoch, view, type, digest, signer, signature }, digest: name })
  }
}

// --- Evidence ------------------------------------------------------------------------------------------------------

export function poolEvidence<S, T extends Transaction> (turn: Turn<S, T>, bytes: Uint8Array, evidence: Parameters<typeof evidenceName>[0], from: PeerName | null = null): void {
  const { draft } = turn
  const vote = evidence.kind === 'bad-justification' ? evidence.vote : evidence.first
  const set = vote.epoch === draft.epoch.number ? draft.epoch.set : draft.past.find(each => each.number === vote.epoch)?.set
  const named = set === undefined ? null : evidenceName(evidence, set)
  if (named === null || draft.evidence.length >= EVIDENCE_POOL_MAX) return
  if (draft.evidence.some(each => each.name === named.name) || isShown(turn, named.name, draft.final.name)) return
  draft.evidence = [...draft.evidence, { name: named.name, evidence, bytes }]
  sendAll(turn, openValidators(turn).filter(peer => peer !== from), { kind: 'evidence', evidence: bytes })
}

// --- Finality ------------------------------------------------------------------------------------------------------

export function finalize<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft } = turn
  if (draft.halted !== null) return
  const best = bestFinalized(turn)
  if (best?.digest == null) return
  const chain: Held<S>[] = []
  for (let name = best.digest; name !== draft.final.name;) {
    const held = draft.blocks.get(name)
    if (held === undefined) return wantBelow(turn, chain[0], best.cert)
    chain.unshift(held)
    if (held.block.header.parentView <= draft.final.view && held.parent !== draft.final.name) return fork(turn, { headers: chain.map(each => each.block.bytes), cert: best.cert })
    name = held.parent
  }
  const last = chain.at(-1)
  if (last !== undefined) settleChain(turn, chain, { headers: [last.block.bytes], cert: best.cert })
}

function bestFinalized<S, T extends Transaction> ({ draft }: Turn<S, T>): Proven | null {
  let best: Proven | null = null
  for (const [view, { finalized }] of draft.views) {
    if (finalized !== null && view > draft.final.view && view > (best?.cert.view ?? 0)) best = finalized
  }
  return best
}

function wantBelow<S, T extends Transaction> (turn: Turn<S, T>, child: Held<S> | undefined, cert: Cert): void {
  if (turn.draft.catching !== null) return
  if (child === undefined) {
    if (cert.digest !== null) want(turn, cert.digest, cert.view, null)
  } else want(turn, child.block.header.parent, child.block.header.parentView, null)
}

/** Two final blocks of which neither descends from the other: more than f validators lied, and both proofs together name them. */
export function fork<S, T extends Transaction> (turn: Turn<S, T>, theirs: FinalityProof): void {
  const { draft } = turn
  const ours = draft.final.proof
  const reason = 'two blocks are final that exclude each other'
  const keys = new Set(draft.keys.keys())
  draft.signing = { ...draft.signing, lock: { type: 'locked', reason, keys } }
  turn.rows.push(lockRow(reason, keys))
  const proof = encodeCanonical([ours === null ? null : encodeFinalityProof(ours), encodeFinalityProof(theirs)])
  alarm(turn, 'fork', 'Two blocks are final that exclude each other: more validators lied than the federation tolerates', proof)
}

/** Makes a chain that begins above the newest final block final, as far as the epoch goes. The proof is that of its last block. */
export function settleChain<S, T extends Transaction> (turn: Turn<S, T>, chain: readonly Held<S>[], { headers, cert }: FinalityProof): boolean {
  const { draft, now, rules } = turn
  const before = draft.final
  const blocks: FinalBlock<S>[] = []
  let newest: Final<S> = before
  for (const [index, { name, block }] of chain.entries()) {
    const validity = validate(turn, name, true)
    if (validity === 'wait') return false
    if (validity === 'no') {
      alarm(turn, 'execution', `Block ${name} is final, yet this node finds that it does not apply`, null)
      return false
    }
    const outcome = draft.blocks.get(name)?.outcome
    if (outcome?.context == null) return false
    const { header, digest } = block
    blocks.push({ block, context: outcome.context, ids: outcome.ids, state: outcome.state })
    const proof = { headers: [...chain.slice(index, -1).map(each => each.block.bytes), ...headers], cert }
    newest = { digest, name, height: header.height, view: header.view, timeMs: header.timeMs, proof, outcome }
    if (outcome.seal !== null) break
  }
  const last = blocks.at(-1)
  if (last === undefined || newest.proof === null) return false
  turn.stateRows.push(...rules.app.changes(before.outcome.state, newest.outcome.state))
  showEvidence(turn, chain.slice(0, blocks.length))
  draft.final = newest
  draft.finLearntMs = now.monotonicMs
  draft.deltaMs = Math.max(rules.profile.deltaMs, draft.deltaMs * DELTA_DECAY)
  if (newest.outcome.seal !== null && last.block.header.seal !== null) startEpoch(turn, last.block)
  turn.rows.push(finalRow(draft.final))
  prune(turn, blocks)
  emit(turn, { type: 'final', blocks, proof: newest.proof })
  turn.due.finalize = true
  turn.due.notarize = true
  turn.due.tick = true
  return true
}

function showEvidence<S, T extends Transaction> (turn: Turn<S, T>, chain: readonly Held<S>[]): void {
  const { draft } = turn
  for (const { name } of chain) {
    for (const shown of draft.blocks.get(name)?.outcome?.evidence ?? []) {
      const epoch = Number(shown.split('/', 1)[0])
      put(turn, 'finalEvidence', shown, epoch)
      turn.rows.push(evidenceRow(shown, epoch))
    }
  }
}

/** Forgets what finality has decided; after a seal (the present view is 0) that is all. */
function prune<S, T extends Transaction> (turn: Turn<S, T>, blocks: readonly FinalBlock<S>[]): void {
  const { draft, rules } = turn
  const { final } = draft
  for (const [view, { notarized, nullified, finalized }] of draft.views) {
    if (view > final.view && final.view > 0) continue
    for (const proven of [notarized, nullified, finalized]) if (proven !== null) turn.lazyRows.push(certRowGone(proven.cert))
    drop(turn, 'views', view)
  }
  for (const [name, { block, kept }] of draft.blocks) {
    if (block.header.view > final.view && final.view > 0) continue
    if (kept) turn.lazyRows.push(blockRowGone(block))
    drop(turn, 'blocks', name)
  }
  for (const [name, { view }] of draft.wants) if (view <= final.view || final.view === 0) drop(turn, 'wants', name)
  pruneVotes(turn)
  draft.evidence = draft.evidence.filter(each => !draft.finalEvidence.has(each.name))
  draft.includable = null
  const included = new Set(blocks.flatMap(each => each.ids))
  for (const [id, transaction] of draft.pool) {
    if (!included.has(id) && rules.app.isAlive(final.outcome.state, final.timeMs, transaction)) continue
    drop(turn, 'pool', id)
    draft.poolBytes -= transaction.bytes.length
    const payer = rules.app.payer?.(transaction)
    if (payer !== undefined) put(turn, 'poolShares', payer, (draft.poolShares.get(payer) ?? 1) - 1)
    if (payer !== undefined && draft.poolShares.get(payer) === 0) drop(turn, 'poolShares', payer)
    draft.poolVersion++
  }
}

/** The last row of the highest view: what was said before it was said of no higher one. */
function newestOf (rows: readonly OwnRow[]): number {
  let newest = 0
  for (const [index, { vote }] of rows.entries()) {
    const before = rows[newest]?.vote ?? vote
    if (vote.epoch > before.epoch || (vote.epoch === before.epoch && vote.view >= before.view)) newest = index
  }
  return newest
}

/** W1 shrinks from its beginning alone, and the vote of the highest view stays for ever. */
function pruneVotes<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft } = turn
  const { signing, epoch, final } = draft
  const isOver = (vote: Vote): boolean => vote.epoch < epoch.number || (vote.epoch === epoch.number && vote.view <= final.view)
  const first = signing.rows.findIndex(({ vote }) => !isOver(vote))
  const keep = first < 0 ? newestOf(signing.rows) : first
  for (const { count } of signing.rows.slice(0, Math.max(0, keep))) turn.rows.push(voteRow(count, null))
  const byView = new Map([...signing.byView].filter(([view]) => view > final.view))
  draft.signing = { ...signing, rows: signing.rows.slice(Math.max(0, keep)), byView }
}

/** A final seal ends its epoch for ever; it alone is the base of the next, so that the next has one history. */
export function startEpoch<S, T extends Transaction> (turn: Turn<S, T>, { header, digest }: SignedHeader): void {
  const { draft, rules, now } = turn
  const { seal } = header
  if (seal === null) return
  const set = validatorSet(seal.nextValidators.toSorted((a, b) => compareBytes(a.key, b.key)), rules.scheme)
  if (!set.ok) return alarm(turn, 'execution', 'A final seal names validators that cannot be', null)
  const { number, set: before } = draft.epoch
  draft.past = [{ number, set: before, validators: before.validators }, ...draft.past].slice(0, PAST_EPOCHS_MAX)
  const base = { digest, height: header.height, timeMs: header.timeMs }
  draft.epoch = epochOf(rules.federation, number + 1, seal.nextVersion, set.value, rules.node, draft.keys, base)
  draft.final = { ...draft.final, view: 0, outcome: { ...draft.final.outcome, due: rules.app.due(draft.final.outcome.state), seal: null, ids: [], evidence: [] } }
  draft.view = 1
  draft.enteredMs = now.monotonicMs
  draft.armedMs = null
  draft.entry = null
  draft.backoffMs = 2 * rules.profile.deltaMs
  draft.suspects = new Set()
  draft.signing = { ...draft.signing, byView: recordOf(draft.signing.rows, draft.epoch.number) }
  if (draft.epoch.me >= 0 && openValidators(turn).length < set.value.validators.length - 1) draft.statusOwed = true
  turn.pending.length = 0
  // What they said of this epoch before it began here was not taken, and they may not say it again by themselves.
  const ahead = [...draft.peers].filter(([, { isOpen, claim }]) => isOpen && claim !== null && claim.epoch > number).map(([name]) => name)
  for (const [name, peer] of draft.peers) {
    put(turn, 'peers', name, { ...peer, view: 0, finView: 0, statusView: 0, statusProposal: null, connected: null })
  }
  for (const [name, epoch] of draft.finalEvidence) {
    if (draft.past.some(each => each.number === epoch)) continue
    drop(turn, 'finalEvidence', name)
    turn.rows.push(evidenceRow(name, null))
  }
  draft.evidence = draft.evidence.filter(({ evidence }) => {
    const vote = evidence.kind === 'bad-justification' ? evidence.vote : evidence.first
    return draft.past.some(each => each.number === vote.epoch)
  })
  turn.rows.push(epochRow(draft.epoch, draft.past))
  sendStatus(turn, ahead)
  if (seal.nextVersion > rules.version) alarm(turn, 'version', `The federation speaks version ${seal.nextVersion} from here on, this node only ${rules.version}`, null)
}
