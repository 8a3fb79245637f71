import type { Client, Failure, NumberedRecord, QueriedRow } from '../../sdk/index.ts'
import { Ring } from './ring.ts'
import { Sampler } from './sampler.ts'

export type Message = { readonly number: number, readonly timeMs: number, readonly key: string, readonly text: string, readonly isDelete: boolean }

export const KEPT = 1_000
/** What is drawn of them. */
const DRAWN = 100
const REPAINT_MS = 100
const AGAIN_MS = 5_000
/** After a longer absence the last messages are read in place of all that came meanwhile. */
const RESUMED_WITHIN_MS = 10_000
const TEXT_LENGTH_MAX = 2_000

/** Follows one stream for as long as somebody looks. */
export class Tail {
  /** Newest first, those that meet the filters. */
  shown = $state.raw<readonly Message[]>([])
  perSecond = $state(0)
  received = $state(0)
  kept = $state(0)
  /** Since when nothing comes because the node cannot be reached. */
  lostSinceMs = $state<number | null>(null)
  failure = $state.raw<Failure | null>(null)
  isOpen = $state(false)
  /** By the button; and while somebody is in the list with keys or a finger. */
  isPaused = $state(false)
  isHeld = $state(false)
  text = $state('')
  key = $state('')
  /** Grows with each repaint. */
  paints = $state(0)
  readonly #client: Client
  readonly #reference: string
  readonly #ring = new Ring<Message>(KEPT)
  readonly #sampler = new Sampler()
  #ending = new AbortController()
  #following: AbortController | undefined
  #last: number | null = null
  #leftMs = 0
  #expected: number
  #received = 0
  #isChanged = false
  #isAsked = false
  /** The last message that is shown while the list stands still. */
  #upTo = Infinity

  /** `held`: records that the node has already; those of them that come first are no measure of how fast it is. */
  constructor (client: Client, reference: string, held: number) {
    this.#client = client
    this.#reference = reference
    this.#expected = Math.min(KEPT, held)
  }

  start (): () => void {
    this.#ending = new AbortController()
    const { signal } = this.#ending
    const painting = setInterval(() => { this.#paint() }, REPAINT_MS)
    const onHide = (): void => {
      if (document.hidden) this.#leave()
      else void this.#run(signal)
    }
    document.addEventListener('visibilitychange', onHide)
    signal.addEventListener('abort', () => {
      clearInterval(painting)
      document.removeEventListener('visibilitychange', onHide)
      this.#leave()
    })
    void this.#run(signal)
    return () => { this.#ending.abort() }
  }

  /** What was kept, as rows, oldest first. */
  rows (): readonly QueriedRow[] {
    return [...this.#ring.newest()].toReversed().flatMap(({ number, timeMs, key, text, isDelete }) => isDelete ? [] : [{ number, timeMs, key, values: valuesOf(text), place: null }])
  }

  /** The list is drawn anew; while it stands still, of what it was drawn of. */
  refilter (): void {
    this.#isAsked = true
  }

  pause (isPaused: boolean): void {
    this.isPaused = isPaused
    this.#stand()
  }

  hold (isHeld: boolean): void {
    this.isHeld = isHeld
    this.#stand()
  }

  #stand (): void {
    this.#upTo = this.isPaused || this.isHeld ? Math.min(this.#upTo, this.#last ?? Infinity) : Infinity
    this.#isAsked = true
  }

  #leave (): void {
    this.#leftMs = Date.now()
    this.#following?.abort()
    this.#following = undefined
    this.isOpen = false
  }

  async #run (signal: AbortSignal): Promise<void> {
    if (document.hidden || this.#following !== undefined) return
    const following = new AbortController()
    this.#following = following
    while (!signal.aborted && !following.signal.aborted) {
      await this.#follow(following.signal)
      if (signal.aborted || following.signal.aborted || this.failure !== null) break
      await new Promise(resolve => { setTimeout(resolve, AGAIN_MS) })
    }
  }

  async #follow (signal: AbortSignal): Promise<void> {
    const resumes = this.#last !== null && Date.now() - this.#leftMs < RESUMED_WITHIN_MS
    const followed = await this.#client.follow(this.#reference, {
      signal, last: this.#last === null || !resumes ? KEPT : 0, ...resumes ? { afterId: String(this.#last) } : {},
      onChange: isOpen => { this.#changed(isOpen) }
    })
    if (signal.aborted) return
    if (!followed.ok) {
      // Nobody answers: it is tried again. A refusal stays one.
      if (followed.failure.status === null || followed.failure.status >= 500) this.#changed(false)
      else this.failure = followed.failure
      return
    }
    this.#changed(true)
    try {
      for await (const record of followed.value) this.#take(record)
    } catch (cause) {
      if (!signal.aborted) this.#changed(false)
      if (cause instanceof Error && 'code' in cause && cause.code === 'refused') this.failure = { code: 'refused', reason: cause.message, hint: '', status: 403 }
    }
  }

  #changed (isOpen: boolean): void {
    this.isOpen = isOpen
    if (!isOpen) this.#leftMs = Date.now()
    this.lostSinceMs = isOpen ? null : this.lostSinceMs ?? Date.now()
  }

  #take (record: NumberedRecord): void {
    if (this.#last !== null && record.number <= this.#last) return
    this.#last = record.number
    this.#received++
    if (this.#expected > 0) this.#expected--
    else if (!this.#sampler.take(Date.now())) return
    const { number, timeMs, key, operation, body } = record
    const text = textOf(body)
    this.#ring.put({ number, timeMs, key: textOf(key), text: text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)} …` : text, isDelete: operation === 'delete' })
    this.#isChanged = true
  }

  #paint (): void {
    this.perSecond = Math.round(this.#sampler.perSecond(Date.now()))
    if (this.received !== this.#received) this.received = this.#received
    const isMoving = this.#isChanged && this.#upTo === Infinity
    if (document.hidden || !(isMoving || this.#isAsked)) return
    if (isMoving) this.#isChanged = false
    this.#isAsked = false
    const [text, key] = [this.text.toLowerCase(), this.key.toLowerCase()]
    const shown: Message[] = []
    for (const message of this.#ring.newest()) {
      if (shown.length === DRAWN) break
      if (message.number > this.#upTo) continue
      if (message.key.toLowerCase().includes(key) && (text === '' || message.text.toLowerCase().includes(text))) shown.push(message)
    }
    this.shown = shown
    this.kept = this.#ring.count
    this.paints++
  }
}

const decoder = new TextDecoder()

function textOf (bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

function valuesOf (text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}
