import { strict as assert } from 'node:assert'
import { gzipSync } from 'node:zlib'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'

/** Of all scripts that the overview brings with it. */
const FIRST_PAGE_BYTES_MAX = 60_000

describe('how much the console is', function () {
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  it('brings less than 60 kB of scripts with its first page, as gzip packs them', async () => {
    const opened = await openConsole(city())
    const { page, url } = opened
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByText('Lake Cities').waitFor()
    await page.getByText('Nothing to decide').waitFor()
    const addresses = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
    const scripts = addresses.filter(address => new URL(address).pathname.endsWith('.js'))
    const sizes = await Promise.all([...new Set(scripts)].map(async address => {
      const bytes = Buffer.from(await (await fetch(address)).arrayBuffer())
      return { name: address.slice(`${url}/assets/`.length), bytes: gzipSync(bytes, { level: 9 }).length }
    }))
    const sum = sizes.reduce((all, { bytes }) => all + bytes, 0)
    console.log(`      ${sum} bytes: ${sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(', ')}`)
    assert.ok(sizes.length > 1)
    assert.ok(sum < FIRST_PAGE_BYTES_MAX, `${sum} bytes of scripts`)
  })
})
