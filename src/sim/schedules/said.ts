import { equalBytes, hex } from '../../base/index.ts'
import { contradictionOf, encodeVote, FINALIZE, NOTARIZE, NULLIFY, PROPOSE, verifyEvidence, type Block, type ValidatorSet, type Vote } from '../../core/finality/index.ts'
import type { CID } from '../../base/index.ts'
import type { Process } from '../ground/index.ts'

/** All that one key ever said, by whichever process, and what was wrong about it. */
export class Said {
  readonly votes: Vote[] = []
  readonly conflicts: string[] = []
  readonly early: string[] = []
  unproven = 0
  readonly #names = new Set<string>()
  readonly #federation: CID
  readonly #set: ValidatorSet

  constructor (federation: CID, set: ValidatorSet) {
    this.#federation = federation
    this.#set = set
  }

  /** A vote leaves, for the first time or again. */
  left (from: Process, vote: Vote): void {
    const name = `${vote.view}/${vote.type}/${vote.digest === null ? '' : hex(vote.digest)}`
    if (this.#names.has(name)) return
    this.#names.add(name)
    for (const other of this.votes) this.#compare(other, vote)
    this.votes.push(vote)
    if (!isKept(from, vote)) this.early.push(`${name} left before its row was synced`)
    if (vote.type === NOTARIZE && vote.digest !== null && !hasBlock(from, vote)) this.early.push(`${name} left before its block was kept`)
  }

  /** Something is signed. NOTARIZE beside NULLIFY is no lie, but nobody gives a view up and then votes for its block. */
  signed (type: number, view: number): void {
    if (type === NOTARIZE && this.votes.some(each => each.type === NULLIFY && each.view === view)) this.conflicts.push(`NOTARIZE at view ${view} after NULLIFY had left`)
  }

  #compare (first: Vote, second: Vote): void {
    if (first.view !== second.view || first.epoch !== second.epoch) return
    const isSame = first.digest !== null && second.digest !== null && equalBytes(first.digest, second.digest)
    const both = [first.type, second.type].toSorted((a, b) => a - b)
    const isWrong = (first.type === second.type && first.type !== NULLIFY && !isSame) || (both[0] === NULLIFY && both[1] === FINALIZE) ||
      (both[0] === NOTARIZE && both[1] === FINALIZE && !isSame)
    if (!isWrong) return
    this.conflicts.push(`${NAMES[first.type]} and ${NAMES[second.type]} at view ${first.view}`)
    const evidence = contradictionOf(first, second)
    if (evidence === null || evidence === undefined || !verifyEvidence(this.#federation, this.#set, evidence)) this.unproven++
  }
}

const NAMES: Readonly<Record<Vote['type'], string>> = { [PROPOSE]: 'PROPOSE', [NOTARIZE]: 'NOTARIZE', [NULLIFY]: 'NULLIFY', [FINALIZE]: 'FINALIZE' }

function isKept ({ place: { signer, store } }: Process, vote: Vote): boolean {
  const bytes = encodeVote(vote)
  for (const row of signer.rows.values()) {
    if (typeof row === 'object' && row !== null && 'value' in row && row.value instanceof Uint8Array && equalBytes(row.value, bytes)) return true
  }
  return isFinal(store.rows, vote)
}

/** Rows go with the finality that decides their view. */
function isFinal (rows: ReadonlyMap<string, unknown>, { view }: Vote): boolean {
  const block = rows.get(`k:${Number(rows.get('tip') ?? 0)}`) as Block | undefined
  return block !== undefined && block.header.view >= view
}

function hasBlock ({ place: { store } }: Process, vote: Vote): boolean {
  const name = hex(vote.digest ?? new Uint8Array(0))
  for (const key of store.rows.keys()) if (key.startsWith('e:') && key.endsWith(name)) return true
  return isFinal(store.rows, vote)
}
