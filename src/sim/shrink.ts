import type { Liar } from './ground/index.ts'
import { FAULTS, planOf, type Fault, type RunOptions } from './plan.ts'
import { namesOf, playSeed, type Verdict } from './run.ts'

/** A failure with as little trouble as it still needs, in at most so many runs. */
export type Shrunk = { readonly options: RunOptions, readonly verdict: Verdict, readonly runs: number }

const RUNS_MAX = 40

/** Switches classes of faults off one after the other, then shortens; keeps what still breaks the same rule. */
export function shrink (options: RunOptions, failed: Verdict, liars: Readonly<Record<string, Liar>>): Shrunk {
  const plan = planOf(options, namesOf(liars))
  let best: RunOptions = { ...options, nodes: plan.nodes, hours: plan.hours, faults: FAULTS.filter(each => plan.faults.has(each)), isReal: plan.isReal }
  let verdict = failed
  let runs = 0
  const tries = (candidate: RunOptions): boolean => {
    if (runs >= RUNS_MAX) return false
    runs++
    const next = playSeed(candidate, liars)
    if (next.failure?.rule !== failed.failure?.rule) return false
    best = candidate
    verdict = next
    return true
  }
  if (!tries(best)) return { options, verdict: failed, runs }
  for (const fault of best.faults ?? []) {
    const faults = (best.faults ?? []).filter(each => each !== fault)
    tries({ ...best, faults })
  }
  for (let hours = (best.hours ?? 1) / 2; hours > 0.02 && tries({ ...best, hours }); hours /= 2);
  return { options: best, verdict, runs }
}

/** The one command that plays a run again. */
export function commandOf ({ seed, nodes, faults, hours, twins, isReal }: RunOptions): string {
  const parts = [`hanse sim --seed ${seed}`]
  if (nodes !== undefined) parts.push(`--nodes ${nodes}`)
  if (faults !== undefined) parts.push(`--faults ${faults.length === 0 ? 'none' : faults.length === FAULTS.length ? 'all' : faults.join(',')}`)
  if (hours !== undefined) parts.push(`--hours ${hours}`)
  if (twins !== undefined) parts.push(`--twins ${twins}`)
  if (isReal === true) parts.push('--real')
  return parts.join(' ')
}

export function faultsOfText (text: string): readonly Fault[] | undefined {
  if (text === 'all') return FAULTS
  if (text === 'none') return []
  const names = text.split(',')
  const found = FAULTS.filter(each => names.includes(each))
  return found.length === names.length ? found : undefined
}
