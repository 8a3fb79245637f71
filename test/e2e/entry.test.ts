import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { openConsole, openPage } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'

describe('the console', function () {
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  before(async () => {
    const published = await city().client.publish({
      datasetId: 'bins', title: 'Bins <script>alert(1)</script>', description: 'Where they stand', theme: 'waste', keywords: ['bins'], licence: 'CC-BY-4.0', spatial: null,
      temporal: null, schema: [], access: 'public', simulated: true
    }, { form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', sizeBytes: 4, records: [{ key: utf8('header/0'), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8('a,b\n') }] })
    assert.ok(published.ok, JSON.stringify(published))
  })

  it('lets in by a link once, and shows those without one nothing', async () => {
    const first = await openConsole(city())
    await first.page.getByRole('heading', { name: 'Overview' }).waitFor()
    const link = first.page.url()
    await first.close()
    const stranger = await openPage(`${new URL(link).origin}/#entry=${'a'.repeat(52)}`)
    await stranger.page.getByText('This link was used or is too old').waitFor()
    // The refusals of the node are what the browser calls errors here.
    await assert.rejects(stranger.close(), /40[13]/)
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'de'] as const) {
      it(`leads from the overview to a dataset, ${theme}, in ${language}, without a complaint of axe`, async () => {
        const opened = await openConsole(city(), { theme, language })
        const { page } = opened
        await page.getByText('Lake Cities').waitFor()
        assert.deepEqual(await opened.violations(), [])
        await page.getByRole('link', { name: language === 'de' ? 'Katalog' : 'Catalogue' }).click()
        await page.getByRole('link', { name: 'Bins <script>alert(1)</script>' }).waitFor()
        assert.deepEqual(await opened.violations(), [])
        await page.getByRole('link', { name: 'Bins <script>alert(1)</script>' }).click()
        await page.getByText('Where they stand').waitFor()
        assert.deepEqual(await opened.violations(), [])
        assert.deepEqual(await opened.effort(), { clicks: 2, fields: 0 })
      })
    }
  }
})
