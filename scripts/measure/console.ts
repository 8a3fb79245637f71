/**
 * Measures how soon the console can be used: a real node, a real browser that keeps nothing from one opening to the next.
 * `node scripts/measure/console.ts [openings]`, 9 where nothing is said. Of each opening, in milliseconds since the address was entered:
 * `drawn`, when the overview's heading and its inbox stand there, and `interactive`, when a click on a menu entry that followed at once was
 * answered by the heading of its page. Prints one JSON document; ends with 1 where half of all openings took a second or more.
 */
import { strict as assert } from 'node:assert'
import { loadavg } from 'node:os'
import type { City } from '../demo/city.ts'
import { closeBrowser, openConsole, startCities } from '../../test/support/browser.ts'

const [OPENINGS = 9] = process.argv.slice(2, 3).map(Number)
const INTERACTIVE_MS_MAX = 1_000

type Opening = { readonly drawnMs: number, readonly interactiveMs: number }

const started = await startCities(['Bellevue'], 'Lake Cities')
try {
  const [city] = started.cities
  assert.ok(city !== undefined)
  // The node packs its assets when they are first asked for; and a browser has to begin.
  await open(city)
  const openings: Opening[] = []
  for (let at = 0; at < OPENINGS; at++) openings.push(await open(city))
  const [drawnMs, interactiveMs] = [spread(openings.map(opening => opening.drawnMs)), spread(openings.map(opening => opening.interactiveMs))]
  console.log(JSON.stringify({ openings: OPENINGS, load: loadavg()[0], drawnMs, interactiveMs }))
  process.exitCode = interactiveMs.median < INTERACTIVE_MS_MAX ? 0 : 1
} finally {
  await closeBrowser()
  await started.stop()
}

/** In a context of its own, which has nothing kept. */
async function open (city: City): Promise<Opening> {
  const { page, close } = await openConsole(city, {}, watch)
  await page.waitForFunction(() => (globalThis as unknown as Watched).opening.interactiveMs !== undefined)
  const found = await page.evaluate(() => {
    const { drawnMs = 0, interactiveMs = 0 } = (globalThis as unknown as Watched).opening
    return { drawnMs, interactiveMs }
  })
  await close()
  return found
}

type Watched = { readonly opening: { drawnMs?: number, interactiveMs?: number } }

/** Runs in the page, before all else: sees what is drawn, and clicks as soon as it can. */
function watch (): void {
  const opening: Watched['opening'] = {}
  Object.assign(globalThis, { opening })
  const look = (): void => {
    const heading = document.querySelector('main h1')?.textContent
    // Its inbox is there when it says something other than that it is asked for.
    const inbox = document.querySelector('.inbox > p:not(.unseen):not([role]), .inbox > ul')
    if (opening.drawnMs === undefined && heading === 'Overview' && inbox !== null) {
      opening.drawnMs = performance.now()
      document.querySelector<HTMLAnchorElement>('header a[href="#/requests"]')?.click()
    } else if (opening.drawnMs !== undefined && opening.interactiveMs === undefined && heading === 'Requests') opening.interactiveMs = performance.now()
    else if (opening.interactiveMs !== undefined) return
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

function spread (values: readonly number[]): { readonly median: number, readonly least: number, readonly most: number } {
  const sorted = values.map(Math.round).toSorted((one, other) => one - other)
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}
