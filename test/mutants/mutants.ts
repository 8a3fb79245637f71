import type { RunOptions } from '../../src/sim/index.ts'

/** One wrong rule: texts of the engine replaced by others. The simulation must fail for one of `seedsMax` seeds. */
export type Mutant = {
  readonly name: string
  readonly edits: readonly { readonly file: string, readonly find: string, readonly replace: string }[]
  /** How the seeds are played; all kinds of faults where nothing is said. */
  readonly options: Omit<RunOptions, 'seed'>
  readonly seedsMax: number
  /** A seed that is known to catch it: tried first. */
  readonly firstSeed: number
}

const CONSENSUS = 'src/core/consensus'
const SIGNER = `${CONSENSUS}/signer.ts`
const ROUGH = { nodes: 4, hours: 0.15, faults: ['slow', 'loss', 'duplicates', 'partition', 'crash', 'disk', 'transactions'] } as const

/**
 * Some rules have no mutant here. An engine that keeps no certificates (W4), or does not count its own votes again after a start,
 * is not noticed in sixty seeds: peers give back certificates and own votes, and each view can be voted on again from W1. Nor is
 * one that delivers what is below a seal: a seal that only a flush block finalises comes in one seed of hundreds.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'finalises after it gave the view up',
    edits: [{ file: SIGNER, find: "case FINALIZE:\n      if (nullified || ", replace: 'case FINALIZE:\n      if (' },
      { file: `${CONSENSUS}/deciding.ts`, find: 'if (viewAt(turn, view).nullified === null) cast(', replace: 'cast(' }],
    options: ROUGH, seedsMax: 10, firstSeed: 3
  },
  {
    name: 'keeps no record of its votes',
    edits: [{ file: `${CONSENSUS}/views.ts`, find: '  turn.rows.push(voteRow(signing.next, vote))\n', replace: '' }], options: ROUGH, seedsMax: 10, firstSeed: 1
  },
  {
    name: 'lets votes out before they are synced',
    edits: [{ file: `${CONSENSUS}/state.ts`, find: '(turn.rows.length + turn.stateRows.length > 0 ? turn.late : turn.early).push(effect)', replace: 'turn.early.push(effect)' }],
    options: ROUGH, seedsMax: 10, firstSeed: 1
  },
  {
    name: 'skips views without leave',
    edits: [
      { file: `${CONSENSUS}/views.ts`, find: 'if (isToNullify(turn)) cast(turn, NULLIFY, draft.view, null, null)', replace: 'if (isToNullify(turn)) { cast(turn, NULLIFY, draft.view, null, null); draft.view += 1; draft.armedMs = null; draft.enteredMs = monotonicMs }' },
      { file: `${CONSENSUS}/proposing.ts`, find: '    if (cert === undefined) {', replace: '    if (cert === undefined && view > 0) continue\n    if (cert === undefined) {' },
      { file: `${CONSENSUS}/validity.ts`, find: 'view <= parentView || nulls.length !== view - parentView - 1', replace: 'view <= parentView' },
      { file: `${CONSENSUS}/validity.ts`, find: 'nulls.every((cert, index) => cert.type === NULLIFY && cert.epoch === epoch && cert.view === parentView + 1 + index &&', replace: 'nulls.every(cert => cert.type === NULLIFY &&' }
    ],
    options: ROUGH, seedsMax: 5, firstSeed: 1
  },
  {
    name: 'takes 2f votes for a quorum',
    edits: [{ file: 'src/core/finality/votes.ts', find: 'Math.floor(2 * count / 3) + 1', replace: 'Math.floor(2 * count / 3)' }], options: ROUGH, seedsMax: 60, firstSeed: 1
  },
  {
    name: 'finalises another block than it notarised (rule 5 is missing)',
    edits: [{ file: SIGNER, find: "case FINALIZE:\n      if (nullified || isOther(notarized, digest) ||", replace: 'case FINALIZE:\n      if (nullified ||' },
      { file: SIGNER, find: 'if (nullified || isOther(notarized, digest) || isOther(finalized, digest)', replace: 'if (nullified || isOther(notarized, digest)' }],
    options: { nodes: 4, hours: 0.1, twins: 2, faults: ['slow', 'loss', 'partition', 'crash', 'transactions'] }, seedsMax: 150, firstSeed: 6
  },
  {
    name: 'accepts no FINALIZE certificate of a parent',
    edits: [{ file: `${CONSENSUS}/validity.ts`, find: '(parentCert.type !== NOTARIZE && parentCert.type !== FINALIZE)', replace: 'parentCert.type !== NOTARIZE' }],
    options: ROUGH, seedsMax: 60, firstSeed: 1
  },
  {
    name: 'accepts a seal that is not due',
    edits: [{ file: `${CONSENSUS}/validity.ts`, find: 'if ((header.type === SEAL) !== (due !== null)) return false', replace: 'if (header.type !== SEAL && due !== null) return false' },
      { file: `${CONSENSUS}/validity.ts`, find: '  if (header.seal !== null) return false\n', replace: '  if (header.seal !== null) return true\n' }],
    options: { nodes: 4, hours: 0.15, liars: ['reconfigurer'], faults: ['seats', 'transactions'] }, seedsMax: 60, firstSeed: 1
  },
  {
    name: 'believes certificates that do not verify',
    edits: [{ file: `${CONSENSUS}/validity.ts`, find: 'return verifyCert(rules.federation', replace: 'return at !== null || verifyCert(rules.federation' }],
    options: { nodes: 4, hours: 0.15, liars: ['mutator'], faults: ['slow', 'transactions'] }, seedsMax: 60, firstSeed: 1
  },
  {
    name: 'accepts a seal that names others',
    edits: [{ file: `${CONSENSUS}/validity.ts`, find: '  return expected !== null && equalBytes(seal.nextValidatorsHash', replace: '  return expected !== null || equalBytes(seal.nextValidatorsHash' }],
    options: { nodes: 4, hours: 0.15, liars: ['reconfigurer'], faults: ['seats', 'transactions'] }, seedsMax: 60, firstSeed: 2
  },
  {
    name: 'accepts a block from before its parent',
    edits: [{ file: `${CONSENSUS}/validity.ts`, find: ' && header.timeMs > before.timeMs', replace: '' }],
    options: { nodes: 4, hours: 0.1, liars: ['timestampLiar'], faults: ['transactions'] }, seedsMax: 20, firstSeed: 1
  },
  {
    name: 'takes a timeout for a lie',
    edits: [{ file: 'src/core/finality/evidence.ts', find: 'BESIDE_FINALIZE.get(first.type) : undefined', replace: "BESIDE_FINALIZE.get(first.type) : first.type === NOTARIZE ? 'notarize-finalize' : undefined" }],
    options: ROUGH, seedsMax: 20, firstSeed: 1
  },
  {
    name: 'does not look for finality when a missing block comes',
    edits: [{ file: `${CONSENSUS}/peers.ts`, find: '  turn.due.finalize = true\n', replace: '' }], options: { nodes: 4, hours: 0.3, liars: ['withholder'], faults: ['loss', 'slow', 'partition', 'crash', 'transactions'] }, seedsMax: 60, firstSeed: 2
  },
  {
    name: 'never says again what may be lost',
    edits: [{ file: `${CONSENSUS}/views.ts`, find: '&& need(turn)) repeat(turn)', replace: '&& need(turn) && draft.view < 0) repeat(turn)' }], options: { nodes: 4, hours: 0.25, faults: ['dead', 'loss', 'slow', 'transactions'] }, seedsMax: 60, firstSeed: 1
  },
  {
    name: 'signs whatever it is asked to sign',
    edits: [{ file: `${CONSENSUS}/views.ts`, find: 'if (decide(type, name, record) !== \'sign\') return null', replace: "if (decide(type, name, record) === 'repeat') return null" }],
    options: ROUGH, seedsMax: 60, firstSeed: 3
  }
]

