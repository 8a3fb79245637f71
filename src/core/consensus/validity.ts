import { compareBytes, EMPTY_ROOT, equalBytes, hex, sha256 } from '../../base/index.ts'
import {
  decodeEvidence, FINALIZE, FLUSH, NOTARIZE, NULLIFY, SEAL, validatorSet, verifyCert, verifyEvidence,
  type Block, type Cert, type Evidence, type Header, type Just, type Seal, type Validator, type ValidatorSet, type Vote, type BlockContext, type Verdict
} from '../finality/index.ts'
import { EVIDENCE_PER_BLOCK_MAX, EVIDENCE_PER_SIGNER_MAX, WANTS_MAX } from './types.ts'
import { appendLog, certOf, drop, hasBit, leaderAt, outcomeOf, put, rootOfLog, type Held, type Outcome, type Turn } from './state.ts'
import type { NextEpoch, PeerName, Transaction } from './types.ts'

/** `wait`: something that decides it is not held. Only `yes` is remembered: what is missing may come. */
export type Validity = 'yes' | 'no' | 'wait'

/**
 * Whether a held block follows from its ancestors. `isFinal`: a quorum has finalised it, so its certificates and evidence were
 * checked by honest validators and only its execution is repeated.
 */
export function validate<S, T extends Transaction> (turn: Turn<S, T>, name: string, isFinal = false): Validity {
  const held = turn.draft.blocks.get(name)
  if (held === undefined) return 'wait'
  if (held.outcome !== null) return 'yes'
  const { header } = held.block
  if (!isFinal && (held.isUnjust || !isJustified(turn, header, held.block.just))) {
    if (!held.isUnjust) put(turn, 'blocks', name, { ...held, isUnjust: true })
    return 'no'
  }
  const { final, blocks } = turn.draft
  if (held.parent !== final.name) {
    const parent = blocks.get(held.parent)
    if (parent === undefined || header.parentView <= final.view || parent.block.header.view >= header.view) return 'wait'
    const verdict = validate(turn, held.parent, isFinal)
    if (verdict !== 'yes') return verdict
  }
  const parent = outcomeOf(turn, held.parent)
  if (parent === null) return 'wait'
  const outcome = fitsParent(turn, held, parent) ? execute(turn, held, parent, isFinal) : null
  if (outcome === null) return isSpoiled(turn, held) ? 'wait' : 'no'
  put(turn, 'blocks', name, { ...held, outcome })
  return 'yes'
}

/**
 * The header alone is voted on, so a block may come with a body that is not its own. Such a one says nothing of the block:
 * it is forgotten, and the block asked for again.
 */
function isSpoiled<S, T extends Transaction> (turn: Turn<S, T>, { block: { header, digest, body }, name }: Held<S>): boolean {
  const root = turn.rules.app.bodyRootOf(body)
  if (root !== undefined && equalBytes(root, header.bodyRoot)) return false
  drop(turn, 'blocks', name)
  want(turn, digest, header.view, null)
  return true
}

/** A block that a quorum knows and this node does not: it is asked for until the view is final. */
export function want<S, T extends Transaction> (turn: Turn<S, T>, digest: Uint8Array, view: number, from: PeerName | null): void {
  const { draft, now } = turn
  const name = hex(digest)
  if (view <= draft.final.view || draft.blocks.has(name) || name === draft.final.name) return
  const before = draft.wants.get(name)
  if (before !== undefined) {
    if (before.first === null && from !== null) put(turn, 'wants', name, { ...before, first: from })
    return
  }
  if (draft.wants.size >= WANTS_MAX) return
  put(turn, 'wants', name, { digest, view, askedMs: null, sinceMs: now.monotonicMs, first: from })
}

function fitsParent<S, T extends Transaction> (turn: Turn<S, T>, held: Held<S>, parent: Outcome<S>): boolean {
  const { draft: { epoch, final, blocks }, rules } = turn
  const { header } = held.block
  const before = held.parent === final.name ? final : blocks.get(held.parent)?.block.header
  return before !== undefined && header.federation.equals(rules.federation) && header.epoch === epoch.number &&
    header.view > before.view && header.parentView === before.view && header.height === before.height + 1 && header.timeMs > before.timeMs &&
    header.proposer === leaderAt(epoch, header.view) && equalBytes(header.validatorsHash, epoch.set.hash) &&
    equalBytes(header.logRoot, rootOfLog(parent.log)) && isOfType(turn, held.block, parent)
}

function isOfType<S, T extends Transaction> (turn: Turn<S, T>, { header, body, evidence }: Block, parent: Outcome<S>): boolean {
  if (parent.seal !== null) {
    return header.type === FLUSH && body.length === 0 && evidence.length === 0 && header.seal === null &&
      equalBytes(header.stateRoot, parent.stateRoot) && equalBytes(header.bodyRoot, EMPTY_ROOT)
  }
  const { due } = parent
  if ((header.type === SEAL) !== (due !== null)) return false
  if (due !== null) return header.seal !== null && isSeal(turn, due, header.seal)
  if (header.seal !== null) return false
  return (header.type === FLUSH) === (body.length === 0 && evidence.length === 0)
}

function isSeal<S, T extends Transaction> (turn: Turn<S, T>, due: NextEpoch, seal: Seal): boolean {
  const expected = sealOf(turn, due)
  return expected !== null && equalBytes(seal.nextValidatorsHash, expected.nextValidatorsHash) &&
    seal.nextValidators.length === expected.nextValidators.length &&
    seal.nextValidators.every((each, index) => isSameSeat(each, expected.nextValidators[index])) &&
    equalBytes(seal.nextParamsHash, expected.nextParamsHash) && seal.nextVersion === expected.nextVersion &&
    equalBytes(seal.prevSeal, expected.prevSeal) && seal.prevSealHeight === expected.prevSealHeight
}

function isSameSeat (a: Validator, b: Validator | undefined): boolean {
  return b !== undefined && a.member === b.member && equalBytes(a.node, b.node) && equalBytes(a.key, b.key)
}

/** What the next seal says; null where the application names validators that cannot be. */
export function sealOf<S, T extends Transaction> ({ rules, draft: { epoch } }: Turn<S, T>, due: NextEpoch): Seal | null {
  const set = validatorSet(due.validators.toSorted((a, b) => compareBytes(a.key, b.key)), rules.scheme)
  if (!set.ok) return null
  return {
    nextValidators: set.value.validators, nextValidatorsHash: set.value.hash, nextParamsHash: due.paramsHash, nextVersion: due.version,
    prevSeal: epoch.base.digest, prevSealHeight: epoch.base.height
  }
}

/** The parent is certified, and every view between was given up by a quorum. */
function isJustified<S, T extends Transaction> (turn: Turn<S, T>, header: Header, just: Just): boolean {
  const { epoch, view, parent, parentView } = header
  const { parentCert, nulls } = just
  if (view <= parentView || nulls.length !== view - parentView - 1) return false
  if (parentView === 0) {
    if (parentCert !== null || !equalBytes(parent, turn.draft.epoch.base.digest)) return false
  } else if (parentCert === null || parentCert.epoch !== epoch || parentCert.view !== parentView || parentCert.digest === null ||
    (parentCert.type !== NOTARIZE && parentCert.type !== FINALIZE) || !equalBytes(parentCert.digest, parent) || !isProven(turn, parentCert)) {
    return false
  }
  return nulls.every((cert, index) => cert.type === NULLIFY && cert.epoch === epoch && cert.view === parentView + 1 + index && isProven(turn, cert))
}

/** Whether a certificate of this epoch verifies; votes that were verified before are not verified again. */
export function isProven<S, T extends Transaction> (turn: Turn<S, T>, cert: Cert): boolean {
  const { rules, draft } = turn
  if (cert.epoch !== draft.epoch.number) return false
  const at = draft.views.get(cert.view)
  const held = cert.type === NULLIFY ? at?.nullified : cert.type === NOTARIZE ? at?.notarized : at?.finalized
  if (held != null && isSameCert(held.cert, cert)) return true
  const final = certOf(draft.final)
  if (final !== null && isSameCert(final, cert)) return true
  const known = (vote: Vote): boolean => at !== undefined && at.votes.some(each =>
    each.vote.signer === vote.signer && each.vote.type === vote.type && isSameDigest(each.vote.digest, vote.digest) &&
    equalBytes(each.vote.signature, vote.signature))
  return verifyCert(rules.federation, draft.epoch.set, cert, known)
}

function isSameCert (a: Cert, b: Cert): boolean {
  return a.epoch === b.epoch && a.view === b.view && a.type === b.type && isSameDigest(a.digest, b.digest) &&
    equalBytes(a.bitmap, b.bitmap) && equalBytes(a.signatures, b.signatures)
}

function isSameDigest (a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b)
}

function execute<S, T extends Transaction> (turn: Turn<S, T>, { block, name, parent: parentName }: Held<S>, parent: Outcome<S>, isFinal: boolean): Outcome<S> | null {
  const { header } = block
  if (parent.seal !== null) {
    return { state: parent.state, stateRoot: parent.stateRoot, log: parent.log, due: null, seal: parent.seal, ids: [], context: null, evidence: [] }
  }
  const evidence = verdictsOf(turn, block.evidence, parentName, isFinal)
  if (evidence === null) return null
  const context = contextOf(turn, header, block.just, evidence.verdicts)
  if (context === null) return null
  const done = turn.rules.app.execute(parent.state, context, block.body, id => turn.draft.pool.get(id))
  if (!done.ok || !equalBytes(done.value.stateRoot, header.stateRoot) || !equalBytes(done.value.bodyRoot, header.bodyRoot)) return null
  const { next, stateRoot, ids } = done.value
  const seal = header.type === SEAL ? name : null
  return { state: next, stateRoot, log: appendLog(parent.log, block.digest), due: seal === null ? turn.rules.app.due(next) : null, seal, ids, context, evidence: evidence.names }
}

type Placed = { readonly epoch: number, readonly height: number, readonly timeMs: number, readonly proposer: number, readonly type: Header['type'] }

export function contextOf<S, T extends Transaction> (
  { rules, draft: { epoch } }: Turn<S, T>, header: Placed, { parentCert, nulls }: Just, verdicts: readonly Verdict[]
): BlockContext | null {
  const { validators } = epoch.set
  const proposer = validators[header.proposer]
  if (proposer === undefined) return null
  const certs = parentCert === null ? nulls : [parentCert, ...nulls]
  const seen = validators.filter((_, index) => index === header.proposer || certs.some(({ bitmap }) => hasBit(bitmap, index)))
  const { federation } = rules
  return { federation, version: epoch.version, epoch: header.epoch, height: header.height, timeMs: header.timeMs, proposer, type: header.type, seen, verdicts }
}

/** One kind of lie of one key at one view: shown once. */
export function evidenceName (evidence: Evidence, set: ValidatorSet): { readonly name: string, readonly signer: Validator, readonly view: number, readonly epoch: number } | null {
  const vote = evidence.kind === 'bad-justification' ? evidence.vote : evidence.first
  const signer = set.validators[vote.signer]
  return signer === undefined ? null : { name: `${vote.epoch}/${hex(signer.key)}/${vote.view}/${evidence.kind}`, signer, view: vote.view, epoch: vote.epoch }
}

function setOfEpoch<S, T extends Transaction> ({ draft: { epoch, past } }: Turn<S, T>, number: number): ValidatorSet | undefined {
  return number === epoch.number ? epoch.set : past.find(each => each.number === number)?.set
}

/** Verified evidence of one item; null for one that proves nothing, or of an epoch whose validators are not known any more. */
export function readEvidence<S, T extends Transaction> (turn: Turn<S, T>, bytes: Uint8Array, isFinal = false): { readonly evidence: Evidence, readonly name: string, readonly verdict: Verdict } | null {
  const decoded = decodeEvidence(bytes)
  if (!decoded.ok) return null
  const evidence = decoded.value
  const set = setOfEpoch(turn, (evidence.kind === 'bad-justification' ? evidence.vote : evidence.first).epoch)
  if (set === undefined || (!isFinal && !verifyEvidence(turn.rules.federation, set, evidence))) return null
  const named = evidenceName(evidence, set)
  if (named === null) return null
  const { name, signer, view, epoch } = named
  return { evidence, name, verdict: { member: signer.member, kind: evidence.kind, epoch, view, id: sha256(bytes) } }
}

/** Whether a final block, or one between it and this one, showed it before, or its signer has been shown often enough. */
export function isShown<S, T extends Transaction> (turn: Turn<S, T>, name: string, parentName: string): boolean {
  const { finalEvidence, blocks, final } = turn.draft
  const ofSigner = name.split('/', 2).join('/') + '/'
  let count = 0
  for (const each of finalEvidence.keys()) if (each.startsWith(ofSigner)) count++
  const before: string[] = []
  for (let at = parentName; at !== final.name;) {
    const held = blocks.get(at)
    if (held === undefined) break
    before.push(...held.outcome?.evidence ?? [])
    at = held.parent
  }
  count += before.filter(each => each.startsWith(ofSigner)).length
  return finalEvidence.has(name) || before.includes(name) || count >= EVIDENCE_PER_SIGNER_MAX
}

function verdictsOf<S, T extends Transaction> (
  turn: Turn<S, T>, items: readonly Uint8Array[], parentName: string, isFinal: boolean
): { readonly verdicts: readonly Verdict[], readonly names: readonly string[] } | null {
  if (items.length > EVIDENCE_PER_BLOCK_MAX) return null
  const [verdicts, names]: [Verdict[], string[]] = [[], []]
  for (const item of items) {
    const read = readEvidence(turn, item, isFinal)
    if (read === null || names.includes(read.name) || isShown(turn, read.name, parentName)) return null
    names.push(read.name)
    verdicts.push(read.verdict)
  }
  return { verdicts, names }
}
