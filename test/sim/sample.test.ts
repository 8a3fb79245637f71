import { strict as assert } from 'node:assert'
import { describe as told, FAULTS, LIARS, runSeed, simCommand, type RunOptions } from '../../src/sim/index.ts'

const HOURS = 50
const SEEDS = 50
/** Quiet costs nothing; the long run has a burst every five minutes. */
const BURST_EVERY_MINUTES = 25

/** The seed and all that is known of its failure. */
function holds (options: RunOptions): ReturnType<typeof runSeed> {
  const verdict = runSeed(options)
  assert.equal(verdict.failure, null, `\n${told(options, verdict).join('\n')}`)
  return verdict
}

describe('simulation', function () {
  it(`keeps all rules in ${HOURS} simulated hours of faults and liars`, () => {
    let [simulatedMs, blocks] = [0, 0]
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { stats } = holds({ seed, hours: HOURS / SEEDS, burstEveryMinutes: BURST_EVERY_MINUTES })
      simulatedMs += stats.simulatedMs
      blocks += stats.blocks
    }
    assert.ok(simulatedMs >= HOURS * 3_600_000 && blocks > 500, `${simulatedMs} ms, ${blocks} blocks`)
  })

  it('does the same again for the same seed, and something else for another', () => {
    const hashes = [1, 2, 3].map(seed => {
      const [first, second] = [runSeed({ seed, hours: 0.2 }), runSeed({ seed, hours: 0.2 })]
      assert.equal(first.traceHash, second.traceHash, `seed ${seed}`)
      assert.deepEqual(first.stats, second.stats)
      return first.traceHash
    })
    assert.equal(new Set(hashes).size, hashes.length)
  })

  for (const [at, name] of Object.keys(LIARS).filter(each => each !== 'twin').entries()) {
    it(`bears a ${name} among four and two of them among seven`, () => {
      holds({ seed: 1_000 + at, nodes: 4, hours: 0.1, liars: [name], faults: ['slow', 'loss', 'crash', 'partition', 'transactions', 'seats'] })
      holds({ seed: 1_100 + at, nodes: 7, hours: 0.1, liars: [name, name], faults: ['slow', 'duplicates', 'clog', 'transactions'] })
    })
  }

  it('bears one twin among four and two among seven', () => {
    for (let seed = 1; seed <= 5; seed++) holds({ seed, nodes: 4, twins: 1, hours: 0.1, faults: ['slow', 'loss', 'partition', 'crash', 'transactions'] })
    for (let seed = 1; seed <= 3; seed++) holds({ seed, nodes: 7, twins: 2, hours: 0.1, faults: ['slow', 'partition', 'transactions'] })
  })

  it('names more liars than are tolerated for every fork, and nobody honest', () => {
    let forks = 0
    for (let seed = 1; seed <= 12; seed++) forks += holds({ seed, nodes: 4, twins: 2, hours: 0.1, faults: ['slow', 'loss', 'partition', 'crash', 'transactions'] }).stats.forks
    assert.ok(forks > 0, 'two twins among four fork the ledger now and then')
  })

  it('plays with the signatures of production too', () => {
    assert.equal(holds({ seed: 7, nodes: 4, hours: 0.1, isReal: true }).stats.isReal, true)
  })

  it('answers a command with trace, verdict and exit code', () => {
    const { exitCode, lines } = simCommand({ seed: '3', nodes: '4', faults: 'all', hours: '0.2' })
    assert.equal(exitCode, 0, lines.join('\n'))
    assert.match(lines.join('\n'), /trace {5}[0-9a-f]{16}\nverdict {3}held/)
    assert.equal(simCommand({ seed: 'x' }).exitCode, 2)
    assert.equal(simCommand({ seed: '1', faults: 'rain' }).exitCode, 2)
    assert.equal(simCommand({ seed: '1', nodes: '400' }).exitCode, 2)
    assert.ok(FAULTS.length > 10)
  })
})
