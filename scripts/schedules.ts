/**
 * Plays schedules of crash, power loss, restore and clone of one signer: `node scripts/schedules.ts --count 100000 --seed 1`.
 * Prints what happened by kind of life, and each life in which something was wrong with its seed; `--count 1 --seed S` plays it again.
 */
import { parseArgs } from 'node:util'
import { playLife, type Life } from '../src/sim/schedules/index.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } })
const [count, first] = [Number(values.count), Number(values.seed)]
const COLUMNS = ['lives', 'signatures', 'starts', 'crashes', 'locks', 'finals', 'conflicts', 'proven', 'broken'] as const
type Totals = Record<(typeof COLUMNS)[number], number>

const startedMs = Date.now()
const byFate = new Map<string, Totals>()
let broken = 0
for (let seed = first; seed < first + count; seed++) {
  const life = playLife(seed)
  for (const name of [life.fate, 'all']) add(name, life)
  if (life.violations.length === 0) continue
  if (++broken <= 20) console.log([`seed ${seed}, ${life.fate}`, ...life.violations.slice(0, 10)].join('\n  '))
}

const rows = [...byFate].toSorted(([a], [b]) => a === 'all' ? 1 : b === 'all' ? -1 : a < b ? -1 : 1)
console.log(['schedule'.padEnd(10), ...COLUMNS.map(name => name.padStart(11))].join(''))
for (const [name, totals] of rows) console.log([name.padEnd(10), ...COLUMNS.map(column => `${totals[column]}`.padStart(11))].join(''))
const { user } = process.cpuUsage()
console.log(`${count} schedules, seeds ${first} to ${first + count - 1}: ${broken} broken; ${((Date.now() - startedMs) / 1_000).toFixed(0)} s, ${(user / 1_000_000).toFixed(0)} CPU s`)
process.exit(broken > 0 ? 1 : 0)

function add (name: string, { signatures, starts, crashes, locks, finals, conflicts, isProven, violations }: Life): void {
  const totals = byFate.get(name) ?? { lives: 0, signatures: 0, starts: 0, crashes: 0, locks: 0, finals: 0, conflicts: 0, proven: 0, broken: 0 }
  byFate.set(name, totals)
  totals.lives++
  totals.signatures += signatures
  totals.starts += starts
  totals.crashes += crashes
  totals.locks += locks
  totals.finals += finals
  totals.conflicts += conflicts.length
  totals.proven += isProven ? 1 : 0
  totals.broken += violations.length > 0 ? 1 : 0
}
