import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { City } from '../../scripts/demo/city.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'

const HOSTILE = '<img src=x onerror=alert(1)>'
const ROWS = 2_000

/** Bins with a plate, which seems to tell about people, and cells that are no markup here. */
function bins (): string {
  const rows = Array.from({ length: ROWS }, (_, at) => `KA-AB ${1_000 + at},2026-01-0${1 + at % 9}T10:00:00Z,${at % 100},${47.6 + at / 1e5},${-122.2 + at / 1e5},"${at % 500 === 0 ? `=${HOSTILE}` : 'north'}"`)
  return `plate,when,fill,latitude,longitude,note\n${rows.join('\n')}\n`
}

const LARGE_MB = 5
const LARGE_ROWS = 100_000

function large (): string {
  const row = (at: number): string => `2026-01-01T00:00:00Z,${String(at).padStart(6, '0')},47.6,-122.2,north of it`
  const rows = Array.from({ length: LARGE_ROWS }, (_, at) => row(at))
  return `when,count,latitude,longitude,note\n${rows.join('\n')}\n`
}

describe('publishing in the console', function () {
  let source: Server
  let address: string
  let page: Console

  // Before the cities: they are told what they may ask.
  before(async () => {
    source = createServer((_request, response) => { response.setHeader('content-type', 'text/csv').end('pump,level\nnorth,4\nsouth,5\n') }).listen(0, '127.0.0.1')
    await once(source, 'listening')
    const found = source.address()
    assert.ok(typeof found === 'object' && found !== null)
    address = `http://127.0.0.1:${found.port}/pump%20levels.csv`
    // A node asks no address of this machine unless it is told that it may.
    process.env['HANSE_WEB__ALLOW'] = `127.0.0.1:${found.port}`
    process.env['HANSE_WEB__PORTS'] = String(found.port)
  })
  const { city, path } = withCities(['Renton', 'Bellevue'], 'Lake Cities')
  after(() => {
    delete process.env['HANSE_WEB__ALLOW']
    delete process.env['HANSE_WEB__PORTS']
    source?.close()
  })

  it('takes a file from dropping to "replicated" in at most 6 clicks, and leaves out what tells about people', async () => {
    page = await openConsole(city('Renton'))
    await page.page.getByRole('link', { name: 'Publish', exact: true }).click()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-empty')
    await page.page.getByText('An address').click()
    await page.page.getByText('More settings').click()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-url')
    await page.page.getByText('MQTT', { exact: true }).click()
    await page.page.getByText('More settings').click()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-mqtt')
    await page.page.getByText('A file', { exact: true }).click()
    await page.effort()
    const file = path(`bins "${HOSTILE.replace('/', '')}".csv`)
    await writeFile(file, bins())
    await page.page.locator('input[type=file]').setInputFiles(file)
    await page.page.getByText(`a table with 2,000 rows and 6 columns`).waitFor()
    await page.page.getByText('Bellevue could see 2,000 rows, without column plate.').waitFor()
    assert.equal(await page.page.locator('main img').count(), 0)
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-file')
    await page.page.getByText('More: description').click()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-more')
    await page.page.getByText('More: description').click()
    await page.effort()
    await page.page.getByLabel('Licence').selectOption('CC-BY-4.0')
    await page.page.getByRole('button', { name: 'Publish now' }).click()
    await page.page.getByText('Replicated on 2 of 2').waitFor({ timeout: 30_000 })
    const spent = await page.effort()
    assert.ok(spent.clicks <= 6 && spent.fields === 0, JSON.stringify(spent))
    console.log(`      publish: ${spent.clicks} clicks, ${spent.fields} fields`)
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-done')
    const { did } = await memberOf(city('Renton'))
    const [other] = (await listOf(city('Bellevue'), did)).filter(({ datasetId }) => datasetId.startsWith('bins'))
    assert.ok(other !== undefined)
    assert.equal(other.licence, 'CC-BY-4.0')
    assert.deepEqual((await listOf(city('Bellevue'), did)).filter(({ datasetId }) => datasetId.endsWith('-raw')), [])
    assert.ok(!other.schema.some(({ name }) => name === 'plate'), JSON.stringify(other.schema))
  })

  it('shows how much of a file has gone, and stops when it is told to', async () => {
    page = await openConsole(city('Renton'))
    const { page: tab } = page
    await tab.getByRole('link', { name: 'Publish', exact: true }).click()
    const file = path('large.csv')
    await writeFile(file, large())
    const network = await tab.context().newCDPSession(tab)
    const send = async (bytesPerSecond: number): Promise<void> => {
      await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond })
      await tab.locator('input[type=file]').setInputFiles(file)
    }
    // Slow enough that all below is seen and judged while it goes, on a busy machine too.
    await send(100_000)
    await tab.getByText(/^Sending it to this node\. [\d.]+ (kB|MB) of [\d.]+ MB, [\d.]+ (kB|MB) a second, about \d+ seconds?$/).waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-sending')
    await tab.getByRole('button', { name: 'Stop', exact: true }).click()
    await tab.getByText('Drop a file here').waitFor()
    assert.equal(await tab.getByRole('alert').count(), 0)

    await send(-1)
    const startMs = Date.now()
    await tab.getByText(`a table with ${(LARGE_ROWS).toLocaleString('en')} rows`).waitFor()
    console.log(`      first preview of ${LARGE_MB} MB: ${Date.now() - startMs} ms`)
    await tab.getByRole('button', { name: 'Discard' }).click()
    await tab.getByText('Drop a file here').waitFor()
  })

  it('refuses terms that it does not know, with their position, and what nobody said about people', async () => {
    page = await openConsole(city('Renton'), { theme: 'dark', language: 'de' })
    await page.page.getByRole('link', { name: 'Veröffentlichen', exact: true }).click()
    const file = path('people.csv')
    await writeFile(file, bins())
    await page.page.locator('input[type=file]').setInputFiles(file)
    await page.page.getByText('Bellevue könnte 2.000 Zeilen, ohne Spalte plate, sehen.').waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-file')
    const publish = page.page.getByRole('button', { name: 'Jetzt veröffentlichen' })
    await page.page.getByLabel('Beginnen mit').selectOption('none')
    await page.page.getByText('Sagen Sie, was mit der Spalte „plate“ geschehen soll').waitFor()
    assert.equal(await publish.isDisabled(), true)
    await page.page.getByLabel('Beginnen mit').selectOption('members')
    await page.page.getByText('Als Datei mit Bedingungen').click()
    const box = page.page.getByRole('textbox', { name: 'Als Datei mit Bedingungen' })
    const terms = JSON.parse(await box.inputValue()) as { readonly terms: object }
    await box.fill(JSON.stringify({ ...terms, terms: { ...terms.terms, moonPhase: 'full' } }))
    await page.page.getByText(/\/terms\/moonPhase/).waitFor()
    assert.equal(await publish.isDisabled(), true)
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-refused')
    // A refusal of the node is what the browser calls an error.
    await assert.rejects(page.close(), ({ actual }: { readonly actual: readonly string[] }) => actual.every(fault => /status of 422 .* http:\/\/127\.0\.0\.1:\d+\/api\/v1\/terms\/review$/.test(fault)))
  })

  it('publishes nothing while a number or a day of the terms cannot be read, and lets go of no restriction meanwhile', async () => {
    page = await openConsole(city('Renton'))
    const { page: tab } = page
    await tab.getByRole('link', { name: 'Publish', exact: true }).click()
    const file = path('unread.csv')
    await writeFile(file, bins())
    await tab.locator('input[type=file]').setInputFiles(file)
    await tab.getByRole('combobox', { name: 'plate', exact: true }).selectOption({ label: 'Only in groups of ten' })
    const publish = tab.getByRole('button', { name: 'Publish now' })
    const isAsked = async (name: string, way: () => Promise<void>, good: string): Promise<void> => {
      const field = tab.getByLabel(name)
      await field.focus()
      await way()
      await publish.and(tab.locator(':enabled')).click()
      await until(async () => await field.evaluate(element => element === document.activeElement), `the field "${name}" is asked for`)
      await field.fill(good)
    }
    await isAsked('Least size of a group', async () => {
      await tab.getByLabel('Least size of a group').fill('')
      await tab.getByText(/groups under 10 left out/).waitFor()
    }, '20')
    await tab.getByText(/groups under 20 left out/).waitFor()
    await isAsked('Hours later', async () => {
      await tab.keyboard.press('ControlOrMeta+a')
      await tab.keyboard.type('-')
    }, '24')
    await isAsked('Until the end of', async () => { await tab.keyboard.type('12') }, '2098-12-12')
    await publish.and(tab.locator(':enabled')).click()
    await tab.getByText('Replicated on').first().waitFor({ timeout: 30_000 })
    assert.equal(await tab.locator('main').count(), 1)
  })

  it('publishes nothing while the page still says what other terms would mean', async () => {
    page = await openConsole(city('Renton'))
    const { page: tab } = page
    await tab.getByRole('link', { name: 'Publish', exact: true }).click()
    const file = path('meant.csv')
    await writeFile(file, bins())
    await tab.locator('input[type=file]').setInputFiles(file)
    const publish = tab.getByRole('button', { name: 'Publish now' })
    await publish.and(tab.locator(':enabled')).waitFor()
    const asked = new Promise<() => Promise<void>>(resolve => { void tab.route('**/api/v1/terms/review', route => { resolve(() => route.continue()) }, { times: 1 }) })
    await tab.getByLabel('Hours later').fill('5')
    const answer = await asked
    await publish.and(tab.locator(':disabled')).waitFor({ timeout: 10_000 })
    await answer()
    await publish.and(tab.locator(':enabled')).waitFor()
  })

  it('takes an address, of which only the address has to be written, and shows what it brings', async () => {
    page = await openConsole(city('Renton'))
    await page.page.getByRole('link', { name: 'Publish', exact: true }).click()
    await page.page.getByText('An address').waitFor()
    await page.effort()
    await page.page.getByText('An address').click()
    await page.page.getByLabel('Address', { exact: true }).fill(address)
    await page.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.page.getByText('“Pump levels” is connected.').waitFor()
    await page.page.getByRole('cell', { name: 'south' }).waitFor()
    const { clicks, fields } = await page.effort()
    // A click on a label comes as one on its button too.
    assert.ok(clicks <= 3 && fields === 1, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-address')
    const pumps = (await listOf(city('Renton'), (await memberOf(city('Renton'))).did)).find(({ datasetId }) => datasetId.startsWith('pump'))
    await page.go(`#/dataset/${pumps?.datasetId ?? ''}`)
    await page.page.getByRole('link', { name: /^The connector pump.* \(url\) feeds it\.$/ }).waitFor()
  })

  // The last one: a node falls.
  it('says that the way to the node broke, and after how much', async () => {
    page = await openConsole(city('Bellevue'))
    const { page: tab } = page
    await tab.getByRole('link', { name: 'Publish', exact: true }).click()
    const file = path('larger.csv')
    await writeFile(file, large().repeat(4))
    const network = await tab.context().newCDPSession(tab)
    await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 500_000 })
    await tab.locator('input[type=file]').setInputFiles(file)
    await tab.getByText(/^Sending it to this node\./).waitFor()
    await tab.getByText(/ a second, about /).waitFor()
    city('Bellevue').process.kill('SIGKILL')
    await tab.getByText(/the connection to the node broke: after \d+ of \d+ bytes/i).waitFor()
    // The browser calls the cut an error.
    await assert.rejects(page.close(), /ERR_/)
  })
})

async function memberOf ({ client }: City): Promise<{ readonly did: string }> {
  const status = await client.status()
  assert.ok(status.ok)
  return status.value.member
}

async function listOf ({ client }: City, publisher: string): Promise<readonly { readonly datasetId: string, readonly licence: string, readonly schema: readonly { readonly name: string }[] }[]> {
  const found = await client.datasets({ publisher })
  assert.ok(found.ok)
  return found.value.datasets
}
