import { strict as assert } from 'node:assert'
import { writeFile } from 'node:fs/promises'
import { utf8 } from '../../src/base/index.ts'
import { PURPOSE_NS, type TermsFile } from '../../src/sdk/index.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { isListed } from './cities.fixture.ts'

const PURPOSE = `${PURPOSE_NS}waste.collection`
const DAY_MS = 86_400_000
/** Words that no German sentence has, and that most English ones have. */
const ENGLISH = /\b(the|and|not|which|may|only|this|with|without|there|nothing)\b/i

/** One of each clause that terms can have. */
function everything (base: TermsFile, names: readonly string[]): TermsFile {
  const form = typeof base.terms === 'object' ? base.terms : {}
  return {
    ...base,
    dataset: { replicas: 'recipients', licence: null, legalNotice: 'Nur zum Probieren' },
    terms: {
      ...form, audience: { type: 'named', members: names }, purposes: [PURPOSE, `${PURPOSE_NS}mobility.parking`], fromMs: Date.UTC(2099, 0, 1), untilMs: Date.UTC(2100, 0, 1) - 1_000,
      requestsPerDayMax: 1_000, requestsMax: 1, recordsPerDayMax: 250_000, passOn: { type: 'named-or-results', members: names, minGroupSize: 12 },
      keep: { keepMs: 30 * DAY_MS, from: 'receipt' }, fee: { amountMinor: 25, currency: 'EUR', count: 1_000, unit: 'records', creditMinor: 500 }, reportEveryMs: DAY_MS,
      creditTexts: ['Stadt Bellevue'], informOnPublication: true, never: ['reidentify', 'linkPersons', 'contactPersons', 'trainModels'], storedIn: ['DE', 'NL'], securityLevelMin: 2,
      emergency: { kinds: ['fire', 'flood'], officials: names, responders: names, mode: 'sealed', mayPassOn: true }
    }
  }
}

describe('the console in German', function () {
  const { city, path } = withCities(['Bellevue', 'Renton'], 'Lake Cities')
  let bins = ''

  before(async () => {
    const template = await city('Bellevue').client.termsTemplate('emergency')
    assert.ok(template.ok)
    const records = ['bin,full\n', 'a,1\n', 'b,2\n'].map((line, at) => ({ key: utf8(at === 0 ? 'header/0' : `row/${at}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line) } as const))
    const published = await city('Bellevue').client.publish({
      datasetId: 'bins', title: 'Behälter', description: 'Füllstände', theme: 'waste', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null,
      schema: [{ name: 'bin', type: 'text', unit: null }, { name: 'full', type: 'integer', unit: null }], access: 'restricted', simulated: false
    }, { form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', sizeBytes: null, records }, undefined, everything(template.value, ['Renton']))
    assert.ok(published.ok, JSON.stringify(published))
    bins = published.value.id
    await isListed(city('Renton'), bins)
    const asked = await city('Renton').client.requestAgreement(bins, PURPOSE, 0)
    assert.ok(asked.ok, JSON.stringify(asked))
  })

  async function isGerman (opened: Console, address: string, shown: string, name: string, more: (opened: Console) => Promise<void> = async () => {}): Promise<void> {
    const { page } = opened
    await opened.go(address)
    await page.locator('main').getByText(shown).first().waitFor()
    await more(opened)
    await page.evaluate(() => { for (const each of document.querySelectorAll('main details')) each.setAttribute('open', '') })
    await opened.picture(`german-${name}`)
    assert.deepEqual(await opened.violations(), [], address)
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(overflow <= 0, `${address} is ${overflow} pixels too wide`)
    assert.deepEqual(await page.locator('main [lang="en"]:not(option)').allInnerTexts(), [], address)
    // What programs read stands in code and in fields.
    const text = await page.evaluate(() => [...document.querySelectorAll('main p, main li, main td, main th, main h1, main h2, main h3, main label, main summary, main button')]
      .filter(each => each.querySelector('code, pre, textarea, p, li, td, select') === null).map(each => each.textContent))
    assert.deepEqual(text.filter(each => ENGLISH.test(each)), [], address)
  }

  for (const width of [1280, 400]) {
    it(`says terms, requests, who had the data and how the node is, ${width} pixels wide`, async () => {
      const look = { language: 'de', width, theme: width === 400 ? 'dark' : 'light' } as const
      const theirs = await openConsole(city('Renton'), look)
      await isGerman(theirs, `#/dataset/${encodeURIComponent(bins)}`, 'Spätestens 30 Tage nach Erhalt löschen', 'dataset')
      await isGerman(theirs, `#/request/${encodeURIComponent(bins)}`, 'Behälter', 'request')
      await isGerman(theirs, '#/requests', 'Behälter', 'requests-ours')
      await theirs.close()
      const own = await openConsole(city('Bellevue'), look)
      await isGerman(own, '#/overview', 'Eingang', 'overview')
      await isGerman(own, '#/requests', 'Nur zu diesem Zweck: Abfallsammlung', 'requests')
      await isGerman(own, `#/audit/${encodeURIComponent(bins)}`, 'Wer „Behälter“ hatte', 'audit')
      await isGerman(own, '#/ledger', 'Hauptbuch', 'ledger')
      await isGerman(own, '#/settings', 'Gesundheit', 'settings', async ({ page }) => { await page.getByText('% der Platte').first().waitFor() })
    })

    it(`warns of what is in a file, and says what terms would mean, ${width} pixels wide`, async () => {
      const opened = await openConsole(city('Bellevue'), { language: 'de', width, theme: width === 400 ? 'dark' : 'light' })
      const file = path('zaehlungen.csv')
      const rows = Array.from({ length: 40 }, (_, at) => `KA-AB ${1_000 + at},${at % 2 === 0 ? `${13 + at % 10}/02/2026` : `02/${13 + at % 10}/2026`},${at}`)
      await writeFile(file, `plate,day,count\n${rows.join('\n')}\nKA-AB 9,01/01/2026\n`)
      await isGerman(opened, '#/publish', 'Eine Datei', 'publish', async ({ page }) => {
        await page.locator('input[type=file]').setInputFiles(file)
        await page.getByText('enthält offenbar Kfz-Kennzeichen').waitFor()
        await page.getByLabel('Beginnen mit').selectOption('aggregates')
        await page.getByText('Weniger Einzelheiten').waitFor()
      })
    })
  }

  it('says what failed', async () => {
    const opened = await openConsole(city('Bellevue'), { language: 'de' })
    await isGerman(opened, '#/dataset/nirgendwo', 'Hier ist kein Datensatz „nirgendwo“ bekannt.', 'failure')
    // The refusal of the node is what the browser calls an error.
    await assert.rejects(opened.close(), /404/)
  })
})
