import { strict as assert } from 'node:assert'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { HOSTILE, looksRight } from './cities.fixture.ts'

const WITHIN_MS = 20_000

describe('votes in the console', function () {
  const { city } = withCities(['Bellevue', 'Renton', `Kirkland ${HOSTILE}`], `Lake ${HOSTILE}`)

  before(async () => {
    const proposed = await city('Bellevue').client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, WITHIN_MS)
    assert.ok(proposed.ok, JSON.stringify(proposed))
    await until(async () => {
      const listed = await city('Renton').client.proposals()
      return listed.ok && listed.value.length === 1
    }, 'the proposal is everywhere')
  })

  it('say what would change, who voted and what is needed, in every look', async () => {
    await looksRight(city('Renton'), '#/federation', async ({ page }) => {
      await page.locator('article').waitFor()
      await page.locator('svg[role=img]').waitFor()
    }, 'w1-federation')
    await looksRight(city('Renton'), '#/overview', async ({ page }) => { await page.locator('.inbox li').first().waitFor() }, 'w1-overview')
  })

  it('are cast from the inbox within 3 clicks and no field, and counted at once', async () => {
    const opened = await openConsole(city('Renton'))
    const { page } = opened
    await page.getByText('Bellevue proposes: Decisions need more than 3 in 4 votes.').waitFor()
    await page.locator('.inbox').getByRole('link', { name: /Vote/ }).click()
    await page.getByText('1 yes, 0 no').waitFor()
    await page.getByRole('button', { name: 'No…' }).click()
    await page.getByText('You vote no, for good.').waitFor()
    assert.deepEqual(await opened.violations(), [])
    await page.getByRole('button', { name: 'Vote no' }).click()
    await page.getByText('You voted no.').or(page.getByText('One that was decided')).first().waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 3, fields: 0 })
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByText('Nothing to decide').waitFor()
    await opened.close()
    const counted = await city('Renton').client.proposals()
    assert.ok(counted.ok)
    assert.equal(counted.value[0]?.no.length, 1)
  })
})
