import { strict as assert } from 'node:assert'
import { writeFile } from 'node:fs/promises'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { Keys } from '../support/keys.ts'
import { until } from '../support/nodes.ts'
import { isListed, publish } from './cities.fixture.ts'

const PURPOSE = 'urn:hanse:purpose:1:waste.collection'
const ROWS = 300

/** The flows of the console, each within its budget, by somebody who has no pointer. */
describe('the console with the keyboard alone', function () {
  const { city, all, path } = withCities(['Bellevue', 'Renton'])
  let opened: Console
  let keys: Keys
  const open = async (name: string): Promise<Console> => {
    opened = await openConsole(city(name))
    keys = new Keys(opened.page)
    await opened.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    return opened
  }
  const isWithin = async (clicks: number, fields: number): Promise<void> => {
    const spent = await opened.effort()
    assert.ok(spent.clicks <= clicks && spent.fields <= fields, JSON.stringify(spent))
  }

  it('skips to the content, and closes with Escape what it opened', async () => {
    const { page } = await open('Bellevue')
    await keys.press('Tab')
    await keys.use('link', 'Skip to content')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content')
    await keys.use('button', 'Menu')
    await page.getByRole('link', { name: 'Settings' }).waitFor()
    await keys.to('link', 'Ledger')
    await keys.press('Escape')
    await page.getByRole('link', { name: 'Settings' }).waitFor({ state: 'hidden' })
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Menu')
    await keys.press('Space')
    await keys.use('link', 'Verify')
    await page.getByRole('heading', { level: 1, name: 'Verify' }).waitFor()
    await keys.keepsFocus('going on from the menu')
  })

  it('founds a federation and joins it', async () => {
    const founder = await open('Bellevue')
    await keys.use('link', 'Found or join a federation')
    await keys.use('button', 'Found a federation', 'Space')
    await keys.write('Name of the federation', 'Lake Cities')
    await keys.write('Founders, you among them', '2', 'spinbutton')
    await keys.use('button', 'Found it')
    await founder.page.getByText('2 founders must agree, 1 of them have.').waitFor()
    await keys.keepsFocus('founding')
    const ticket = await founder.page.locator('pre code').innerText()
    await isWithin(5, 4)
    await founder.close()
    const { page } = await open('Renton')
    await keys.use('link', 'Found or join a federation')
    await keys.write('Ticket', ticket)
    await keys.use('button', 'Apply')
    await page.getByText('You are a member of Lake Cities').waitFor()
    await keys.keepsFocus('joining')
    await isWithin(5, 4)
    await until(async () => {
      const stands = await Promise.all(all().map(({ client }) => client.status()))
      return stands.every(status => status.ok && status.value.neighbours.reachable === 1)
    }, 'the cities see each other')
  })

  it('publishes a file', async () => {
    const { page } = await open('Bellevue')
    const file = path('bins.csv')
    await writeFile(file, `bin,when,fill,latitude,longitude\n${Array.from({ length: ROWS }, (_, row) => `b${row},2026-01-01T10:00:00Z,${row % 100},${47.6 + row / 1e4},${-122.2 + row / 1e4}`).join('\n')}\n`)
    await keys.use('link', 'Publish')
    await keys.to('radio', 'A file')
    await keys.press('ArrowRight')
    await page.getByRole('radio', { name: 'An address' }).and(page.locator(':checked')).waitFor()
    await keys.press('ArrowLeft')
    await opened.effort()
    await keys.bring('Choose a file', file)
    await page.getByText(`a table with ${ROWS} rows`).waitFor()
    await keys.keepsFocus('choosing a file')
    await keys.choose('Licence', 'CC BY 4.0: name the source')
    await page.getByText(`Renton could see ${ROWS} rows`).waitFor()
    await keys.use('button', 'Publish now')
    await page.getByText('Replicated on 2 of 2').waitFor()
    await keys.keepsFocus('publishing')
    await isWithin(6, 0)
    await keys.use('link', 'Show the dataset')
    await page.getByRole('heading', { level: 1, name: 'Bins' }).waitFor()
    await page.getByRole('region', { name: 'Preview' }).first().waitFor()
    await keys.keepsFocus('going to the dataset')
    assert.ok(await keys.walks() > 5)
  })

  it('finds and asks for data', async () => {
    const id = await publish(city('Bellevue'), { datasetId: 'lamps', title: 'Lamps', to: ['Renton'] })
    await isListed(city('Renton'), id)
    const { page } = await open('Renton')
    await keys.use('link', 'Catalogue')
    await page.getByRole('link', { name: 'Bins', exact: true }).waitFor()
    assert.ok(await keys.walks() > 5)
    await keys.write('Search', 'lamps', 'searchbox')
    await page.getByText('One dataset', { exact: true }).waitFor()
    await keys.use('link', 'Lamps')
    await keys.use('link', 'Request data')
    await page.getByLabel('What for').waitFor()
    await keys.keepsFocus('going to the request')
    await keys.to('combobox', 'What for')
    await keys.to('textbox', /^Until/)
    // The day and the month are the same: which of them is first is the browser's to say.
    for (const part of ['12', '12', '2098']) await page.keyboard.type(part)
    await page.getByText('and no longer than until').waitFor()
    await keys.use('button', 'Ask Bellevue')
    await page.getByText('It is agreed.').waitFor()
    await keys.keepsFocus('asking')
    const download = page.waitForEvent('download')
    await keys.use('link', 'Download lamps.csv')
    assert.equal((await download).suggestedFilename(), 'lamps.csv')
    await isWithin(7, 2)
  })

  it('approves', async () => {
    const id = await publish(city('Bellevue'), { datasetId: 'later', title: 'Later', to: ['Renton'], fromMs: Date.UTC(2099, 0, 1) })
    await isListed(city('Renton'), id)
    assert.ok((await city('Renton').client.requestAgreement(id, PURPOSE, 0)).ok)
    const { page } = await open('Bellevue')
    await page.getByText('Renton asks for “Later').waitFor()
    await keys.use('link', /^Decide/)
    await page.getByRole('button', { name: 'Approve…' }).waitFor()
    await keys.keepsFocus('going to the request')
    await keys.use('button', 'Approve…', 'Space')
    await keys.use('button', 'Approve and tell')
    await page.getByText('Renton is told about').waitFor()
    await keys.keepsFocus('approving')
    await isWithin(3, 1)
  })

  it('votes', async () => {
    assert.ok((await city('Renton').client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 20_000)).ok)
    const { page } = await open('Bellevue')
    await page.getByText('Renton proposes: ').waitFor()
    await keys.use('link', /^Vote/)
    await page.getByText('1 yes, 0 no').waitFor()
    await keys.keepsFocus('going to the proposal')
    await keys.use('button', 'Yes…')
    await keys.use('button', 'Vote yes')
    await page.getByText('Nothing is to be voted on.').waitFor()
    await keys.keepsFocus('voting')
    await isWithin(3, 0)
    assert.ok(await keys.walks() > 5)
  })

  it('audits', async () => {
    await until(async () => {
      const uses = await city('Bellevue').client.uses('lamps')
      return uses.ok && uses.value.entries.some(({ what }) => what === 'granted')
    }, 'it is written down who got it')
    const { page } = await open('Bellevue')
    await keys.use('link', 'Catalogue')
    await keys.use('link', 'Lamps')
    await keys.use('link', 'Who had it')
    await page.getByRole('cell', { name: 'Got the key to it' }).first().waitFor()
    await keys.keepsFocus('going to the audit')
    await keys.use('button', /^Proof: Renton/)
    const proof = page.waitForEvent('download')
    await keys.use('link', 'Download the proof')
    assert.match((await proof).suggestedFilename(), /\.proof$/)
    await isWithin(5, 0)
  })

  it('carries by hand', async () => {
    const maker = await open('Bellevue')
    await keys.use('link', 'Federation')
    await keys.choose('For whom', 'Renton')
    const download = maker.page.waitForEvent('download')
    await keys.use('link', 'Download the bundle for Renton')
    await (await download).saveAs(path('renton.car'))
    await isWithin(4, 0)
    await maker.close()
    const { page } = await open('Renton')
    await keys.use('link', 'Federation')
    await keys.bring('Bundle', path('renton.car'))
    await page.getByText('Nothing in it was refused.').waitFor()
    await keys.keepsFocus('opening the bundle')
    await isWithin(4, 0)
  })
})
