import { compareBytes, hex } from '../../base/index.ts'
import { mayTouch, rangesOfBox, sizeClassOf, type PlaceTerm } from '../../core/postings/index.ts'
import type { PlaceBox } from '../../core/rows/index.ts'
import type { Row, Store } from '../../host/index.ts'
import { keyedStateKey, KEYED_STATE_OWN_AT, rowsOf, STATE_PLACE_OWN_AT, statePlaceKey } from '../rows/index.ts'
import { NEAR_MAX, ROWS_PER_COMMIT } from './limits.ts'
import { decodeLatest, encodeLatest, type Latest } from './rows.ts'
import type { Placed } from './tail.ts'

const KEYS_PER_STEP = ROWS_PER_COMMIT / 4

/** The latest record of each key of a feed, and where it is, on the disk. */
export class StateRows {
  readonly #store: Store
  readonly #feedNo: number
  readonly #isSealed: boolean

  constructor (store: Store, feedNo: number, isSealed: boolean) {
    this.#store = store
    this.#feedNo = feedNo
    this.#isSealed = isSealed
  }

  /** 'damaged': what stands there is not what was written. */
  async get (owns: readonly Uint8Array[]): Promise<readonly (Latest | 'damaged' | undefined)[]> {
    const reads = await this.#store.getMany(owns.map(own => keyedStateKey(this.#feedNo, own)))
    return reads.map(read => read.state === 'absent' ? undefined : read.state === 'found' ? decodeLatest(read.value) ?? 'damaged' : 'damaged')
  }

  /** Takes records in, in any order and more than once: of each key the one with the highest number stays. */
  async apply (latest: readonly Placed[], rest: () => Promise<void>): Promise<void> {
    for (let at = 0; at < latest.length; at += KEYS_PER_STEP) {
      const part = latest.slice(at, at + KEYS_PER_STEP)
      const before = await this.get(part.map(({ own }) => own))
      const rows = part.flatMap((each, i) => {
        const held = before[i]
        return held !== undefined && held !== 'damaged' && held.number >= each.number ? [] : this.#rowsOf(each, held === 'damaged' ? undefined : held)
      })
      if (rows.length > 0) await this.#store.commit(rows)
      await rest()
    }
  }

  /** Of sealed records no time stands on the disk. */
  #rowsOf (given: Placed, before: Latest | undefined): readonly Row[] {
    const { own, place } = given
    const latest = this.#isSealed ? { ...given, timeMs: 0 } : given
    const rows: Row[] = [{ type: 'put', key: keyedStateKey(this.#feedNo, own), value: encodeLatest(latest) }]
    if (before?.place === place) return rows
    if (before?.place !== undefined) rows.push({ type: 'delete', key: statePlaceKey(this.#feedNo, before.place, own) })
    if (place !== undefined) rows.push({ type: 'put', key: statePlaceKey(this.#feedNo, place, own), value: new Uint8Array(0) })
    return rows
  }

  /** Puts another record in the place of each, or none. */
  async replace (each: readonly { readonly own: Uint8Array, readonly before: Latest, readonly after: Latest | undefined }[]): Promise<void> {
    for (let at = 0; at < each.length; at += KEYS_PER_STEP) {
      await this.#store.commit(each.slice(at, at + KEYS_PER_STEP).flatMap(({ own, before, after }): readonly Row[] => [
        { type: 'delete', key: keyedStateKey(this.#feedNo, own) },
        ...before.place === undefined ? [] : [{ type: 'delete', key: statePlaceKey(this.#feedNo, before.place, own) } as const],
        ...after === undefined ? [] : this.#rowsOf({ ...after, own }, undefined)
      ]))
    }
  }

  /** All of them behind a key, in the order of the keys. */
  async * entries (after: Uint8Array | undefined): AsyncGenerator<Placed | 'damaged'> {
    const range = rowsOf('keyedState', this.#feedNo)
    const behind = after === undefined ? undefined : keyedStateKey(this.#feedNo, after)
    for await (const { key, read } of this.#store.entries(behind === undefined ? range : { ...range, from: behind })) {
      const own = key.subarray(KEYED_STATE_OWN_AT)
      if (after !== undefined && compareBytes(own, after) === 0 && read.state !== 'damaged') continue
      const latest = read.state === 'found' ? decodeLatest(read.value) : undefined
      yield latest === undefined ? 'damaged' : { ...latest, own: own.slice() }
    }
  }

  /** Keys whose latest record may touch the box; 'many' where they are more than are looked at one by one. */
  async near (box: PlaceBox): Promise<readonly Uint8Array[] | 'many' | 'damaged'> {
    const [owns, touches] = [new Map<string, Uint8Array>(), mayTouch(box)]
    let looked = 0
    for (const { from, to } of rangesOfBox(box, await this.#sizeClasses())) {
      const [start, end] = [statePlaceKey(this.#feedNo, from, new Uint8Array(0)), statePlaceKey(this.#feedNo, to + 1, new Uint8Array(0))]
      for await (const { key, read } of this.#store.entries({ from: start, to: end })) {
        if (read.state !== 'found') return 'damaged'
        if (++looked > NEAR_MAX) return 'many'
        const own = key.slice(STATE_PLACE_OWN_AT)
        if (touches(placeIn(key))) owns.set(hex(own), own)
      }
    }
    return [...owns.values()]
  }

  /** A bit for each size class of which there is a place: one look for each. */
  async #sizeClasses (): Promise<number> {
    const { to } = rowsOf('statePlace', this.#feedNo)
    let [classes, next] = [0, 0]
    for (;;) {
      let found: number | undefined
      for await (const key of this.#store.keys({ from: statePlaceKey(this.#feedNo, next * 2 ** 44, new Uint8Array(0)), to, limit: 1 })) found = sizeClassOf(placeIn(key))
      if (found === undefined || found < next || found > 23) return classes
      classes |= 1 << found
      next = found + 1
    }
  }
}

function placeIn (key: Uint8Array): PlaceTerm {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return view.getUint32(STATE_PLACE_OWN_AT - 8) * 2 ** 32 + view.getUint32(STATE_PLACE_OWN_AT - 4)
}
