import type { Client, Failure } from '../../sdk/index.ts'
import { kindOf, verify, type Shown, type Step } from '../proofs/index.ts'

export type Judgement = {
  /** Of which kind, and from which file; null: the node's. */
  readonly kind: 'proof' | 'light-proof' | 'unknown'
  readonly file: string | null
  readonly steps: readonly Step[]
  readonly holds: boolean
  readonly shown: Shown | null
}
type Checked = Judgement & { readonly charter: Awaited<ReturnType<typeof verify>>['charter'] }

const FILE_BYTES_MAX = 8_388_608
const FILES_MAX = 8

/** Verifications one after the other, each as far as it went. */
export class Checking {
  judgements = $state.raw<readonly Judgement[]>([])
  isBusy = $state(false)
  failure = $state.raw<Failure | null>(null)
  /** Why there is no proof of the ledger, where there is none. */
  unanchored = $state.raw<Failure | null>(null)
  readonly #client: Client
  /** Undefined where the page came over plain HTTP from another machine. */
  readonly subtle: SubtleCrypto | undefined = (globalThis.crypto as { readonly subtle?: SubtleCrypto }).subtle

  constructor (client: Client) {
    this.#client = client
  }

  /** Both proofs of a record, as the node has them: of its publisher, and of the ledger from the charter that the first shows. */
  async record (dataset: string, number: number): Promise<void> {
    await this.#busy(async () => {
      const proof = await this.#client.proof(dataset, number)
      if (!proof.ok) {
        this.failure = proof.failure
        return
      }
      const first = await this.#judge(proof.value, null, null)
      const light = await this.#client.ledgerProof(dataset, number)
      if (!light.ok) this.unanchored = light.failure
      else if (first.charter !== null) await this.#judge(light.value, first.charter, null)
    })
  }

  /** Files that somebody brought. A charter among them is what proofs of the ledger are judged by. */
  async files (list: Iterable<File>): Promise<void> {
    await this.#busy(async () => {
      const files = await Promise.all([...list].slice(0, FILES_MAX).filter(({ size }) => size <= FILE_BYTES_MAX).map(async file => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })))
      const charter = files.find(({ bytes }) => kindOf(bytes) === 'charter')
      for (const file of files) if (file !== charter) await this.#judge(file.bytes, charter?.bytes ?? null, file.name)
    })
  }

  async #busy (work: () => Promise<void>): Promise<void> {
    this.judgements = []
    this.failure = null
    this.unanchored = null
    this.isBusy = true
    try {
      await work()
    } finally {
      this.isBusy = false
    }
  }

  async #judge (bytes: Uint8Array, trusted: Parameters<typeof verify>[2], file: string | null): Promise<Checked> {
    const { subtle } = this
    if (subtle === undefined) throw new Error('there is no Web Crypto here')
    const known = kindOf(bytes)
    const kind = known === 'proof' || known === 'light-proof' ? known : 'unknown'
    const before = this.judgements
    const steps: Step[] = []
    const verdict = await verify(subtle, bytes, trusted, step => {
      steps.push(step)
      this.judgements = [...before, { kind, file, steps: [...steps], holds: false, shown: null }]
    })
    const judged = { kind, file, steps, ...verdict } as const
    this.judgements = [...before, judged]
    return judged
  }
}
