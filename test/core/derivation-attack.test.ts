/**
 * The attack of section 7 of the note on terms: somebody who sees all that is published, in all its versions, and who knows every row
 * of a table but those of one entity, tries every group that it could belong to. `HANSE_CASES=10000` plays the whole.
 */
import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import type { FeedRecord } from '../../src/core/feed/index.ts'
import { HOUR_MS, objectOf, recipe, row, Run, START_MS } from './derivation.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const CASES = Number(process.env['HANSE_CASES'] ?? 400)
const K = 5
const GROUPS = ['a', 'b', 'c', 'd', 'e']
const VICTIM = 'victim'

type Row = { readonly entity: string, readonly group: string, readonly value: number, readonly round: number }

const byKind = recipe({ summarise: { minGroupSize: K } }, {
  entityKey: 'plate', groupBy: ['kind'],
  measures: [{ measure: 'count', field: null }, ...(['sum', 'mean', 'min', 'max', 'p50', 'p90'] as const).map(measure => ({ measure, field: 'speed' }))]
})

const ROUNDS = [0, 1, 2, 3]

/** A window with rows in time, published, and then late ones in three rounds. */
function publish (rows: readonly Row[]): readonly FeedRecord[] {
  const run = new Run(byKind)
  for (const round of ROUNDS) {
    for (const each of rows) if (each.round === round) run.give(recordOf(each))
    run.tell(tellMs(round))
  }
  return run.out
}

function recordOf ({ entity, group, value }: Row): FeedRecord {
  return row(`${entity},,47.6,-122.3,${group},${value}\n`)
}

function tellMs (round: number): number {
  return START_MS + (2 + round) * HOUR_MS
}

function seenOf (records: readonly FeedRecord[]): string {
  return records.map(({ key, timeMs, body }) => `${hex(key)} ${timeMs} ${hex(body)}`).join('\n')
}

function someTable (random: () => number): readonly Row[] {
  const groups = GROUPS.slice(0, 2 + Math.floor(random() * 4))
  const entities = [VICTIM, ...Array.from({ length: 2 + Math.floor(random() * 40) }, (_, at) => `entity ${at}`)]
  return entities.flatMap(entity => Array.from({ length: 1 + Math.floor(random() * 2) }, () => ({
    // Uneven, so that groups of every size up to the threshold are usual.
    entity, group: groups[Math.floor(random() * random() * groups.length)] ?? 'a', value: Math.floor(random() * 100), round: Math.max(0, Math.floor(random() * 6) - 2)
  })))
}

/** What else the victim's rows that are not visible could be: none at all, or all in one group. */
function worldsOf (table: readonly Row[], hidden: ReadonlySet<Row>): readonly (readonly Row[])[] {
  return [table.filter(each => !hidden.has(each)), ...GROUPS.map(group => table.map(each => hidden.has(each) ? { ...each, group } : each))]
}

describe(`derivation: an attacker who knows all other rows (${CASES} tables, HANSE_SEED=${SEED})`, function () {
  this.timeout(600_000)

  /** Of the tables with a victim in left out groups, those in which only the truth fits what is seen. */
  function attack (seen: (rows: readonly Row[]) => string): { readonly attacked: number, readonly recovered: readonly number[] } {
    const recovered: number[] = []
    let attacked = 0
    for (let at = 0; at < CASES; at++) {
      const table = someTable(randomFrom(SEED + at))
      const shown = new Set(publish(table).map(each => objectOf(each)['kind']))
      const hidden = new Set(table.filter(({ entity, group }) => entity === VICTIM && !shown.has(group)))
      if (hidden.size === 0) continue
      attacked++
      const truth = seen(table)
      const groups = new Set([...hidden].map(({ group }) => group))
      const isTrue = (world: readonly Row[]): boolean => {
        const of = new Set(world.filter(({ entity, group }) => entity === VICTIM && !shown.has(group)).map(({ group }) => group))
        return of.size === groups.size && [...of].every(group => groups.has(group))
      }
      if (worldsOf(table, hidden).every(world => isTrue(world) || seen(world) !== truth)) recovered.push(SEED + at)
    }
    return { attacked, recovered }
  }

  it('never learns in which left out group the one entity is, nor whether it is in any', () => {
    const { attacked, recovered } = attack(rows => seenOf(publish(rows)))
    assert.ok(attacked > CASES / 10, `${attacked} tables had a victim to look for`)
    assert.deepEqual(recovered, [], 'tables that gave the entity away')
  })

  it('sees the very same bytes with and without the rows of left out groups', () => {
    for (let at = 0; at < CASES; at++) {
      const table = someTable(randomFrom(SEED + at))
      const published = publish(table)
      const shown = new Set(published.map(each => objectOf(each)['kind']))
      assert.equal(seenOf(publish(table.filter(({ group }) => shown.has(group)))), seenOf(published), `HANSE_SEED=${SEED + at}`)
    }
  })

  it('never sees two versions of a group that differ by fewer entities than a group must have', () => {
    let revised = 0
    for (let at = 0; at < CASES; at++) {
      const table = someTable(randomFrom(SEED + at))
      const versions = new Map<unknown, number>()
      const present = new Map<string, Set<string>>()
      const run = new Run(byKind)
      const see = (records: readonly FeedRecord[]): void => {
        for (const each of records) {
          const kind = objectOf(each)['kind']
          const size = present.get(String(kind))?.size ?? 0
          assert.ok(size - (versions.get(kind) ?? 0) >= K, `HANSE_SEED=${SEED + at}`)
          if (versions.has(kind)) revised++
          versions.set(kind, size)
        }
      }
      for (const round of ROUNDS) {
        for (const each of table.filter(of => of.round === round)) {
          present.set(each.group, (present.get(each.group) ?? new Set()).add(each.entity))
          see(run.give(recordOf(each)))
        }
        see(run.tell(tellMs(round)))
      }
    }
    assert.ok(revised > CASES / 100, `${revised} groups were shown again`)
  })

  it('would have found it in totals over at least two left out groups, so the attacker is able', () => {
    const withTotals = (rows: readonly Row[]): string => {
      const totalAfter = (round: number): string => {
        const entities = new Map<string, Set<string>>()
        const present = rows.filter(each => each.round <= round)
        for (const { group, entity } of present) entities.set(group, (entities.get(group) ?? new Set()).add(entity))
        return [...entities.values()].filter(({ size }) => size < K).length >= 2 ? `total ${present.length}` : ''
      }
      return [seenOf(publish(rows)), ...ROUNDS.map(totalAfter)].join('\n')
    }
    const { attacked, recovered } = attack(withTotals)
    assert.ok(recovered.length > attacked / 100, `${recovered.length} of ${attacked} found`)
  })
})
