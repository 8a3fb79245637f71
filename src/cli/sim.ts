import { answer, EXIT, problem, type Command } from './terminal/index.ts'

export const simCommand: Command = {
  name: 'sim',
  summary: 'Play a federation in virtual time, with faults and liars, to see that its ledger holds',
  arguments: [],
  options: [
    { name: 'seed', value: 'N', help: 'decides everything that happens: the same seed is the same run' },
    { name: 'nodes', value: 'N', help: 'how many validators (default: drawn from the seed)' },
    { name: 'faults', value: 'LIST', help: 'all, none, or some classes of faults with commas (default: drawn from the seed)' },
    { name: 'hours', value: 'H', help: 'how many hours of virtual time' },
    { name: 'twins', value: 'N', help: 'so many validators run twice under one identity: forks are expected from a third on' },
    { name: 'real', help: 'real signatures instead of quick ones' }
  ],
  examples: ['hanse sim --seed 1', 'hanse sim --seed 7 --nodes 4 --faults none', 'hanse sim --seed 19 --twins 2 --json'],
  run: async call => {
    const seed = call.text('seed')
    if (seed === undefined) return problem(EXIT.usage, 'usage', 'A run needs a seed', 'Write for instance hanse sim --seed 1.')
    // Only here: no other command needs the simulator.
    const { simCommand: play } = await import('../sim/index.ts')
    const { exitCode, lines } = play({
      seed, nodes: call.text('nodes'), faults: call.text('faults'), hours: call.text('hours'), twins: call.text('twins'), real: call.flag('real')
    })
    if (exitCode === EXIT.usage) {
      const [reason = ''] = lines
      return problem(EXIT.usage, 'usage', reason.charAt(0).toUpperCase() + reason.slice(1), 'See hanse sim --help.')
    }
    return answer({ passed: exitCode === 0, lines }, lines.join('\n'), exitCode === 0 ? EXIT.done : EXIT.failed)
  }
}
