/**
 * Orders opaque blocks among the validators of a federation: Simplex consensus (TCC 2023, eprint 2023/463) with attributable
 * Ed25519 votes. Three hops to finality, one block per two hops, no message while there is nothing to decide. What a block
 * means, the `App` says.
 *
 * `step(rules, state, input)` is pure: a state that was returned never changes again, and nobody waits, reads a clock or draws
 * by chance in here. Effects come in order: what is sent or told after `persist` waits until its rows are synced. `signer` rows
 * are own votes, in a log without gaps; `store` rows may be fetched again, which costs time and no safety.
 *
 * Views. In each view one leader, whose turn follows from the epoch's base, may PROPOSE a block. A validator that finds it valid
 * keeps it and votes NOTARIZE; one that waits too long (2Δ without a proposal, 3Δ with one), finds it invalid, or hears so from
 * f + 1 or from the leader itself, votes NULLIFY. A quorum of floor(2n/3) + 1 makes a certificate; a certificate of either kind
 * moves to the next view, nothing else does. A NOTARIZE certificate in a view that is not nullified earns a vote FINALIZE; a
 * quorum of those makes the block and its ancestors final. A proposal carries the certificate of its parent, NOTARIZE or
 * FINALIZE, and a NULLIFY certificate of each view between, so its validity is a function of it and its ancestors. Only "valid"
 * is remembered. Waiting is local: ×1.5 for each leader that is skipped unexpectedly, ×0.9 at each finality, within Δ0..4Δ0.
 * A leader that was absent last time, or silent for 10Δ while a quorum is heard, is not waited for.
 *
 * Reasons. A view is armed, and costs messages, only with a reason: a transaction that would apply, a proposal, f + 1 NULLIFY
 * votes, a block that lacks finality for Δ, a seal that is due or not final, or the heartbeat since the last finality. An armed
 * node repeats itself at 2Δ0, 4Δ0 and so on while the reason lasts. An idle node has one deadline, the heartbeat, and a peer's
 * opened stream costs one Status each way.
 *
 * Votes pass `decide` (signer.ts) alone. A process votes only after a quorum less one of other validators has said that it knows
 * neither a newer vote of this node nor another process with its keys; soon after another process of this node, which may live
 * yet, it asks twice, 2Δ0 apart. A node that reaches fewer, among others that reach more, takes the word of all it reaches after
 * 60 s. A newer vote (which proves itself, whoever passes it on), the word of more than f validators about another process,
 * damaged rows of votes, or `lock` shut it for all keys it has by then: it follows, and votes again when an epoch seats a key
 * that it did not have. A record whose beginning is lost signs nothing below where it begins.
 *
 * Epochs. When the application has a change due, the next block is a SEAL that names the next validators. Below it there are
 * FLUSH blocks only, which are not executed, and exist to make it final. The final seal ends its epoch and is the base of the
 * next; the flush blocks are forgotten, their heights are used again. Messages of an older epoch are answered with the proofs
 * of seals, those of a newer one are a reason to ask for blocks.
 *
 * Catching up. Claims of peers are reasons to ask and never targets. A range of final blocks is taken for the proof that comes
 * with it, one peer at a time; who answers with less, something else, or three times not at all, is not believed any more.
 * Final blocks are kept outside: `archive` effects ask for `archiveAnswer`, which reads synchronously from what a driver has
 * at hand, or has loaded before (`archiveReads`).
 *
 * Lies. Two votes of one key that no honest node casts, or a NOTARIZE for a justification that does not verify, are evidence:
 * told at once, put into the next block, once per signer, epoch, view and kind, at most 64 of one signer in an epoch, from this
 * epoch and the four before. Two final blocks that exclude each other stop a node from voting for good (`fork`), as does a final
 * block that does not apply (`execution`) until it is started again; it goes on answering.
 *
 * ## Deviations from the paper
 *
 * 1. Finality certificates may stand for a parent too: a node may hold nothing else.
 * 2. Quiescence, epochs, Status and forwarding, as above; the paper runs for ever among processes that all hear each other.
 * 3. Rule 5: no FINALIZE in a view where another block was notarized, nor the reverse. It makes such a pair a proof of a lie.
 * 4. NULLIFY counts for a leader's own view at once, and f + 1 of them are joined without waiting.
 * 5. A block may be too early (30 s by default): it waits, and a certificate overrides the wait.
 */
import { assert, compareBytes, digestOf, fail, hex, ok, unreachable, type Result } from '../../base/index.ts'
import { PROPOSE, validatorSet, type Cert, type Validator, type ValidatorSet } from '../finality/index.ts'
import { adopt, catchUp, claimDueMs, onRange, onSeals, type Snapshot, type SnapshotFailure } from './archive.ts'
import { finalize, onCert, onUnjust, onVote } from './deciding.ts'
import { OWN_INSTANCES_MAX } from './types.ts'
import { decodeMessage, splitMessages, type Message } from './message.ts'
import {
  addTransactions, answerVotesOf, askAgainOfMe, askAllOfMe, isOfOtherEpoch, lock, onBlock, onClose, onEvidence, onGetBlock, onGetCerts, onOpen, onOwnVote, onProposal, onStatus,
  onVotesOf, pushTransactions, tellConnected, tryUnlock
} from './peers.ts'
import { propose } from './proposing.ts'
import { blockRowGone, certRowGone, instancesRow, restoreRows, type Restored } from './rows.ts'
import { decide, NOTHING_ON_RECORD, recordOf } from './signer.ts'
import {
  alarm, appendLog, blame, checkingFrom, effectsOf, emit, epochOf, hasBit, put, send, turnOf, viewAt, wake, type Final, type Lock, type Outcome, type Signing, type State,
  type Turn
} from './state.ts'
import type { AlarmCode, Effect, Input, KeptRow, Now, PeerName, Rules, Transaction } from './types.ts'
import { arm, askForBlocks, isBorneOut, notarize, pressOn, schedule } from './views.ts'

export type { BlockContext, Verdict } from '../finality/index.ts'
export type {
  AlarmCode, App, ArchiveRequest, Effect, Executed, FinalBlock, Input, KeptRow, NextEpoch, Now, PeerName, Profile, Proposed, Rules, StateRow,
  Transaction
} from './types.ts'
export { JOINED_BYTES_MAX } from './types.ts'
export type { State } from './state.ts'
export { anchorOf, archiveAnswer, type ArchiveReader, type Snapshot, type SnapshotFailure } from './archive.ts'
export { decodeMessage, encodeMessage, joinMessages, MESSAGE_KINDS, splitMessages, type Message, type MessageKind, type Status } from './message.ts'
export { appendLog, type Log } from './state.ts'
export { decide, recorded, NOTHING_ON_RECORD, type Decision, type OnRecord } from './signer.ts'
export { countRow, voteCountOf } from './rows.ts'

export type Step<S, T extends Transaction> = { readonly state: State<S, T>, readonly effects: readonly Effect<S>[] }

export function step<S, T extends Transaction> (rules: Rules<S, T>, state: State<S, T>, input: Input<T>): Step<S, T> {
  const turn = turnOf(rules, state, input.now)
  take(turn, input)
  return finish(turn)
}

function finish<S, T extends Transaction> (turn: Turn<S, T>): Step<S, T> {
  settle(turn)
  schedule(turn)
  const dueMs = claimDueMs(turn)
  if (dueMs !== null && turn.draft.halted === null && dueMs > turn.now.monotonicMs) wake(turn, dueMs)
  const effects = effectsOf(turn)
  return { state: turn.draft, effects }
}

function take<S, T extends Transaction> (turn: Turn<S, T>, input: Input<T>): void {
  const { draft } = turn
  switch (input.type) {
    case 'tick': break
    case 'open': return onOpen(turn, input.peer, input.instance)
    case 'close': return onClose(turn, input.peer)
    case 'message': return onMessages(turn, input.peer, input.bytes)
    case 'submit': {
      addTransactions(turn, input.transactions)
      return pushTransactions(turn, input.transactions)
    }
    case 'lock': return lock(turn, input.reason)
    case 'keys': {
      draft.keys = input.keys
      const { number, version, set, base } = draft.epoch
      draft.epoch = epochOf(turn.rules.federation, number, version, set, turn.rules.node, input.keys, base)
      return reconsiderLock(turn)
    }
    default: return unreachable(input)
  }
}

/** Considers what was learnt until nothing new follows from it. */
function settle<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, pending, due } = turn
  due.notarize = true
  due.tick = true
  let epoch = draft.epoch.number
  for (;;) {
    const next = pending.shift()
    if (next !== undefined) {
      if (draft.halted !== null) continue
      if (next.type === 'unjust') onUnjust(turn, next.vote, next.name)
      else if (next.type === 'vote') onVote(turn, next.vote, next.from, next.verified)
      else onCert(turn, next.cert, next.from, next.verified)
    } else if (turn.isReplay) return
    else if (due.finalize) {
      due.finalize = false
      finalize(turn)
      if (draft.epoch.number !== epoch) reconsiderLock(turn)
      epoch = draft.epoch.number
    } else if (due.notarize) {
      due.notarize = false
      notarize(turn)
    } else if (due.tick) {
      due.tick = false
      askForBlocks(turn)
      catchUp(turn)
      tellConnected(turn)
      askAgainOfMe(turn)
      arm(turn)
      propose(turn)
      if (pending.length === 0) pressOn(turn)
    } else return
  }
}

/** A seat may be held by another key now: one that a lock does not bind, or a first one. */
function reconsiderLock<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft } = turn
  const { lock: before } = draft.signing
  const seat = draft.epoch.set.validators[draft.epoch.me]
  if (seat !== undefined && before.type === 'locked' && !before.keys.has(hex(seat.key))) {
    draft.signing = { ...draft.signing, lock: checkingFrom(turn.now, turn.rules.profile.deltaMs) }
    draft.alarms = draft.alarms.filter(each => each.code !== 'locked')
  }
  const { lock: held } = draft.signing
  if (held.type !== 'checking') return
  // With a seat the question is urgent, however long it had time before.
  draft.signing = { ...draft.signing, lock: { ...held, askedMs: turn.now.monotonicMs, backoffMs: 2 * turn.rules.profile.deltaMs } }
  askAllOfMe(turn)
  tryUnlock(turn)
}

function onMessages<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, bytes: Uint8Array): void {
  if (turn.draft.peers.get(from)?.isOpen !== true) return
  const frames = splitMessages(bytes)
  if (frames === undefined) return blame(turn, from, 'a frame of messages whose lengths do not add up')
  for (const frame of frames) {
    const message = decodeMessage(frame, turn.rules.profile.bodyBytesMax)
    if (!message.ok) return blame(turn, from, `a message that is ${message.failure.code}`)
    onMessage(turn, from, message.value)
  }
}

function onMessage<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, message: Message): void {
  const { draft, rules: { app } } = turn
  switch (message.kind) {
    case 'vote':
      if (isOfOtherEpoch(turn, from, message.vote.epoch)) return
      if (message.vote.signer === draft.epoch.me) onOwnVote(turn, message.vote)
      turn.pending.push({ type: 'vote', vote: message.vote, from, verified: false })
      return
    case 'cert': return onCerts(turn, from, [message])
    case 'certs': return onCerts(turn, from, message.certs.map(cert => ({ cert })))
    case 'proposal': return onProposal(turn, message.block, message.signature, from)
    case 'status': return onStatus(turn, from, message.status)
    case 'getBlock': return onGetBlock(turn, from, message.digest)
    case 'block': return onBlock(turn, message.block)
    case 'getCerts': return message.epoch === draft.epoch.number ? onGetCerts(turn, from, message.fromView, message.toView) : undefined
    case 'getVotesOf': return answerVotesOf(turn, from)
    case 'votesOf': return onVotesOf(turn, from, message.newest, message.instances)
    case 'getRange': return emit(turn, { type: 'archive', peer: from, request: { kind: 'range', fromHeight: message.fromHeight, max: message.max } })
    case 'range': return onRange(turn, from, message.blocks, message.proof)
    case 'getSeals': return emit(turn, { type: 'archive', peer: from, request: { kind: 'seals', fromEpoch: message.fromEpoch } })
    case 'seals': return onSeals(turn, from, message.proofs)
    case 'getTx': {
      const transactions = message.ids.flatMap(id => draft.pool.get(hex(id))?.bytes ?? [])
      return transactions.length > 0 ? send(turn, from, { kind: 'putTx', transactions }) : undefined
    }
    case 'putTx': {
      const admitted = message.transactions.flatMap(each => app.admit(draft.final.outcome.state, each) ?? [])
      addTransactions(turn, admitted)
      return
    }
    case 'evidence': return onEvidence(turn, message.evidence, from)
    default: return unreachable(message)
  }
}

function onCerts<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, certs: readonly { readonly cert: Parameters<typeof onCert>[1] }[]): void {
  for (const { cert } of certs) {
    if (!isOfOtherEpoch(turn, from, cert.epoch)) turn.pending.push({ type: 'cert', cert, from, verified: false })
  }
}

/** Goes on from a state that was fetched whole; the driver replaces its rows of the application by what `persist` says. */
export function adoptSnapshot<S, T extends Transaction> (
  rules: Rules<S, T>, state: State<S, T>, snapshot: Snapshot<S>, now: Now
): Result<Step<S, T>, SnapshotFailure> {
  const turn = turnOf(rules, state, now)
  const failure = adopt(turn, snapshot)
  if (failure !== null) return fail(failure)
  reconsiderLock(turn)
  return ok(finish(turn))
}

// --- Looking in -----------------------------------------------------------------------------------------------------

/** For people: where the ledger is, what this node is to it, and who is there. */
export type EngineView = {
  readonly epoch: number
  readonly height: number
  readonly view: number
  readonly digest: string
  readonly stateRoot: Uint8Array
  readonly finalMs: number
  /** `checking`: peers are still being asked whether this node may vote; `learner`: without a seat; `observer`: halted by an alarm. */
  readonly role: 'validator' | 'checking' | 'learner' | 'observer' | 'locked'
  readonly lockReason: string | null
  readonly validators: readonly (Validator & { readonly isReachable: boolean })[]
  readonly toleratedFaults: number
  readonly pool: number
  readonly alarms: readonly { readonly code: AlarmCode, readonly sentence: string }[]
}

export function viewOf<S, T extends Transaction> ({ epoch, final, view, signing, halted, peers, pool, alarms }: State<S, T>): EngineView {
  const { lock: { type }, lock: held } = signing
  const role = halted !== null ? 'observer' : type === 'locked' ? 'locked' : epoch.me < 0 ? 'learner' : type === 'checking' ? 'checking' : 'validator'
  return {
    epoch: epoch.number, height: final.height, view, digest: final.name, stateRoot: final.outcome.stateRoot, finalMs: final.timeMs, role,
    lockReason: held.type === 'locked' ? held.reason : null,
    validators: epoch.set.validators.map((each, index) => ({ ...each, isReachable: index === epoch.me || peers.get(epoch.nodes[index] ?? '')?.isOpen === true })),
    toleratedFaults: epoch.set.faultyMax, pool: pool.size, alarms
  }
}

export function finalState<S, T extends Transaction> ({ final }: State<S, T>): S {
  return final.outcome.state
}

/** The state after the newest certified block that is held and valid: ordered, not final yet. */
export function tipState<S, T extends Transaction> (state: State<S, T>): S {
  for (let view = state.view - 1; view > state.final.view; view--) {
    const at = state.views.get(view)
    const outcome = state.blocks.get((at?.notarized ?? at?.finalized)?.digest ?? '')?.outcome
    if (outcome != null) return outcome.state
  }
  return state.final.outcome.state
}

export function poolHas<S, T extends Transaction> ({ pool }: State<S, T>, id: string): boolean {
  return pool.has(id)
}

// --- Beginning -----------------------------------------------------------------------------------------------------

export type Kept<S> = {
  readonly rows: Iterable<KeptRow & { readonly value: Uint8Array }>
  /** The application's state at the newest final block; undefined where no block was ever final here. */
  readonly appState: S | undefined
}

/** Begins from what was kept, or from genesis where nothing was. No vote leaves before the peers have been asked. */
export function begin<S, T extends Transaction> (rules: Rules<S, T>, { rows, appState }: Kept<S>, now: Now): Step<S, T> {
  const restored = restoreRows(rows, rules.profile.bodyBytesMax)
  const state = initialState(rules, restored, appState, now)
  const replay = turnOf(rules, state, now, true)
  replayRows(replay, restored)
  const turn = turnOf(rules, replay.draft, now)
  turn.rows.push(instancesRow(replay.draft.ownInstances))
  forgetStale(turn, restored)
  if (replay.draft.signing.lock.type === 'locked') alarm(turn, 'locked', `This node does not vote: ${replay.draft.signing.lock.reason}`, null)
  if (replay.draft.epoch.version > rules.version) alarm(turn, 'version', `The federation speaks version ${replay.draft.epoch.version}, this node only ${rules.version}`, null)
  turn.due.finalize = true
  reconsiderLock(turn)
  return finish(turn)
}

function initialState<S, T extends Transaction> (rules: Rules<S, T>, restored: Restored, appState: S | undefined, now: Now): State<S, T> {
  const { app, federation, scheme, keys, node, profile } = rules
  const founded = { digest: digestOf(federation), height: 0, timeMs: app.genesis.timeMs }
  const kept = restored.final !== null && appState !== undefined ? restored.final : null
  const named = kept === null ? null : restored.epoch
  const epoch = epochOf(federation, named?.number ?? 0, named?.version ?? 1, setOf(named?.validators ?? app.genesis.validators, scheme), node, keys, named?.base ?? founded)
  const outcome: Outcome<S> = {
    state: kept !== null && appState !== undefined ? appState : app.genesis.state, stateRoot: kept?.stateRoot ?? app.genesis.stateRoot,
    log: kept?.log ?? appendLog({ length: 0, peaks: [] }, founded.digest), due: app.due(kept !== null && appState !== undefined ? appState : app.genesis.state), seal: null, ids: [], context: null, evidence: []
  }
  const final: Final<S> = kept === null
    ? { ...founded, name: hex(founded.digest), view: 0, proof: null, outcome }
    : { digest: kept.digest, name: hex(kept.digest), height: kept.height, view: kept.view, timeMs: kept.timeMs, proof: kept.proof, outcome }
  const past = kept === null ? [] : (named?.past ?? []).map(({ number, validators }) => ({ number, validators, set: setOf(validators, scheme) }))
  return {
    epoch, past, final, finalEvidence: kept === null ? new Map() : restored.evidence,
    view: final.view + 1, enteredMs: now.monotonicMs, armedMs: null, retryMs: now.monotonicMs, backoffMs: 2 * profile.deltaMs, entry: null,
    deltaMs: profile.deltaMs, finLearntMs: now.monotonicMs, suspects: new Set(), activeSinceMs: now.monotonicMs, activeMs: Number.NEGATIVE_INFINITY,
    views: new Map(), blocks: new Map(), wants: new Map(), certsAskedMs: Number.NEGATIVE_INFINITY, rotation: 0,
    signing: signingOf(restored, epoch.number, new Set(keys.keys()), now, profile.deltaMs), keys, newest: new Map(),
    foreign: new Map(), ownInstances: [...restored.instances.filter(each => each !== rules.instance), rules.instance].slice(-OWN_INSTANCES_MAX),
    peers: new Map(), catching: null, pool: new Map(), poolBytes: 0, poolShares: new Map(), poolVersion: 0, includable: null, evidence: [],
    statusSentMs: Number.NEGATIVE_INFINITY, statusOwed: false, halted: null, alarms: [], timerMs: null
  }
}

/** Rows of views that became final before they were deleted. */
function forgetStale<S, T extends Transaction> (turn: Turn<S, T>, { blocks, certs }: Restored): void {
  const { epoch, final } = turn.draft
  const isStale = (of: { readonly epoch: number, readonly view: number }): boolean =>
    of.epoch < epoch.number || (of.epoch === epoch.number && of.view <= final.view)
  for (const { block } of blocks) if (isStale(block.header)) turn.lazyRows.push(blockRowGone(block))
  for (const cert of certs) if (isStale(cert)) turn.lazyRows.push(certRowGone(cert))
}

function setOf (validators: readonly Validator[], scheme: Rules<unknown, Transaction>['scheme']): ValidatorSet {
  const set = validatorSet(validators.toSorted((a, b) => compareBytes(a.key, b.key)), scheme)
  assert(set.ok, 'validators that were agreed upon can be')
  return set.value
}

function signingOf (
  { votes, isDamaged, lock: kept }: Restored, epoch: number, keys: ReadonlySet<string>, now: Now, deltaMs: number
): Signing {
  const [first] = votes
  const reason = isDamaged ? 'its record of own votes is damaged' : null
  const lockNow: Lock = kept !== null
    ? { type: 'locked', reason: kept.reason, keys: kept.keys }
    : reason !== null ? { type: 'locked', reason, keys } : checkingFrom(now, deltaMs)
  const floor = first === undefined || first.count === 0 ? null : { epoch: first.vote.epoch, view: first.vote.view }
  return { rows: votes, next: (votes.at(-1)?.count ?? -1) + 1, byView: recordOf(votes, epoch), floor, lock: lockNow }
}

/** Blocks, certificates and own votes as if they had just come, except that nothing is signed, kept or sent. */
function replayRows<S, T extends Transaction> (turn: Turn<S, T>, restored: Restored): void {
  const { draft } = turn
  for (const { block, signature } of restored.blocks) {
    const { header: { epoch, view, proposer, parent }, digest } = block
    if (epoch !== draft.epoch.number || view <= draft.final.view) continue
    const name = hex(digest)
    put(turn, 'blocks', name, { block, name, parent: hex(parent), outcome: null, isUnjust: false, kept: true })
    const at = viewAt(turn, view)
    // Votes and blocks are synced side by side. An own proposal without its vote has never left, so it is none.
    const isSaid = proposer !== draft.epoch.me || restored.votes.some(({ vote }) =>
      vote.type === PROPOSE && vote.epoch === epoch && vote.view === view && vote.digest !== null && hex(vote.digest) === name)
    if (signature !== null && isSaid && at.proposal === null && proposer === draft.epoch.leaders[view % draft.epoch.leaders.length]) {
      put(turn, 'views', view, { ...at, proposal: { name, signature } })
    }
  }
  for (const { vote } of restored.votes) {
    if (!isBorneOut(draft, vote)) continue
    turn.pending.push({ type: 'vote', vote, from: null, verified: vote.epoch === draft.epoch.number && vote.signer === draft.epoch.me })
  }
  for (const cert of restored.certs) if (!holdsUnsaid(draft, cert)) turn.pending.push({ type: 'cert', cert, from: null, verified: false })
  settle(turn)
}

/** Votes and certificates are synced side by side. One that rests on an own vote without a row has never left, nor has that vote. */
function holdsUnsaid<S, T extends Transaction> ({ epoch, signing }: State<S, T>, { bitmap, epoch: ofEpoch, view, type, digest }: Cert): boolean {
  if (ofEpoch !== epoch.number || epoch.me < 0 || !hasBit(bitmap, epoch.me)) return false
  const said = signing.byView.get(view) ?? NOTHING_ON_RECORD
  return decide(type, digest === null ? null : hex(digest), said) !== 'repeat'
}
