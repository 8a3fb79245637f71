/** Plays every mutant of the engine's rules until a seed catches it, and prints a table: `node scripts/mutants.ts [PART OF A NAME]`. */
import { MUTANTS } from '../test/mutants/mutants.ts'
import { firstFailure, seedsOf } from '../test/mutants/runner.ts'

const [part = ''] = process.argv.slice(2)
let missed = 0
for (const mutant of MUTANTS.filter(({ name }) => name.includes(part))) {
  const seeds = seedsOf(mutant)
  const caught = await firstFailure(mutant.edits, mutant.options, seeds)
  missed += caught === undefined ? 1 : 0
  console.log(`${caught === undefined ? 'MISSED' : 'caught'}  ${mutant.name}: ${caught ?? `0 of ${seeds.length} seeds`}`)
}
process.exit(missed > 0 ? 1 : 0)
