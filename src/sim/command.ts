import { LIARS } from './liars.ts'
import { FAULTS, type RunOptions } from './plan.ts'
import { playSeed, type Verdict } from './run.ts'
import { commandOf, faultsOfText, shrink } from './shrink.ts'

/** What a person may ask for; all as text, as a command line has it. */
export type SimRequest = {
  readonly seed: string
  readonly nodes?: string | undefined
  readonly faults?: string | undefined
  readonly hours?: string | undefined
  readonly twins?: string | undefined
  readonly real?: boolean | undefined
}

export type SimAnswer = { readonly exitCode: 0 | 1 | 2, readonly lines: readonly string[] }

const NODES_MAX = 31
const HOURS_MAX = 10_000

/** Plays one seed: its trace hash, what happened, and the verdict; a failure comes with the shortest command that shows it. */
export function simCommand (request: SimRequest): SimAnswer {
  const read = optionsOf(request)
  if (typeof read === 'string') return { exitCode: 2, lines: [read] }
  const verdict = runSeed(read)
  const lines = describe(read, verdict)
  if (verdict.failure === null) return { exitCode: 0, lines }
  const shrunk = shrink(read, verdict, LIARS)
  return { exitCode: 1, lines: [...lines, `shortest  ${commandOf(shrunk.options)}`] }
}

/** One run of a federation in virtual time, from a seed to a verdict. Equal options give equal runs. */
export function runSeed (options: RunOptions): Verdict {
  return playSeed(options, LIARS)
}

export function describe (options: RunOptions, { verdict, traceHash, stats, failure }: Verdict): readonly string[] {
  const { nodes, blocks, epochs, viewsMax, messages, simulatedMs, troubledMs, recoveryMs, liars, faults, isReal, forks } = stats
  return [
    `seed      ${options.seed}: ${nodes} validators${liars.length === 0 ? '' : `, of them ${liars.join(', ')}`}${isReal ? ', real signatures' : ''}`,
    `faults    ${faults.length === 0 ? 'none' : faults.join(', ')}`,
    `played    ${(simulatedMs / 3_600_000).toFixed(2)} simulated hours, ${(troubledMs / 1_000).toFixed(0)} s of them in trouble, ${blocks} blocks in ${epochs} epochs, view ${viewsMax} at most, ${messages} messages`,
    `recovery  at most ${(recoveryMs / 1_000).toFixed(1)} s after faults ended, 8 of them until something is submitted${forks === 0 ? '' : `; ${forks} forks`}`,
    `trace     ${traceHash}`,
    `verdict   ${verdict}${failure === null ? '' : `: ${failure.rule} at ${(failure.atMs / 1_000).toFixed(1)} s, node ${failure.node}: ${failure.what}`}`
  ]
}

function optionsOf ({ seed, nodes, faults, hours, twins, real }: SimRequest): RunOptions | string {
  const [seedNumber, nodesNumber, hoursNumber, twinsNumber] = [seed, nodes, hours, twins].map(each => each === undefined ? undefined : Number(each))
  if (seedNumber === undefined || !Number.isSafeInteger(seedNumber) || seedNumber < 0) return 'a seed is a whole number from 0'
  if (nodesNumber !== undefined && !(Number.isInteger(nodesNumber) && nodesNumber >= 1 && nodesNumber <= NODES_MAX)) return `nodes: from 1 to ${NODES_MAX}`
  if (hoursNumber !== undefined && !(hoursNumber > 0 && hoursNumber <= HOURS_MAX)) return `hours: up to ${HOURS_MAX}`
  if (twinsNumber !== undefined && !(Number.isInteger(twinsNumber) && twinsNumber >= 0 && twinsNumber <= NODES_MAX)) return 'twins: a number of nodes'
  const classes = faults === undefined ? undefined : faultsOfText(faults)
  if (faults !== undefined && classes === undefined) return `faults: all, none, or some of ${FAULTS.join(',')}`
  return {
    seed: seedNumber, ...nodesNumber === undefined ? {} : { nodes: nodesNumber }, ...hoursNumber === undefined ? {} : { hours: hoursNumber },
    ...twinsNumber === undefined ? {} : { twins: twinsNumber }, ...classes === undefined ? {} : { faults: classes }, ...real === true ? { isReal: true } : {}
  }
}
