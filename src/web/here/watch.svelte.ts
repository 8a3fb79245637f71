import type { Client, Failure, NodeStatus } from '../../sdk/index.ts'
import { inTurn } from './turn.ts'

const EVERY_MS = 5_000
const TICK_MS = 1_000

/** What the node says of itself, asked again and again, and at once when something happens there. */
export class Watch {
  status = $state<NodeStatus | null>(null)
  /** Since when it has not answered. */
  silentSinceMs = $state<number | null>(null)
  failure = $state<Failure | null>(null)
  nowMs = $state(Date.now())
  /** Grows with what happens on the node, at once and then once a second: what is shown of its datasets is asked anew. */
  changes = $state(0)
  #telling: ReturnType<typeof setTimeout> | undefined
  #isMore = false
  readonly #client: Client
  readonly #ending = new AbortController()

  readonly ask = inTurn(async () => {
    const status = await this.#client.status()
    this.failure = status.ok ? null : status.failure
    if (status.ok) {
      this.status = status.value
      this.silentSinceMs = null
    } else if (status.failure.status === null) this.silentSinceMs ??= Date.now()
  })

  constructor (client: Client) {
    this.#client = client
    const ticking = setInterval(() => { this.nowMs = Date.now() }, TICK_MS)
    const asking = setInterval(() => { void this.ask() }, EVERY_MS)
    this.#ending.signal.addEventListener('abort', () => {
      clearInterval(ticking)
      clearInterval(asking)
    })
    void this.ask()
    void this.#follow()
  }

  stop (): void {
    this.#ending.abort()
  }

  /** However much happens, pages ask again once a second: a thousand datasets that came were two thousand questions of the overview. */
  #tell (): void {
    this.#isMore = this.#telling !== undefined
    if (this.#isMore) return
    this.changes++
    this.#telling = setTimeout(() => {
      this.#telling = undefined
      if (this.#isMore && !this.#ending.signal.aborted) this.#tell()
    }, TICK_MS)
  }

  /** One stream for the page: a browser opens six connections to a node and no more. */
  async #follow (): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      const events = await this.#client.events({ signal, onChange: isOpen => { if (isOpen) this.#tell() } })
      try {
        if (events.ok) {
          // Pages have asked before the stream stood: what happened in between nobody tells.
          this.#tell()
          for await (const event of events.value) {
            if (event.type !== 'progress') this.#tell()
          }
        }
      } catch {
        // Broken for longer than the client tries: begun anew below.
      }
      await new Promise(resolve => { setTimeout(resolve, EVERY_MS) })
    }
  }
}
