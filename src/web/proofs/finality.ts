/** Whether a block is final: seal after seal from the charter on, then a quorum's word for it. */
import { compareBytes, concat, encodeCanonical, equalBytes, sha256, utf8 } from '../../base/index.ts'
import { read, type Form, type Id, type Validator } from './forms.ts'
import type { Charter } from './members.ts'
import { isSigned, type Verifying } from './signing.ts'
import { Broken, must, type StepName } from './steps.ts'

const FINALIZE = 4
const FLUSH = 2
const EMPTY = sha256(new Uint8Array(0))

export type Block = { readonly header: Form<'header'>, readonly digest: Uint8Array }
/** The base of an epoch with the validators who decide in it. */
export type Anchor = { readonly federation: Id, readonly epoch: number, readonly validators: readonly Validator[], readonly base: Uint8Array, readonly baseHeight: number, readonly timeMs: number }
type Final = { readonly block: Block, readonly signers: number, readonly validators: number }

export function genesisOf ({ federation, foundedMs, founders }: Charter): Anchor {
  const validators = founders.map(({ member, nodes: [first] }): Validator => {
    const { transportKey, consensusKey } = must('charter', first)
    return [member, transportKey, consensusKey]
  })
  return { federation, epoch: 0, validators: validators.toSorted((one, other) => compareBytes(one[2], other[2])), base: federation.multihash.digest, baseHeight: 0, timeMs: foundedMs }
}

export function blockOf (encoded: Uint8Array): Block | undefined {
  const header = read('header', encoded)
  return header === undefined || (header.seal !== null) !== (header.type === 3) ? undefined : { header, digest: sha256(encoded) }
}

function hashOf (validators: readonly Validator[]): Uint8Array {
  return sha256(encodeCanonical(validators.map(([member, node, key]) => [member, node, key])))
}

/** `name`: the step that breaks where it is not. */
export async function finalBlock (subtle: Verifying, name: StepName, anchor: Anchor, encoded: Uint8Array): Promise<Final> {
  const { headers, cert } = must(name, read('finality', encoded))
  const { validators } = anchor
  const isOrdered = validators.every(([, , key], at) => at === 0 || compareBytes(validators[at - 1]?.[2] ?? key, key) < 0)
  if (!isOrdered) throw new Broken(name)
  const order = leadersOf(anchor)
  const chain = headers.map(each => must(name, blockOf(each)))
  for (const [at, block] of chain.entries()) {
    const { header } = block
    const isPlaced = header.federation.equals(anchor.federation) && header.epoch === anchor.epoch && header.height > anchor.baseHeight &&
      equalBytes(header.validatorsHash, hashOf(validators)) && header.proposer === order[header.view % order.length]
    const before = chain[at - 1]
    const seal = chain.slice(0, at).findLast(each => each.header.seal !== null)
    if (!isPlaced || !(before === undefined ? begins(header, anchor) : follows(header, before, seal))) throw new Broken(name)
  }
  const [block] = chain
  const signers = await signersOf(subtle, name, anchor, must(name, chain.at(-1)), must(name, read('certificate', cert)))
  return { block: must(name, block), signers, validators: validators.length }
}

/** Who leads a view: in the order of `sha256("hanse/perm" || base || key)`. */
function leadersOf ({ validators, base }: Anchor): readonly number[] {
  return validators.map(([, , key], index) => ({ index, rank: sha256(concat([utf8('hanse/perm'), base, key])) }))
    .toSorted((one, other) => compareBytes(one.rank, other.rank)).map(({ index }) => index)
}

function begins ({ parentView, parent, height, view, timeMs }: Block['header'], anchor: Anchor): boolean {
  if (parentView >= view || timeMs <= anchor.timeMs) return false
  return parentView === 0 ? equalBytes(parent, anchor.base) && height === anchor.baseHeight + 1 : height > anchor.baseHeight + 1
}

/** Behind a seal there are blocks that change nothing. */
function follows (header: Block['header'], before: Block, seal: Block | undefined): boolean {
  const isQuiet = seal === undefined ||
    (header.type === FLUSH && equalBytes(header.bodyRoot, EMPTY) && equalBytes(header.evidenceRoot, EMPTY) && equalBytes(header.stateRoot, seal.header.stateRoot))
  return isQuiet && equalBytes(header.parent, before.digest) && header.parentView === before.header.view && header.view > before.header.view &&
    header.height === before.header.height + 1 && header.timeMs > before.header.timeMs
}

/** How many validators signed: exactly a quorum, each by its own key, for exactly this block. */
async function signersOf (subtle: Verifying, name: StepName, { federation, epoch, validators }: Anchor, last: Block, [certEpoch, view, type, digest, bitmap, signatures]: Form<'certificate'>): Promise<number> {
  const quorum = Math.floor(2 * validators.length / 3) + 1
  const signers = validators.flatMap((validator, at) => ((bitmap[at >> 3] ?? 0) >> (at & 7)) % 2 === 1 ? [validator] : [])
  const bits = [...bitmap].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  const isForLast = type === FINALIZE && certEpoch === epoch && view === last.header.view && digest !== null && equalBytes(digest, last.digest)
  const isQuorum = signers.length === quorum && bits === quorum && bitmap.length === Math.ceil(validators.length / 8) && signatures.length === 64 * quorum
  if (!isForLast || !isQuorum) throw new Broken(name)
  const message = encodeCanonical(['hanse', 1, federation, 'vote', epoch, view, type, digest])
  for (const [at, [, , key]] of signers.entries()) {
    if (!await isSigned(subtle, key, message, signatures.subarray(at * 64, at * 64 + 64))) throw new Broken(name)
  }
  return signers.length
}

/** The next epoch's base, from the proof that a seal of this one is final. */
export async function nextAnchor (subtle: Verifying, anchor: Anchor, encoded: Uint8Array): Promise<Anchor> {
  const { block: { header: { seal, height, timeMs }, digest } } = await finalBlock(subtle, 'seals', anchor, encoded)
  const isNext = seal !== null && equalBytes(seal.prevSeal, anchor.base) && seal.prevSealHeight === anchor.baseHeight && equalBytes(hashOf(seal.nextValidators), seal.nextValidatorsHash)
  if (!isNext) throw new Broken('seals')
  return { federation: anchor.federation, epoch: anchor.epoch + 1, validators: seal.nextValidators, base: digest, baseHeight: height, timeMs }
}
