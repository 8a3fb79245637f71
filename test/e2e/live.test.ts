import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { watchTasks, type Tasks } from '../support/tasks.ts'

const PER_SECOND = 500
const BATCHES_PER_SECOND = 10
/** How long so many messages come; `HANSE_LIVE_S=600` shows that memory is flat. */
const FOR_S = Number(process.env['HANSE_LIVE_S'] ?? '6')
// Nodes refuse variables of this beginning that they do not know.
delete process.env['HANSE_LIVE_S']
/** Of these the last so many are traced. */
const TRACED_S = 6
/** What the page may reckon in one task. */
const BUSY_MS_MAX = 100
const HEAP_GROWTH_BYTES_MAX = 4 * 1_048_576
const HOSTILE = '<img src=x onerror=alert(1)>'
const DEVICES = 40

describe('watching live data in the console', function () {
  const { city } = withCities(['Renton'], 'Lake Cities')
  let page: Console

  before(async () => {
    const opened = await city().client.publish({
      datasetId: 'buses', title: `Buses ${HOSTILE}`, description: '', theme: 'transport', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null,
      schema: [{ name: 'speed', type: 'number', unit: 'km/h' }, { name: 'location', type: 'geometry', unit: null }], access: 'members', simulated: true
    }, { form: 'stream', mediaType: 'application/json' })
    assert.ok(opened.ok, JSON.stringify(opened))
    await send(DEVICES)
  })

  let sent = 0

  async function send (count: number): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const at = sent++
      const body = { speed: at % 60, note: at % 7 === 0 ? HOSTILE : 'fine', location: { type: 'Point', coordinates: [-122.2 + (at % DEVICES) / 500, 47.5 + (at % 50) / 1_000] } }
      return { key: utf8(`bus-${at % DEVICES}`), timeMs: Date.now(), operation: 'put' as const, mediaType: 'application/json', body: utf8(JSON.stringify(body)) }
    })
    const appended = await city().client.append('buses', records, { flush: true })
    assert.ok(appended.ok, JSON.stringify(appended))
  }

  it('shows a stream from the menu in 2 clicks: messages to the millisecond, filters, pause, last seen, a chart', async () => {
    page = await openConsole(city())
    await page.page.getByRole('link', { name: 'Live', exact: true }).waitFor()
    await page.effort()
    await page.page.getByRole('link', { name: 'Live', exact: true }).click()
    await page.page.getByRole('link', { name: 'Buses' }).waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.page.getByRole('link', { name: 'Buses' }).click()
    await page.page.getByText('The newest 40 messages.').waitFor()
    assert.deepEqual(await page.effort(), { clicks: 2, fields: 0 })
    assert.match(await page.page.locator('tbody time').first().innerText(), /\d\d:\d\d:\d\d\.\d{3}/)
    assert.equal(await page.page.locator('main img').count(), 0)
    assert.deepEqual(await page.violations(), [])
    await page.picture('live-messages')
    await page.page.getByLabel('Of this key').fill('bus-39')
    await page.page.getByText('The newest message.').waitFor()
    await page.page.getByLabel('Of this key').fill('')
    await page.page.getByLabel('With this text').fill('onerror')
    await page.page.getByText('The newest 6 messages.').waitFor()
    await page.page.getByLabel('With this text').fill('')
    await page.page.getByRole('button', { name: 'Pause' }).click()
    await send(1)
    await page.page.getByText('41 came since you look').waitFor()
    assert.equal(await page.page.locator('tbody tr').count(), 40)
    await page.page.getByRole('button', { name: 'Go on' }).click()
    await page.page.getByText('The newest 41 messages.').waitFor()
    // Whoever goes into the list with keys keeps what is there.
    await page.page.getByRole('region', { name: 'Messages of' }).focus()
    await page.page.getByText('Paused while you are in the list.').waitFor()
    await page.page.getByRole('button', { name: 'Last seen' }).click()
    await page.page.getByText('40 things report').waitFor()
    await page.page.locator('[data-idle=true]').waitFor({ timeout: 60_000 })
    assert.deepEqual(await page.violations(), [])
    await page.picture('live-last')
    await page.page.getByRole('button', { name: 'Over time' }).click()
    await page.page.locator('.chart canvas, .chart .uplot').first().waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.picture('live-chart')
  })

  it(`keeps up with ${PER_SECOND} messages a second: a sample is shown and said to be one, and no task takes long`, async function () {
    this.timeout((FOR_S + 120) * 1_000)
    page = await openConsole(city(), { theme: 'dark', language: 'de', width: 400 })
    await page.page.getByRole('button', { name: 'Menü' }).click()
    await page.page.getByRole('link', { name: 'Live', exact: true }).click()
    await page.page.getByRole('link', { name: 'Buses' }).click()
    await page.page.getByText(/neuesten \d+ Meldungen/).waitFor()
    assert.deepEqual(await page.violations(), [])
    const heapBefore = await heapOf(page)
    const sampled = page.page.getByText(/50 von \d+\/s gezeigt/).waitFor()
    let isDecided = false
    const decide = (): void => { isDecided = true }
    void sampled.then(decide, decide)
    const [beganMs, sentBefore] = [Date.now(), sent]
    const untilMs = beganMs + FOR_S * 1_000
    let tasks: (() => Promise<Tasks>) | undefined
    // What is said of a sample is said while they come.
    for (let at = 0; Date.now() < untilMs || !isDecided; at++) {
      // What axe and the collector did is no work of the page.
      if (tasks === undefined && untilMs - Date.now() <= TRACED_S * 1_000) tasks = await watchTasks(page.page)
      const nextMs = beganMs + (at + 1) * 1_000 / BATCHES_PER_SECOND
      // A node that takes them slowly gets more at once: so many a second they are.
      const due = Math.round((Date.now() - beganMs) * PER_SECOND / 1_000) - (sent - sentBefore)
      await send(Math.min(PER_SECOND, Math.max(PER_SECOND / BATCHES_PER_SECOND, due)))
      await new Promise(resolve => { setTimeout(resolve, Math.max(0, nextMs - Date.now())) })
    }
    await sampled
    assert.ok(tasks !== undefined)
    const { longestMs, busiestMs, above50 } = await tasks()
    const rows = await page.page.locator('tbody tr').count()
    await page.picture('live-fast')
    const heap = await heapOf(page)
    console.log(`      live: ${sent} messages sent, longest task ${Math.round(longestMs)} ms, ${above50} above 50 ms, of which the page reckoned at most ${Math.round(busiestMs)} ms, heap ${mebibytes(heapBefore)} -> ${mebibytes(heap)} MiB`)
    assert.ok(rows <= 100, String(rows))
    assert.ok(busiestMs <= BUSY_MS_MAX, `the page reckoned for ${Math.round(busiestMs)} ms`)
    assert.ok(heap - heapBefore < HEAP_GROWTH_BYTES_MAX, `the heap grew from ${heapBefore} to ${heap} bytes`)
    assert.deepEqual(await page.violations(), [])
  })

  it('connects a program in the browser, and shows what came, what could not be taken, and what ends with it', async () => {
    page = await openConsole(city())
    await page.page.getByRole('button', { name: 'Menu' }).click()
    await page.page.getByRole('link', { name: 'Connectors', exact: true }).click()
    await page.page.getByText('Nothing is connected yet').waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.page.getByRole('link', { name: 'Connect something' }).click()
    await page.page.getByText('HTTP push').click()
    await page.page.getByRole('button', { name: 'Connect', exact: true }).waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-push')
    await page.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.page.getByText('Running').waitFor()
    const pushed = await city().client.push('pushed-data', 'application/json', JSON.stringify([{ id: 'lamp-1', watts: 12, note: HOSTILE }, { watts: 3 }]))
    assert.ok(pushed.ok, JSON.stringify(pushed))
    await page.page.getByText('The first records').waitFor()
    await page.page.getByRole('cell', { name: 'lamp-1' }).first().waitFor()
    assert.equal(await page.page.locator('main img').count(), 0)
    assert.deepEqual(await page.violations(), [])
    await page.picture('publish-arriving')
    await page.page.getByRole('link', { name: 'All connectors' }).click()
    await page.page.getByRole('button', { name: 'What could not be taken' }).click()
    await page.page.getByRole('columnheader', { name: 'Why' }).waitFor()
    await page.page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.page.getByText('The dataset stays with all that it has.').waitFor()
    assert.deepEqual(await page.violations(), [])
    await page.picture('connectors')
    await page.page.getByRole('button', { name: 'Remove the connector' }).click()
    await page.page.getByText('Nothing is connected yet').waitFor()
  })

  it('says that it stands still when the node is gone', async () => {
    const opened = await openConsole(city())
    await opened.page.getByRole('link', { name: 'Live', exact: true }).click()
    await opened.page.getByRole('link', { name: 'Buses' }).click()
    await opened.page.getByText(/The newest \d+ messages/).waitFor()
    city().process.kill('SIGKILL')
    await opened.page.getByText('Live view paused').waitFor()
    assert.ok(await opened.page.locator('tbody tr').count() > 0)
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('live-lost')
    // That nobody answers is what the browser calls an error.
    await assert.rejects(opened.close(), /ERR_/)
  })
})

async function heapOf ({ page }: Console): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

function mebibytes (bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
