import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import type { City } from '../../scripts/demo/city.ts'
import { closeBrowser, closeConsoles, startCities, withoutBrowser, type Started } from './browser.ts'

/** Two processes a city, which is seconds; minutes on a machine that is busy. */
const START_TIMEOUT_MS = 300_000

export type Cities = {
  /** As it runs now; the first where none is named. */
  readonly city: (name?: string) => City
  readonly all: () => readonly City[]
  readonly again: Started['again']
  /** Where a test may put a file of its own. */
  readonly path: (name: string) => string
}

/**
 * Cities for the tests of one file, in a federation where it has a name. A console that is still open after a test is closed, and the test
 * fails for what no page may do. Where there shall be no browser, all tests are skipped.
 */
export function withCities (names: readonly string[], federation?: string): Cities {
  let started: Started | undefined
  const running = (): Started => started ?? assert.fail('the cities are not started yet')

  before(async function () {
    this.timeout(START_TIMEOUT_MS)
    const reason = withoutBrowser()
    if (reason !== undefined) {
      console.log(reason)
      this.skip()
    }
    started = await startCities(names, federation)
  })
  afterEach(closeConsoles)
  after(async () => {
    await closeBrowser()
    await started?.stop()
  })

  return {
    city: (name = names[0]) => running().cities.find(each => each.name === name) ?? assert.fail(`there is no ${String(name)}`),
    all: () => running().cities,
    again: async (name, from) => await running().again(name, from),
    path: name => join(running().folder, name)
  }
}
