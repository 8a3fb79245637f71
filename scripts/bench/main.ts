/**
 * Measures Hanse beside its peers: in one run, in turns, each side in processes of its own, with data no one has seen before.
 *
 *   npm run bench                          three rounds of everything
 *   npm run bench -- --rounds 9            as many as a figure to be quoted needs
 *   npm run bench -- --only hanse          Hanse alone, nothing is installed
 *   npm run bench -- --scenario lateJoin   one scenario
 *   npm run bench -- --scale 0.02          a trial of the benchmark itself; its figures mean nothing
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { idOf, SCENARIO_NAMES, type Contestant, type Scenario } from './contestant.ts'
import { CONTESTANTS } from './contestants.ts'
import { installPeers, versionOf } from './peers.ts'
import { tablesOf, textOf, type Measured } from './report.ts'
import { runScenario, type Sample } from './scenarioRun.ts'

const ROUNDS_MAX = 99

type Entry = { readonly contestant: Contestant, readonly scenario: Scenario, readonly samples: Sample[] }

const { values } = parseArgs({
  options: {
    'rounds': { type: 'string', default: '3' },
    'only': { type: 'string', default: CONTESTANTS.map(({ name }) => name).join(',') },
    'scenario': { type: 'string', default: SCENARIO_NAMES.join(',') },
    'scale': { type: 'string', default: '1' },
    'output': { type: 'string', default: 'artefacts/bench.json' }
  }
})

process.exitCode = await main()

async function main (): Promise<number> {
  const rounds = Number(values.rounds)
  const scale = Number(values.scale)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) return refused(`--rounds takes 1 to ${ROUNDS_MAX}`)
  if (!(scale > 0 && scale <= 1)) return refused('--scale takes a number above 0, up to 1')
  const names = values.only.split(',')
  const unknown = names.find(name => CONTESTANTS.every(contestant => contestant.name !== name))
  if (unknown !== undefined) return refused(`--only knows ${CONTESTANTS.map(({ name }) => name).join(', ')}, and not ${unknown}`)

  const contestants = CONTESTANTS.filter(({ name }) => names.includes(name))
  if (contestants.some(({ packages }) => packages.length > 0)) {
    const installed = await installPeers(say)
    if (!installed.ok) return refused(`the peers could not be installed (${installed.failure.reason}); --only hanse measures Hanse alone`)
  }

  const output = resolve(values.output)
  const folder = join(dirname(output), `bench-${process.pid}`)
  const entries: readonly Entry[] = SCENARIO_NAMES.filter(name => values.scenario.split(',').includes(name)).flatMap(name =>
    contestants.flatMap(contestant => contestant.scenarios.filter(scenario => scenario.name === name).map(scenario => ({ contestant, scenario, samples: [] }))))
  if (entries.length === 0) return refused(`--scenario knows ${SCENARIO_NAMES.join(', ')}`)

  const loads: number[] = []
  mkdirSync(folder, { recursive: true })
  try {
    for (let round = 0; round < rounds; round++) {
      loads.push(loadavg()[0] ?? Number.NaN)
      for (const name of SCENARIO_NAMES) await playRound(entries.filter(({ scenario }) => scenario.name === name), round, rounds, folder, scale)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return tell(entries, loads, scale, output)
}

/** Each round begins with another contestant, so that none always runs on a rested or a tired disk. */
async function playRound (entries: readonly Entry[], round: number, rounds: number, folder: string, scale: number): Promise<void> {
  const first = entries.length === 0 ? 0 : round % entries.length
  for (const { contestant, scenario, samples } of [...entries.slice(first), ...entries.slice(0, first)]) {
    const id = idOf(contestant, scenario)
    const sample = await runScenario(id, scenario, join(folder, `${samples.length}`), scale)
    samples.push(sample)
    const outcome = sample.failure ?? Object.entries(sample.measures).map(([metric, value]) => `${metric} ${value.toFixed(2)}`).join(', ')
    say(`round ${round + 1} of ${rounds}: ${id}: ${outcome}`)
  }
}

function tell (entries: readonly Entry[], loads: readonly number[], scale: number, output: string): number {
  const measured: readonly Measured[] = entries
  const tables = tablesOf(measured)
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), memoryBytes: totalmem(), kernel: release(), node: process.version
  }
  const versions = Object.fromEntries(entries.flatMap(({ contestant }) => contestant.packages.map(name => [name, versionOf(name)])))
  const failures = entries.flatMap(({ contestant, scenario, samples }) =>
    samples.flatMap(({ failure }) => failure === null ? [] : [{ scenario: idOf(contestant, scenario), failure }]))
  writeFileSync(output, `${JSON.stringify({
    schemaVersion: 1,
    measuredAt: new Date().toISOString(),
    scale,
    machine,
    loadAverages: loads,
    versions,
    tables,
    samples: entries.map(({ contestant, scenario, samples }) => ({ scenario: idOf(contestant, scenario), samples })),
    failures
  }, null, 2)}\n`)

  process.stdout.write(`${textOf(tables)}\n\n`)
  process.stdout.write(`${machine.cores} cores, ${machine.processor}, Node ${machine.node}; load ${loads.map(load => load.toFixed(1)).join(', ')}\n`)
  if (scale !== 1) process.stdout.write(`scale ${scale}: a trial of the benchmark, not a measurement\n`)
  process.stdout.write(`written to ${output}\n`)
  for (const { scenario, failure } of failures) say(`failed: ${scenario}: ${failure}`)
  return failures.length === 0 ? 0 : 1
}

function refused (sentence: string): number {
  say(sentence)
  return 1
}

function say (sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
