import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { held, openConsole, openPage, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { until } from '../support/nodes.ts'
import { watchTasks } from '../support/tasks.ts'

/** What the page may reckon in one task. */
const BUSY_MS_MAX = 100

describe('the ledger in the console', function () {
  this.timeout(120_000)
  const { city } = withCities(['Bellevue'], 'Lake Cities')
  let dataset = ''

  const open = async (page: string, look: Parameters<typeof openConsole>[1] = {}): Promise<Console> => {
    const opened = await openConsole(city(), look)
    await opened.go(page)
    return opened
  }

  before(async () => {
    const published = await city().client.publish({
      datasetId: 'bins', title: 'Bins', description: 'Where they stand', theme: 'waste', keywords: ['bins'], licence: 'CC-BY-4.0', spatial: null,
      temporal: null, schema: [], access: 'public', simulated: true
    }, {
      form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', sizeBytes: 8,
      records: ['a,b\n', '1,2\n'].map((row, at) => ({ key: utf8(`row/${at}`), timeMs: 1_790_000_000_000 + at, operation: 'put' as const, mediaType: 'text/csv', body: utf8(row) }))
    })
    assert.ok(published.ok, JSON.stringify(published))
    dataset = published.value.id
    await until(async () => (await city().client.ledgerProof(dataset, 1)).ok, 'the dataset is anchored', 60_000)
  })

  it('says that it is quiet, and finds entries by member and by day', async () => {
    const opened = await open('#/ledger')
    const { page } = opened
    await page.getByText(/Nothing to decide since/).waitFor()
    await page.getByText('Bellevue entered the dataset bins.').waitFor()
    await opened.picture('ledger')
    await page.getByLabel('About a member or dataset').fill('Bellevue')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText(/\d+ entries, newest first/).waitFor()
    await page.getByText('Details').nth(1).click()
    await page.getByLabel('About a member or dataset').fill('Bellevue/bins')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText(/Bellevue anchored how far/).first().waitFor()
    await page.getByLabel('About a member or dataset').fill('')
    await page.getByLabel('Not later than').fill('2020-01-01')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('There are no blocks in this time').waitFor()
  })

  it('verifies a record with its head and its block in the browser, with one click', async () => {
    const opened = await open(`#/verify/${encodeURIComponent(dataset)}`)
    const { page } = opened
    await opened.effort()
    await page.getByLabel('Number of the record').fill('1')
    await page.getByRole('button', { name: 'Get its proofs and check them' }).click()
    await page.getByText('The record is what its publisher signed.').waitFor()
    await page.getByText('The ledger made it final.').waitFor()
    await page.getByText('1,2').first().waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 1, fields: 1 })
    assert.equal(await page.getByText('Does not hold:').count(), 0)
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('verify')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save the publisher\'s proof' }).click()])
    assert.deepEqual(new Uint8Array(await readFile(await download.path())), await proofOf(dataset))
  })

  it('judges files, says which check a tampered proof fails, and needs a charter for one of the ledger', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hanse-proofs-'))
    const opened = await open('#/verify')
    const { page } = opened
    try {
      const proof = await proofOf(dataset)
      const light = await city().client.ledgerProof(dataset, 1)
      assert.ok(light.ok)
      const at = Buffer.from(proof).indexOf('1,2\n')
      assert.ok(at > 0)
      await writeFile(join(folder, 'bent.proof'), proof.with(at, 0x39))
      await writeFile(join(folder, 'light.proof'), light.value)
      await page.getByLabel('Files').setInputFiles(join(folder, 'bent.proof'))
      await page.getByText('the record is not in that segment').waitFor()
      await page.getByText('Nothing is proved.').waitFor()
      await opened.picture('verify-tampered')
      await page.getByLabel('Files').setInputFiles(join(folder, 'light.proof'))
      await page.getByText('the charter is missing').waitFor()
      await page.getByLabel('Files').setInputFiles([join(folder, 'light.proof'), join(city().folder, 'charter.cbor')])
      await page.getByText('The ledger made it final.').waitFor()
      await opened.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('says where a browser has no Web Crypto, and names the command', async () => {
    const opened = await open(`#/verify/${encodeURIComponent(dataset)}`)
    const { page } = opened
    // As on a page that came over plain HTTP from another machine.
    await page.addInitScript(() => { Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined }) })
    await page.reload()
    await page.getByText('This browser checks no signatures here').waitFor()
    await page.getByText(/^hanse verify did:key:/).waitFor()
    assert.deepEqual(await opened.violations(), [])
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'de'] as const) {
      it(`has nothing that axe complains about, ${theme}, in ${language}`, async () => {
        const opened = await open('#/ledger', { theme, language, width: theme === 'dark' ? 400 : 1280 })
        const { page } = opened
        await page.getByText(language === 'de' ? /Nichts zu entscheiden seit/ : /Nothing to decide since/).waitFor()
        assert.deepEqual(await opened.violations(), [])
        await opened.picture('ledger')
        await opened.go(`#/verify/${encodeURIComponent(dataset)}`)
        await page.getByRole('button', { name: language === 'de' ? 'Nachweise holen und prüfen' : 'Get its proofs and check them' }).click()
        await page.getByText(language === 'de' ? 'Das Hauptbuch hat es endgültig gemacht.' : 'The ledger made it final.').waitFor()
        assert.deepEqual(await opened.violations(), [])
        await opened.picture('verify')
      })
    }
  }

  it('turns the pages of ten thousand blocks, and goes to a day, without a long task', async () => {
    const node = new MemoryNode()
    assert.ok(node.book.status !== undefined)
    node.book.status = { ...node.book.status, height: 10_000 }
    const token = createToken(new Uint8Array(32))
    const created = await createApi({
      node, tokens: [knownToken(token, 'decide')], random: size => new Uint8Array(randomBytes(size)), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, consoleFolder: 'dist/web',
      log: () => undefined, requestStop: () => undefined
    })
    assert.ok(created.ok)
    try {
      const entry = await createClient({ baseUrl: created.value.url, token }).invitePerson()
      assert.ok(entry.ok)
      const opened = await openPage(entry.value.url)
      const { page } = opened
      await opened.go('#/ledger')
      await page.getByRole('cell', { name: '10,000' }).waitFor()
      const asked = held(page, '**/blocks?*before=*')
      await page.getByRole('button', { name: 'Older' }).dblclick()
      await (await asked).continue()
      await page.getByRole('cell', { name: '9,975', exact: true }).waitFor()
      await page.getByRole('button', { name: 'Newer' }).click()
      await page.getByRole('cell', { name: '10,000', exact: true }).waitFor()
      const tasks = await watchTasks(page)
      for (let turned = 1; turned <= 20; turned++) {
        await page.getByRole('button', { name: 'Older' }).click()
        await page.getByRole('cell', { name: (10_000 - turned * 25).toLocaleString('en'), exact: true }).waitFor()
      }
      await page.getByLabel('Not later than').fill('2023-11-14')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByRole('cell', { name: '2,799', exact: true }).waitFor()
      const { longestMs, busiestMs } = await tasks()
      console.log(`      the longest task ${Math.round(longestMs)} ms; the page itself reckoned at most ${Math.round(busiestMs)} ms`)
      assert.ok(busiestMs <= BUSY_MS_MAX, `the page reckoned for ${Math.round(busiestMs)} ms`)
      await opened.close()
    } finally {
      await created.value.stop()
    }
  })

  async function proofOf (reference: string): Promise<Uint8Array> {
    const proof = await city().client.proof(reference, 1)
    assert.ok(proof.ok)
    return proof.value
  }
})
