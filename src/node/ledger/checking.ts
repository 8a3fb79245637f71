import { equalBytes, leafHash, Peaks, sha256 } from '../../base/index.ts'
import type { Verdict } from '../../core/consensus/index.ts'
import {
  decodeEvidence, digestOfFederation, genesisAnchor, justifies, leaderOf, nextAnchor, realScheme, SEAL, validatorSet, verifyEvidence, verifyFinality,
  type Anchor, type Block, type FinalityProof, type Validator, type ValidatorSet
} from '../../core/finality/index.ts'
import { decodeCharter, type Charter } from '../../core/identity/index.ts'
import { createLedger, type Ledger, type LedgerState } from '../../core/ledger/index.ts'
import type { LedgerCheck } from '../contract/index.ts'

/** Where final blocks and proofs are read. */
export type LedgerSource = {
  block (height: number): Promise<Block | undefined>
  proof (height: number): Promise<FinalityProof | undefined>
}

type Named = 'charter' | 'hashes' | 'certificates' | 'execution' | 'finality'
type Broken = { readonly check: Named, readonly detail: string }

/** Where the reading has come to. */
type Standing = {
  anchor: Anchor
  set: ValidatorSet
  sets: Map<number, ValidatorSet>
  version: number
  view: number
  parent: Uint8Array
  timeMs: number
  state: LedgerState
  readonly log: Peaks
  transactions: number
}

/**
 * Reads the ledger from the charter to the newest block and believes nothing that is in memory: each block follows from the one
 * before by hash, is certified by the validators of its epoch, and gives the state that it names when it is run again.
 */
export async function checkLedger (charterEnvelope: Uint8Array, source: LedgerSource, toHeight: number): Promise<LedgerCheck> {
  const charter = decodeCharter(charterEnvelope)
  if (!charter.ok) return report({ check: 'charter', detail: `the charter is not signed by its founders: ${charter.failure.code}` }, 0, 0, undefined)
  const ledger = createLedger({ charter: charter.value })
  const standing = beginning(charter.value, ledger)
  if (standing === undefined) return report({ check: 'charter', detail: 'the founders\' keys are none to vote with' }, 0, 0, undefined)
  for (let height = 1; height <= toHeight; height++) {
    const block = await source.block(height)
    if (block === undefined) return report({ check: 'hashes', detail: `block ${height} is not here` }, height - 1, standing.transactions, standing)
    const broken = hashesOf(standing, block, height) ?? certificatesOf(standing, block) ?? executionOf(standing, ledger, block)
    if (broken !== undefined) return report(broken, height - 1, standing.transactions, standing)
    // The seal of an epoch proves all of its blocks, and names who votes in the next.
    const isSeal = block.header.type === SEAL
    if (!isSeal && height < toHeight) continue
    const proof = await source.proof(height)
    const unproved = proof === undefined ? `the proof that block ${height} is final is not here` : isSeal ? seal(standing, block, proof) : finalityOf(standing, proof)
    if (unproved !== undefined) return report({ check: 'finality', detail: unproved }, height - 1, standing.transactions, standing)
  }
  return report(undefined, toHeight, standing.transactions, standing)
}

function beginning (charter: Charter, ledger: Ledger): Standing | undefined {
  const anchor = genesisAnchor(charter)
  const set = validatorSet(anchor.validators, realScheme)
  if (!set.ok) return undefined
  const log = new Peaks()
  log.append(leafHash(digestOfFederation(charter.federation)))
  return {
    anchor, set: set.value, sets: new Map([[0, set.value]]), version: 1, view: 0, parent: anchor.base, timeMs: anchor.timeMs,
    state: ledger.genesis.state, log, transactions: 0
  }
}

/** `decodeBlock` compared the parts of the block with its header; here the header is compared with the blocks before. */
function hashesOf ({ anchor, set, view, parent, timeMs, log }: Standing, { header }: Block, height: number): Broken | undefined {
  const follows = header.federation.equals(anchor.federation) && header.height === height && header.epoch === anchor.epoch &&
    equalBytes(header.parent, parent) && header.parentView === view && header.view > view && header.timeMs > timeMs &&
    equalBytes(header.validatorsHash, set.hash) && equalBytes(header.logRoot, log.root())
  return follows ? undefined : { check: 'hashes', detail: `block ${height} does not follow from the one before` }
}

function certificatesOf ({ anchor, set }: Standing, { header, just }: Block): Broken | undefined {
  if (header.proposer !== leaderOf(set, anchor.base, header.view)) {
    return { check: 'certificates', detail: `block ${header.height} is not of the validator whose turn it was` }
  }
  return justifies(anchor.federation, set, header, just)
    ? undefined
    : { check: 'certificates', detail: `block ${header.height} does not show that a quorum agreed to what it builds on` }
}

function executionOf (standing: Standing, ledger: Ledger, block: Block): Broken | undefined {
  const { header, body, just, digest } = block
  const wrong = (detail: string): Broken => ({ check: 'execution', detail: `block ${header.height} ${detail}` })
  const { validators } = standing.set
  const proposer = validators[header.proposer]
  const verdicts = verdictsOf(standing, block)
  if (proposer === undefined || verdicts === undefined) return wrong('accuses somebody without proof')
  const due = ledger.due(standing.state)
  if ((header.type === SEAL) !== (due !== null)) return wrong('begins an epoch that is not due, or does not begin one that is')
  const certs = just.parentCert === null ? just.nulls : [just.parentCert, ...just.nulls]
  const seen = validators.filter((_, index) => index === header.proposer || certs.some(({ bitmap }) => hasBit(bitmap, index)))
  const { federation, epoch, height, timeMs, type } = header
  const done = ledger.execute(standing.state, { federation, version: standing.version, epoch, height, timeMs, proposer, type, seen, verdicts }, body, () => undefined)
  if (!done.ok) return wrong(`holds what the ledger refuses: ${done.failure.code}`)
  if (!equalBytes(done.value.stateRoot, header.stateRoot)) return wrong('names another state than it leads to')
  if (!equalBytes(done.value.bodyRoot, header.bodyRoot)) return wrong('names other transactions than it holds')
  if (due !== null && (header.seal === null || !isSame(due.validators, header.seal.nextValidators) || !equalBytes(due.paramsHash, header.seal.nextParamsHash))) {
    return wrong('names other validators than its state')
  }
  standing.state = done.value.next
  standing.transactions += done.value.ids.length
  standing.view = header.view
  standing.parent = digest
  standing.timeMs = timeMs
  standing.log.append(leafHash(digest))
  return undefined
}

function verdictsOf ({ anchor, sets }: Standing, { evidence }: Block): readonly Verdict[] | undefined {
  const verdicts: Verdict[] = []
  for (const bytes of evidence) {
    const decoded = decodeEvidence(bytes)
    if (!decoded.ok) return undefined
    const { epoch, view, signer } = decoded.value.kind === 'bad-justification' ? decoded.value.vote : decoded.value.first
    const set = sets.get(epoch)
    const member = set?.validators[signer]?.member
    if (set === undefined || member === undefined || !verifyEvidence(anchor.federation, set, decoded.value)) return undefined
    verdicts.push({ member, kind: decoded.value.kind, epoch, view, id: sha256(bytes) })
  }
  return verdicts
}

function seal (standing: Standing, { header, digest }: Block, proof: FinalityProof): string | undefined {
  const next = nextAnchor(standing.anchor, realScheme, proof)
  if (!next.ok) return `the seal at height ${header.height} is not final: ${next.failure.code}`
  const set = validatorSet(next.value.validators, realScheme)
  if (!set.ok || !equalBytes(next.value.base, digest) || header.seal === null) return `the proof at height ${header.height} is of another seal`
  standing.anchor = next.value
  standing.set = set.value
  standing.sets.set(next.value.epoch, set.value)
  standing.version = header.seal.nextVersion
  standing.view = 0
  return undefined
}

function finalityOf ({ anchor, parent }: Standing, proof: FinalityProof): string | undefined {
  const proved = verifyFinality(anchor, realScheme, proof)
  if (!proved.ok) return `the newest block is not final: ${proved.failure.code}`
  return equalBytes(proved.value.header.digest, parent) ? undefined : 'the proof of finality is of another block'
}

function isSame (a: readonly Validator[], b: readonly Validator[]): boolean {
  const keys = new Set(b.map(({ key }) => key.join()))
  return a.length === b.length && a.every(({ key }) => keys.has(key.join()))
}

function hasBit (bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
}

function report (broken: Broken | undefined, height: number, transactions: number, standing: Standing | undefined): LedgerCheck {
  const details: Readonly<Record<Named, string>> = {
    charter: standing === undefined ? '' : `${standing.anchor.federation.toString()}, signed by all its founders`,
    hashes: `${height} blocks, each with the hash of the one before`,
    certificates: 'each block shows a quorum\'s word for what it builds on',
    execution: `${transactions} transactions, run again, give the same state`,
    finality: `${standing?.anchor.epoch ?? 0} seals and the newest block are final by their validators' signatures`
  }
  const names = ['charter', 'hashes', 'certificates', 'execution', 'finality'] as const
  return {
    verified: broken === undefined, fromHeight: 1, height,
    checks: names.map(name => ({ name, ok: broken?.check !== name, detail: broken?.check === name ? broken.detail : details[name] }))
  }
}
