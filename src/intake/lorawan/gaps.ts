import { DEVICES_MAX, LATE_FRAMES_MAX } from './limits.ts'

type Counter = { session: string, newest: number, missing: number }

/**
 * Counts uplinks that never came: jumps of the counter of a device within one session. One that comes late after all no longer
 * counts. Sees each uplink once, in the order in which they are stored, so that it comes to the same after a restart.
 */
export class GapCounter {
  readonly #devices = new Map<string, Counter>()
  #total = 0

  get total (): number {
    return this.#total
  }

  observe (devEui: string, session: string, fCnt: number): void {
    const known = this.#devices.get(devEui)
    const isLate = known !== undefined && known.session === session && fCnt < known.newest
    if (known === undefined || known.session !== session || (isLate && (known.missing === 0 || known.newest - fCnt > LATE_FRAMES_MAX))) {
      this.#remember(devEui, { session, newest: fCnt, missing: 0 })
      return
    }
    if (isLate) {
      known.missing--
      this.#total--
    } else {
      const missed = Math.max(0, fCnt - known.newest - 1)
      known.missing += missed
      known.newest = fCnt
      this.#total += missed
    }
    this.#remember(devEui, known)
  }

  #remember (devEui: string, counter: Counter): void {
    this.#devices.delete(devEui)
    this.#devices.set(devEui, counter)
    if (this.#devices.size <= DEVICES_MAX) return
    for (const longestSilent of this.#devices.keys()) {
      this.#devices.delete(longestSilent)
      break
    }
  }
}
