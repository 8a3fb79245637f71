import { strict as assert } from 'node:assert'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { utf8 } from '../../src/base/index.ts'
import type { Box, DatasetDescription, RecordInput } from '../../src/sdk/index.ts'
import { openConsole, type Console, type Look } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'

const ROWS = 500
const HOUR_MS = 3_600_000
const BEGIN_MS = Date.UTC(2026, 0, 1)
const LAKE: Box = { west: -122.24, south: 47.55, east: -122.1, north: 47.68 }
const NASTY = '<img src=x onerror="alert(1)">'
const LOOKS: readonly Look[] = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'en' }, { theme: 'light', language: 'de' }, { theme: 'dark', language: 'de', width: 400 }]

describe('the catalogue', function () {
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  it('invites to publish, join or look around while it is empty', async () => {
    const opened = await openCatalogue({})
    for (const name of ['Publish a dataset', 'Join a federation', 'Load the demo city']) await opened.page.getByRole('link', { name }).waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('catalogue-empty')
  })

  it('finds a dataset within a box with the keyboard alone, and its page shows and gives what is in it', async () => {
    await publish('speeds', { title: 'Speeds by the lake', spatial: LAKE })
    await publish('bins', { title: `Bins ${NASTY}`, theme: 'waste', spatial: { west: -3.4, south: 55.87, east: -3.1, north: 56 } })
    await mkdir(join(city().folder, 'basemap'), { recursive: true })
    await writeFile(join(city().folder, 'basemap', 'streets.geojson'), JSON.stringify({ type: 'Feature', properties: { name: 'A street' }, geometry: { type: 'LineString', coordinates: [[-122.2, 47.5], [-122.2, 47.7]] } }))
    await writeFile(join(city().folder, 'basemap', 'streets.geojson.txt'), `© Makers of streets ${NASTY}`)

    const opened = await openCatalogue({})
    const { page } = opened
    await page.getByRole('link', { name: `Bins ${NASTY}` }).waitFor()
    await page.getByText(`© Makers of streets ${NASTY}`).waitFor()
    await drawn(page)
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('catalogue')
    await opened.effort()

    await tabTo(page, 'input', 'West')
    for (const degrees of ['-123', '47', '-122', '48']) {
      await page.keyboard.type(degrees)
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.getByText('One dataset', { exact: true }).waitFor()
    assert.equal(await page.getByRole('row').count(), 2)
    await tabTo(page, 'a', 'Speeds by the lake')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Speeds by the lake' }).waitFor()
    // Four fields, the search and the link: no pointer was needed.
    assert.deepEqual(await opened.effort(), { clicks: 2, fields: 4 })

    await page.getByText('The first 200 rows.', { exact: true }).waitFor()
    assert.equal(await page.getByRole('region', { name: 'Preview' }).getByRole('row').count(), 201)
    await page.getByText('speed, km/h: 500 values').waitFor()
    await drawn(page)
    const [downloaded] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV', exact: true }).click()])
    const lines = (await readFile(await downloaded.path(), 'utf8')).trimEnd().split('\r\n')
    assert.deepEqual([lines[0], lines.length], ['time,lat,lon,speed [km/h],street', ROWS + 1])
    assert.match(await page.getByRole('region', { name: 'Command line (curl)' }).innerText(), /^curl -f -H "Authorization: Bearer \$HANSE_TOKEN" -o 'speeds.csv'/)
  })

  it('finds by words and by facets', async () => {
    const opened = await openCatalogue({})
    const { page } = opened
    await page.getByRole('checkbox', { name: 'waste 1' }).click()
    await page.getByText('One dataset', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Show all again' }).click()
    await page.getByText('2 datasets', { exact: true }).waitFor()
    await page.getByRole('searchbox').fill('lake')
    await page.getByText('One dataset', { exact: true }).waitFor()
    await page.getByRole('searchbox').fill('nowhere')
    await page.getByText('Nothing matches').waitFor()
  })

  it('draws on in the same chart when there are other rows', async () => {
    const opened = await openCatalogue({})
    const { page } = opened
    await page.getByRole('link', { name: 'Speeds by the lake' }).click()
    await page.getByText('speed, km/h: 500 values').waitFor()
    await page.locator('.uplot canvas').evaluate(canvas => { canvas.id = 'the-same' })
    await publish('speeds', { title: 'Speeds by the lake', spatial: LAKE }, ROWS - 1)
    await page.getByText('speed, km/h: 499 values').waitFor()
    await page.locator('.uplot canvas#the-same').waitFor()
    await publish('speeds', { title: 'Speeds by the lake', spatial: LAKE })
    await page.getByText('speed, km/h: 500 values').waitFor()
  })

  it('still answers when the reader comes back to it', async () => {
    const opened = await openCatalogue({})
    const { page } = opened
    await page.getByRole('link', { name: 'Speeds by the lake' }).click()
    await page.getByRole('heading', { level: 1, name: 'Speeds by the lake' }).waitFor()
    await page.goBack()
    await page.getByRole('checkbox', { name: 'waste 1' }).click()
    await page.getByText('One dataset', { exact: true }).waitFor()
  })

  it('shows days as days, in a zone where they begin at another hour', async () => {
    const day = (at: number): string => new Date(Date.UTC(2012, 0, 1 + at)).toISOString().slice(0, 10)
    const records = ['day,rain,__proto__', ...Array.from({ length: 60 }, (_, at) => `${day(at)},${at % 7},cold`)].map((line, at) => ({ key: utf8(at === 0 ? 'header/0' : `row/${at}`), timeMs: BEGIN_MS, operation: 'put' as const, mediaType: 'text/csv', body: utf8(`${line}\n`) }))
    const published = await city().client.publish({
      datasetId: 'rain', title: 'Rain', description: '', theme: 'weather', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: { fromMs: Date.UTC(2012, 0, 1), toMs: Date.UTC(2012, 1, 29) },
      access: 'public', simulated: true,
      schema: [{ name: 'day', type: 'time', unit: null }, { name: 'rain', type: 'number', unit: 'mm' }, { name: '__proto__', type: 'text', unit: null }]
    }, { form: 'table', mediaType: 'text/csv', fileName: 'rain.csv', sizeBytes: null, records })
    assert.ok(published.ok, JSON.stringify(published))
    const opened = await openCatalogue({})
    const { page } = opened
    await page.getByRole('link', { name: 'Rain' }).click()
    await page.getByText('rain, mm: 60 values from 1 Jan 2012 to 29 Feb 2012').waitFor()
    await page.getByText('1 Jan 2012 to 29 Feb 2012', { exact: true }).waitFor()
    assert.deepEqual(await page.getByRole('region', { name: 'Preview' }).getByRole('row').nth(1).getByRole('cell').allInnerTexts(), ['1 Jan 2012', '0', 'cold'])
    assert.equal(await page.getByRole('link', { name: 'GeoJSON' }).count(), 0)
    await page.locator('.uplot canvas').waitFor()
    await opened.picture('dataset-days')
    await opened.close()
    const withdrawn = await city().client.withdraw('rain')
    assert.ok(withdrawn.ok)
  })

  it('searches within a box that is drawn', async () => {
    const opened = await openCatalogue({})
    const { page } = opened
    await drawn(page)
    await page.getByRole('button', { name: 'Draw a box' }).click()
    const map = await page.locator('[data-idle]').boundingBox()
    assert.ok(map !== null)
    // The left half holds America.
    await page.mouse.move(map.x + 4, map.y + 60)
    await page.mouse.down()
    await page.mouse.move(map.x + map.width / 2, map.y + map.height - 4, { steps: 4 })
    await page.mouse.up()
    await page.getByText('One dataset', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Speeds by the lake' }).waitFor()
    assert.notEqual(await page.getByLabel('West').inputValue(), '')
  })

  for (const look of LOOKS) {
    it(`has no complaint of axe, ${look.theme}, in ${look.language}, ${look.width ?? 1280} wide`, async () => {
      const opened = await openCatalogue(look)
      const { page } = opened
      const link = page.getByRole('link', { name: 'Speeds by the lake' })
      await link.waitFor()
      await drawn(page)
      assert.deepEqual(await opened.violations(), [])
      await opened.picture('catalogue')
      await link.click()
      await page.getByRole('heading', { level: 1, name: 'Speeds by the lake' }).waitFor()
      await page.locator('.uplot canvas').waitFor()
      await drawn(page)
      for (const summary of await page.locator('summary').all()) await summary.click()
      assert.deepEqual(await opened.violations(), [])
      await opened.picture('dataset')
    })
  }

  async function openCatalogue (look: Look): Promise<Console> {
    const opened = await openConsole(city(), look)
    const menu = opened.page.getByRole('button', { name: look.language === 'de' ? 'Menü' : 'Menu' })
    await menu.waitFor()
    if ((look.width ?? 1280) < 900) await menu.click()
    await opened.page.getByRole('link', { name: look.language === 'de' ? 'Katalog' : 'Catalogue' }).click()
    await opened.page.getByRole('heading', { level: 1, name: look.language === 'de' ? 'Katalog' : 'Catalogue' }).waitFor()
    return opened
  }

  async function publish (datasetId: string, more: Partial<DatasetDescription>, count = ROWS): Promise<void> {
    const published = await city().client.publish({
      datasetId, title: datasetId, description: 'How fast people drive', theme: 'transport', keywords: ['speed'], licence: 'CC-BY-4.0', spatial: null,
      temporal: { fromMs: BEGIN_MS, toMs: BEGIN_MS + ROWS * HOUR_MS }, access: 'public', simulated: true,
      schema: [
        { name: 'time', type: 'time', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null },
        { name: 'speed', type: 'number', unit: 'km/h' }, { name: 'street', type: 'text', unit: null }
      ],
      ...more
    }, { form: 'table', mediaType: 'text/csv', fileName: `${datasetId}.csv`, sizeBytes: null, records: [...rows(count)] })
    assert.ok(published.ok, JSON.stringify(published))
  }
})

function * rows (count: number): Generator<RecordInput> {
  const record = (key: string, body: string): RecordInput => ({ key: utf8(key), timeMs: BEGIN_MS, operation: 'put', mediaType: 'text/csv', body: utf8(body) })
  yield record('header/0', 'time,lat,lon,speed,street\n')
  for (let row = 0; row < count; row++) {
    const time = new Date(BEGIN_MS + row * HOUR_MS).toISOString()
    yield record(`row/${row}`, `${time},${(47.6 + Math.sin(row) / 50).toFixed(5)},${(-122.2 + Math.cos(row * 3) / 50).toFixed(5)},${50 + Math.round(40 * Math.sin(row / 4))},"Street ""${row % 9}"" ${NASTY.replaceAll('"', '')}"\n`)
  }
}

/** The map has drawn all that there is. */
async function drawn (page: Page): Promise<void> {
  await page.locator('[data-idle=true]').waitFor({ timeout: 60_000 })
}

/** With the tab key alone. */
async function tabTo (page: Page, tag: string, name: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    const isThere = await page.evaluate(([wantedTag, wantedName]) => {
      const element = document.activeElement
      const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element?.textContent
      return element?.tagName.toLowerCase() === wantedTag && label?.trim() === wantedName
    }, [tag, name])
    if (isThere) return
  }
  assert.fail(`the tab key does not lead to ${name}`)
}
