import { strict as assert } from 'node:assert'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { HOSTILE, isListed, looksRight, publish } from './cities.fixture.ts'

const PURPOSE = 'urn:hanse:purpose:1:waste.collection'

describe('requests in the console', function () {
  const { city } = withCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')
  let [now, later, again] = ['', '', '']

  before(async () => {
    now = await publish(city('Bellevue'), { datasetId: 'bins', title: `Bins ${HOSTILE}`, to: ['Renton'], purposes: ['waste'] })
    // What begins later cannot be tried now, so that a person is asked.
    later = await publish(city('Bellevue'), { datasetId: 'later', title: `Later ${HOSTILE}`, to: ['Renton'], fromMs: Date.UTC(2099, 0, 1) })
    again = await publish(city('Bellevue'), { datasetId: 'again', to: ['Renton'] })
    for (const id of [now, later, again]) await isListed(city('Renton'), id)
  })

  it('are made from the catalogue to the download within 7 clicks and 2 fields', async () => {
    const opened = await openConsole(city('Renton'))
    const { page } = opened
    await page.getByRole('link', { name: 'Catalogue' }).click()
    await page.getByRole('link', { name: `Bins ${HOSTILE}` }).click()
    await page.getByRole('link', { name: 'Request data' }).click()
    await page.getByLabel('What for').selectOption('waste.collection')
    await page.getByLabel('Until').fill(new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10))
    await page.getByText('for this purpose alone: Waste collection, and no longer than until').waitFor()
    await page.getByRole('button', { name: 'Ask Bellevue' }).click()
    await page.getByText('It is agreed.').waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download bins.csv' }).click()
    assert.equal((await download).suggestedFilename(), 'bins.csv')
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 7 && fields <= 2, JSON.stringify({ clicks, fields }))
    await opened.close()
    await looksRight(city('Renton'), `#/request/${encodeURIComponent(now)}`, async ({ page: shown }) => { await shown.locator('.timeline').waitFor() }, 'w1-request')
  })

  it('come into the inbox and are denied with a reason, within 3 clicks and 1 field', async () => {
    const asked = await city('Renton').client.requestAgreement(later, PURPOSE, 0)
    assert.ok(asked.ok, JSON.stringify(asked))
    const opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.getByText('Renton asks for “Later').waitFor()
    await opened.picture('w1-inbox')
    await page.locator('.inbox').getByRole('link', { name: /Decide/ }).click()
    await page.getByRole('button', { name: 'Deny…' }).click()
    await page.getByLabel('Why, for Renton to read').fill(`ask again in spring ${HOSTILE}`)
    await page.getByText('Nothing goes out.').waitFor()
    await page.getByRole('button', { name: 'Deny and tell' }).click()
    await page.getByText('Renton is told about').waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 3, fields: 1 })
    await opened.close()
    const other = await openConsole(city('Renton'))
    await other.go(`#/request/${encodeURIComponent(later)}`)
    await other.page.getByText(`Declined by Bellevue: ask again in spring ${HOSTILE}`).waitFor()
  })

  it('are approved for 30 days and in no more than that, within 3 clicks; the receipt says so', async () => {
    const first = await city('Renton').client.requestAgreement(again, PURPOSE, 20_000)
    assert.ok(first.ok && first.value.agreementId !== null, JSON.stringify(first))
    assert.ok((await city('Bellevue').client.endAgreement(first.value.agreementId, 'ended')).ok)
    // Where one was ended, no rule begins another: a person decides.
    await until(async () => {
      const asked = await city('Renton').client.requestAgreement(again, PURPOSE, 0)
      return asked.ok && asked.value.agreementId === null
    }, 'a second request is under way')
    await until(async () => {
      const listed = await city('Bellevue').client.negotiations()
      return listed.ok && listed.value.some(({ isAsked }) => isAsked)
    }, 'a person is asked')
    await looksRight(city('Bellevue'), '#/requests', async ({ page: shown }) => {
      await shown.locator('.ways button').nth(1).click()
      await shown.locator('.effect').waitFor()
    }, 'w1-requests')
    const opened = await openConsole(city('Bellevue'))
    const { page } = opened
    await page.locator('.inbox').getByRole('link', { name: /Decide/ }).click()
    await page.getByRole('button', { name: 'Approve with limits…' }).click()
    await page.getByText('For at most 30 days, until').waitFor()
    await page.getByRole('button', { name: 'Offer these limits' }).click()
    await page.getByText('Renton is told about').waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 3, fields: 0 })
    await opened.close()
    await until(async () => {
      const listed = await city('Renton').client.negotiations()
      return listed.ok && listed.value.some(({ dataset, isAsked }) => dataset === again && isAsked)
    }, 'less than was asked for is for a person to accept')
    const other = await openConsole(city('Renton'))
    await other.page.locator('.inbox').getByRole('link', { name: /Decide/ }).click()
    await other.page.getByRole('button', { name: 'Approve…' }).click()
    await other.page.getByRole('button', { name: 'Approve and tell' }).click()
    await other.page.getByText('It is agreed.').first().waitFor()
    await other.close()
    await until(async () => {
      const agreements = await city('Bellevue').client.agreements()
      return agreements.ok && agreements.value.some(({ dataset, revokedAtMs }) => dataset === again && revokedAtMs === null)
    }, 'the agreement stands on the other side too')
  })
})
