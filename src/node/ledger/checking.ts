import { equalBytes, leafHash, Peaks, sha256 } from '../../base/index.ts'
import type { Verdict } from '../../core/consensus/index.ts'
import {
  decodeEvidence, decodeHeader, digestOfFederation, genesisAnchor, justifies, leaderOf, nextAnchor, realScheme, SEAL, validatorSet, verifyEvidence, verifyFinality,
  type Anchor, type Block, type FinalityProof, type SignedHeader, type Validator, type ValidatorSet
} from '../../core/finality/index.ts'
import { decodeCharter, type Charter } from '../../core/identity/index.ts'
import { createLedger, decodeBody, type Ledger, type LedgerState } from '../../core/ledger/index.ts'
import type { LedgerCheck } from '../contract/index.ts'

/** Where final blocks and proofs are read. */
export type LedgerSource = {
  block (height: number): Promise<Block | undefined>
  proof (height: number): Promise<FinalityProof | undefined>
  /** Proofs of the seals that ended the epochs from this one on. */
  seals (fromEpoch: number): Promise<readonly FinalityProof[]>
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
  /** Null where the reading begins with a proven block: what led there is not here, so nothing can be run again. */
  state: LedgerState | null
  readonly log: Peaks | null
  transactions: number
  fromHeight: number
}

/**
 * Reads the ledger from the charter to the newest block and believes nothing that is in memory: each block follows from the one
 * before by hash, is certified by the validators of its epoch, and gives the state that it names when it is run again.
 *
 * `fromHeight`: where blocks begin here. Above 1 the seals lead from the charter to the block before, and no block is run again.
 */
export async function checkLedger (charterEnvelope: Uint8Array, source: LedgerSource, toHeight: number, fromHeight = 1): Promise<LedgerCheck> {
  const charter = decodeCharter(charterEnvelope)
  if (!charter.ok) return report({ check: 'charter', detail: `the charter is not signed by its founders: ${charter.failure.code}` }, 0, undefined)
  const ledger = createLedger({ charter: charter.value })
  const standing = beginning(charter.value, ledger)
  if (standing === undefined) return report({ check: 'charter', detail: 'the founders\' keys are none to vote with' }, 0, undefined)
  if (fromHeight > 1) {
    const unproved = await skip(standing, source, fromHeight - 1)
    if (unproved !== undefined) return report({ check: 'finality', detail: unproved }, fromHeight - 1, standing)
  }
  for (let height = fromHeight; height <= toHeight; height++) {
    const block = await source.block(height)
    if (block === undefined) return report({ check: 'hashes', detail: `block ${height} is not here` }, height - 1, standing)
    const broken = hashesOf(standing, block, height) ?? certificatesOf(standing, block) ?? executionOf(standing, ledger, block)
    if (broken !== undefined) return report(broken, height - 1, standing)
    // The seal of an epoch proves all of its blocks, and names who votes in the next.
    const isSeal = block.header.type === SEAL
    if (!isSeal && height < toHeight) continue
    const proof = await source.proof(height)
    const unproved = proof === undefined ? `the proof that block ${height} is final is not here` : isSeal ? seal(standing, block, proof) : finalityOf(standing, proof)
    if (unproved !== undefined) return report({ check: 'finality', detail: unproved }, height - 1, standing)
  }
  return report(undefined, toHeight, standing)
}

function beginning (charter: Charter, ledger: Ledger): Standing | undefined {
  const anchor = genesisAnchor(charter)
  const set = validatorSet(anchor.validators, realScheme)
  if (!set.ok) return undefined
  const log = new Peaks()
  log.append(leafHash(digestOfFederation(charter.federation)))
  return {
    anchor, set: set.value, sets: new Map([[0, set.value]]), version: 1, view: 0, parent: anchor.base, timeMs: anchor.timeMs,
    fromHeight: 1, state: ledger.genesis.state, log, transactions: 0
  }
}

/** Goes to a block that is proven and not here. */
async function skip (standing: Standing, source: LedgerSource, height: number): Promise<string | undefined> {
  for (let some = await source.seals(0); some.length > 0; some = await source.seals(standing.anchor.epoch)) {
    for (const proof of some) {
      const sealed = headerOf(proof)
      if (sealed === undefined || sealed.header.height > height) break
      const unproved = seal(standing, sealed, proof)
      if (unproved !== undefined) return unproved
    }
    const [next] = some.slice(-1)
    if (next === undefined || (headerOf(next)?.header.height ?? height) >= height) break
  }
  const { anchor } = standing
  Object.assign(standing, { fromHeight: height + 1, state: null, log: null, parent: anchor.base, timeMs: anchor.timeMs, view: 0 })
  if (anchor.baseHeight === height) return undefined
  const proof = await source.proof(height)
  const proved = proof === undefined ? undefined : verifyFinality(anchor, realScheme, proof)
  if (proved?.ok !== true || proved.value.header.header.height !== height) return `the proof that block ${height} is final is not here`
  const { digest, header: { timeMs, view } } = proved.value.header
  Object.assign(standing, { parent: digest, timeMs, view })
  return undefined
}

function headerOf ({ headers: [first] }: FinalityProof): SignedHeader | undefined {
  const decoded = first === undefined ? undefined : decodeHeader(first)
  return decoded?.ok === true ? decoded.value : undefined
}

/** `decodeBlock` compared the parts of the block with its header; here the header is compared with the blocks before. */
function hashesOf ({ anchor, set, view, parent, timeMs, log }: Standing, { header }: Block, height: number): Broken | undefined {
  const follows = header.federation.equals(anchor.federation) && header.height === height && header.epoch === anchor.epoch &&
    equalBytes(header.parent, parent) && header.parentView === view && header.view > view && header.timeMs > timeMs &&
    equalBytes(header.validatorsHash, set.hash) && (log === null || equalBytes(header.logRoot, log.root()))
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
  const { header, body, just } = block
  const wrong = (detail: string): Broken => ({ check: 'execution', detail: `block ${header.height} ${detail}` })
  const { validators } = standing.set
  const proposer = validators[header.proposer]
  const verdicts = verdictsOf(standing, block)
  if (proposer === undefined || verdicts === undefined) return wrong('accuses somebody without proof')
  if (standing.state === null) return advance(standing, block, decodeBody(body)?.length ?? 0)
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
  return advance(standing, block, done.value.ids.length)
}

function advance (standing: Standing, { header: { view, timeMs }, digest }: Block, transactions: number): undefined {
  standing.transactions += transactions
  Object.assign(standing, { view, timeMs, parent: digest })
  standing.log?.append(leafHash(digest))
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

function seal (standing: Standing, { header, digest }: SignedHeader, proof: FinalityProof): string | undefined {
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

function report (broken: Broken | undefined, height: number, standing: Standing | undefined): LedgerCheck {
  const { transactions, fromHeight, state } = standing ?? { transactions: 0, fromHeight: 1, state: null }
  const details: Readonly<Record<Named, string>> = {
    charter: standing === undefined ? '' : `${standing.anchor.federation.toString()}, signed by all its founders`,
    hashes: `${height - fromHeight + 1} blocks, each with the hash of the one before`,
    certificates: 'each block shows a quorum\'s word for what it builds on',
    execution: state === null
      ? `${transactions} transactions, not run again: this node went on from the proven state after block ${fromHeight - 1}`
      : `${transactions} transactions, run again, give the same state`,
    finality: `${standing?.anchor.epoch ?? 0} seals and the newest block are final by their validators' signatures`
  }
  const names = ['charter', 'hashes', 'certificates', 'execution', 'finality'] as const
  return {
    verified: broken === undefined, fromHeight, height,
    checks: names.map(name => ({ name, ok: broken?.check !== name, detail: broken?.check === name ? broken.detail : details[name] }))
  }
}
