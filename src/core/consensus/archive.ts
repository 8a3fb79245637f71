import { equalBytes, hex } from '../../base/index.ts'
import {
  decodeHeader, encodeBlock, encodeFinalityProof, FLUSH, nextAnchor, SEAL, validatorSet, verifyFinality,
  type Anchor, type Block, type FinalityProof, type Scheme, type SignedHeader
} from '../finality/index.ts'
import { MISSES_MAX, NEAR_BLOCKS, NEAR_DELTAS, PAST_EPOCHS_MAX, RANGE_BLOCKS_MAX, RANGE_BYTES_MAX, RANGE_DELTAS, SEALS_MAX } from './types.ts'
import { fork, settleChain, startEpoch } from './deciding.ts'
import { encodeMessage, type Message } from './message.ts'
import { blockRowGone, certRowGone, finalRow } from './rows.ts'
import { appendLog, blame, epochOf, openPeers, put, rootOfLog, send, type Claim, type Held, type Log, type Outcome, type Turn } from './state.ts'
import type { ArchiveRequest, PeerName, Transaction } from './types.ts'
import { sendStatus } from './views.ts'

// --- Asking --------------------------------------------------------------------------------------------------------

/**
 * Asks one peer at a time for the final blocks above the newest one here. A peer's claim is a reason to ask and nothing more:
 * it goes when the peer lowers it, answers with nothing, with something else, or not in time; then another is asked.
 */
export function catchUp<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now: { monotonicMs }, rules: { profile } } = turn
  if (draft.halted !== null) return
  if (draft.catching !== null) {
    if (monotonicMs < draft.catching.untilMs) return
    miss(turn, draft.catching.peer)
  }
  const claims = [...draft.peers].flatMap(([name, { isOpen, claim }]) => isOpen && claim !== null && isDue(turn, claim) ? [{ name, misses: claim.misses }] : [])
  const fewest = Math.min(...claims.map(each => each.misses))
  const best = claims.filter(each => each.misses === fewest)
  const peer = best[draft.rotation % Math.max(1, best.length)]?.name
  if (peer === undefined) return
  draft.rotation++
  const fromHeight = draft.final.height + 1
  draft.catching = { peer, fromHeight, untilMs: monotonicMs + RANGE_DELTAS * profile.deltaMs }
  send(turn, peer, { kind: 'getRange', fromHeight, max: RANGE_BLOCKS_MAX })
}

/** So few blocks come one by one with the certificates that finalised them; if they do not, they are asked for as well. */
function isDue<S, T extends Transaction> ({ draft, now: { monotonicMs }, rules: { profile } }: Turn<S, T>, { epoch, height, sinceMs }: Claim): boolean {
  if (epoch > draft.epoch.number || height > draft.final.height + NEAR_BLOCKS) return true
  return height > draft.final.height && monotonicMs >= sinceMs + NEAR_DELTAS * profile.deltaMs
}

/** When a claim that is not due yet will be. */
export function claimDueMs<S, T extends Transaction> ({ draft, rules: { profile } }: Turn<S, T>): number | null {
  let first: number | null = null
  for (const { isOpen, claim } of draft.peers.values()) {
    if (!isOpen || claim === null || claim.height <= draft.final.height) continue
    first = Math.min(first ?? Number.POSITIVE_INFINITY, claim.sinceMs + NEAR_DELTAS * profile.deltaMs)
  }
  return first
}

/** An answer may be lost, so a peer is asked again some times; with a Status, which tells it what is missing here. */
function miss<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName): void {
  const peer = turn.draft.peers.get(name)
  if (peer?.claim == null || peer.claim.misses + 1 >= MISSES_MAX) return disbelieve(turn, name)
  turn.draft.catching = null
  put(turn, 'peers', name, { ...peer, claim: { ...peer.claim, misses: peer.claim.misses + 1 } })
  sendStatus(turn, [name])
}

function disbelieve<S, T extends Transaction> (turn: Turn<S, T>, name: PeerName): void {
  const peer = turn.draft.peers.get(name)
  if (peer !== undefined) put(turn, 'peers', name, { ...peer, claim: null })
  turn.draft.catching = null
  turn.due.finalize = true
  turn.due.tick = true
}

export function onRange<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, blocks: readonly Block[], proof: FinalityProof | null): void {
  const { draft } = turn
  if (draft.catching?.peer !== from) return
  draft.catching = null
  const newest = blocks.at(-1)?.header
  if (proof === null || newest === undefined) return disbelieve(turn, from)
  if (newest.epoch < draft.epoch.number) return
  if (!isProvenRange(turn, blocks, proof)) {
    disbelieve(turn, from)
    return blame(turn, from, 'a range that its proof does not prove')
  }
  const { final } = draft
  const same = blocks.find(each => each.header.height === final.height)
  const rest = blocks.filter(each => each.header.height > final.height)
  const [first] = rest
  if (same !== undefined && !equalBytes(same.digest, final.digest)) return fork(turn, proof)
  if (first === undefined || first.header.height !== final.height + 1) return disbelieve(turn, from)
  if (!equalBytes(first.header.parent, final.digest)) return fork(turn, proof)
  const chain = rest.map(block => {
    const name = hex(block.digest)
    const held: Held<S> = draft.blocks.get(name) ?? { block, name, parent: hex(block.header.parent), outcome: null, isUnjust: false, kept: false }
    put(turn, 'blocks', name, held)
    return held
  })
  if (!settleChain(turn, chain, proof)) {
    if (draft.halted !== null) return
    disbelieve(turn, from)
    return blame(turn, from, 'blocks whose bodies are not theirs')
  }
  const peer = draft.peers.get(from)
  if (peer?.claim != null && peer.claim.epoch <= draft.epoch.number && peer.claim.height <= draft.final.height) {
    put(turn, 'peers', from, { ...peer, claim: null })
    sendStatus(turn, [from])
  }
}

/** Linked by parent within this epoch, and the last of them is proven. */
function isProvenRange<S, T extends Transaction> ({ draft, rules }: Turn<S, T>, blocks: readonly Block[], proof: FinalityProof): boolean {
  const last = blocks.at(-1)
  if (last === undefined || blocks.some(({ header }) => header.epoch !== draft.epoch.number)) return false
  for (const [index, { header }] of blocks.entries()) {
    const before = blocks[index - 1]
    if (before !== undefined && (!equalBytes(header.parent, before.digest) || header.height !== before.header.height + 1)) return false
  }
  const verified = verifyFinality(anchorOf(draft.epoch, rules), rules.scheme, proof)
  return verified.ok && equalBytes(verified.value.header.digest, last.digest)
}

export function anchorOf (epoch: Turn<unknown, Transaction>['draft']['epoch'], { federation }: { readonly federation: Anchor['federation'] }): Anchor {
  const { number, set: { validators }, base } = epoch
  return { federation, epoch: number, validators, base: base.digest, baseHeight: base.height, timeMs: base.timeMs }
}

/** The proof of a seal tells that there is more, and with whom. */
export function onSeals<S, T extends Transaction> (turn: Turn<S, T>, from: PeerName, proofs: readonly FinalityProof[]): void {
  const { draft, rules } = turn
  const peer = draft.peers.get(from)
  for (const proof of proofs) {
    const verified = verifyFinality(anchorOf(draft.epoch, rules), rules.scheme, proof)
    if (!verified.ok || peer === undefined) continue
    const { header } = verified.value.header
    if (header.height <= draft.final.height) return
    const epoch = Math.max(peer.claim?.epoch ?? 0, header.epoch + proofs.length)
    const height = Math.max(peer.claim?.height ?? 0, header.height)
    return put(turn, 'peers', from, { ...peer, claim: { epoch, height, sinceMs: peer.claim?.sinceMs ?? turn.now.monotonicMs, misses: 0 } })
  }
}

// --- A state at once -----------------------------------------------------------------------------------------------

/** A final state with what proves it, for a node that is too far behind to take every block. */
export type Snapshot<S> = {
  /** Proofs of the seals from this node's epoch on. */
  readonly seals: readonly FinalityProof[]
  /** Of the block after which the state is. */
  readonly proof: FinalityProof
  /** Of all blocks below that block. */
  readonly log: Log
  readonly appState: S
  /** As computed from the state, by whoever put it together. */
  readonly stateRoot: Uint8Array
}

/** `flush`: below a seal there are blocks that are final and yet no part of the ledger; this may be one of them. */
export type SnapshotFailure = { readonly code: 'seals' | 'proof' | 'flush' | 'older' | 'state-root' | 'log' }

/**
 * Takes a proven state in place of the blocks up to it. Evidence that was final before is not known from it; own votes and what
 * forbids more of them stay as they are.
 */
export function adopt<S, T extends Transaction> (turn: Turn<S, T>, { seals, proof, log, appState, stateRoot }: Snapshot<S>): SnapshotFailure | null {
  const { draft, rules } = turn
  const { scheme, app } = rules
  const passed = passing(anchorOf(draft.epoch, rules), scheme, seals)
  if (passed === null) return { code: 'seals' }
  const verified = verifyFinality(passed.at(-1)?.next ?? anchorOf(draft.epoch, rules), scheme, proof)
  if (!verified.ok) return { code: 'proof' }
  const { header, digest } = verified.value.header
  if (header.height <= draft.final.height) return { code: 'older' }
  if (!equalBytes(header.stateRoot, stateRoot)) return { code: 'state-root' }
  if (header.type === FLUSH && app.epochOf?.(appState) !== header.epoch) return { code: 'flush' }
  if (log.length !== header.height || !equalBytes(rootOfLog(log), header.logRoot)) return { code: 'log' }
  const before = draft.final.outcome.state
  forgetUnfinal(turn)
  pass(turn, passed)
  const outcome: Outcome<S> = {
    state: appState, stateRoot, log: appendLog(log, digest), due: app.due(appState), seal: null, ids: [], context: null, evidence: []
  }
  draft.final = { digest, name: hex(digest), height: header.height, view: header.view, timeMs: header.timeMs, proof, outcome }
  const byView = new Map([...draft.signing.byView].filter(([view]) => view > header.view))
  draft.signing = { ...draft.signing, byView }
  Object.assign(draft, {
    view: Math.max(draft.view, header.view + 1), enteredMs: turn.now.monotonicMs, armedMs: null, entry: null, finLearntMs: turn.now.monotonicMs,
    catching: null, includable: null
  })
  if (header.type === SEAL) startEpoch(turn, verified.value.header)
  turn.rows.push(finalRow(draft.final))
  turn.stateRows.push(...app.changes(before, appState))
  // What is missing above it is answered to this; claims of before may be forgotten by now.
  sendStatus(turn, openPeers(turn))
  return null
}

type Passed = { readonly seal: SignedHeader, readonly next: Anchor }

/** The epochs that proofs of seals lead through; null where one of them proves nothing. */
function passing (from: Anchor, scheme: Scheme, seals: readonly FinalityProof[]): readonly Passed[] | null {
  const passed: Passed[] = []
  for (const proof of seals) {
    const next = nextAnchor(passed.at(-1)?.next ?? from, scheme, proof)
    const seal = proof.headers[0] === undefined ? undefined : decodeHeader(proof.headers[0])
    if (!next.ok || seal?.ok !== true) return null
    passed.push({ seal: seal.value, next: next.value })
  }
  return passed
}

/** Ends epoch after epoch. Of those long past nothing is kept. */
function pass<S, T extends Transaction> (turn: Turn<S, T>, passed: readonly Passed[]): void {
  const { draft, rules: { federation, scheme, node } } = turn
  const skipped = passed.slice(0, -PAST_EPOCHS_MAX - 1).at(-1)
  const set = skipped === undefined ? undefined : validatorSet(skipped.next.validators, scheme)
  if (skipped !== undefined && set?.ok === true) {
    const { epoch, base, baseHeight, timeMs } = skipped.next
    draft.epoch = epochOf(federation, epoch, skipped.seal.header.seal?.nextVersion ?? 1, set.value, node, draft.keys, { digest: base, height: baseHeight, timeMs })
    draft.past = []
  }
  for (const { seal } of passed.slice(-PAST_EPOCHS_MAX - 1)) startEpoch(turn, seal)
}

/** Nothing unfinal of another base or epoch means anything above the new state. */
function forgetUnfinal<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft } = turn
  for (const { notarized, nullified, finalized } of draft.views.values()) {
    for (const proven of [notarized, nullified, finalized]) if (proven !== null) turn.lazyRows.push(certRowGone(proven.cert))
  }
  for (const { block, kept } of draft.blocks.values()) if (kept) turn.lazyRows.push(blockRowGone(block))
  draft.views = new Map()
  draft.blocks = new Map()
  draft.wants = new Map()
}

// --- Answering -----------------------------------------------------------------------------------------------------

/**
 * What is final, as it is kept outside. Everything is read at once and synchronously: a driver that reads asynchronously first
 * loads what the request can touch, then answers.
 */
export type ArchiveReader = {
  readonly tipHeight: number
  /** A final block by its height; undefined where it is not kept. */
  blockAt (height: number): Block | undefined
  blockOf (digest: Uint8Array): Block | undefined
  /** The proof that was delivered with a group of final blocks, by the height of the last of them. */
  proofAt (height: number): FinalityProof | undefined
  /** The proof of the seal that ended an epoch. */
  sealOf (epoch: number): FinalityProof | undefined
}

/** The messages that answer a request, within the caps; an empty range says that there is nothing. */
export function archiveAnswer (reader: ArchiveReader, request: ArchiveRequest): readonly Uint8Array[] {
  switch (request.kind) {
    case 'block': {
      const block = reader.blockOf(request.digest)
      return block === undefined ? [] : [encodeMessage({ kind: 'block', block })]
    }
    case 'range': return [encodeMessage(rangeOf(reader, request.fromHeight, request.max))]
    case 'seals': {
      const proofs: FinalityProof[] = []
      let bytes = 0
      for (let epoch = request.fromEpoch; proofs.length < SEALS_MAX; epoch++) {
        const proof = reader.sealOf(epoch)
        if (proof === undefined) break
        bytes += encodeFinalityProof(proof).length
        if (proofs.length > 0 && bytes > RANGE_BYTES_MAX) break
        proofs.push(proof)
      }
      return proofs.length === 0 ? [] : [encodeMessage({ kind: 'seals', proofs })]
    }
  }
}

function rangeOf (reader: ArchiveReader, fromHeight: number, max: number): Message {
  const none: Message = { kind: 'range', blocks: [], proof: null }
  const blocks: Block[] = []
  let bytes = 0
  const first = reader.blockAt(fromHeight)
  for (let height = fromHeight; height <= reader.tipHeight && blocks.length < Math.min(max, RANGE_BLOCKS_MAX); height++) {
    const block = reader.blockAt(height)
    if (block === undefined || block.header.epoch !== first?.header.epoch) break
    bytes += encodeBlock(block).length
    if (blocks.length > 0 && bytes > RANGE_BYTES_MAX) break
    blocks.push(block)
  }
  const last = blocks.at(-1)
  if (last === undefined) return none
  const proof = proofOf(reader, last)
  return proof === undefined ? none : { kind: 'range', blocks, proof }
}

/** The headers from a block up to the next one that was proven, and that proof. */
function proofOf (reader: ArchiveReader, block: Block): FinalityProof | undefined {
  const headers: Uint8Array[] = []
  for (let height = block.header.height; height <= reader.tipHeight; height++) {
    const proof = reader.proofAt(height)
    if (proof !== undefined) return { headers: [...headers, ...proof.headers], cert: proof.cert }
    const between = reader.blockAt(height)
    if (between === undefined) return undefined
    headers.push(between.bytes)
  }
  return undefined
}
