import { strict as assert } from 'node:assert'
import type { Page, Response, Route } from 'playwright-core'
import { held, openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { publish } from './cities.fixture.ts'

const EVENTS = '**/api/v1/events'

/** What a page does with answers that come late, out of order, or not before it is asked once more. */
describe('the console where answers are slow', function () {
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  it('shows what happened before it heard of what happens', async () => {
    const id = await publish(city(), { datasetId: 'lamps', title: 'Lamps' })
    const { page, go } = await openConsole(city())
    const comeBack = await left(page)
    // The stream that opens late brings nothing else, and those after it never open.
    await page.route(EVENTS, () => {})
    const events = held(page, EVENTS)
    await comeBack()
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
    const comeBack = await left(page)
    const first = held(page, `**/api/v1/datasets/${encodeURIComponent(id)}`)
    await comeBack()
    const asked = await first
    const before = await asked.fetch()
    await publish(city(), { datasetId: 'pumps', title: 'Water pumps' })
    await page.evaluate(rememberHeadings, 'h1' as const)
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

  it('does not say that there is no ledger while it asks how it is', async () => {
    const { page } = await openConsole(city())
    const comeBack = await left(page)
    const ledger = held(page, '**/api/v1/ledger')
    await comeBack()
    const asked = await ledger
    const tile = page.locator('.tiles section').filter({ has: page.getByRole('heading', { name: 'Ledger' }) })
    await tile.waitFor()
    assert.equal(await tile.getByText('There is a ledger once').count(), 0)
    await asked.continue()
    await tile.getByText('nothing waits for a decision').waitFor()
  })

  it('says no more that the node does not answer when it does', async () => {
    const id = await publish(city(), { datasetId: 'ferries', title: 'Ferries' })
    const opened = await openConsole(city())
    const { page, go } = opened
    await go(`#/request/${encodeURIComponent(id)}`)
    await page.getByRole('heading', { level: 1, name: 'Ferries' }).waitFor()
    const asked = held(page, `**/api/v1/datasets/${encodeURIComponent(id)}`)
    await (await asked).abort()
    await page.getByRole('alert').getByText(/^the node does not answer/i).waitFor()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await assert.rejects(opened.close(), /ERR_FAILED/)
  })

  it('says of tokens nothing that it does not know yet, and keeps the one that was made before older news of them came', async () => {
    const { page, go } = await openConsole(city())
    const first = held(page, '**/api/v1/tokens')
    await go('#/settings')
    const asked = await first
    const before = await asked.fetch()
    const tokens = page.getByRole('region', { name: 'Tokens for programs' })
    await tokens.getByLabel('What it is for').fill('screen in the hall')
    assert.equal(await tokens.getByText('No program has a token yet.').count(), 0)
    await tokens.getByRole('button', { name: 'Make a token' }).click()
    await tokens.locator('pre code').waitFor()
    await answered(page, asked, { response: before })
    await tokens.getByRole('rowheader', { name: 'screen in the hall' }).waitFor()
  })

  it('finds in the ledger what was searched for, also where something happens before it is found', async () => {
    const { page, go } = await openConsole(city())
    await go('#/ledger')
    await page.locator('main table').first().waitFor()
    const found = held(page, '**/ledger/audit?*')
    await page.getByLabel('About a member or dataset').fill('Bellevue')
    await page.getByRole('button', { name: 'Search' }).click()
    const asked = await found
    const refreshed = page.waitForResponse('**/api/v1/ledger/members')
    await publish(city(), { datasetId: 'trams', title: 'Trams' })
    await (await refreshed).finished()
    await page.evaluate(drawn)
    await asked.continue()
    await page.getByText(/\d+ entries, newest first/).waitFor()
  })

  it('begins with the terms that were chosen last', async () => {
    const { page, go } = await openConsole(city())
    await go('#/publish')
    await page.locator('input[type=file]').setInputFiles({ name: 'trees.csv', mimeType: 'text/csv', buffer: Buffer.from('tree,height\noak,12\nelm,9\n') })
    const list = page.getByLabel('Begin with')
    await until(async () => await list.inputValue() === 'members', 'terms are begun')
    const older = held(page, '**/terms/templates/aggregates')
    await list.selectOption('aggregates')
    const asked = await older
    await list.selectOption('open')
    await page.getByText('Anybody, for anything; the source is named.').waitFor()
    await answered(page, asked, { response: await asked.fetch() })
    assert.equal(await list.inputValue(), 'open')
    await page.getByText('Anybody, for anything; the source is named.').waitFor()
  })

  it('leaves a place as somebody wrote it, where what the node knew comes behind', async () => {
    assert.ok((await city().client.setPlace({ latitude: 47.6, longitude: -122.2 })).ok)
    const { page, go } = await openConsole(city())
    const profile = held(page, '**/api/v1/profile')
    await go('#/welcome/place')
    const asked = await profile
    await page.getByLabel('Latitude').fill('47.5')
    await page.getByLabel('Longitude').fill('-122.1')
    await answered(page, asked, { response: await asked.fetch() })
    await page.getByRole('heading', { name: 'Where is Bellevue?' }).waitFor()
    assert.deepEqual([await page.getByLabel('Latitude').inputValue(), await page.getByLabel('Longitude').inputValue()], ['47.5', '-122.1'])
  })

  it('shows a connector that was removed no more, and says why one could not be restarted until that is pressed again', async () => {
    for (const name of ['lamps-a', 'lamps-b']) {
      const added = await city().client.addConnector({ kind: 'push', name, dataset: { id: `${name}-said`, title: name, licence: 'CC-BY-4.0', access: 'members' } })
      assert.ok(added.ok, JSON.stringify(added))
    }
    const opened = await openConsole(city())
    const { page, go } = opened
    await go('#/connectors')
    const [kept, removed] = ['lamps-a', 'lamps-b'].map(name => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) }))
    assert.ok(kept !== undefined && removed !== undefined)
    await removed.getByRole('button', { name: 'Remove', exact: true }).click()
    const older = held(page, '**/api/v1/connectors')
    const asked = await older
    const before = await asked.fetch()
    await page.evaluate(rememberHeadings, 'h2' as const)
    await removed.getByRole('button', { name: 'Remove the connector' }).click()
    // Comes where a page asks again while it waits for an answer.
    await removed.waitFor({ state: 'detached', timeout: 3_000 }).catch(() => {})
    await answered(page, asked, { response: before })
    await removed.waitFor({ state: 'detached' })
    assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { headings: string[] }).headings), ['lamps-a, lamps-b', 'lamps-a'])

    await page.route('**/restart', async route => { await route.continue({ url: `${opened.url}/api/v1/connectors/none/restart` }) })
    await kept.getByRole('button', { name: 'Begin again' }).click()
    await page.getByRole('alert').waitFor()
    for (let asked = 0; asked < 2; asked++) await (await page.waitForResponse('**/api/v1/connectors')).finished()
    await page.evaluate(drawn)
    assert.equal(await page.getByRole('alert').count(), 1)
    // The refusal of the node is what the browser calls an error.
    await assert.rejects(opened.close(), /404/)
  })
})

/** Leaves a page once somebody is signed in there, and tells how to come back: of what it asked before, nothing is held then. */
async function left (page: Page): Promise<() => Promise<void>> {
  await page.locator('header nav').waitFor()
  const address = page.url()
  await page.goto('about:blank')
  return async () => { await page.goto(address) }
}

/** Lets an answer come that was kept back, until the page has drawn what it makes of it. */
async function answered (page: Page, asked: Route, answer: Parameters<Route['fulfill']>[0]): Promise<void> {
  const come = page.waitForResponse(response => response.request() === asked.request())
  await asked.fulfill(answer)
  const response: Response = await come
  await response.finished()
  await page.evaluate(drawn)
}

/** Runs in the page. */
async function drawn (): Promise<void> {
  await new Promise(resolve => { setTimeout(() => { requestAnimationFrame(() => { requestAnimationFrame(resolve) }) }, 100) })
}

async function heading (page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

/** Runs in the page: which headings of a rank it has had, in order. */
function rememberHeadings (rank: 'h1' | 'h2'): void {
  const headings: string[] = []
  Object.assign(globalThis, { headings })
  const look = (): void => {
    const text = [...document.querySelectorAll(`main ${rank}`)].map(each => each.textContent.trim()).join(', ')
    if (text !== '' && text !== headings.at(-1)) headings.push(text)
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  look()
}
