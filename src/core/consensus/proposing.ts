import { assert, EMPTY_ROOT, hex } from '../../base/index.ts'
import { FLUSH, makeBlock, NORMAL, PROPOSE, SEAL, NULLIFY, type Block, type BlockType, type Cert, type Just, type BlockContext, type Verdict } from '../finality/index.ts'
import { EVIDENCE_PER_BLOCK_MAX } from './types.ts'
import {
  appendLog, isVoter, leaderAt, openValidators, put, rootOfLog, send, sendAll, tipOf, viewAt, votesAt, type Outcome, type Turn
} from './state.ts'
import type { Executed, Proposed, Transaction } from './types.ts'
import { contextOf, isShown, readEvidence, sealOf } from './validity.ts'
import { isHeartbeat, keepBlock, onRecord, poolAbove, sign, validateTip } from './views.ts'

/** As a leader, once per view and with a reason: the child of the tip. */
export function propose<S, T extends Transaction> (turn: Turn<S, T>): void {
  const { draft, now, rules } = turn
  const { view, epoch } = draft
  const record = onRecord(turn, view)
  if (!isVoter(turn) || draft.armedMs === null || leaderAt(epoch, view) !== epoch.me || viewAt(turn, view).proposal !== null) return
  if (record.notarized !== null || record.nullified || record.proposed !== null) return
  const tip = tipOf(turn)
  const outcome = validateTip(turn, tip.name)
  const just = outcome === null ? null : justFor(turn, tip)
  if (outcome === null || just === null || (tip.view > 0 && tip.cert === null)) return
  const pool = outcome.seal !== null || draft.pool.size === 0 ? [] : poolAbove(turn, tip.name)
  // What comes while a block is under way is gathered; where nothing is, nobody waits for company.
  const isEarly = tip.view > draft.final.view && now.monotonicMs < draft.enteredMs + rules.profile.batchWindowMs
  if (isEarly && outcome.seal === null && !fillsBlock(pool, rules.profile.bodyBytesMax)) return
  const built = blockAbove(turn, tip, outcome, just, pool)
  if (built === null) return
  const { block } = built
  const name = hex(block.digest)
  put(turn, 'blocks', name, { block, name, parent: tip.name, outcome: built.outcome, isUnjust: false, kept: false })
  const vote = sign(turn, PROPOSE, view, block.digest, name)
  if (vote === null) return
  keepBlock(turn, name, vote.signature)
  put(turn, 'views', view, { ...viewAt(turn, view), proposal: { name, signature: vote.signature } })
  sendAll(turn, openValidators(turn), { kind: 'proposal', block, signature: vote.signature })
  turn.pending.push({ type: 'vote', vote, from: null, verified: true })
  turn.due.notarize = true
}

const NO_BODY = new Uint8Array(0)

type Tip = ReturnType<typeof tipOf>
type Built<S> = { readonly block: Block, readonly outcome: Outcome<S> }

/** A block with what there is to say, or an empty one where the chain needs one, or none. */
function blockAbove<S, T extends Transaction> (turn: Turn<S, T>, tip: Tip, outcome: Outcome<S>, just: Just, pool: readonly T[]): Built<S> | null {
  const { draft, rules, now } = turn
  const isSealing = outcome.seal !== null
  const { due } = outcome
  const seal = due === null ? null : sealOf(turn, due)
  if (due !== null && seal === null) return null
  const before = tip.name === draft.final.name ? draft.final : draft.blocks.get(tip.name)?.block.header
  assert(before !== undefined, 'a tip that was validated is held')
  const placed = {
    epoch: draft.epoch.number, height: before.height + 1, timeMs: Math.max(Math.floor(now.wallMs), before.timeMs + 1), proposer: draft.epoch.me
  }
  const shown = isSealing ? [] : draft.evidence.filter(each => !isShown(turn, each.name, tip.name)).slice(0, EVIDENCE_PER_BLOCK_MAX)
  const evidence = shown.map(each => each.bytes)
  const build = (type: BlockType, items: readonly Uint8Array[], proposed: Proposed<S> | null): Built<S> | null => {
    const context = isSealing ? null : contextFor(turn, { ...placed, type }, just, items)
    const done = context === null
      ? { next: outcome.state, stateRoot: outcome.stateRoot, bodyRoot: EMPTY_ROOT, ids: [] }
      : proposed ?? executedEmpty(turn, outcome, context)
    if (done === null) return null
    const body = proposed?.body ?? NO_BODY
    const block = makeBlock({
      ...placed, federation: rules.federation, view: draft.view, parent: tip.digest, parentView: tip.view, type, validatorsHash: draft.epoch.set.hash,
      bodyRoot: done.bodyRoot, stateRoot: done.stateRoot, logRoot: rootOfLog(outcome.log), seal: type === SEAL ? seal : null, just, evidence: items, body
    })
    const log = isSealing ? outcome.log : appendLog(outcome.log, block.digest)
    const names = items === evidence ? shown.map(each => each.name) : []
    const { next: state, stateRoot, ids } = done
    return { block, outcome: { state, stateRoot, log, due: isSealing || type === SEAL ? null : rules.app.due(state), seal: outcome.seal ?? (type === SEAL ? hex(block.digest) : null), ids, context, evidence: names } }
  }
  const type = seal === null ? NORMAL : SEAL
  const proposed = pool.length === 0
    ? null
    : rules.app.propose(outcome.state, contextFor(turn, { ...placed, type }, just, evidence), pool, rules.profile.bodyBytesMax)
  if (proposed !== null || evidence.length > 0 || seal !== null) {
    const built = build(type, evidence, proposed) ?? (seal === null ? null : build(SEAL, [], null))
    if (built !== null) return built
  }
  return seal === null && isFlushDue(turn, tip.view, isSealing) ? build(FLUSH, [], null) : null
}

function isFlushDue<S, T extends Transaction> (turn: Turn<S, T>, tipView: number, isSealing: boolean): boolean {
  const { draft, now } = turn
  return isSealing || isHeartbeat(turn) || votesAt(viewAt(turn, draft.view), NULLIFY).length > 0 ||
    (tipView > draft.final.view && now.monotonicMs >= draft.enteredMs + draft.deltaMs)
}

function fillsBlock (pool: readonly Transaction[], bodyBytesMax: number): boolean {
  let size = 0
  return pool.some(({ bytes }) => (size += bytes.length) >= bodyBytesMax)
}

/** The certificates that make a child of the tip valid in this view; null while one is missing, which is asked for. */
function justFor<S, T extends Transaction> (turn: Turn<S, T>, tip: { readonly view: number, readonly cert: Cert | null }): Just | null {
  const { draft, now: { monotonicMs } } = turn
  const nulls: Cert[] = []
  for (let view = tip.view + 1; view < draft.view; view++) {
    const cert = draft.views.get(view)?.nullified?.cert
    if (cert === undefined) {
      const peers = openValidators(turn)
      const peer = peers[draft.rotation % Math.max(1, peers.length)]
      if (monotonicMs < draft.certsAskedMs + draft.deltaMs || peer === undefined) return null
      draft.certsAskedMs = monotonicMs
      draft.rotation++
      send(turn, peer, { kind: 'getCerts', epoch: draft.epoch.number, fromView: tip.view + 1, toView: draft.view - 1 })
      return null
    }
    nulls.push(cert)
  }
  return { parentCert: tip.cert, nulls }
}

type Placed = { readonly epoch: number, readonly height: number, readonly timeMs: number, readonly proposer: number, readonly type: BlockType }

function verdictsFor<S, T extends Transaction> (turn: Turn<S, T>, evidence: readonly Uint8Array[]): readonly Verdict[] {
  return evidence.flatMap(bytes => {
    const read = readEvidence(turn, bytes, true)
    return read === null ? [] : [read.verdict]
  })
}

function contextFor<S, T extends Transaction> (turn: Turn<S, T>, placed: Placed, just: Just, evidence: readonly Uint8Array[]): BlockContext {
  const context = contextOf(turn, placed, just, verdictsFor(turn, evidence))
  assert(context !== null, 'a leader has a seat')
  return context
}

function executedEmpty<S, T extends Transaction> ({ rules }: Turn<S, T>, { state }: Outcome<S>, context: BlockContext): Executed<S> | null {
  const done = rules.app.execute(state, context, NO_BODY, () => undefined)
  return done.ok ? done.value : null
}
