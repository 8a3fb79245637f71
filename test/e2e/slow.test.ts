import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import { held, openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { publish } from './cities.fixture.ts'

const EVENTS = '**/api/v1/events'

/** What a page does with answers that come late, out of order, or not before it is asked once more. */
describe('the console where answers are slow', function () {
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  it('shows what happened before it heard of what happens', async () => {
    const id = await publish(city(), { datasetId: 'lamps', title: 'Lamps' })
    const { page, go } = await openConsole(city())
    // The stream that opens late brings nothing else, and those after it never open.
    await page.route(EVENTS, () => {})
    const events = held(page, EVENTS)
    await page.reload()
    await go(`#/dataset/${encodeURIComponent(id)}`)
    await heading(page, 'Lamps')
    await publish(city(), { datasetId: 'lamps', title: 'Street lamps' })
    await (await events).fulfill({ contentType: 'text/event-stream', body: ': nothing happens\n\n' })
    await heading(page, 'Street lamps')
  })

  it('does not go back to what was, where an answer comes behind one that was asked for later', async () => {
    const id = await publish(city(), { datasetId: 'pumps', title: 'Pumps' })
    const { page, go } = await openConsole(city())
    await go(`#/dataset/${encodeURIComponent(id)}`)
    await heading(page, 'Pumps')
    const first = held(page, `**/api/v1/datasets/${encodeURIComponent(id)}`)
    await page.reload()
    const asked = await first
    const before = await asked.fetch()
    await publish(city(), { datasetId: 'pumps', title: 'Water pumps' })
    await page.evaluate(rememberHeadings)
    // Comes where a page asks again while it waits for an answer.
    await page.getByRole('heading', { level: 1, name: 'Water pumps' }).waitFor({ timeout: 3_000 }).catch(() => {})
    await asked.fulfill({ response: before })
    await page.waitForFunction(() => (globalThis as unknown as { headings: string[] }).headings.includes('Pumps'))
    await heading(page, 'Water pumps')
    assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { headings: string[] }).headings), ['Dataset', 'Pumps', 'Water pumps'])
  })

  it('does once what is pressed twice', async () => {
    const { page, go } = await openConsole(city())
    await go('#/settings')
    await page.getByLabel('What it is for').fill('dashboard')
    const made = held(page, '**/api/v1/tokens')
    const make = page.getByRole('button', { name: 'Make a token' })
    await make.dblclick()
    await (await made).continue()
    await page.getByRole('region', { name: 'Tokens for programs' }).locator('pre code').waitFor()
    const tokens = await city().client.tokens()
    assert.equal(tokens.ok ? tokens.value.filter(({ label }) => label === 'dashboard').length : 0, 1)
  })
})

async function heading (page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

/** Runs in the page: each heading that it has had, in order. */
function rememberHeadings (): void {
  const headings: string[] = []
  Object.assign(globalThis, { headings })
  const look = (): void => {
    const text = document.querySelector('main h1')?.textContent?.trim() ?? ''
    if (text !== '' && text !== headings.at(-1)) headings.push(text)
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  look()
}
