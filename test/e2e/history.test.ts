import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { Dataset, DatasetDescription } from '../../src/sdk/index.ts'
import { openConsole, type Look } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'

const LOOKS: readonly Look[] = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'de', width: 400 }]

describe('the past of a dataset', function () {
  const { city } = withCities(['Bellevue', 'Renton', 'Kent'], 'Lake Cities')

  before(async () => {
    await publish('Cars', ['1,A'])
    await publish('Counts of cars', ['1,A', '2,B'])
    const { client } = city('Bellevue')
    const template = await client.termsTemplate('members')
    assert.ok(template.ok)
    const terms = { ...template.value, terms: { ...template.value.terms as object, redactFields: ['plate'] } }
    const derived = await client.derive('cars', { datasetId: 'cars-open', title: 'Cars without plates', description: '', terms })
    assert.ok(derived.ok, JSON.stringify(derived))
  })

  it('says on the page who holds it, and what its publisher changed when', async () => {
    const id = await held('cars')
    const opened = await openConsole(city('Renton'))
    const { page } = opened
    await opened.go(`#/dataset/${encodeURIComponent(id)}`)
    // Renton may have had all of its first version before it heard of the second.
    await page.getByText('Another title; before it was “Cars”.').waitFor()
    await page.getByText('Bellevue and Kent hold all of it.').waitFor()
    await page.getByText('Bellevue names no other dataset that it was made of.').waitFor()
    const versions = page.getByRole('listitem').filter({ has: page.locator('time') })
    assert.deepEqual(await versions.getByRole('listitem').allInnerTexts(), ['Another title; before it was “Cars”.', '3 records; before there were 2.', 'First published.'])
  })

  for (const look of LOOKS) {
    it(`says what it was made of, and with how much less, ${look.theme}, in ${look.language}`, async () => {
      const id = await held('cars-open')
      const opened = await openConsole(city('Renton'), look)
      const { page } = opened
      await opened.go(`#/dataset/${encodeURIComponent(id)}`)
      await page.getByRole('link', { name: look.language === 'de' ? 'Counts of cars von Bellevue' : 'Counts of cars of Bellevue' }).waitFor()
      await page.getByText(look.language === 'de' ? 'Weggelassen: plate.' : 'Left out: plate.').waitFor()
      assert.deepEqual(await opened.violations(), [])
      await opened.picture('history')
    })
  }

  /** Its id, once all of it is in Renton, which knows that Kent has it too. */
  async function held (datasetId: string): Promise<string> {
    const { client } = city('Renton')
    let id = ''
    await until(async () => {
      const found = await client.dataset(datasetId)
      const history = await client.history(datasetId)
      if (found.ok) ({ id } = found.value)
      return found.ok && found.value.held.phase === 'complete' && history.ok && history.value.holders.length === 2
    }, `${datasetId} is in Renton`)
    return id
  }

  async function publish (title: string, rows: readonly string[]): Promise<Dataset> {
    const description: DatasetDescription = {
      datasetId: 'cars', title, description: '', theme: 'transport', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null, access: 'members', simulated: false,
      schema: [{ name: 'count', type: 'integer', unit: null }, { name: 'plate', type: 'text', unit: null }]
    }
    const records = ['count,plate', ...rows].map(row => ({ key: utf8('row'), timeMs: Date.now(), operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${row}\r\n`) }))
    const published = await city('Bellevue').client.publish(description, { form: 'table', mediaType: 'text/csv', fileName: 'cars.csv', sizeBytes: null, records })
    assert.ok(published.ok, JSON.stringify(published))
    return published.value
  }
})
