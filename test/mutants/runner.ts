import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { RunOptions } from '../../src/sim/index.ts'
import type { Mutant } from './mutants.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const COPIED = ['src/base', 'src/core', 'src/sim', 'src/host', 'package.json']

/** A copy of the sources that can be spoilt; the packages are those of the original. */
async function copySources (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-mutant-'))
  for (const each of COPIED) await cp(join(ROOT, each), join(folder, each), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The first of these seeds that fails in a copy with these texts replaced, and why; undefined when none does. */
export async function firstFailure (edits: Mutant['edits'], options: Omit<RunOptions, 'seed'>, seeds: readonly number[]): Promise<string | undefined> {
  const folder = await copySources()
  try {
    for (const { file, find, replace } of edits) {
      const path = join(folder, file)
      const text = await readFile(path, 'utf8')
      assert.equal(text.split(find).length, 2, `${file} holds "${find}" once: change the mutant with the rule`)
      await writeFile(path, text.replace(find, () => replace))
    }
    return await play(folder, options, seeds)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function play (folder: string, options: Omit<RunOptions, 'seed'>, seeds: readonly number[]): Promise<string | undefined> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'player.ts'), folder, JSON.stringify(options), seeds.join()], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [told, complaint] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => { told += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { complaint += chunk.toString() })
  const { promise, resolve: end } = Promise.withResolvers<number | null>()
  child.on('close', end)
  const code = await promise
  assert.ok(code === 0 || told !== '', `the child ended with ${code}: ${complaint}`)
  return code === 0 ? undefined : told.trim()
}

/** The known seed first, then the others from 1 on. */
export function seedsOf ({ firstSeed, seedsMax }: Mutant): readonly number[] {
  return [firstSeed, ...Array.from({ length: seedsMax }, (_, at) => at + 1).filter(seed => seed !== firstSeed)].slice(0, seedsMax)
}
