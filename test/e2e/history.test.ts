import { strict as assert } from 'node:assert'
import { setTimeout as wait } from 'node:timers/promises'
import type { City } from '../../scripts/demo/city.ts'
import { utf8 } from '../../src/base/index.ts'
import type { Dataset, DatasetDescription } from '../../src/sdk/index.ts'
import { closeBrowser, openConsole, startCities, withoutBrowser, type Console, type Look } from '../support/browser.ts'

const LOOKS: readonly Look[] = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'de', width: 400 }]

describe('the past of a dataset', function () {
  let cities: readonly City[] = []
  let stop = async (): Promise<void> => {}
  const [bellevue, renton] = [0, 1].map(at => () => cities[at] as City) as [() => City, () => City]

  before(async function () {
    const reason = withoutBrowser()
    if (reason !== undefined) {
      console.log(reason)
      this.skip()
    }
    const started = await startCities(['Bellevue', 'Renton', 'Kent'], 'Lake Cities')
    stop = started.stop
    cities = started.cities
    await publish('Cars', ['1,A'])
    await publish('Counts of cars', ['1,A', '2,B'])
    const { client } = bellevue()
    const template = await client.termsTemplate('members')
    assert.ok(template.ok)
    const terms = { ...template.value, terms: { ...template.value.terms as object, redactFields: ['plate'] } }
    const derived = await client.derive('cars', { datasetId: 'cars-open', title: 'Cars without plates', description: '', terms })
    assert.ok(derived.ok, JSON.stringify(derived))
  })
  after(async () => {
    await closeBrowser()
    await stop()
  })

  it('says on the page who holds it, and what its publisher changed when', async () => {
    const id = await held(renton(), 'cars')
    const opened = await openConsole(renton())
    const { page } = opened
    await show(opened, id)
    await page.getByText('Bellevue and Kent hold all of it.').waitFor()
    await page.getByText('Bellevue names no other dataset that it was made of.').waitFor()
    const versions = page.getByRole('listitem').filter({ has: page.locator('time') })
    assert.deepEqual(await versions.getByRole('listitem').allInnerTexts(), ['Another title; before it was “Cars”.', '3 records; before there were 2.', 'First published.'])
    await opened.close()
  })

  for (const look of LOOKS) {
    it(`says what it was made of, and with how much less, ${look.theme}, in ${look.language}`, async () => {
      const id = await held(renton(), 'cars-open')
      const opened = await openConsole(renton(), look)
      const { page } = opened
      await show(opened, id)
      await page.getByRole('link', { name: look.language === 'de' ? 'Counts of cars von Bellevue' : 'Counts of cars of Bellevue' }).waitFor()
      await page.getByText(look.language === 'de' ? 'Weggelassen: plate.' : 'Left out: plate.').waitFor()
      assert.deepEqual(await opened.violations(), [])
      await opened.picture('history')
      await opened.close()
    })
  }

  async function show ({ page }: Console, id: string): Promise<void> {
    page.setDefaultTimeout(10_000)
    // The link that signs in stands in the hash until it was used.
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.evaluate(reference => { location.hash = `#/dataset/${encodeURIComponent(reference)}` }, id)
  }

  /** Its id, once it is there. */
  async function held (city: City, datasetId: string): Promise<string> {
    for (let tries = 0; tries < 300; tries++) {
      const found = await city.client.dataset(datasetId)
      const history = found.ok ? await city.client.history(datasetId) : found
      if (found.ok && found.value.held.phase === 'complete' && history.ok && history.value.holders.length === 2) return found.value.id
      await wait(100)
    }
    return assert.fail(`${datasetId} never came`)
  }

  async function publish (title: string, rows: readonly string[]): Promise<Dataset> {
    const description: DatasetDescription = {
      datasetId: 'cars', title, description: '', theme: 'transport', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null, access: 'members', simulated: false,
      schema: [{ name: 'count', type: 'integer', unit: null }, { name: 'plate', type: 'text', unit: null }]
    }
    const records = ['count,plate', ...rows].map(row => ({ key: utf8('row'), timeMs: Date.now(), operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${row}\r\n`) }))
    const published = await bellevue().client.publish(description, { form: 'table', mediaType: 'text/csv', fileName: 'cars.csv', sizeBytes: null, records })
    assert.ok(published.ok, JSON.stringify(published))
    return published.value
  }
})
