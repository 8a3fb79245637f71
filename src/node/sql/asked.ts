import { decodeCanonical, encodeCanonical, list, sha256, struct, text, uint, utf8, type Parsed } from '../../base/index.ts'
import type { Grouping } from '../../core/sql/index.ts'
import type { Clock, Store } from '../../host/index.ts'
import { askedKey } from '../rows/index.ts'
import { ASKED_BYTES_MAX, ASKED_MAX, ASKED_WINDOW_MS, GROUPING_LENGTH_MAX } from './limits.ts'

const schema = list(struct({
  /** Which rows the dataset had: its feed, and where in it they begin. */
  version: text(160),
  /** The grouping, as JSON; its columns are found again by name. */
  grouping: text(GROUPING_LENGTH_MAX),
  /** Rows below this number were looked at. 0: it was refused, which tells a little too. */
  upto: uint(),
  /** How many there were: fewer later, where some were erased. */
  rows: uint(),
  timeMs: uint()
}), ASKED_MAX)

/** One answer that was given, or refused for what it would tell. */
export type Told = Parsed<typeof schema>[number]

/** What each requester was told of own datasets in groups: kept, so that a restart forgets nothing. */
export class Asked {
  readonly #store: Store
  readonly #clock: Clock

  constructor (store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Answers within the window, the oldest first. Undefined: what was told is damaged on the disk, so nobody knows. */
  async of (datasetId: string, requester: string | null): Promise<readonly Told[] | undefined> {
    const read = await this.#store.get(keyOf(datasetId, requester))
    if (read.state === 'absent') return []
    const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, ASKED_BYTES_MAX) : undefined
    const sinceMs = this.#clock.nowMs() - ASKED_WINDOW_MS
    return decoded?.ok === true ? decoded.value.filter(({ timeMs }) => timeMs > sinceMs) : undefined
  }

  /** Resolves when it is durable. The same again takes no more room. */
  async add (datasetId: string, requester: string | null, before: readonly Told[], told: Omit<Told, 'timeMs'>): Promise<void> {
    const others = before.filter(each => each.version !== told.version || each.grouping !== told.grouping || each.upto !== told.upto)
    const value = encodeCanonical([...others, { ...told, timeMs: this.#clock.nowMs() }])
    await this.#store.commit([{ type: 'put', key: keyOf(datasetId, requester), value }])
  }
}

function keyOf (datasetId: string, requester: string | null): Uint8Array {
  return askedKey(datasetId, sha256(utf8(requester ?? '')))
}

/**
 * What tells one grouping from another: which rows it takes, and into which groups; not what is reckoned of them. In ASCII, since texts that
 * are kept have one form, and what somebody asks with may have any. Undefined where it is longer than what is remembered.
 */
export function nameOfGrouping (grouping: Grouping): string | undefined {
  const text = JSON.stringify({ where: grouping.where, terms: grouping.terms }, (key, value: unknown) => key === 'stored' ? undefined : value)
  const name = text.replaceAll(/[\u0080-\uffff]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return name.length <= GROUPING_LENGTH_MAX ? name : undefined
}

/** The grouping again, over the columns as they are now; undefined where one of them is there no more. */
export function groupingNamed (text: string, storedOf: ReadonlyMap<string, string>): Grouping | undefined {
  let isWhole = true
  try {
    const parsed = JSON.parse(text, (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string') return value
      const stored = storedOf.get(value.name)
      if (stored === undefined) isWhole = false
      return { ...value, stored }
    }) as Pick<Grouping, 'where' | 'terms'>
    return isWhole ? { ...parsed, measures: [] } : undefined
  } catch {
    return undefined
  }
}
