import type { BasemapLayer } from '../../sdk/basemap/index.ts'
import type { AccountView, Client, Diagnosis, Failure, PeerStatus, TokenView } from '../../sdk/index.ts'
import { inTurn } from '../here/index.ts'

/** What the page of settings shows, each part asked for on its own: one that fails leaves the others. Null: it is not known yet. */
export class Settings {
  diagnosis = $state.raw<Diagnosis | null>(null)
  peers = $state.raw<readonly PeerStatus[] | null>(null)
  layers = $state.raw<readonly BasemapLayer[]>([])
  tokens = $state.raw<readonly TokenView[] | null>(null)
  accounts = $state.raw<readonly AccountView[] | null>(null)
  failure = $state.raw<Failure | null>(null)
  isChecking = $state(false)
  checkedMs = $state<number | null>(null)
  readonly #client: Client

  /** For admins alone. */
  readonly people = inTurn(async () => {
    const [tokens, accounts] = await Promise.all([this.#client.tokens(), this.#client.accounts()])
    if (tokens.ok) this.tokens = tokens.value
    if (accounts.ok) this.accounts = accounts.value
  })

  constructor (client: Client) {
    this.#client = client
  }

  async check (): Promise<void> {
    this.isChecking = true
    const diagnosis = await this.#client.diagnose()
    this.isChecking = false
    this.failure = diagnosis.ok ? null : diagnosis.failure
    if (!diagnosis.ok) return
    this.diagnosis = diagnosis.value
    this.checkedMs = Date.now()
  }

  async look (): Promise<void> {
    const [peers, layers] = await Promise.all([this.#client.peers(), this.#client.basemap()])
    if (peers.ok) this.peers = peers.value
    if (layers.ok) this.layers = layers.value
  }
}
