import type { PeerName } from '../../core/consensus/index.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import type { Process } from './process.ts'

/** How links behave now. */
export type Weather = {
  delayMsMin: number
  delayMsMax: number
  /** Share of messages that take up to `tailMsMax` instead, and so overtake each other. */
  tailShare: number
  tailMsMax: number
  loss: number
  duplicates: number
}

const FAIR: Weather = { delayMsMin: 5, delayMsMax: 60, tailShare: 0, tailMsMax: 0, loss: 0, duplicates: 0 }

type Link = { isOpen: boolean, generation: number, inFlight: number, change: number }

export type NetworkOptions = {
  readonly agenda: Agenda
  readonly chance: Chance
  /** Whether two places are joined at all. */
  readonly isJoined: (a: number, b: number) => boolean
  readonly onDelivered: (from: Process, to: Process, message: Uint8Array) => void
  /** What a link holds before its stream is reset. */
  readonly queueMax: number
}

/** Streams between processes: they open and close, lose, repeat, delay and reorder what is sent. */
export class Network {
  readonly weather: Weather = { ...FAIR }
  readonly #options: NetworkOptions
  readonly #processes: Process[] = []
  readonly #links = new Map<string, Link>()
  /** Directions that let nothing through: `from>to` of processes. */
  readonly #blocked = new Set<string>()
  readonly #clogged = new Map<string, number>()

  constructor (options: NetworkOptions) {
    this.#options = options
  }

  get processes (): readonly Process[] {
    return this.#processes
  }

  add (process: Process): void {
    this.#processes.push(process)
    for (const other of this.#processes) this.#reconsider(process, other, 20, 400)
  }

  /** A process ended; who was connected notices, mostly soon. */
  remove (process: Process): void {
    for (const other of this.#processes) this.#reconsider(process, other, 0, 600)
    this.#processes.splice(this.#processes.indexOf(process), 1)
  }

  block (from: Process, to: Process): void {
    this.#blocked.add(`${from.instance}>${to.instance}`)
    this.#reconsider(from, to, 1_000, 15_000)
  }

  clog (from: Process, to: Process, forMs: number): void {
    this.#clogged.set(`${from.instance}>${to.instance}`, this.#options.agenda.nowMs + forMs)
  }

  heal (): void {
    Object.assign(this.weather, FAIR)
    this.#blocked.clear()
    this.#clogged.clear()
    this.unblock()
  }

  /** All directions pass again; streams that closed meanwhile open after a while. */
  unblock (): void {
    this.#blocked.clear()
    for (const [at, a] of this.#processes.entries()) for (const b of this.#processes.slice(at + 1)) this.#reconsider(a, b, 50, 3_000)
  }

  /** To every process that has an open stream and goes by that name. */
  send (from: Process, peer: PeerName, message: Uint8Array): void {
    for (const to of this.#processes) if (to.name === peer && this.#links.get(linkName(from, to))?.isOpen === true) this.#transmit(from, to, message)
  }

  reset (a: Process, b: Process): void {
    const link = this.#links.get(linkName(a, b))
    if (link?.isOpen !== true) return
    this.#close(a, b, link)
    this.#reconsider(a, b, 50, 1_000)
  }

  #transmit (from: Process, to: Process, message: Uint8Array): void {
    const { agenda, chance, queueMax } = this.#options
    const link = this.#links.get(linkName(from, to))
    if (link === undefined) return
    if (link.inFlight >= queueMax) return this.reset(from, to)
    const { weather } = this
    if (this.#blocked.has(`${from.instance}>${to.instance}`) || (weather.loss > 0 && chance.isBelow(weather.loss))) return
    const copies = weather.duplicates > 0 && chance.isBelow(weather.duplicates) ? 2 : 1
    const heldMs = Math.max(0, (this.#clogged.get(`${from.instance}>${to.instance}`) ?? 0) - agenda.nowMs)
    for (let copy = 0; copy < copies; copy++) {
      const isLate = weather.tailShare > 0 && chance.isBelow(weather.tailShare)
      const delayMs = isLate ? chance.next() * weather.tailMsMax : weather.delayMsMin + chance.next() * (weather.delayMsMax - weather.delayMsMin)
      const { generation } = link
      link.inFlight++
      agenda.after(heldMs + delayMs, () => {
        link.inFlight--
        if (link.generation !== generation || !to.isAlive) return
        this.#options.onDelivered(from, to, message)
        to.feed({ type: 'message', peer: from.name, bytes: message })
      })
    }
  }

  /** Opens or closes a stream that should be, after a while, if it still should. */
  #reconsider (a: Process, b: Process, waitMsMin: number, waitMsMax: number): void {
    const { agenda, chance, isJoined } = this.#options
    if (a === b || a.name === b.name || !isJoined(a.place.index, b.place.index)) return
    const name = linkName(a, b)
    const link = this.#links.get(name) ?? { isOpen: false, generation: 0, inFlight: 0, change: 0 }
    this.#links.set(name, link)
    const change = ++link.change
    agenda.after(waitMsMin + chance.next() * (waitMsMax - waitMsMin), () => {
      if (change !== link.change) return
      const shouldBeOpen = a.isAlive && b.isAlive && !this.#blocked.has(`${a.instance}>${b.instance}`) && !this.#blocked.has(`${b.instance}>${a.instance}`)
      if (shouldBeOpen === link.isOpen) return
      if (!shouldBeOpen) return this.#close(a, b, link)
      link.isOpen = true
      link.generation++
      a.feed({ type: 'open', peer: b.name, instance: b.instance })
      b.feed({ type: 'open', peer: a.name, instance: a.instance })
    })
  }

  #close (a: Process, b: Process, link: Link): void {
    link.isOpen = false
    link.generation++
    for (const [one, other] of [[a, b], [b, a]] as const) {
      const hasAnother = this.#processes.some(each => each !== other && each.name === other.name && this.#links.get(linkName(one, each))?.isOpen === true)
      if (!hasAnother) one.feed({ type: 'close', peer: other.name })
    }
  }
}

function linkName (a: Process, b: Process): string {
  return a.instance < b.instance ? `${a.instance}|${b.instance}` : `${b.instance}|${a.instance}`
}
