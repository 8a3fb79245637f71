/**
 * Verifies proofs in the browser, with nothing but the charter to begin from: a record and a head as their publisher signed them, and a
 * block with what it anchors as the validators finalised it.
 *
 * Signatures by WebCrypto behind the byte checks of rule Hanse-Ed25519, trees and maps by `base`. Written apart from the verifiers of
 * `core`, from their specification: a fault in one is not in both. Deviates in that no key is tested for the prime group, which a
 * browser cannot do; members do that when they admit it. Each check is told as it is made, and the first that fails is the last.
 */
import { read } from './forms.ts'
import { verifyLight } from './light.ts'
import { charterOf, type Charter } from './members.ts'
import { charterStep, verifyProof, type Shown, type Told } from './proof.ts'
import type { Verifying } from './signing.ts'
import { Broken } from './steps.ts'

export { finalBlock, nextAnchor, type Anchor } from './finality.ts'
export { isSigned, type Verifying } from './signing.ts'
export type { Step } from './steps.ts'
export type { Shown } from './proof.ts'

/** What a file is: the proof of a record by its publisher, one by the ledger, or a charter. */
export type Kind = 'proof' | 'light-proof' | 'charter'

export function kindOf (file: Uint8Array): Kind | undefined {
  if (read('proofFile', recordOf(file)) !== undefined) return 'proof'
  if (read('lightProof', file) !== undefined) return 'light-proof'
  return read('charterEnvelope', file) === undefined ? undefined : 'charter'
}

/** Of the proof of a use that of its entry. On which day it was told the ledger of that day says, which is not in it. */
function recordOf (file: Uint8Array): Uint8Array {
  return read('useProof', file)?.record ?? file
}

export type Verdict = {
  readonly holds: boolean
  /** What was proved of a record; null where it is none, or nothing is proved. */
  readonly shown: Shown | null
  /** For a proof of the ledger that is checked next. */
  readonly charter: Charter | null
}

/** A proof of either kind. `trusted`: the charter from which one of the ledger is judged, since it has none in it. */
export async function verify (subtle: Verifying, file: Uint8Array, trusted: Uint8Array | Charter | null, told: Told): Promise<Verdict> {
  try {
    const proof = read('proofFile', recordOf(file))
    if (proof !== undefined) return { holds: true, ...await verifyProof(subtle, proof, told) }
    const light = read('lightProof', file)
    if (light === undefined) throw new Broken('form')
    if (trusted === null) throw new Broken('charter')
    const charter = trusted instanceof Uint8Array ? await charterOf(subtle, trusted) : trusted
    told(charterStep(charter))
    return { holds: true, shown: await verifyLight(subtle, charter, light, told), charter }
  } catch (cause) {
    if (!(cause instanceof Broken)) throw cause
    told(cause.step)
    return { holds: false, shown: null, charter: null }
  }
}
