import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import type { City } from '../../scripts/demo/city.ts'
import { utf8 } from '../../src/base/index.ts'
import { PURPOSE_NS, type DatasetDescription } from '../../src/sdk/index.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { CORPUS, LONG_WORD, REFUSED_CORPUS } from './corpus.fixture.ts'
import { isListed } from './cities.fixture.ts'

const [MEMBER, FEDERATION] = ['<img src=/corpus data-corpus onerror=corpus()>', '"><svg data-corpus onload=corpus()>{{7*7}}']
const PURPOSE = 'waste.collection'
/** Strings for one field of each dataset that is opened: all of them come in every kind of field. */
const PER_DATASET = 10

const rotated = (by: number): readonly string[] => [...CORPUS.slice(by), ...CORPUS.slice(0, by)]
const cut = (text: string, lengthMax: number): string => text.slice(0, lengthMax)
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`

describe('what other members and data files say', function () {
  const { city } = withCities([MEMBER, 'Renton'], FEDERATION)
  let opened: Console
  let ids: readonly string[] = []
  let [stream, asked, twins, odd] = ['', '', '', '']

  before(async () => {
    ids = await Promise.all(CORPUS.map((_, index) => publishTable(city(MEMBER), index)))
    twins = await publishTwins(city(MEMBER))
    stream = await publishStream(city(MEMBER))
    odd = await publishOdd(city(MEMBER))
    asked = await askAndDeny(city(MEMBER), city('Renton'))
    await pushWhatIsNone(city('Renton'))
    for (const id of [...ids, stream, twins, odd]) await isListed(city('Renton'), id)
  })

  for (const text of REFUSED_CORPUS) {
    it(`do not come in where they cannot be seen: ${JSON.stringify(text)}`, async () => {
      for (const field of ['title', 'description', 'theme', 'licence', 'keywords', 'column', 'unit', 'fileName'] as const) {
        const said = describedBy('refused', field === 'fileName' ? {} : wrongIn(field, text))
        const published = await city(MEMBER).client.publish(said, { form: 'table', mediaType: 'text/csv', fileName: field === 'fileName' ? text : 'a.csv', sizeBytes: null, records: [] })
        assert.ok(!published.ok, `${field} took it`)
      }
    })
  }

  for (const look of [{ width: 1280, theme: 'light', language: 'en' }, { width: 400, theme: 'dark', language: 'de' }] as const) {
    it(`is text and nothing else on every page, ${look.width} px wide, in ${look.language}`, async () => {
      opened = await openConsole(city('Renton'), look)
      const { page } = opened
      const watched = await watch(page)
      const visit = async (hash: string, shown: string): Promise<void> => {
        await opened.go(hash)
        await page.locator(shown).first().waitFor().catch(async (error: unknown) => { throw new Error(`${hash}: ${String(error)}\n${await page.locator('main').innerText()}`) })
        await watched.isInert(hash)
      }
      await visit('#/overview', `main :text(${JSON.stringify(FEDERATION)})`)
      await visit('#/catalogue', 'main table a')
      // The first page of datasets is shown before all of them are there.
      const titles = new Set<string>()
      await until(async () => {
        const previous = page.locator('main nav.pages button').first()
        while (await previous.count() > 0 && !await previous.isDisabled()) await previous.click()
        for (const title of await titlesOn(page)) titles.add(title)
        return CORPUS.every(text => titles.has(visible(text)))
      }, 'the catalogue shows all that others named')
      for (let index = 0; index < ids.length; index += PER_DATASET) {
        await visit(`#/dataset/${encodeURIComponent(ids[index] ?? '')}`, 'main table tbody tr')
        assert.equal(await page.locator('h1').textContent().then(given => given?.includes(visible(CORPUS[index] ?? ''))), true)
        await page.locator('main').getByText(visible(CORPUS[(index + 1) % CORPUS.length] ?? '')).first().waitFor({ state: 'attached' })
      }
      await visit(`#/dataset/${encodeURIComponent(twins)}`, 'main .chart canvas')
      await visit(`#/dataset/${encodeURIComponent(odd)}`, 'main table tbody tr')
      await page.locator('main [data-idle=true]').waitFor({ timeout: 60_000 })
      await visit(`#/live/${encodeURIComponent(odd)}`, 'main tbody tr')
      const dataset = encodeURIComponent(ids[0] ?? '')
      await visit(`#/request/${encodeURIComponent(asked)}`, 'main .timeline')
      await visit('#/requests', 'main h2')
      await visit('#/federation', 'main svg[role=img]')
      await visit('#/live', 'main a')
      await visit(`#/live/${encodeURIComponent(stream)}`, 'main tbody tr')
      await page.locator('main tbody').getByText('<script', { exact: false }).first().waitFor()
      await page.getByRole('button', { name: look.language === 'de' ? 'Zuletzt gesehen' : 'Last seen' }).click()
      await page.locator('main [data-idle=true]').waitFor({ timeout: 60_000 })
      await watched.isInert('last seen')
      await visit('#/connectors', 'main h2')
      await page.getByRole('button', { name: look.language === 'de' ? /^Was nicht annehmbar war/ : /^What could not be taken/ }).first().click()
      await page.locator('main table tbody tr').first().waitFor()
      await watched.isInert('dead letters')
      await visit('#/ledger', 'main details')
      await visit(`#/verify/${dataset}`, 'main button')
      await visit('#/publish', 'main label')
      await page.locator('input[type=file]').first().setInputFiles({ name: cut('<img src=x onerror=corpus()>.csv', 255), mimeType: 'text/csv', buffer: Buffer.from(tableOf(CORPUS.slice(0, 20), CORPUS)) })
      await page.locator('main table').first().waitFor()
      await watched.isInert('a file to publish')
      await visit('#/settings', 'main table')
      await visit('#/welcome', 'main h2')
      await visit(`#/audit/${dataset}`, 'main h1')
    })
  }

  it('is text on the pages of its publisher too', async () => {
    opened = await openConsole(city(MEMBER), { width: 400 })
    const { page } = opened
    const watched = await watch(page)
    for (const [hash, shown] of [['#/overview', 'h2'], ['#/requests', 'h2'], [`#/dataset/${encodeURIComponent(asked)}`, '.sentences'], [`#/audit/${encodeURIComponent(asked)}`, 'h1'], ['#/ledger', 'details'], ['#/federation', 'svg[role=img]']] as const) {
      await opened.go(hash)
      await page.locator(`main ${shown}`).first().waitFor()
      await watched.isInert(hash)
    }
  })
})

/** As it reads on a page: blanks at the ends and in rows are one there. */
function visible (text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** Of all pages of the list of datasets. */
async function titlesOn (page: Page): Promise<readonly string[]> {
  const titles: string[] = []
  for (;;) {
    titles.push(...(await page.locator('main tbody th a').allTextContents()).map(visible))
    const next = page.locator('main nav.pages button').last()
    if (await next.count() === 0 || await next.isDisabled()) return titles
    await next.click()
  }
}

function describedBy (datasetId: string, changes: Partial<DatasetDescription> = {}): DatasetDescription {
  return {
    datasetId, title: 'title', description: 'description', theme: 'theme', keywords: [], licence: 'licence', spatial: null, temporal: null,
    schema: [{ name: 'a', type: 'text', unit: null }], access: 'members', simulated: true, ...changes
  }
}

function wrongIn (field: 'title' | 'description' | 'theme' | 'licence' | 'keywords' | 'column' | 'unit', text: string): Partial<DatasetDescription> {
  switch (field) {
    case 'keywords': return { keywords: [text] }
    case 'column': return { schema: [{ name: text, type: 'text', unit: null }] }
    case 'unit': return { schema: [{ name: 'a', type: 'text', unit: text }] }
    case 'title': case 'description': case 'theme': case 'licence': return { [field]: text }
  }
}

function tableOf (columns: readonly string[], cells: readonly string[]): string {
  const rows = Array.from({ length: Math.ceil(cells.length / columns.length) }, (_, row) => columns.map((_name, column) => quoted(cells[(row * columns.length + column) % cells.length] ?? '')).join(','))
  return `${[columns.map(quoted).join(','), ...rows].join('\n')}\n`
}

/** Each string is the title of one dataset, and comes as everything else in some. */
async function publishTable ({ client }: City, index: number): Promise<string> {
  const words = rotated(index)
  const word = (place: number, lengthMax: number): string => cut(words[place] ?? '', lengthMax)
  const columns = index % PER_DATASET === 0 ? words.slice(0, PER_DATASET).map(each => cut(each, 250)) : ['a', 'b']
  const lines = tableOf(columns, words).split(/(?<=\n)/).filter(each => each !== '')
  const published = await client.publish(describedBy(`d${index}`, {
    title: word(0, 256), description: words.slice(1, 1 + PER_DATASET).join('\n'), theme: word(2, 256), keywords: words.slice(3, 3 + PER_DATASET).map(each => cut(each, 64)),
    licence: word(4, 500), schema: columns.map((name, column) => ({ name, type: 'text', unit: word(5 + column, 64) }))
  }), {
    form: 'table', mediaType: 'text/csv', fileName: `${word(6, 200).replaceAll(/[/\\:]/g, '')}.csv`, sizeBytes: null,
    records: lines.map((line, row) => ({ key: utf8(row === 0 ? 'header/0' : `row/${row}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line) }))
  })
  assert.ok(published.ok, `${JSON.stringify(published)} ${JSON.stringify(words[0])}`)
  return published.value.id
}

/** Columns of one name, which no file should have. */
async function publishTwins ({ client }: City): Promise<string> {
  const columns = [{ name: 'time', type: 'time', unit: null }, ...['twin', 'twin', '__proto__'].map(name => ({ name, type: 'number', unit: null }))] as DatasetDescription['schema']
  const lines = ['time,twin,twin,__proto__\n', '2026-01-01,1,2,3\n', '2026-01-01,4,5,6\n']
  const published = await client.publish(describedBy('twins', { schema: columns }), {
    form: 'table', mediaType: 'text/csv', fileName: 'twins.csv', sizeBytes: null,
    records: lines.map((line, row) => ({ key: utf8(row === 0 ? 'header/0' : `row/${row}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line) }))
  })
  assert.ok(published.ok, JSON.stringify(published))
  return published.value.id
}

async function publishStream ({ client }: City): Promise<string> {
  const opened = await client.publish(describedBy('stream', { title: CORPUS[0] ?? '', schema: [{ name: 'note', type: 'text', unit: null }, { name: 'location', type: 'geometry', unit: null }] }), { form: 'stream', mediaType: 'application/json' })
  assert.ok(opened.ok, JSON.stringify(opened))
  const appended = await client.append('stream', [...CORPUS, ...REFUSED_CORPUS].map((text, index) => ({
    key: utf8(cut(text, 120)), timeMs: Date.now(), operation: 'put', mediaType: 'application/json',
    body: utf8(JSON.stringify({ note: text, [cut(text, 60)]: index, location: { type: 'Point', coordinates: [-122.2 + index / 1_000, 47.6] } }))
  })), { flush: true })
  assert.ok(appended.ok, JSON.stringify(appended))
  return opened.value.id
}

/** A time that no date can tell, a column called as a member of every object, and a shape that is none beside a good place. */
async function publishOdd ({ client }: City): Promise<string> {
  const columns = [['constructor', 'text'], ['latitude', 'latitude'], ['longitude', 'longitude'], ['shape', 'geometry']].map(([name, type]) => ({ name, type, unit: null })) as DatasetDescription['schema']
  const opened = await client.publish(describedBy('odd', { schema: columns }), { form: 'stream', mediaType: 'application/json' })
  assert.ok(opened.ok, JSON.stringify(opened))
  const body = utf8(JSON.stringify({ latitude: 47.6, longitude: -122.2, shape: { type: 'Polygon', coordinates: [null] } }))
  const appended = await client.append('odd', [{ key: utf8('odd'), timeMs: Number.MAX_SAFE_INTEGER, operation: 'put', mediaType: 'application/json', body }], { flush: true })
  assert.ok(appended.ok, JSON.stringify(appended))
  return opened.value.id
}

/** A dataset under terms with a notice, a request, and a denial with a reason. */
async function askAndDeny (publisher: City, consumer: City): Promise<string> {
  const template = await publisher.client.termsTemplate('neighbours')
  assert.ok(template.ok)
  const [form, ofDataset] = [template.value.terms, template.value.dataset].map(each => typeof each === 'object' ? each : {})
  const fromMs = Date.UTC(2099, 0, 1)
  const terms = {
    ...template.value, dataset: { ...ofDataset, legalNotice: cut(CORPUS.slice(0, 9).join(' '), 512) },
    terms: { ...form, audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE_NS + PURPOSE], fromMs, untilMs: fromMs + 86_400_000, creditTexts: CORPUS.slice(9, 12) }
  }
  const published = await publisher.client.publish(describedBy('asked', { title: FEDERATION, access: 'restricted' }), {
    form: 'table', mediaType: 'text/csv', fileName: 'a.csv', sizeBytes: null, records: [{ key: utf8('header/0'), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8('a\n') }]
  }, undefined, terms)
  assert.ok(published.ok, JSON.stringify(published))
  await isListed(consumer, published.value.id)
  const request = await consumer.client.requestAgreement(published.value.id, PURPOSE_NS + PURPOSE, 0)
  assert.ok(request.ok, JSON.stringify(request))
  let wanted = ''
  await until(async () => {
    const listed = await publisher.client.negotiations()
    wanted = listed.ok ? listed.value.find(({ isAsked }) => isAsked)?.id ?? '' : ''
    return wanted !== ''
  }, 'the request came')
  const denied = await publisher.client.answerNegotiation(wanted, { do: 'deny', reason: cut(`${CORPUS.slice(0, 6).join(' ')} ${LONG_WORD}`, 500) })
  assert.ok(denied.ok, JSON.stringify(denied))
  return published.value.id
}

async function pushWhatIsNone ({ client }: City): Promise<void> {
  const added = await client.addConnector({ name: 'lamps', kind: 'push', format: 'json', dataset: { id: 'lamps', title: CORPUS[1] ?? '', theme: 'energy', access: 'members', simulated: true } })
  assert.ok(added.ok, JSON.stringify(added))
  await until(async () => (await client.push('lamps', 'application/json', utf8(JSON.stringify([{ id: CORPUS[0], note: CORPUS[1] }])))).ok, 'the connector runs')
  for (const text of [`not json ${CORPUS[0]}`, JSON.stringify([{ note: CORPUS[2] }])]) await client.push('lamps', 'application/json', utf8(text))
}

/** What no text may bring about: counted over all that is in the document. */
async function watch (page: Page): Promise<{ readonly isInert: (where: string) => Promise<void> }> {
  const faults: string[] = []
  page.on('dialog', dialog => {
    faults.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', request => { if (!/^\/(?:api|assets|basemap|$|index\.html|icon)/.test(new URL(request.url()).pathname)) faults.push(`a request to ${request.url()}`) })
  await page.evaluate(() => { Object.assign(globalThis, { corpus: () => Object.assign(globalThis, { ran: true }), scripts: document.scripts.length }) })
  return {
    isInert: async where => {
      const found = await page.evaluate(() => {
        const foreign = [...document.querySelectorAll('[data-corpus], main img, iframe, frame, object, embed, marquee, math, template, base, svg script, foreignObject, animate, set, main style, main link, main meta, video, audio')]
        const handled = [...document.querySelectorAll('*')].filter(each => each.getAttributeNames().some(name => name.startsWith('on')))
        const links = [...document.querySelectorAll('a[href]:not([download]), area[href], form[action], [src]')].filter(each => /^\s*(?:javascript|data|vbscript):/i.test(each.getAttribute('href') ?? each.getAttribute('action') ?? each.getAttribute('src') ?? ''))
        const { ran, scripts } = globalThis as unknown as { ran?: boolean, scripts: number }
        const wide = [...document.querySelectorAll('main *')].filter(each => each.closest('.scroll, [role=region], pre, .list, .uplot, .map') === null && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        return {
          elements: [...foreign, ...handled, ...links].map(each => each.outerHTML.slice(0, 200)), hasRun: ran === true, moreScripts: document.scripts.length - scripts,
          tooWide: document.documentElement.scrollWidth > document.documentElement.clientWidth ? [String(document.documentElement.scrollWidth), ...wide.slice(0, 4).map(each => each.outerHTML.slice(0, 160))] : []
        }
      })
      assert.deepEqual({ where, faults, ...found }, { where, faults: [], elements: [], hasRun: false, moreScripts: 0, tooWide: [] })
    }
  }
}
