/** Plays seeds in a copy of the sources, as a child: `node player.ts FOLDER OPTIONS SEEDS`. Prints the first seed that fails. */
import { join } from 'node:path'
import type { RunOptions, runSeed } from '../../src/sim/index.ts'

const [folder = '', options = '{}', seeds = ''] = process.argv.slice(2)
const door = await import(join(folder, 'src/sim/index.ts')) as { readonly runSeed: typeof runSeed }
for (const seed of seeds.split(',').map(Number)) {
  const { failure } = door.runSeed({ ...JSON.parse(options) as RunOptions, seed })
  if (failure === null) continue
  console.log(`${seed} ${failure.rule}: ${failure.what.split('\n', 1)[0]}`)
  process.exit(1)
}
