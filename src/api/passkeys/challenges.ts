import { networkOf } from '../quota/index.ts'

const CHALLENGE_MS = 300_000
const CHALLENGES_MAX = 1_024
const ADDRESS_CHALLENGES_MAX = 32

/** What is asked: to enter, or to make a passkey in a session. */
export type Asked = { readonly origin: string, readonly session: string | null }
type Open = Asked & { readonly network: string, readonly endMs: number }

/** Challenges that wait for their answer, in memory. Each is good once and for some minutes; where there are too many, the oldest give way, those of the address that asks first. */
export class Challenges {
  readonly #open: Map<string, Open> = new Map()

  put (challenge: string, asked: Asked, address: string, nowMs: number): void {
    const network = networkOf(address)
    const same = [...this.#open].filter(([, each]) => each.network === network)
    const oldest = same.length >= ADDRESS_CHALLENGES_MAX ? same[0]?.[0] : this.#open.size >= CHALLENGES_MAX ? this.#open.keys().next().value : undefined
    if (oldest !== undefined) this.#open.delete(oldest)
    this.#open.set(challenge, { ...asked, network, endMs: nowMs + CHALLENGE_MS })
  }

  /** Whether this was asked, there and for that; it is not open any more then, however that ends. */
  take (challenge: string, { origin, session }: Asked, nowMs: number): boolean {
    const open = this.#open.get(challenge)
    this.#open.delete(challenge)
    return open !== undefined && nowMs < open.endMs && open.origin === origin && open.session === session
  }
}
