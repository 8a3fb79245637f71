import { strict as assert } from 'node:assert'
import { cp } from 'node:fs/promises'
import { stopCity } from '../../scripts/demo/city.ts'
import { utf8 } from '../../src/base/index.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { isListed, publish } from './cities.fixture.ts'

const RESPONSE = 'urn:hanse:purpose:1:emergency.response'
const COLLECTION = 'urn:hanse:purpose:1:waste.collection'
const LAKE = { west: -122.3, south: 47.5, east: -122.1, north: 47.7 }
const HOUR_MS = 3_600_000

/** What seldom happens, and has to be understood when it does. */
describe('incidents in the console', function () {
  this.timeout(180_000)
  const { city, again, path } = withCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')
  let opened: Console
  const open = async (name: string, address: string): Promise<Console> => {
    opened = await openConsole(city(name))
    await opened.go(address)
    return opened
  }
  const isRight = async (name: string): Promise<void> => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await opened.page.emulateMedia({ colorScheme })
      assert.deepEqual(await opened.violations(), [], `${name}, ${colorScheme}`)
    }
    await opened.picture(name)
  }

  it('tell of an emergency as an alarm, of what was used under it, and ask until somebody has looked at that', async () => {
    const dataset = await shelters()
    assert.ok((await city('Kirkland').client.declareEmergency({ incident: 'flood-1', kinds: ['flood'], area: LAKE, lifetimeMs: 12 * HOUR_MS })).ok)
    await until(async () => {
      const known = await city('Renton').client.emergencies()
      return known.ok && known.value.some(({ isActive }) => isActive)
    }, 'Renton knows of it')
    const { page } = await open('Bellevue', '#/overview')
    await page.locator('.inbox li.alarm').getByText('emergency "flood-1" (flood) was declared by Kirkland').waitFor()
    assert.ok((await city('Renton').client.confirmEmergency('flood-1', dataset)).ok)
    await until(async () => {
      const records = await city('Renton').client.read(dataset, { from: 0, limit: 10 })
      if (!records.ok) return false
      for await (const _record of records.value) return true
      return false
    }, 'Renton reads it')
    const item = page.locator('.inbox li.emergency')
    await item.getByText('Data were used under the emergency “flood-1”.').waitFor()
    await item.getByText('Look at it').click()
    await item.getByText(/Renton read \d+ records? of Shelters, first at/).waitFor()
    await isRight('x-emergency')
    await page.locator('.inbox li.alarm').first().getByRole('link').click()
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
    await page.locator('main').getByText('emergency "flood-1" (flood) was declared by Kirkland').waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await item.getByText('Look at it').click()
    await item.getByRole('button', { name: 'Say that it was looked at' }).click()
    await item.waitFor({ state: 'detached' })
    const emergencies = await city('Bellevue').client.emergencies()
    assert.ok(emergencies.ok && typeof emergencies.value[0]?.review?.reviewedMs === 'number')
    assert.ok((await city('Kirkland').client.endEmergency('flood-1')).ok)
  })

  it('end an agreement with its exact effect, and show the proof of a use in the browser', async () => {
    const dataset = await publish(city('Bellevue'), { datasetId: 'bins', title: 'Bins', to: ['Renton'] })
    await isListed(city('Renton'), dataset)
    assert.ok((await city('Renton').client.requestAgreement(dataset, COLLECTION, 20_000)).ok)
    assert.ok((await city('Renton').client.fetch(dataset, { timeoutMs: 20_000 })).ok)
    const { page } = await open('Bellevue', '#/requests')
    await page.getByText('Renton gets “Bins” from you: Waste collection').click()
    await page.getByRole('button', { name: 'End it…' }).last().click()
    await page.getByText('From now on Renton gets no more of “Bins”: new data have a key that it does not have.').waitFor()
    await page.getByRole('button', { name: 'Keep it' }).click()
    await page.getByRole('button', { name: 'End it…' }).last().click()
    await page.getByLabel('Why it ends').selectOption('breach')
    await isRight('x-ending')
    await page.getByRole('button', { name: 'End it now' }).click()
    await page.getByText(/ended \d/).first().waitFor()
    const agreements = await city('Bellevue').client.agreements()
    assert.ok(agreements.ok && agreements.value.some(agreement => agreement.dataset === dataset && agreement.revokedAtMs !== null))
    await opened.go(`#/audit/${encodeURIComponent(dataset)}`)
    await page.getByRole('button', { name: /^Proof: Renton/ }).first().click()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download the proof' }).click()
    const proof = path((await download).suggestedFilename())
    await (await download).saveAs(proof)
    await page.getByRole('link', { name: 'Verify a proof in the browser' }).click()
    await page.locator('input[type=file]').setInputFiles(proof)
    await page.getByText('The record is what its publisher signed.').waitFor()
    await isRight('x-use-proof')
  })

  it('say of a dataset that was withdrawn that it is no more', async () => {
    const dataset = await publish(city('Bellevue'), { datasetId: 'gone', title: 'Gone' })
    await isListed(city('Renton'), dataset)
    const { page } = await open('Renton', `#/dataset/${encodeURIComponent(dataset)}`)
    await page.getByRole('heading', { level: 1, name: 'Gone' }).waitFor()
    assert.ok((await city('Bellevue').client.withdraw('gone')).ok)
    await page.locator('.banner').getByText('Bellevue withdrew this dataset').waitFor()
    await isRight('x-withdrawn')
    await page.getByRole('link', { name: 'Catalogue' }).click()
    await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor()
    await page.getByText(/datasets?$/).first().waitFor()
    assert.equal(await page.getByRole('link', { name: 'Gone', exact: true }).count(), 0)
  })

  it('show who signed two histories of a feed, on the page of the federation and on that of the dataset', async () => {
    const dataset = await fork()
    const { page } = await open('Bellevue', '#/federation')
    const evidence = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Evidence of misconduct' }) })
    await evidence.getByText('Of one feed two signed versions exist that contradict each other.').waitFor()
    await evidence.getByText('Signed twice by Renton:').waitFor()
    await isRight('x-evidence')
    await evidence.getByRole('link', { name: 'Pump' }).click()
    await page.getByRole('heading', { level: 1, name: 'Pump' }).waitFor()
    await page.locator('.banner').getByText('Renton signed two different histories of this dataset.').waitFor()
    await page.getByRole('cell', { name: 'to Bellevue' }).first().waitFor()
    assert.match(decodeURIComponent(page.url()), new RegExp(`#/dataset/${dataset}$`))
    await isRight('x-frozen')
  })

  /** Where to sleep, which Renton may know in an emergency that Kirkland declares. */
  async function shelters (): Promise<string> {
    const [bellevue, renton] = [city('Bellevue').client, city('Renton').client]
    const [own, kirkland] = await Promise.all([renton.status(), city('Kirkland').client.status()])
    const template = await bellevue.termsTemplate('emergency')
    assert.ok(template.ok && own.ok && kirkland.ok)
    const form = template.value.terms as { readonly emergency: object }
    const terms = {
      ...template.value, visibility: 'members', dataset: { replicas: 'nobody' },
      terms: {
        ...form, audience: { type: 'named', members: ['Kirkland'] }, purposes: ['urn:hanse:purpose:1:planning.infrastructure'], reportEveryMs: null,
        emergency: { ...form.emergency, kinds: ['flood'], officials: [kirkland.value.member.did], responders: [own.value.member.did] }
      }
    }
    const records = ['place,beds\n', 'school,120\n'].map((line, at) => ({ key: utf8(at === 0 ? 'header/0' : `row/${at}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line) } as const))
    const published = await bellevue.publish({
      datasetId: 'shelters', title: 'Shelters', description: 'Where to sleep', theme: 'safety', keywords: [], licence: 'CC-BY-4.0', spatial: LAKE, temporal: null,
      schema: [{ name: 'place', type: 'text', unit: null }, { name: 'beds', type: 'integer', unit: null }], access: 'restricted', simulated: false
    }, { form: 'table', mediaType: 'text/csv', fileName: 'shelters.csv', sizeBytes: null, records }, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
    const { id } = published.value
    await isListed(city('Renton'), id)
    // Nothing is allowed by it now, so no rule agrees to it: a person does.
    assert.ok((await renton.requestAgreement(id, RESPONSE, 0)).ok)
    let asked: { readonly id: string, readonly changedMs: number } | undefined
    await until(async () => {
      const listed = await bellevue.negotiations()
      asked = listed.ok ? listed.value.find(({ isAsked }) => isAsked) : undefined
      return asked !== undefined
    }, 'somebody is asked')
    assert.ok((await bellevue.answerNegotiation(asked?.id ?? '', { do: 'approve', changedMs: asked?.changedMs ?? 0 })).ok)
    await until(async () => {
      const agreed = await renton.agreements()
      return agreed.ok && agreed.value.length === 1
    }, 'it is agreed')
    return id
  }

  /** Renton signs one history that Bellevue sees, and from a copy of its folder another that Kirkland sees; then the two meet. */
  async function fork (): Promise<string> {
    const say = async (what: string): Promise<void> => {
      const said = await city('Renton').client.append('pump', [{ key: utf8('pump'), timeMs: Date.now(), operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify({ said: what })) }], { flush: true })
      assert.ok(said.ok, JSON.stringify(said))
    }
    const has = async (name: string, records: number): Promise<void> => {
      await until(async () => {
        const held = await city(name).client.dataset('Renton/pump')
        return held.ok && held.value.held.records === records
      }, `${name} has ${records} records`, 60_000)
    }
    const published = await city('Renton').client.publish({
      datasetId: 'pump', title: 'Pump', description: 'What the pump says', theme: 'water', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null,
      schema: [{ name: 'said', type: 'text', unit: null }], access: 'members', simulated: false
    }, { form: 'stream', mediaType: 'application/json' })
    assert.ok(published.ok, JSON.stringify(published))
    await say('before')
    for (const name of ['Bellevue', 'Kirkland']) await has(name, 1)
    const twin = path('twin')
    await Promise.all([stopCity(city('Renton')), stopCity(city('Kirkland'))])
    await cp(city('Renton').folder, twin, { recursive: true })
    await again('Renton')
    await say('to Bellevue')
    await has('Bellevue', 2)
    await Promise.all([stopCity(city('Renton')), stopCity(city('Bellevue'))])
    await Promise.all([again('Renton', twin), again('Kirkland')])
    await say('to Kirkland')
    await has('Kirkland', 2)
    await stopCity(city('Renton'))
    await again('Bellevue')
    await until(async () => {
      const status = await city('Bellevue').client.status()
      return status.ok && status.value.feeds.frozen === 1
    }, 'Bellevue knows of both', 60_000)
    return published.value.id
  }
})
