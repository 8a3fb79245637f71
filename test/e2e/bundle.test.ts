import { strict as assert } from 'node:assert'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { stopCity } from '../../scripts/demo/city.ts'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { publish } from './cities.fixture.ts'

describe('bundles in the console', function () {
  const { city, again, path } = withCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')

  before(async () => {
    await stopCity(city('Renton'))
    await publish(city('Bellevue'), { datasetId: 'bins', title: 'Bins' })
    await publish(city('Bellevue'), { datasetId: 'secret', title: 'Secret <b>bins</b>', to: ['Kirkland'] })
  })

  it('are made for one that is away within 4 clicks and no field, without what it may not have', async () => {
    const opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.getByRole('link', { name: 'Federation' }).click()
    await page.getByText('Not reachable since').waitFor()
    await page.getByLabel('For whom').selectOption({ label: 'Renton' })
    const download = page.waitForEvent('download')
    await page.getByText('for Renton alone').waitFor()
    await page.getByRole('link', { name: 'Download the bundle for Renton' }).click()
    await copyFile(await (await download).path(), path('renton.car'))
    assert.equal((await download).suggestedFilename(), 'Renton.car')
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 4 && fields === 0, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('w1-bundle-make')
  })

  it('are opened on the other side, which is alone, within 4 clicks: what is new, then that all is known, then what is refused', async () => {
    await Promise.all([stopCity(city('Bellevue')), stopCity(city('Kirkland'))])
    const renton = await again('Renton')
    const whole = await readFile(path('renton.car'))
    const damaged = Uint8Array.from(whole, (byte, index) => index === whole.length - 40 ? byte ^ 1 : byte)
    await writeFile(path('damaged.car'), damaged)
    const opened = await openConsole(renton)
    const { page } = opened
    await page.getByRole('link', { name: 'Federation' }).click()
    const file = page.getByLabel('Bundle', { exact: true })
    await file.setInputFiles(path('renton.car'))
    await page.getByText(/of renton\.car were? new and (is|are) kept/).waitFor()
    await page.getByText('Nothing in it was refused.').waitFor()
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 4 && fields === 0, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('w1-bundle-open')
    await file.setInputFiles(path('renton.car'))
    await page.getByText('Everything in renton.car was here already.').waitFor()
    await file.setInputFiles(path('damaged.car'))
    await page.getByText('damaged.car was refused, or a part of it.').waitFor()
    // The refusal of the node is what the browser calls an error here.
    await assert.rejects(opened.close(), /422/)
    const dataset = await renton.client.dataset('Bellevue/bins')
    assert.ok(dataset.ok && dataset.value.held.phase === 'complete', JSON.stringify(dataset))
    assert.ok(!(await renton.client.dataset('Bellevue/secret')).ok)
  })
})
