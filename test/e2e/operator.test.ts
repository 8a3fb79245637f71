import { strict as assert } from 'node:assert'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mqtt from 'mqtt'
import type { Page } from 'playwright-core'
import { freePort } from '../../scripts/ports.ts'
import { hasMosquitto, Mosquitto } from '../intake/mqtt.fixture.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { pmtiles } from '../support/pmtiles.ts'
import { until } from '../support/nodes.ts'
import { publish } from './cities.fixture.ts'

/** Of the pixels of a map: a square over all of it changes nearly all. */
const DRAWN_PART_MIN = 0.5

/** What the people of one node bring to it: maps of their own, a broker of their own. */
describe('an operator in the console', function () {
  const { city, path } = withCities(['Bellevue'], 'Lake Cities')
  let opened: Console

  const catalogue = async (): Promise<Page> => {
    opened = await openConsole(city())
    await opened.go('#/catalogue')
    await opened.page.locator('[data-idle=true]').waitFor({ timeout: 60_000 })
    return opened.page
  }

  before(async () => {
    await publish(city(), { datasetId: 'bins', title: 'Bins' })
  })

  it('sees maps of their own below the data: tiles read in pieces over loopback, shapes, and who made them; a sentence of one that cannot be read', async () => {
    const before = await pictureOf(await catalogue())
    await opened.close()
    const maps = join(city().folder, 'basemap')
    await mkdir(maps, { recursive: true })
    await writeFile(join(maps, 'streets.pmtiles'), pmtiles('streets', '&copy; <a href="https://example.org">Makers of tiles</a>'))
    await writeFile(join(maps, 'parks.geojson'), JSON.stringify({ type: 'Feature', properties: { name: 'A park' }, geometry: { type: 'Polygon', coordinates: [[[-100, 30], [-90, 30], [-90, 40], [-100, 30]]] } }))
    await writeFile(join(maps, 'parks.geojson.txt'), '© Makers of parks')
    await writeFile(join(maps, 'broken.pmtiles'), 'this is no map')
    await writeFile(join(maps, 'broken.geojson'), '{"type":"FeatureCollection"')
    const pieces: string[] = []
    opened = await openConsole(city())
    const { page } = opened
    page.context().on('response', response => { if (response.url().endsWith('streets.pmtiles')) pieces.push(`${response.status()} ${response.request().headers()['range'] ?? ''}`) })
    await opened.go('#/catalogue')
    await page.getByText('© Makers of tiles').waitFor()
    await page.getByText('© Makers of parks').waitFor()
    await page.getByText('The map broken.pmtiles could not be read').waitFor()
    await page.getByText('The map broken.geojson could not be read').waitFor()
    await page.locator('[data-idle=true]').waitFor({ timeout: 60_000 })
    assert.ok(pieces.length > 0 && pieces.every(each => /^206 bytes=\d+-\d+$/.test(each)), pieces.join())
    const after = await pictureOf(page)
    const part = await page.evaluate(partOfDifferent, [before, after])
    console.log(`      map: ${Math.round(part * 100)} % of its pixels are drawn otherwise with tiles over them, ${pieces.length} pieces read`)
    assert.ok(part > DRAWN_PART_MIN, String(part))
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('x-own-maps')
  })

  it('connects a broker: what comes over MQTT arrives live', async function () {
    if (!hasMosquitto) {
      console.log('      skipped: there is no mosquitto')
      this.skip()
    }
    const broker = new Mosquitto(path('broker'), await freePort())
    await broker.start()
    const sender = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`)
    try {
      opened = await openConsole(city())
      const { page } = opened
      await page.getByRole('link', { name: 'Publish', exact: true }).click()
      await opened.effort()
      await page.getByRole('radio', { name: 'MQTT' }).check()
      await page.getByLabel('Address of the broker').fill(`mqtt://127.0.0.1:${broker.port}`)
      await page.getByLabel('Topics, one a line').fill('pumps/#')
      await page.getByRole('combobox', { name: 'What it is' }).selectOption('json')
      await page.getByLabel('Title', { exact: true }).fill('Pumps')
      await page.getByRole('button', { name: 'Connect', exact: true }).click()
      await page.getByText('“Pumps” is connected.').waitFor()
      await page.getByText('Running').waitFor()
      await sender.publishAsync('pumps/1', JSON.stringify({ id: 'pump-1', litres: 12 }), { qos: 1 })
      await page.getByRole('cell', { name: 'pump-1' }).first().waitFor()
      const { clicks, fields } = await opened.effort()
      console.log(`      mqtt: ${clicks} clicks, ${fields} fields`)
      assert.deepEqual(await opened.violations(), [])
      await opened.picture('x-mqtt')
      await page.getByRole('link', { name: 'Live', exact: true }).click()
      await page.getByRole('link', { name: 'Pumps' }).click()
      await page.getByText(/^The newest( \d+)? message/).waitFor()
      await sender.publishAsync('pumps/2', JSON.stringify({ id: 'pump-2', litres: 34 }), { qos: 1 })
      await page.getByRole('cell', { name: /pump-2/ }).first().waitFor()
    } finally {
      await sender.endAsync(true)
      await broker.stop()
    }
  })

  it('reads from right to left where the writing does: nothing runs out of the page', async () => {
    opened = await openConsole(city())
    const { page } = opened
    await page.locator('.tiles').waitFor()
    for (const [name, width] of [['overview', 1_280], ['catalogue', 1_280], ['federation', 400], ['settings', 400]] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.evaluate(() => { document.documentElement.dir = 'rtl' })
      await opened.go(`#/${name}`)
      await page.locator('main :is(.tiles, table)').first().waitFor()
      const { outside, brand, menu } = await page.evaluate(() => {
        const middleOf = (selector: string): number => {
          const box = document.querySelector(selector)?.getBoundingClientRect()
          return box === undefined ? 0 : box.left + box.width / 2
        }
        return { outside: document.documentElement.scrollWidth - document.documentElement.clientWidth, brand: middleOf('.brand'), menu: middleOf('nav > button') }
      })
      assert.ok(outside <= 0, `${name} is ${outside} pixels too wide`)
      assert.ok(brand > menu, `${name} begins on the left`)
      await opened.picture(`x-rtl-${name}-${width}`)
    }
    assert.deepEqual(await opened.violations(), [])
  })
})

async function pictureOf (page: Page): Promise<string> {
  await until(async () => await page.locator('[data-idle=true]').count() === 1, 'the map is drawn', 60_000)
  return (await page.locator('.map').screenshot()).toString('base64')
}

/** Runs in the page: which part of the pixels of two pictures differs. */
async function partOfDifferent (pictures: readonly string[]): Promise<number> {
  const [a, b] = await Promise.all(pictures.map(async base64 => {
    const image = new Image()
    image.src = `data:image/png;base64,${base64}`
    await image.decode()
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    if (context === null) throw new Error('there is no canvas here')
    context.drawImage(image, 0, 0)
    return context.getImageData(0, 0, image.width, image.height).data
  }))
  if (a === undefined || b === undefined) return 0
  let different = 0
  for (let at = 0; at < a.length; at += 4) if (a[at] !== b[at] || a[at + 1] !== b[at + 1] || a[at + 2] !== b[at + 2]) different++
  return different / (a.length / 4)
}
