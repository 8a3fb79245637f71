/** What cities have already reads what the API writes: curl, DuckDB, a browser. Each is left out with a sentence where it is not there. */
import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { utf8, type Result } from '../../src/base/index.ts'
import type { Column, Failure, RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const CHROMIUM_ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'
]
/** More than a row group. */
const ROWS = 70_000
const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'text', unit: null }, { name: 'at', type: 'time', unit: null }, { name: 'level', type: 'number', unit: '%' }, { name: 'count', type: 'integer', unit: null },
  { name: 'open', type: 'boolean', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }, { name: 'shape', type: 'geometry', unit: null }
]

let served: Served
let folder: string
before(async () => {
  served = await serve({ heartbeatMs: 200 }, { isPublic: true })
  folder = await mkdtemp(join(tmpdir(), 'hanse-clients-'))
})
after(async () => {
  await served.api.stop()
  await rm(folder, { recursive: true, force: true })
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function event (at: number): RecordInput {
  const body = at % 7 === 3
    ? { id: `bin ${at}`, at: 'nobody knows' }
    : { id: `bin "${at}"`, at: new Date(1_700_000_000_000 + at * 1_000).toISOString(), level: at / 8, count: at, open: at % 2 === 0, lat: 47.5, lon: -122.25, shape: { type: 'Point', coordinates: [-122.25, 47.5] } }
  return { key: utf8(`bin ${at}`), timeMs: 1_700_000_000_000 + at, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(body)) }
}

async function publish (datasetId: string, records: number): Promise<void> {
  value(await served.client.publish({ ...describeDataset(datasetId), schema: COLUMNS }, { form: 'stream', mediaType: 'application/json' }))
  for (let at = 0; at < records; at += 10_000) {
    value(await served.client.append(datasetId, Array.from({ length: Math.min(10_000, records - at) }, (_, each) => event(at + each)), { flush: true }))
  }
}

async function curl (...parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--fail', ...parameters], { maxBuffer: 1 << 28 })
  return stdout
}

describe('clients: curl', function () {
  before(function () {
    if (!existsSync('/usr/bin/curl')) {
      console.log('      left out: there is no curl here')
      this.skip()
    }
  })

  it('reads CSV, and NDJSON on from where it broke off', async () => {
    await publish('curled', 500)
    const url = `${served.api.url}/api/v1/datasets/curled/download`
    const csv = (await curl('--header', 'Accept: text/csv', url)).split('\r\n')
    assert.equal(csv[0], '_seq,_time,_key,id,at,level [%],count,open,lat,lon,shape')
    assert.equal(csv[2], '1,2023-11-14T22:13:20.001Z,bin 1,"bin ""1""",2023-11-14T22:13:21Z,0.125,1,false,47.5,-122.25,"{""type"":""Point"",""coordinates"":[-122.25,47.5]}"')
    assert.equal(csv.length, 502)
    const whole = await curl(`${url}?format=ndjson`)
    // As somebody whose connection broke in the middle of a line.
    const part = whole.slice(0, whole.length / 2)
    const kept = part.slice(0, part.lastIndexOf('\n') + 1)
    const { _seq: last } = JSON.parse(kept.trimEnd().split('\n').at(-1) ?? '') as { readonly _seq: number }
    assert.equal(kept + await curl(`${url}?format=ndjson&afterSeq=${last}`), whole)
  })
})

type Duck = typeof import('@duckdb/node-api')

describe('clients: DuckDB', () => {
  let duck: Duck
  before(async function () {
    const loaded = await import('@duckdb/node-api').catch(() => undefined)
    if (loaded === undefined) {
      console.log('      left out: DuckDB cannot be loaded here (npm install @duckdb/node-api)')
      return this.skip()
    }
    duck = loaded
  })

  it('reads our Parquet with its types, and every value is the same', async () => {
    await publish('wide', ROWS)
    const response = await fetch(`${served.api.url}/api/v1/datasets/wide/download?format=parquet`)
    assert.equal(response.status, 200)
    const file = join(folder, 'wide.parquet')
    await writeFile(file, new Uint8Array(await response.arrayBuffer()))
    const connection = await (await duck.DuckDBInstance.create(':memory:')).connect()
    const ask = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> => (await connection.runAndReadAll(sql)).getRowObjectsJson()
    const types = await ask(`SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT * FROM '${file}')`)
    assert.deepEqual(types.map(({ name, type }) => [name, String(type).replace(' WITH TIME ZONE', '')]), [
      ['_seq', 'BIGINT'], ['_time', 'TIMESTAMP'], ['_key', 'VARCHAR'], ['id', 'VARCHAR'], ['at', 'TIMESTAMP'], ['level', 'DOUBLE'], ['count', 'BIGINT'], ['open', 'BOOLEAN'],
      ['lat', 'DOUBLE'], ['lon', 'DOUBLE'], ['shape', 'VARCHAR']
    ])
    const [groups] = await ask(`SELECT count(DISTINCT row_group_id) AS groups FROM parquet_metadata('${file}')`)
    assert.equal(Number(groups?.['groups']), 2)
    // Reckoned by DuckDB from the number alone, beside what stands in the file.
    const [wrong] = await ask(`SELECT count(*) FILTER (
      _key IS DISTINCT FROM 'bin ' || _seq OR epoch_ms(_time) IS DISTINCT FROM 1700000000000 + _seq OR
      CASE WHEN _seq % 7 = 3 THEN id <> 'bin ' || _seq OR "at" IS NOT NULL OR level IS NOT NULL OR count IS NOT NULL OR open IS NOT NULL OR shape IS NOT NULL
      ELSE id IS DISTINCT FROM 'bin "' || _seq || '"' OR epoch_ms("at") IS DISTINCT FROM 1700000000000 + _seq * 1000 OR level IS DISTINCT FROM _seq / 8.0 OR
        count IS DISTINCT FROM _seq OR open IS DISTINCT FROM (_seq % 2 = 0) OR lat IS DISTINCT FROM 47.5 OR lon IS DISTINCT FROM -122.25 OR
        shape IS DISTINCT FROM '{"type":"Point","coordinates":[-122.25,47.5]}' END) AS wrong, count(*) AS rows, sum(_seq) AS sum FROM '${file}'`)
    assert.deepEqual([Number(wrong?.['wrong']), Number(wrong?.['rows']), Number(wrong?.['sum'])], [0, ROWS, ROWS * (ROWS - 1) / 2])
    connection.closeSync()
  })

  it('reads Parquet without a row, too', async () => {
    await publish('empty', 0)
    const response = await fetch(`${served.api.url}/api/v1/datasets/empty/download?format=parquet`)
    const file = join(folder, 'empty.parquet')
    await writeFile(file, new Uint8Array(await response.arrayBuffer()))
    const connection = await (await duck.DuckDBInstance.create(':memory:')).connect()
    const rows = (await connection.runAndReadAll(`SELECT count(*) AS rows FROM '${file}'`)).getRowObjectsJson()
    assert.equal(Number(rows[0]?.['rows']), 0)
    connection.closeSync()
  })
})

describe('clients: a browser', () => {
  let browser: Browser
  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      left out: there is no browser at ${CHROMIUM} (set CHROMIUM)`)
      return this.skip()
    }
    const { chromium } = await import('playwright-core')
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS })
  })
  after(async () => { await browser?.close() })

  /** Of this origin, as a page of the node is, and without its policy, which lets answers that are no pages ask for nothing. */
  async function blankPage (): Promise<Page> {
    const page = await browser.newPage({ bypassCSP: true })
    await page.goto(`${served.api.url}/healthz`)
    return page
  }

  it('receives records by its EventSource, and after a broken connection those that came meanwhile', async () => {
    await publish('streamed', 3)
    const page = await blankPage()
    await page.evaluate(() => {
      const heard: string[] = []
      Object.assign(globalThis, { heard })
      const source = new EventSource('/api/v1/datasets/streamed/live?last=2')
      source.addEventListener('record', event => { heard.push((event as unknown as { readonly lastEventId: string }).lastEventId) })
    })
    const heard = async (count: number): Promise<unknown> => {
      await page.waitForFunction(wanted => (globalThis as unknown as { readonly heard: readonly string[] }).heard.length >= wanted, count)
      return await page.evaluate(() => (globalThis as unknown as { readonly heard: readonly string[] }).heard)
    }
    assert.deepEqual(await heard(2), ['1', '2'])
    for (const end of served.node.ends) end({ code: 'slow', reason: 'it reads too slowly', hint: 'read faster' })
    value(await served.client.append('streamed', [event(3), event(4)], { flush: true }))
    assert.deepEqual(await heard(4), ['1', '2', '3', '4'])
    await page.close()
  })

  it('receives records by its WebSocket, with a token', async () => {
    await publish('socketed', 3)
    const page = await blankPage()
    const first = await page.evaluate(async ([url, token]) => await new Promise((resolve, reject) => {
      const socket = new WebSocket(`${String(url)}/api/v1/datasets/socketed/socket?afterSeq=1`, ['hanse', `bearer.${String(token)}`])
      socket.onmessage = ({ data }) => { resolve([socket.protocol, (JSON.parse(String(data)) as { readonly number: number }).number]) }
      socket.onerror = () => { reject(new Error('the socket failed')) }
    }), [served.api.url.replace('http', 'ws'), served.tokens.read])
    assert.deepEqual(first, ['hanse', 2])
    await page.close()
  })

  it('shows the page of a dataset without a word of complaint, and its description can be read there', async () => {
    await publish('shown', 1)
    const page = await browser.newPage()
    const complaints: string[] = []
    const requested: string[] = []
    page.on('console', message => { complaints.push(message.text()) })
    page.on('pageerror', error => { complaints.push(error.message) })
    page.on('request', request => { requested.push(new URL(request.url()).origin) })
    await page.goto(`${served.api.url}/datasets/shown`)
    assert.equal(await page.locator('h1').innerText(), 'shown')
    const described = await page.locator('script[type="application/ld+json"]').textContent()
    assert.equal((JSON.parse(described ?? '') as { readonly '@type': string })['@type'], 'Dataset')
    const width = await page.evaluate(() => getComputedStyle((globalThis as unknown as { readonly document: { readonly body: never } }).document.body).maxInlineSize)
    assert.equal(width, '736px', 'its style is let through')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()])
    assert.equal(download.suggestedFilename(), 'shown.csv')
    assert.deepEqual([complaints, [...new Set(requested)]], [[], [served.api.url]])
    await page.close()
  })
})
