import { bytesOfHex, equalBytes, hex } from '../../base/index.ts'
import { FINALIZE, NOTARIZE, NULLIFY, PROPOSE, verifyVote, voteSignBytes, type Block, type Cert, type Vote } from '../finality/index.ts'
import {
  CERTS_MAX, HELD_BLOCKS_MAX, HELD_BYTES_MAX, INSTANCE_WINDOW_MS, INSTANCES_PER_PEER_MAX, PEERS_MAX, POOL_BYTES_MAX, POOL_TRANSACTIONS_MAX,
  POOL_TRANSACTIONS_PER_PAYER_MAX, PUT_TRANSACTIONS_MAX, RANGE_BYTES_MAX, TRANSACTION_BYTES_MAX, REPEAT_MS_MIN, VIEW_WINDOW
} from './types.ts'
import { type SeenInstance, type Status } from './message.ts'
import { lockRow } from './rows.ts'
import {
  alarm, blame, certOf, emit, hasBit, leaderAt, openValidators, put, send, sendAll, tipOf, viewAt, votesAt, drop, type Lock, type Peer, type Turn
} from './state.ts'
import type { PeerName, Transaction } from './types.ts'
import { claimOf, poolEvidence, lacking } from './deciding.ts'
import { cast, sendStatus } from './views.ts'
import { readEvidence } from './validity.ts'

const NEW_PEER: Peer = {
  isOpen: false, instances: [], view: 0, finView: 0, statusProposal: null, statusView: 0, connected: null, claim: null,
  heardMs: Number.NEGATIVE_INFINITY, answeredMs: Number.NEGATIVE_INFINITY
}

// --- Streams -------------------------------------------------------------------------------------------------------

export function onOpen<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName, instance: string): void {
  const { draft, now: { monotonicMs }, rules } = turn
  const before = draft.peers.get(name) ?? NEW_PEER
  if (!draft.peers.has(name) && draft.peers.size >= PEERS_MAX && !forgetPeer(turn)) return
  const known = before.instances.find(each => each.instance === instance)
  const seen = { instance, firstMs: known?.firstMs ?? monotonicMs, lastMs: monotonicMs }
  const others = before.instances.filter(each => each.instance !== instance && each.lastMs > monotonicMs - INSTANCE_WINDOW_MS)
  const instances = [...others, seen].slice(-INSTANCES_PER_PEER_MAX)
  const { heardMs } = before
  put(turn, 'peers', name, { ...NEW_PEER, heardMs, instances, isOpen: true })
  if (draft.catching?.peer === name) draft.catching = null
  sendStatus(turn, [name])
  draft.backoffMs = 2 * rules.profile.deltaMs
  if (draft.epoch.me >= 0 && draft.epoch.nodes.includes(name)) draft.statusOwed = true
  if (others.length > 0) answerVotesOf(turn, name)
  askOfMe(turn, name)
}

export function onClose<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName): void {
  const { draft } = turn
  const peer = draft.peers.get(name)
  if (peer === undefined) return
  put(turn, 'peers', name, { ...peer, isOpen: false, claim: null })
  if (draft.catching?.peer === name) draft.catching = null
  if (draft.epoch.me >= 0 && draft.epoch.nodes.includes(name)) draft.statusOwed = true
}

function forgetPeer<S, T extends Transaction> (turn: Turn<S, T>): boolean {
  for (const [name, { isOpen }] of turn.draft.peers) {
    if (isOpen || turn.draft.epoch.nodes.includes(name)) continue
    drop(turn, 'peers', name)
    return true
  }
  return false
}

/** A change of who is connected is news where not everyone reaches everyone; at most so often. */
export function tellConnected<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs } } = turn
  if (!draft.statusOwed || monotonicMs < draft.statusSentMs + REPEAT_MS_MIN) return
  draft.statusOwed = false
  draft.statusSentMs = monotonicMs
  sendStatus(turn, openValidators(turn))
}

// --- The lock ------------------------------------------------------------------------------------------------------

function askOfMe<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName): void {
  const { epoch, signing } = turn.draft
  if (signing.lock.type !== 'checking' || epoch.me < 0 || !epoch.nodes.includes(name) || signing.lock.answered.has(name)) return
  send(turn, name, { kind: 'getVotesOf' })
}

/** After a start or a seal: a node that has just got a seat asks all who can answer. */
export function askAllOfMe<S, T extends Transaction> (turn: Turn<S, T>): void {
  for (const name of openValidators(turn)) askOfMe(turn, name)
}

/** An answer may be lost. */
export function askAgainOfMe<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs }, rules: { profile } } = turn
  const { lock: held } = draft.signing
  tryUnlock(turn)
  if (draft.epoch.me < 0 || held.type !== 'checking' || draft.signing.lock.type !== 'checking' || monotonicMs < held.askedMs + held.backoffMs) return
  const backoffMs = Math.min(2 * held.backoffMs, profile.backoffMaxMs)
  draft.signing = { ...draft.signing, lock: { ...held, askedMs: monotonicMs, backoffMs } }
  askAllOfMe(turn)
}

export function answerVotesOf<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName): void {
  const { draft, now: { monotonicMs } } = turn
  const seen = (draft.peers.get(name)?.instances ?? []).filter(each => each.lastMs > monotonicMs - INSTANCE_WINDOW_MS)
  const instances: SeenInstance[] = seen.flatMap(({ instance, firstMs, lastMs }) => {
    const bytes = bytesOfHex(instance)
    return bytes === undefined || bytes.length === 0 ? [] : [{ instance: bytes, firstAgoMs: Math.floor(monotonicMs - firstMs), lastAgoMs: Math.floor(monotonicMs - lastMs) }]
  })
  send(turn, name, { kind: 'votesOf', newest: draft.newest.get(name) ?? null, instances })
}

export function onVotesOf<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, newest: Vote | null, instances: readonly SeenInstance[]): void {
  const { draft, rules } = turn
  if (draft.epoch.me < 0 || draft.signing.lock.type === 'locked') return
  if (newest !== null && isNews(turn, newest)) return lock(turn, `a vote of this node at view ${newest.view} of epoch ${newest.epoch} that is not on record`)
  const own = instances.find(each => hex(each.instance) === rules.instance)
  const isForeign = (each: SeenInstance): boolean => {
    const name = hex(each.instance)
    if (name === rules.instance) return false
    return !draft.ownInstances.includes(name) || (own !== undefined && each.lastAgoMs < own.firstAgoMs)
  }
  const { lock: before } = draft.signing
  if (!draft.epoch.nodes.includes(from)) return
  if (instances.some(isForeign)) return hearOfClone(turn, from)
  if (before.type !== 'checking' || (before.againMs !== null && turn.now.monotonicMs < before.againMs)) return
  const isFollower = before.isFollower || instances.some(each => hex(each.instance) !== rules.instance)
  draft.signing = { ...draft.signing, lock: { ...before, isFollower, answered: new Set(before.answered).add(from) } }
  tryUnlock(turn)
}

/** Passed on, or from another process: what this node does not remember to have said. */
export function onOwnVote<S, T extends Transaction> (turn: Turn<S, T>, vote: Vote): void {
  if (turn.draft.signing.lock.type !== 'locked' && isNews(turn, vote)) lock(turn, `a vote of this node at view ${vote.view} of epoch ${vote.epoch} that is not on record`)
}

/** A newer vote proves itself; of another process one has but the word of others, so more than may lie must give it. */
function hearOfClone<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName): void {
  const { draft, now: { monotonicMs } } = turn
  put(turn, 'foreign', from, monotonicMs)
  for (const [name, atMs] of draft.foreign) {
    if (atMs <= monotonicMs - INSTANCE_WINDOW_MS || !draft.epoch.nodes.includes(name)) drop(turn, 'foreign', name)
  }
  if (draft.foreign.size > draft.epoch.set.faultyMax) lock(turn, 'another process speaks with this node\'s keys')
}

/**
 * Whether a vote was signed with a key of this node and is neither on record nor made idle by finality. Below where the record
 * begins nothing is remembered, and nothing will be signed.
 */
function isNews<S, T extends Transaction> ({ draft, rules }: Turn<S, T>, vote: Vote): boolean {
  const { epoch, final, signing, keys } = draft
  if (vote.epoch < epoch.number || (vote.epoch === epoch.number && vote.view <= final.view)) return false
  const { floor } = signing
  if (floor !== null && (vote.epoch < floor.epoch || (vote.epoch === floor.epoch && vote.view < floor.view))) return false
  // In the view where it begins, what was said before its first row was said too.
  const first = signing.rows[0]?.vote
  const isAtFloor = floor !== null && vote.epoch === floor.epoch && vote.view === floor.view && first?.epoch === vote.epoch && first.view === vote.view
  if (isAtFloor && vote.type < NULLIFY && vote.type < first.type) return false
  const digest = vote.digest
  if (signing.rows.some(each => each.vote.epoch === vote.epoch && each.vote.view === vote.view && each.vote.type === vote.type &&
    equalBytes(each.vote.signature, vote.signature))) return false
  const bytes = voteSignBytes(rules.federation, { epoch: vote.epoch, view: vote.view, type: vote.type, digest })
  return [...keys.keys()].some(key => rules.scheme(bytesOfHex(key) ?? new Uint8Array(0))?.verify(bytes, vote.signature) === true)
}

export function tryUnlock<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft } = turn
  const { lock: before } = draft.signing
  if (before.type !== 'checking' || draft.epoch.me < 0) return
  const count = draft.epoch.nodes.filter((node, index) => index !== draft.epoch.me && before.answered.has(node)).length
  const isKnown = count >= draft.epoch.set.quorum - 1
  if (!isKnown && !isRemote(turn, before)) return
  if (isKnown && before.isFollower && before.againMs === null) return waitForLast(turn, before)
  draft.signing = { ...draft.signing, lock: { type: 'open' } }
  for (const [view, { notarized, nullified }] of draft.views) {
    if (notarized !== null && nullified === null) cast(turn, FINALIZE, view, notarized.cert.digest, notarized.digest)
  }
  turn.due.notarize = true
  turn.due.tick = true
}

/**
 * A process that was copied takes its original for the one before it. The original is told by the same peers, and is silent from
 * then on; what was on its way meanwhile has come to those peers when they are asked again.
 */
function waitForLast<S, T extends Transaction> ({ draft, now: { monotonicMs }, rules: { profile } }: Turn<S, T>, before: Extract<Lock, { type: 'checking' }>): void {
  const backoffMs = 2 * profile.deltaMs
  draft.signing = { ...draft.signing, lock: { ...before, answered: new Set(), askedMs: monotonicMs, backoffMs, againMs: monotonicMs + backoffMs } }
}

/**
 * Where this node reaches fewer than it would have to ask, and the others reach more than it does, all of its votes pass through
 * those whom it reaches; so their word is enough, once any other process would have been noticed.
 */
function isRemote<S, T extends Transaction> ({ draft, now: { monotonicMs } }: Turn<S, T>, { answered, sinceMs }: Extract<Lock, { type: 'checking' }>): boolean {
  const { epoch, peers } = draft
  const reached = epoch.nodes.filter((node, index) => index !== epoch.me && peers.get(node)?.isOpen === true)
  const beyond = epoch.nodes.some((node, index) => index !== epoch.me && !reached.includes(node) &&
    reached.some(name => hasBit(peers.get(name)?.connected ?? new Uint8Array(4), index)))
  return reached.length > 0 && reached.length < epoch.set.quorum - 1 && beyond && reached.every(name => answered.has(name)) &&
    monotonicMs >= sinceMs + INSTANCE_WINDOW_MS
}

/** For all keys that there are: one that is made after this may vote when a seal seats it. */
export function lock<S, T extends Transaction> (turn: Turn<S, T>, reason: string): void {
  const { draft } = turn
  const keys = new Set(draft.keys.keys())
  draft.signing = { ...draft.signing, lock: { type: 'locked', reason, keys } }
  turn.rows.push(lockRow(reason, keys))
  alarm(turn, 'locked', `This node does not vote: ${reason}`, null)
}

// --- Status --------------------------------------------------------------------------------------------------------

export function onStatus<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, status: Status): void {
  const { draft } = turn
  const { epoch, final, view } = draft
  const peer = draft.peers.get(from)
  if (peer === undefined || isOfOtherEpoch(turn, from, status.epoch, status.finHeight)) return
  const isAhead = status.finHeight > final.height
  put(turn, 'peers', from, {
    ...peer, view: status.view, finView: status.finView, statusView: status.view, connected: status.connected,
    statusProposal: status.proposal === null ? null : hex(status.proposal), claim: isAhead ? claimOf(turn, peer, status.epoch, status.finHeight) : null
  })
  if (!isAhead && draft.catching?.peer === from) draft.catching = null
  for (const cert of [status.finCert, status.entryCert]) if (cert !== null) turn.pending.push({ type: 'cert', cert, from, verified: false })
  const missing = status.pending.filter(id => !draft.pool.has(hex(id)))
  if (missing.length > 0) send(turn, from, { kind: 'getTx', ids: missing })
  if (draft.epoch.me < 0 || epoch.set.validators.length === 0) return
  sendCerts(turn, from, status)
  if (status.view === view) sendVotes(turn, from, status)
}

/** What lets a peer come to this view and this tip. */
function sendCerts<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, { view, finView, tipView }: Status): void {
  const { draft } = turn
  const tip = tipOf(turn)
  const certs: Cert[] = []
  const own = certOf(draft.final)
  if (finView < draft.final.view && own !== null) certs.push(own)
  if (view < draft.view || tipView < tip.view) {
    if (tipView < tip.view && tip.cert !== null && tip.cert !== own) certs.push(tip.cert)
    for (let at = Math.max(tip.view + 1, draft.view - CERTS_MAX); at < draft.view; at++) {
      const cert = draft.views.get(at)?.nullified?.cert
      if (cert !== undefined && (at >= view || tipView < tip.view)) certs.push(cert)
    }
    if (draft.entry !== null && view < draft.view) certs.push(draft.entry.cert)
  }
  if (certs.length > 0) send(turn, from, { kind: 'certs', certs: [...new Set(certs)].slice(-CERTS_MAX) })
}

function sendVotes<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, status: Status): void {
  const { draft } = turn
  const at = viewAt(turn, status.view)
  const lacks = (votes: ReturnType<typeof votesAt>, have: Uint8Array): readonly Vote[] => votes.filter(({ vote }) => !hasBit(have, vote.signer)).map(each => each.vote)
  const votes = [
    ...lacks(votesAt(at, NOTARIZE), status.haveN), ...lacks(votesAt(at, NULLIFY), status.haveX),
    ...lacks(votesAt(viewAt(turn, status.tipView), FINALIZE), status.haveF)
  ]
  for (const vote of votes) send(turn, from, { kind: 'vote', vote })
  const held = at.proposal === null ? undefined : draft.blocks.get(at.proposal.name)
  if (status.proposal === null && at.proposal !== null && held !== undefined) {
    send(turn, from, { kind: 'proposal', block: held.block, signature: at.proposal.signature })
  }
}

/** An older epoch is answered with its seal; a newer one is a reason to catch up. Whether it was another than the present one. */
export function isOfOtherEpoch<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, epoch: number, height = 0): boolean {
  const { draft, now: { monotonicMs } } = turn
  const peer = draft.peers.get(from)
  if (epoch === draft.epoch.number) return false
  if (peer === undefined) return true
  if (epoch > draft.epoch.number) put(turn, 'peers', from, { ...peer, claim: claimOf(turn, peer, epoch, Math.max(height, draft.final.height + 1, peer.claim?.height ?? 0)) })
  else if (monotonicMs >= peer.answeredMs + REPEAT_MS_MIN) {
    put(turn, 'peers', from, { ...peer, answeredMs: monotonicMs })
    emit(turn, { type: 'archive', peer: from, request: { kind: 'seals', fromEpoch: epoch } })
    sendStatus(turn, [from])
  }
  return true
}

// --- Blocks and transactions ---------------------------------------------------------------------------------------

export function onProposal<S, T extends Transaction> (turn: Turn<S, T>, block: Block, signature: Uint8Array, from: PeerName): void {
  const { draft, rules } = turn
  const { header, digest } = block
  const { epoch, final } = draft
  if (!header.federation.equals(rules.federation) || isOfOtherEpoch(turn, from, header.epoch)) return
  const isInWindow = header.view > final.view && header.view <= draft.view + VIEW_WINDOW
  const name = hex(digest)
  const at = viewAt(turn, header.view)
  if (!isInWindow || header.proposer !== leaderAt(epoch, header.view) || at.proposal?.name === name) return
  const vote: Vote = { epoch: header.epoch, view: header.view, type: PROPOSE, digest, signer: header.proposer, signature }
  if (votesAt(at, PROPOSE).length > 1 && !draft.wants.has(name)) return
  if (!verifyVote(rules.federation, epoch.set, vote)) return blame(turn, from, 'a proposal with a wrong signature')
  hold(turn, block)
  if (at.proposal === null) {
    put(turn, 'views', header.view, { ...at, proposal: { name, signature } })
    sendAll(turn, lacking(turn, header.proposer, from), { kind: 'proposal', block, signature })
  }
  turn.pending.push({ type: 'vote', vote, from, verified: true })
  consider(turn, block)
}

export function onBlock<S, T extends Transaction> (turn: Turn<S, T>, block: Block): void {
  const name = hex(block.digest)
  if (!turn.draft.wants.has(name)) return
  hold(turn, block)
  consider(turn, block)
}

/** Its certificates are news too. Nobody is blamed for them: whoever passes on a leader's block has not made it. */
function consider<S, T extends Transaction> (turn: Turn<S, T>, { just }: Block): void {
  const certs = just.parentCert === null ? just.nulls : [just.parentCert, ...just.nulls]
  for (const cert of certs) turn.pending.push({ type: 'cert', cert, from: null, verified: false })
  turn.due.finalize = true
  turn.due.notarize = true
  turn.due.tick = true
}

function hold<S, T extends Transaction> (turn: Turn<S, T>, block: Block): void {
  const { draft } = turn
  const name = hex(block.digest)
  const isNeeded = draft.wants.has(name) || block.header.view <= draft.view
  drop(turn, 'wants', name)
  if (draft.blocks.has(name)) return
  let bytes = block.body.length
  for (const each of draft.blocks.values()) bytes += each.block.body.length
  if (!isNeeded && (draft.blocks.size >= HELD_BLOCKS_MAX || bytes > HELD_BYTES_MAX)) return
  put(turn, 'blocks', name, { block, name, parent: hex(block.header.parent), outcome: null, isUnjust: false, kept: false })
}

export function addTransactions<S, T extends Transaction> (turn: Turn<S, T>, transactions: readonly T[]): void {
  const { draft, rules: { app } } = turn
  let isNew = false
  for (const each of transactions) {
    // Told late or again: it is final already. By the time of blocks, so that a wrong clock refuses nothing that others hold.
    if (!app.isAlive(draft.final.outcome.state, draft.final.timeMs, each)) continue
    const payer = app.payer?.(each)
    const share = payer === undefined ? 0 : draft.poolShares.get(payer) ?? 0
    if (share >= POOL_TRANSACTIONS_PER_PAYER_MAX) continue
    if (draft.pool.has(each.id) || draft.pool.size >= POOL_TRANSACTIONS_MAX || draft.poolBytes + each.bytes.length > POOL_BYTES_MAX) continue
    put(turn, 'pool', each.id, each)
    draft.poolBytes += each.bytes.length
    draft.poolVersion++
    isNew = true
    if (payer !== undefined) put(turn, 'poolShares', payer, share + 1)
  }
  if (isNew) turn.due.tick = true
}

/** What is submitted again is told again: the first time may have been lost. */
export function pushTransactions<S, T extends Transaction> (turn: Turn<S, T>, transactions: readonly T[]): void {
  const pushed = transactions.filter(({ id }) => turn.draft.pool.has(id))
  let [from, bytes] = [0, 0]
  for (const [index, each] of pushed.entries()) {
    bytes += each.bytes.length + 8
    const isFull = index + 1 - from >= PUT_TRANSACTIONS_MAX || bytes + TRANSACTION_BYTES_MAX > RANGE_BYTES_MAX
    if (!isFull && index + 1 < pushed.length) continue
    sendAll(turn, openValidators(turn), { kind: 'putTx', transactions: pushed.slice(from, index + 1).map(({ bytes: of }) => of) })
    ;[from, bytes] = [index + 1, 0]
  }
}

export function onEvidence<S, T extends Transaction> (turn: Turn<S, T>, bytes: Uint8Array, from: PeerName): void {
  const read = readEvidence(turn, bytes)
  if (read !== null) poolEvidence(turn, bytes, read.evidence, from)
}

export function onGetCerts<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, fromView: number, toView: number): void {
  const { draft } = turn
  const certs: Cert[] = []
  const last = Math.min(toView, fromView + CERTS_MAX - 1, draft.view)
  for (let view = fromView; view <= last; view++) {
    const at = draft.views.get(view)
    for (const proven of [at?.notarized, at?.nullified]) if (proven != null && certs.length < CERTS_MAX) certs.push(proven.cert)
  }
  if (certs.length > 0) send(turn, from, { kind: 'certs', certs })
}

export function onGetBlock<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, digest: Uint8Array): void {
  const held = turn.draft.blocks.get(hex(digest))
  if (held !== undefined) return send(turn, from, { kind: 'block', block: held.block })
  emit(turn, { type: 'archive', peer: from, request: { kind: 'block', digest } })
}
