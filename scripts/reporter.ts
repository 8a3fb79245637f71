/**
 * Mocha's spec report, closed by the seed of the run and one line that a machine reads: `12 passed, 0 failed, 1 skipped`.
 * Mocha loads a reporter with `require`, which takes the whole module where it has no default export: hence the name.
 */
import Mocha from 'mocha'

const { Base, Spec } = Mocha.reporters

class Reporter extends Spec {
  constructor (runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options)
    // Registered after the parent's own listener, so they print below the epilogue.
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      Base.consoleLog(`HANSE_SEED=${process.env['TEST_SEED'] ?? ''} draws the same cases again`)
      Base.consoleLog(closingLine(this.stats))
    })
  }
}

function closingLine ({ passes, failures, pending }: Mocha.Stats): string {
  return `${passes} passed, ${failures} failed${pending === 0 ? '' : `, ${pending} skipped`}`
}

export { Reporter as 'module.exports' }
