/**
 * Real cities with their consoles in a real browser. What a page must never do is watched on every one of them: a request to another
 * origin, a word of its policy, an error. A click is one activation: a click, Enter or Space on something, one choice in a list.
 */
import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page, type Route } from 'playwright-core'
import { readApiFile } from '../../src/api/index.ts'
import { entrySchema } from '../../src/sdk/sessions/index.ts'
import { startCity, stopCity, type City } from '../../scripts/demo/city.ts'
import { until } from './nodes.ts'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--enable-unsafe-swiftshader', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'
]
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** Pictures for people: of the run, not of the repository. */
const ARTEFACTS = 'artefacts'

export type Look = { readonly theme?: 'light' | 'dark', readonly language?: 'en' | 'de', readonly width?: number, readonly height?: number }

export type Console = {
  readonly page: Page
  readonly url: string
  /** Activations and filled fields since the last call. */
  readonly effort: () => Promise<{ readonly clicks: number, readonly fields: number }>
  /** Complaints of axe about the page as it is. */
  readonly violations: () => Promise<readonly string[]>
  /** The same, and what axe leaves to a person; of all of it or of what a selector names. */
  readonly judged: (within?: string) => Promise<{ readonly violations: readonly string[], readonly incomplete: readonly string[] }>
  readonly picture: (name: string) => Promise<void>
  /** To an address behind the hash, from wherever the page is; over when what was left is gone. */
  readonly go: (hash: string) => Promise<void>
  /** Fails on whatever no page may do; closes it. */
  readonly close: () => Promise<void>
}

/** Why tests in a browser cannot run here, or undefined. Without a browser they fail, unless somebody said that they shall not run. */
export function withoutBrowser (): string | undefined {
  if (process.env['E2E'] === 'off') return 'skipped: E2E is off'
  assert.ok(existsSync(CHROMIUM), `there is no browser at ${CHROMIUM}: install chromium, name another by CHROMIUM, or leave these tests out with E2E=off`)
  assert.ok(existsSync('dist/web/index.html'), 'the console is not built: run "npm run build:web"')
  return undefined
}

let browser: Promise<Browser> | undefined
const opened = new Set<Console>()

/** Closes all that are still open; fails on whatever no page of theirs may do. */
export async function closeConsoles (): Promise<void> {
  const closed = await Promise.allSettled([...opened].map(each => each.close()))
  for (const each of closed) if (each.status === 'rejected') throw each.reason
}

export async function closeBrowser (): Promise<void> {
  await (await browser)?.close()
  browser = undefined
}

export type Started = {
  readonly cities: readonly City[]
  /** Where the folders of the cities are; goes with them. */
  readonly folder: string
  /** Starts one that was stopped or killed, from its own folder or from another one. */
  readonly again: (name: string, from?: string) => Promise<City>
  readonly stop: () => Promise<void>
}

/** Cities as processes of their own; with a federation, founded by the first. */
export async function startCities (names: readonly string[], federation?: string): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-e2e-'))
  const cities: City[] = []
  const again = async (name: string, from?: string): Promise<City> => {
    const index = names.indexOf(name)
    const city = await startCity(name, from ?? cities[index]?.folder ?? assert.fail(`there is no ${name}`))
    cities[index] = city
    return city
  }
  const stop = async (): Promise<void> => {
    await Promise.all(cities.map(stopCity))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const begun = await Promise.allSettled(names.map(async (name, index) => await startCity(name, join(folder, String(index)))))
    for (const each of begun) if (each.status === 'fulfilled') cities.push(each.value)
    for (const each of begun) if (each.status === 'rejected') throw each.reason
    if (federation !== undefined) await found(cities, federation)
    return { cities, folder, again, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function found (cities: readonly City[], federationName: string): Promise<void> {
  const [first, ...others] = cities
  assert.ok(first !== undefined)
  const ticket = await first.client.invite({ federationName, want: cities.length, validMs: 3_600_000 })
  assert.ok(ticket.ok, JSON.stringify(ticket))
  for (const { client } of others) {
    const joined = await client.join(ticket.value.ticket)
    assert.ok(joined.ok, JSON.stringify(joined))
  }
  await until(async () => {
    const all = await Promise.all(cities.map(({ client }) => client.status()))
    return all.every(status => status.ok && status.value.state === 'ready' && status.value.neighbours.reachable === cities.length - 1)
  }, 'the cities see each other', 60_000)
}

/** Opens the console of a city, signed in by a link of its own. `before` runs in the page, before all else. */
export async function openConsole (city: City, look: Look = {}, before?: () => void): Promise<Console> {
  const file = await readApiFile(city.folder)
  assert.ok(file.ok)
  const { url, token } = file.value
  const response = await fetch(`${url}/api/v1/session/entries`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  return await openPage(entrySchema.parse(await response.json()).url, look, before)
}

/** Opens a page of a node, whoever is signed in there. */
export async function openPage (address: string, { theme = 'light', language = 'en', width = 1280, height = 900 }: Look = {}, first?: () => void): Promise<Console> {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })
  const context = await (await browser).newContext({
    locale: language === 'de' ? 'de-DE' : 'en-GB', timezoneId: 'Europe/Berlin', colorScheme: theme, reducedMotion: 'reduce', viewport: { width, height }, acceptDownloads: true
  })
  const faults: string[] = []
  const { origin } = new URL(address)
  context.on('request', request => { if (new URL(request.url()).origin !== origin) faults.push(`a request to ${request.url()}`) })
  context.on('console', message => { if (message.type() === 'error' || /Content Security Policy|svelte\.dev/.test(message.text())) faults.push(`${message.type()}: ${message.text()} ${message.location().url}`) })
  context.on('weberror', error => { faults.push(`error: ${error.error().stack ?? error.error().message}`) })
  await context.addInitScript(watchEffort)
  if (first !== undefined) await context.addInitScript(first)
  const page = await context.newPage()
  await page.goto(address)
  let before = { clicks: 0, fields: 0 }
  const shown: Console = {
    page, url: origin,
    effort: async () => {
      const now = await page.evaluate(() => (globalThis as unknown as { effort: { clicks: number, fields: number } }).effort)
      const spent = { clicks: now.clicks - before.clicks, fields: now.fields - before.fields }
      before = { ...now }
      return spent
    },
    violations: async () => (await judged(page)).violations,
    judged: async within => await judged(page, within),
    picture: async name => {
      await mkdir(ARTEFACTS, { recursive: true })
      await page.screenshot({ path: join(ARTEFACTS, `${name}-${theme}-${language}-${width}.png`), fullPage: true })
    },
    go: async hash => {
      // The link that signs in stands in the address until it was used.
      await page.locator('header nav').waitFor()
      await page.evaluate(goTo, hash)
    },
    close: async () => {
      opened.delete(shown)
      await context.close()
      assert.deepEqual(faults, [])
    }
  }
  opened.add(shown)
  return shown
}

/** The first request to an address, which waits; those after it go on. */
export function held (page: Page, address: string): Promise<Route> {
  return new Promise((resolve, reject) => { page.route(address, route => { resolve(route) }, { times: 1 }).catch(reject) })
}

/** Runs in the page. */
async function goTo (hash: string): Promise<void> {
  if (location.hash === hash) return
  await new Promise(resolve => {
    addEventListener('hashchange', () => { requestAnimationFrame(() => { requestAnimationFrame(resolve) }) }, { once: true })
    location.hash = hash
  })
}

/** Runs in the page, before all else. */
function watchEffort (): void {
  const effort = { clicks: 0, fields: 0 }
  Object.assign(globalThis, { effort })
  const filled = new WeakSet<EventTarget>()
  // Enter and Space on a button come as clicks too; a choice in a list comes as a change.
  document.addEventListener('click', event => {
    const isList = event.target instanceof HTMLSelectElement || event.target instanceof HTMLOptionElement
    if (event.isTrusted && !isList) effort.clicks++
  }, true)
  document.addEventListener('change', event => { if (event.target instanceof HTMLSelectElement) effort.clicks++ }, true)
  document.addEventListener('input', event => {
    const { target } = event
    const isText = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !['checkbox', 'radio', 'file', 'range'].includes(target.type))
    if (!isText || filled.has(target)) return
    filled.add(target)
    effort.fields++
  }, true)
}

type AxeResult = { readonly id: string, readonly nodes: readonly { readonly target: readonly unknown[], readonly failureSummary?: string }[] }

async function judged (page: Page, within = 'html'): Promise<{ readonly violations: readonly string[], readonly incomplete: readonly string[] }> {
  // Not as a script element: the policy of the page forbids it, which is right.
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(AXE)
  const results = await page.evaluate(async ([selector, ...tags]) => {
    const { axe } = globalThis as unknown as { axe: { run: (context: unknown, options: unknown) => Promise<{ violations: AxeResult[], incomplete: AxeResult[] }> } }
    const { violations, incomplete } = await axe.run(selector, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations', 'incomplete'] })
    return { violations, incomplete }
  }, [within, ...AXE_TAGS])
  const said = (list: readonly AxeResult[]): readonly string[] => list.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`))
  return { violations: said(results.violations), incomplete: said(results.incomplete) }
}
