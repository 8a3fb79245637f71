import { strict as assert } from 'node:assert'
import { textOf, utf8 } from '../../src/base/index.ts'
import { beginDerivation, recipeOf, type Derivation, type Detail, type Recipe, type Wishes } from '../../src/core/derivation/index.ts'
import type { FeedRecord } from '../../src/core/feed/index.ts'
import { didOfKey, signingKeyOfSeed } from '../../src/core/identity/index.ts'

export const HOUR_MS = 3_600_000
/** 2026-12-01T00:00:00Z */
export const START_MS = 1_796_083_200_000
export const NOTHING: Detail = { summarise: null, redactFields: [], h3ResolutionMax: null, timeStepMs: null, delayMs: null }

export const vehicles: Recipe['source'] = {
  publisher: didOfKey(signingKeyOfSeed(new Uint8Array(32).fill(7)).publicKey), datasetId: 'vehicles', delimiter: ',',
  columns: [
    { name: 'plate', type: 'text' }, { name: 'seen', type: 'time' }, { name: 'lat', type: 'latitude' }, { name: 'lon', type: 'longitude' },
    { name: 'kind', type: 'text' }, { name: 'speed', type: 'number' }
  ]
}

export function recipe (detail: Partial<Detail>, wishes: Wishes = {}, source: Recipe['source'] = vehicles): Recipe {
  const made = recipeOf({ ...NOTHING, ...detail }, source, wishes)
  assert.ok(made.ok, JSON.stringify(made))
  return made.value
}

export function row (body: string, timeMs = START_MS, key = 'row/1'): FeedRecord {
  return { key: utf8(key), timeMs, operation: 'put', mediaType: 'text/csv', body: utf8(body) }
}

/** Gives records and times, in order; what comes out, each as its key, time and object. */
export class Run {
  readonly derivation: Derivation
  readonly out: FeedRecord[] = []

  constructor (derivation: Derivation | Recipe) {
    this.derivation = 'step' in derivation ? derivation : beginDerivation(derivation, 0)
  }

  give (record: FeedRecord): readonly FeedRecord[] {
    const stepped = this.derivation.step({ type: 'record', number: this.derivation.state.next, record })
    assert.ok(stepped.ok && stepped.value.type === 'taken', JSON.stringify(stepped))
    this.out.push(...stepped.value.records)
    return stepped.value.records
  }

  tell (nowMs: number): readonly FeedRecord[] {
    const stepped = this.derivation.step({ type: 'time', nowMs })
    assert.ok(stepped.ok && stepped.value.type === 'taken')
    this.out.push(...stepped.value.records)
    return stepped.value.records
  }
}

export function objectOf ({ body }: FeedRecord): Readonly<Record<string, unknown>> {
  return JSON.parse(textOf(body) ?? '') as Readonly<Record<string, unknown>>
}
