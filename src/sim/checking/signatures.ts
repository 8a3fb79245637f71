import { cid, decodeCanonical, hex, literal, nullable, bytes, tuple, uint, text } from '../../base/index.ts'

/** One vote that was signed, by whomever. */
export type SignedVote = { readonly key: string, readonly epoch: number, readonly view: number, readonly type: number, readonly digest: string | null }

const signBytes = tuple(literal('hanse'), literal(1), cid(), text(16), uint(), uint(), uint(4), nullable(bytes(32)))

/** Every signature that was ever made in a run. The harness holds the keys, so there are no others. */
export class Signatures {
  /** Signers by what they said. */
  readonly #signers = new Map<string, Set<string>>()
  readonly #signatures = new Map<string, string>()
  readonly #said = new Map<string, SignedVote[]>()

  add (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
    const decoded = decodeCanonical(message, signBytes, 1_024)
    if (!decoded.ok || decoded.value[3] !== 'vote') return
    const [, , , , epoch, view, type, digest] = decoded.value
    const vote: SignedVote = { key: hex(publicKey), epoch, view, type, digest: digest === null ? null : hex(digest) }
    const name = nameOf(vote)
    const signers = this.#signers.get(name) ?? new Set()
    this.#signers.set(name, signers)
    if (!signers.has(vote.key)) this.#said.set(vote.key, [...this.#said.get(vote.key) ?? [], vote])
    signers.add(vote.key)
    this.#signatures.set(`${name}/${vote.key}`, hex(signature))
  }

  /** How many of these keys said it. */
  count (epoch: number, view: number, type: number, digest: string | null, keys: ReadonlySet<string>): number {
    let count = 0
    for (const key of this.#signers.get(nameOf({ epoch, view, type, digest })) ?? []) if (keys.has(key)) count++
    return count
  }

  /** Whether a quorum of these keys said something of this type at a view. */
  hasQuorum (epoch: number, view: number, type: number, keys: ReadonlySet<string>, quorum: number): boolean {
    const head = `${epoch}/${view}/${type}/`
    for (const name of this.#signers.keys()) {
      if (!name.startsWith(head)) continue
      const digest = name.slice(head.length)
      if (this.count(epoch, view, type, digest === '' ? null : digest, keys) >= quorum) return true
    }
    return false
  }

  isSigned (vote: Omit<SignedVote, 'key'>, key: string, signature: Uint8Array): boolean {
    return this.#signatures.get(`${nameOf(vote)}/${key}`) === hex(signature)
  }
}

function nameOf ({ epoch, view, type, digest }: Omit<SignedVote, 'key'>): string {
  return `${epoch}/${view}/${type}/${digest ?? ''}`
}
