import { Transport, type Failure } from '../../sdk/index.ts'
import { passkeyClient, type PasskeyClient, type PasskeyPlace, type PasskeyView } from '../../sdk/passkeys/index.ts'
import type { Session } from '../here/index.ts'
import { hasPasskeys, makePasskey, type Refusal } from './browser.ts'

/** The passkeys of the account that is signed in. */
export class Passkeys {
  place = $state.raw<PasskeyPlace | null>(null)
  list = $state.raw<readonly PasskeyView[]>([])
  failure = $state.raw<Failure | null>(null)
  refusal = $state.raw<Refusal | null>(null)
  isBusy = $state(false)
  readonly client: PasskeyClient<Failure>

  constructor (session: Session) {
    this.client = passkeyClient(new Transport(session.options))
  }

  async look (): Promise<void> {
    const [place, list] = await Promise.all([this.client.place(), this.client.list()])
    if (place.ok) this.place = place.value
    if (list.ok) this.list = list.value
    this.failure = place.ok ? list.ok ? null : list.failure : place.failure
  }

  get isOffered (): boolean {
    return this.place?.isOffered === true && hasPasskeys()
  }

  /** Whether one was made and is kept. */
  async make (label: string, passphrase: string): Promise<boolean> {
    this.isBusy = true
    this.failure = null
    this.refusal = null
    const kept = await this.#make(label, passphrase)
    this.isBusy = false
    if (kept) await this.look()
    return kept
  }

  async #make (label: string, passphrase: string): Promise<boolean> {
    const asked = await this.client.begin(passphrase)
    if (!asked.ok) return this.#failed(asked.failure)
    const made = await makePasskey(asked.value)
    if (!made.ok) {
      this.refusal = made.failure
      return false
    }
    const kept = await this.client.add(label, made.value)
    return kept.ok || this.#failed(kept.failure)
  }

  async remove (id: string): Promise<void> {
    const removed = await this.client.remove(id)
    if (removed.ok) await this.look()
    else this.#failed(removed.failure)
  }

  #failed (failure: Failure): false {
    this.failure = failure
    return false
  }
}
