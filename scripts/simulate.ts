/**
 * Plays a range of seeds in two processes and prints totals: `node scripts/simulate.ts --from 1 --to 5000`. Goes on where it was
 * interrupted when `--from` names the next seed. Failing seeds come with the command that plays each again, shrunk.
 * `--twins N`, `--nodes N`, `--hours H` and `--faults LIST` are those of `hanse sim`.
 */
import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { commandOf, describe, FAULTS, LIARS, runSeed, shrink, type RunOptions, type RunStats, type Verdict } from '../src/sim/index.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' }, to: { type: 'string', default: '100' }, workers: { type: 'string', default: '2' },
    nodes: { type: 'string' }, hours: { type: 'string' }, twins: { type: 'string' }, faults: { type: 'string' }, child: { type: 'boolean', default: false }
  }
})

type Told = { readonly seed: number, readonly verdict: Verdict, readonly cpuMs: number }

function optionsOf (seed: number): RunOptions {
  const { nodes, hours, twins, faults } = values
  return {
    seed, ...nodes === undefined ? {} : { nodes: Number(nodes) }, ...hours === undefined ? {} : { hours: Number(hours) },
    ...twins === undefined ? {} : { twins: Number(twins) },
    ...faults === undefined ? {} : { faults: FAULTS.filter(each => faults.split(',').includes(each)) }
  }
}

if (values.child) {
  process.on('message', (seed: number) => {
    const before = process.cpuUsage()
    const verdict = runSeed(optionsOf(seed))
    const { user, system } = process.cpuUsage(before)
    process.send?.({ seed, verdict, cpuMs: (user + system) / 1_000 } satisfies Told)
  })
} else {
  const { broken } = await play(Number(values.from), Number(values.to), Number(values.workers))
  process.exit(broken > 0 ? 1 : 0)
}

async function play (from: number, to: number, workers: number): Promise<{ readonly broken: number }> {
  const totals = new Map<number, { seeds: number, broken: number, simulatedMs: number, troubledMs: number, blocks: number, epochs: number, views: number, cpuMs: number, recoveryMs: number[], forks: number }>()
  const failed: Told[] = []
  let next = from
  let told = 0
  const tell = (each: Told): void => {
    const { stats } = each.verdict
    const total = totals.get(stats.nodes) ?? { seeds: 0, broken: 0, simulatedMs: 0, troubledMs: 0, blocks: 0, epochs: 0, views: 0, cpuMs: 0, recoveryMs: [], forks: 0 }
    totals.set(stats.nodes, total)
    add(total, stats, each)
    if (each.verdict.failure !== null) failed.push(each)
    if (++told % 250 === 0) console.log(`${told} seeds played, up to about ${next - 1}; ${failed.length} broken`)
  }
  await Promise.all(Array.from({ length: workers }, async () => {
    const child = fork(import.meta.filename, [...process.argv.slice(2), '--child'], { stdio: 'inherit' })
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const give = (): void => {
      if (next <= to) child.send(next++)
      else child.disconnect()
    }
    child.on('message', (each: Told) => {
      tell(each)
      give()
    })
    child.on('exit', code => {
      if (code !== 0) console.log(`a process ended with code ${code}`)
      resolve(undefined)
    })
    give()
    await promise
  }))
  report(from, to, totals)
  for (const { seed, verdict } of failed.toSorted((a, b) => a.seed - b.seed).slice(0, 20)) {
    const shrunk = shrink(optionsOf(seed), verdict, LIARS)
    console.log(['', ...describe(optionsOf(seed), verdict), `again     ${commandOf(optionsOf(seed))}`, `shortest  ${commandOf(shrunk.options)}`].join('\n'))
  }
  return { broken: failed.length }
}

function add (total: { seeds: number, broken: number, simulatedMs: number, troubledMs: number, blocks: number, epochs: number, views: number, cpuMs: number, recoveryMs: number[], forks: number }, stats: RunStats, { verdict, cpuMs }: Told): void {
  total.seeds++
  total.broken += verdict.failure === null ? 0 : 1
  total.simulatedMs += stats.simulatedMs
  total.troubledMs += stats.troubledMs
  total.blocks += stats.blocks
  total.epochs += stats.epochs
  total.views = Math.max(total.views, stats.viewsMax)
  total.cpuMs += cpuMs
  total.recoveryMs.push(stats.recoveryMs)
  total.forks += stats.forks > 0 ? 1 : 0
}

function report (from: number, to: number, totals: ReadonlyMap<number, Parameters<typeof add>[0]>): void {
  console.log(`seeds ${from} to ${to}`)
  console.log('nodes  seeds  hours  trouble    blocks   epochs  view max  broken  forked  recovery p50/p99/max s  CPU s')
  const rows = [...totals].toSorted(([a], [b]) => a - b).map(([nodes, each]) => [`${nodes}`, each] as const)
  const all = rows.map(([, each]) => each)
  const sum = (of: (each: Parameters<typeof add>[0]) => number): number => all.reduce((total, each) => total + of(each), 0)
  const together = {
    seeds: sum(each => each.seeds), broken: sum(each => each.broken), simulatedMs: sum(each => each.simulatedMs), troubledMs: sum(each => each.troubledMs), blocks: sum(each => each.blocks),
    epochs: sum(each => each.epochs), views: Math.max(0, ...all.map(each => each.views)), cpuMs: sum(each => each.cpuMs),
    recoveryMs: all.flatMap(each => each.recoveryMs), forks: sum(each => each.forks)
  }
  for (const [nodes, { seeds, simulatedMs, troubledMs, blocks, epochs, views, broken, forks, recoveryMs, cpuMs }] of [...rows, ['all', together] as const]) {
    const sorted = recoveryMs.toSorted((a, b) => a - b)
    const at = (share: number): string => ((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1_000).toFixed(1)
    console.log([
      nodes.padStart(5), `${seeds}`.padStart(6), (simulatedMs / 3_600_000).toFixed(1).padStart(6),
      `${(100 * troubledMs / simulatedMs).toFixed(0)} %`.padStart(8), `${blocks}`.padStart(9), `${epochs}`.padStart(8),
      `${views}`.padStart(9), `${broken}`.padStart(7), `${forks}`.padStart(7), `${at(0.5)} / ${at(0.99)} / ${at(1)}`.padStart(23), (cpuMs / 1_000).toFixed(0).padStart(6)
    ].join(' '))
  }
}
