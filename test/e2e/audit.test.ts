import { strict as assert } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { HOSTILE, isListed, looksRight, publish } from './cities.fixture.ts'

describe('an audit in the console', function () {
  const { city } = withCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')
  let id = ''

  before(async () => {
    id = await publish(city('Bellevue'), { datasetId: 'bins', title: `Bins ${HOSTILE}`, to: ['Renton'] })
    await isListed(city('Renton'), id)
    const agreed = await city('Renton').client.requestAgreement(id, 'urn:hanse:purpose:1:waste.collection', 20_000)
    assert.ok(agreed.ok, JSON.stringify(agreed))
    const fetched = await city('Renton').client.fetch(id, { timeoutMs: 20_000 })
    assert.ok(fetched.ok, JSON.stringify(fetched))
    await until(async () => {
      const uses = await city('Bellevue').client.uses(id)
      return uses.ok && uses.value.entries.some(({ what }) => what === 'granted')
    }, 'it is written down who got it')
  })

  it('shows who had it, with the proof of a row and an export, within 5 clicks and no field', async () => {
    const opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.getByRole('link', { name: 'Catalogue' }).click()
    await page.getByRole('link', { name: `Bins ${HOSTILE}` }).click()
    await page.getByRole('link', { name: 'Who had it' }).click()
    await page.getByText('One member could read it. One more keeps an encrypted copy').waitFor()
    await page.getByRole('cell', { name: 'Got the key to it' }).first().waitFor()
    await page.getByRole('button', { name: /^Proof: Renton/ }).first().click()
    const proof = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download the proof' }).click()
    assert.match((await proof).suggestedFilename(), /^\w+-\d+\.proof$/)
    assert.ok((await readFile(await (await proof).path())).length > 100)
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 5 && fields === 0, JSON.stringify({ clicks, fields }))
    const table = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export as CSV' }).click()
    assert.match(await readFile(await (await table).path(), 'utf8'), /^time,what,member,[^]*\r\n[^\r]*,granted,Renton,did:key:/)
  })

  it('is right in every look', async () => {
    await looksRight(city('Bellevue'), `#/audit/${encodeURIComponent(id)}`, async ({ page }) => {
      await page.locator('tbody button').first().click()
      await page.locator('tr.proof').waitFor()
    }, 'w1-audit')
  })
})
