import { assert, bytesOfHex, hex } from '../../base/index.ts'
import { FINALIZE, NOTARIZE, NULLIFY, PROPOSE, voteSignBytes, type Cert, type Vote, type VoteType } from '../finality/index.ts'
import { INSTANCE_WINDOW_MS, PENDING_IDS_MAX, REPEAT_MS_MIN, SILENCE_DELTAS, VIEW_RECORDS_MAX, VIEW_WINDOW } from './types.ts'
import { blockRow, voteRow } from './rows.ts'
import { decide, NOTHING_ON_RECORD, recorded, type OnRecord } from './signer.ts'
import {
  bitmapOf, certOf, isVoter, leaderAt, openPeers, openValidators, outcomeOf, put, send, sendAll, tipOf, viewAt, votesAt, wake,
  type Outcome, type Proven, type Turn, type Want
} from './state.ts'
import type { PeerName, Transaction } from './types.ts'
import { validate } from './validity.ts'

export function onRecord<S, T extends Transaction> ({ draft }: Turn<S, T>, view: number): OnRecord {
  return draft.signing.byView.get(view) ?? NOTHING_ON_RECORD
}

/** The only way to a signature. The row of the vote is among those that must be kept before anything that follows leaves. */
export function sign<S, T extends Transaction> (turn: Turn<S, T>, type: VoteType, view: number, digest: Uint8Array | null, name: string | null): Vote | null {
  const { draft, rules } = turn
  const { epoch, signing } = draft
  const seat = epoch.set.validators[epoch.me]
  if (turn.isReplay || seat === undefined || !isVoter(turn) || view <= draft.final.view) return null
  const record = onRecord(turn, view)
  const { floor } = signing
  if (floor !== null && (floor.epoch > epoch.number || (floor.epoch === epoch.number && (view < floor.view || (view === floor.view && type === PROPOSE))))) return null
  if (decide(type, name, record) !== 'sign') return null
  const key = draft.keys.get(hex(seat.key))
  assert(key !== undefined, 'a seat is held by its key')
  const fields = { epoch: epoch.number, view, type, digest }
  const vote: Vote = { ...fields, signer: epoch.me, signature: key.sign(voteSignBytes(rules.federation, fields)) }
  turn.rows.push(voteRow(signing.next, vote))
  const byView = new Map(signing.byView).set(view, recorded(record, type, name))
  draft.signing = { ...signing, rows: [...signing.rows, { count: signing.next, vote }], next: signing.next + 1, byView }
  return vote
}

/** Signs, tells the validators, and counts it. */
export function cast<S, T extends Transaction> (turn: Turn<S, T>, type: VoteType, view: number, digest: Uint8Array | null, name: string | null): void {
  const vote = sign(turn, type, view, digest, name)
  if (vote === null) return
  sendAll(turn, openValidators(turn), { kind: 'vote', vote })
  turn.pending.push({ type: 'vote', vote, from: null, verified: true })
}

/** Moves to a view, which only a quorum can bring about. */
export function enter<S, T extends Transaction> (turn: Turn<S, T>, view: number, entry: Proven): void {
  const { draft, rules: { profile }, now } = turn
  if (view <= draft.view) return
  draft.view = view
  draft.enteredMs = now.monotonicMs
  draft.armedMs = null
  draft.entry = entry
  draft.backoffMs = 2 * profile.deltaMs
  const behind = openValidators(turn).filter(peer => (draft.peers.get(peer)?.view ?? 0) < view)
  if (draft.epoch.me >= 0 && draft.halted === null) tell(turn, behind, entry.cert)
  if (draft.views.size > VIEW_RECORDS_MAX) forgetVotes(turn)
  turn.due.notarize = true
  turn.due.tick = true
}

/** Certificates of skipped views are kept until finality, since proposals carry them; their votes are not needed any more. */
function forgetVotes<S, T extends Transaction> (turn: Turn<S, T>): void {
  const tip = tipOf(turn)
  for (const [view, at] of turn.draft.views) {
    if (view < turn.draft.view - VIEW_WINDOW && view !== tip.view && at.votes.length > 0) put(turn, 'views', view, { ...at, votes: [] })
  }
}

/** Sends a certificate and remembers what its receivers now know. */
export function tell<S, T extends Transaction> (turn: Turn<S, T>, peers: readonly PeerName[], cert: Cert): void {
  if (turn.isReplay) return
  sendAll(turn, peers, { kind: 'cert', cert })
  for (const name of peers) {
    const peer = turn.draft.peers.get(name)
    if (peer === undefined) continue
    const finView = cert.type === FINALIZE ? Math.max(peer.finView, cert.view) : peer.finView
    put(turn, 'peers', name, { ...peer, view: Math.max(peer.view, cert.view + 1), finView })
  }
}

/** Whether there is any reason to spend energy. */
function need<S, T extends Transaction> (turn: Turn<S, T>): boolean {
  const { draft, now, rules: { app, profile } } = turn
  const at = viewAt(turn, draft.view)
  if (at.proposal !== null || votesAt(at, NULLIFY).length > draft.epoch.set.faultyMax) return true
  if (isHeartbeat(turn)) return true
  const tip = tipOf(turn)
  if (tip.view > draft.final.view && now.monotonicMs >= draft.enteredMs + draft.deltaMs) return true
  if (validateTip(turn, tip.name) === null) return false
  const outcome = outcomeOf(turn, tip.name)
  if (outcome === null) return false
  if (outcome.seal !== null) return true
  if (outcome.due !== null) return true
  const memo = draft.includable
  if (memo !== null && memo.tip === tip.name && (memo.value || memo.poolVersion === draft.poolVersion) && now.monotonicMs < memo.untilMs) return memo.value
  const value = draft.pool.size > 0 && app.includable(outcome.state, now.wallMs, poolAbove(turn, tip.name))
  draft.includable = { tip: tip.name, poolVersion: draft.poolVersion, untilMs: now.monotonicMs + profile.deltaMs, value }
  return value
}

export function isHeartbeat<S, T extends Transaction> ({ draft, now, rules: { profile } }: Turn<S, T>): boolean {
  return now.monotonicMs - draft.finLearntMs >= profile.heartbeatMs
}

export function validateTip<S, T extends Transaction> (turn: Turn<S, T>, name: string): Outcome<S> | null {
  return validate(turn, name) === 'yes' || name === turn.draft.final.name ? outcomeOf(turn, name) : null
}

/** The pool without what notarized blocks hold that are not final yet. */
export function poolAbove<S, T extends Transaction> ({ draft }: Turn<S, T>, tip: string): readonly T[] {
  const taken = new Set<string>()
  for (let at = tip; at !== draft.final.name;) {
    const held = draft.blocks.get(at)
    if (held === undefined) break
    for (const id of held.outcome?.ids ?? []) taken.add(id)
    at = held.parent
  }
  return taken.size === 0 ? [...draft.pool.values()] : [...draft.pool.values()].filter(({ id }) => !taken.has(id))
}

/** Arms the view if there is a reason to. */
export function arm<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs } } = turn
  if (draft.armedMs !== null || !isVoter(turn) || !need(turn)) return
  draft.armedMs = monotonicMs
  draft.retryMs = monotonicMs
}

/** Gives up a view, repeats itself: what the time asks for where nothing else moves it. */
export function pressOn<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs } } = turn
  if (draft.armedMs === null || !isVoter(turn)) return
  if (isToNullify(turn)) cast(turn, NULLIFY, draft.view, null, null)
  if (monotonicMs >= draft.retryMs + draft.backoffMs && need(turn)) repeat(turn)
}

/** Votes for the leader's block if it is valid, and gives the view up if it is not. */
export function notarize<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, rules, now } = turn
  const { view } = draft
  const { proposal } = viewAt(turn, view)
  const record = onRecord(turn, view)
  if (proposal === null || !isVoter(turn) || record.notarized !== null || record.nullified) return
  const validity = validate(turn, proposal.name)
  const held = draft.blocks.get(proposal.name)
  if (validity === 'wait' || held === undefined) return
  if (validity === 'no') {
    for (const { vote } of held.isUnjust ? votesAt(viewAt(turn, view), NOTARIZE, held.name) : []) turn.pending.push({ type: 'unjust', vote, name: held.name })
    return cast(turn, NULLIFY, view, null, null)
  }
  if (held.block.header.timeMs > now.wallMs + rules.profile.driftMsMax) return
  keepBlock(turn, proposal.name, proposal.signature)
  cast(turn, NOTARIZE, view, held.block.digest, held.name)
}

/** W2: a quorum of NOTARIZE votes means that a quorum keeps the block. */
export function keepBlock<S, T extends Transaction> (turn: Turn<S, T>, name: string, signature: Uint8Array | null): void {
  const held = turn.draft.blocks.get(name)
  if (held === undefined || held.kept) return
  turn.rows.push(blockRow(held.block, signature))
  put(turn, 'blocks', name, { ...held, kept: true })
}

function isToNullify<S, T extends Transaction> (turn: Turn<S, T>): boolean {
  const { draft, now: { monotonicMs } } = turn
  if (draft.armedMs === null || onRecord(turn, draft.view).nullified) return false
  const at = viewAt(turn, draft.view)
  const nullifies = votesAt(at, NULLIFY)
  const leader = leaderAt(draft.epoch, draft.view)
  return (at.proposal === null && monotonicMs >= draft.armedMs + leaderWaitMs(turn)) || monotonicMs >= draft.armedMs + 3 * draft.deltaMs ||
    nullifies.length > draft.epoch.set.faultyMax || nullifies.some(({ vote }) => vote.signer === leader)
}

/** No waiting for a leader that was absent the last time, or is silent while a quorum is heard. */
function leaderWaitMs<S, T extends Transaction> ({ draft, now: { monotonicMs } }: Turn<S, T>): number {
  const leader = leaderAt(draft.epoch, draft.view)
  if (leader === draft.epoch.me) return 2 * draft.deltaMs
  const since = monotonicMs - SILENCE_DELTAS * draft.deltaMs
  const heard = (node: PeerName): number => draft.peers.get(node)?.heardMs ?? Number.NEGATIVE_INFINITY
  const isSilent = draft.activeSinceMs <= since && heard(draft.epoch.nodes[leader] ?? '') <= since &&
    draft.epoch.nodes.filter((node, index) => index === draft.epoch.me || heard(node) > since).length >= draft.epoch.set.quorum
  return draft.suspects.has(leader) || isSilent ? 0 : 2 * draft.deltaMs
}

/** What was said in this view and may be lost, again. */
function repeat<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now, rules: { profile } } = turn
  draft.retryMs = now.monotonicMs
  draft.backoffMs = Math.min(2 * draft.backoffMs, profile.backoffMaxMs)
  const peers = openValidators(turn)
  sendStatus(turn, peers)
  const { proposal } = viewAt(turn, draft.view)
  for (const { vote } of draft.signing.rows) {
    if (vote.epoch !== draft.epoch.number || vote.view <= draft.final.view || vote.type === PROPOSE || !isBorneOut(draft, vote)) continue
    if (vote.view !== draft.view && vote.type !== FINALIZE) continue
    // Lost by a crash between two disks, and here again.
    if (vote.type === NOTARIZE && vote.digest !== null) keepBlock(turn, hex(vote.digest), proposal?.name === hex(vote.digest) ? proposal.signature : null)
    sendAll(turn, peers, { kind: 'vote', vote })
  }
  const held = proposal === null ? undefined : draft.blocks.get(proposal.name)
  if (proposal === null || held === undefined) return
  const lacking = peers.filter(each => {
    const peer = draft.peers.get(each)
    return peer === undefined || peer.statusView !== draft.view || peer.statusProposal !== proposal.name
  })
  sendAll(turn, lacking, { kind: 'proposal', block: held.block, signature: proposal.signature })
}

/**
 * Whether an own vote on record may have left: a quorum of NOTARIZE votes means that a quorum keeps the block, so one whose block
 * was lost by a crash between two disks is not said again.
 */
export function isBorneOut ({ blocks }: { readonly blocks: ReadonlyMap<string, unknown> }, { type, digest }: Vote): boolean {
  return type !== NOTARIZE || (digest !== null && blocks.has(hex(digest)))
}

/** One peer after the other, one question per Δ. A certificate that came before its block gives the block some time to arrive. */
export function askForBlocks<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs } } = turn
  if (draft.halted !== null) return
  for (const [name, each] of draft.wants) {
    if (monotonicMs < askAgainMs(turn, each)) continue
    const peers = openValidators(turn)
    const isFirst = each.askedMs === null && each.first !== null && draft.peers.get(each.first)?.isOpen === true
    const peer = isFirst ? each.first : peers[draft.rotation % Math.max(1, peers.length)]
    draft.rotation++
    put(turn, 'wants', name, { ...each, askedMs: monotonicMs })
    if (peer != null) send(turn, peer, { kind: 'getBlock', digest: each.digest })
  }
}

function askAgainMs<S, T extends Transaction> ({ draft }: Turn<S, T>, { askedMs, sinceMs, view }: Want): number {
  if (askedMs !== null) return askedMs + draft.deltaMs
  const isExpected = draft.epoch.me >= 0 && draft.views.get(view)?.finalized == null
  return isExpected ? sinceMs + draft.deltaMs / 4 : sinceMs
}

/** Says what this node has of the present to those who may have the rest. */
export function sendStatus<S, T extends Transaction> (turn: Turn<S, T>, peers: readonly PeerName[]): void {
  const { draft } = turn
  const { epoch, final, view } = draft
  const size = epoch.set.validators.length
  const at = viewAt(turn, view)
  const tip = tipOf(turn)
  const signers = (of: number, type: VoteType): Uint8Array => bitmapOf(size, votesAt(viewAt(turn, of), type).map(({ vote }) => vote.signer))
  const connected = epoch.nodes.flatMap((node, index) => index === epoch.me || draft.peers.get(node)?.isOpen === true ? [index] : [])
  const pending = [...draft.pool.keys()].slice(0, PENDING_IDS_MAX).flatMap(id => bytesOfHex(id) ?? [])
  const status = {
    epoch: epoch.number, view, finHeight: final.height, finView: final.view, finCert: certOf(final), entryCert: draft.entry?.cert ?? null,
    tipView: tip.view, proposal: at.proposal === null ? null : draft.blocks.get(at.proposal.name)?.block.digest ?? null,
    haveN: signers(view, NOTARIZE), haveX: signers(view, NULLIFY), haveF: signers(tip.view, FINALIZE),
    connected: bitmapOf(size, connected), pending
  }
  sendAll(turn, peers, { kind: 'status', status })
}

/** Names the earliest time at which something changes by itself. */
export function schedule<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs, wallMs }, rules: { profile } } = turn
  turn.deadlineMs = null
  const at = (timeMs: number): void => { if (timeMs > monotonicMs) wake(turn, timeMs) }
  const canAsk = draft.halted === null && openPeers(turn).length > 0
  if (canAsk) for (const each of draft.wants.values()) at(askAgainMs(turn, each))
  if (draft.catching !== null) at(draft.catching.untilMs)
  if (draft.statusOwed) at(draft.statusSentMs + REPEAT_MS_MIN)
  const { lock } = draft.signing
  const asked = lock.type === 'checking' && draft.epoch.me >= 0 ? openValidators(turn) : []
  if (lock.type === 'checking' && asked.some(each => !lock.answered.has(each))) at(lock.askedMs + lock.backoffMs)
  if (lock.type === 'checking' && asked.length > 0) at(lock.sinceMs + INSTANCE_WINDOW_MS)
  if (!isVoter(turn)) return
  if (draft.armedMs !== null && !onRecord(turn, draft.view).nullified) {
    at(draft.armedMs + leaderWaitMs(turn))
    at(draft.armedMs + 3 * draft.deltaMs)
  }
  if (!need(turn)) {
    if (tipOf(turn).view > draft.final.view) at(draft.enteredMs + draft.deltaMs)
    return at(draft.finLearntMs + profile.heartbeatMs)
  }
  if (draft.armedMs === null) return
  at(draft.retryMs + draft.backoffMs)
  const { proposal } = viewAt(turn, draft.view)
  if (proposal === null && leaderAt(draft.epoch, draft.view) === draft.epoch.me) {
    at(draft.enteredMs + profile.batchWindowMs)
    at(draft.enteredMs + draft.deltaMs)
    at(draft.certsAskedMs + draft.deltaMs)
  }
  const early = proposal === null ? undefined : draft.blocks.get(proposal.name)?.block.header.timeMs
  if (early !== undefined) at(monotonicMs + early - profile.driftMsMax - wallMs)
}
