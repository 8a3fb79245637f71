/** All readers of feeds, carried by pulls into a real node: what becomes of a feed in the catalogue of a city. */
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, textOf } from '../../src/base/index.ts'
import { sinkOver } from '../../src/cli/start/sink.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import { Supervisor } from '../../src/intake/connector/index.ts'
import { readerOf } from '../../src/intake/feeds/index.ts'
import { createFolderConnector } from '../../src/intake/folder/index.ts'
import { createMqttConnector } from '../../src/intake/mqtt/index.ts'
import { createPullConnector } from '../../src/intake/pull/index.ts'
import { createPushConnector } from '../../src/intake/push/index.ts'
import type { Dataset } from '../../src/node/index.ts'
import { declarationSchema } from '../../src/sdk/connectors/index.ts'
import { found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { ckanPage, TURTLE } from './catalogues.fixture.ts'
import { cap, GBFS_3, MDS, WZDX } from './feeds.fixture.ts'

const CSV = 'counter,bikes\nnorth,12\nsouth,7\n'

describe('feeds of a city', function () {
  this.timeout(120_000)
  let city: City
  let web: Server
  let intake: Supervisor
  let folder: string
  let address = ''
  /** By path. What is not here answers 404. */
  const pages = new Map<string, string>()
  /** Wakes of connectors that wait for their next look. */
  const sleeping = new Set<() => void>()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hanse-feeds-'))
    city = await makeCity('Feed City')
    await found([city], 'Feeds')
    web = createServer((request, response) => {
      const body = pages.get(request.url ?? '')
      response.writeHead(body === undefined ? 404 : 200).end(body)
    })
    await new Promise<void>(resolve => { web.listen(0, '127.0.0.1', resolve) })
    address = `127.0.0.1:${(web.address() as AddressInfo).port}`
    intake = new Supervisor({
      factories: {
        url: createPullConnector({ spool: folder, secretOf: () => new Uint8Array(32), readerOf }), folder: createFolderConnector({ spool: folder }), push: createPushConnector,
        mqtt: createMqttConnector({ address: null, route: () => () => {} })
      },
      sink: sinkOver(city.node), folder, web: createSafeFetch({ allowed: [address] }), clock: { nowMs: Date.now, sleep }, chance: () => 0, log: () => {},
      file: { add: async added => ok(added), remove: async () => ok(null) }
    })
    for (const [url, body] of Object.entries(GBFS_3)) pages.set(`/bikes${new URL(url).pathname}`, String(body).replaceAll('https://bikes.example', `http://${address}/bikes`))
    pages.set('/works', WZDX)
    pages.set('/warnings', cap())
    pages.set('/exercise', cap({ status: 'Exercise' }))
    pages.set('/scooters', MDS)
    pages.set('/ckan/api/3/action/package_search', ckanPage(['a', 'b'], 2).replaceAll('"format":"GeoJSON"', '"format":"CSV"').replaceAll('https://ckan.example', `http://${address}/files`))
    pages.set('/files/a.json', CSV)
    pages.set('/catalog.ttl', TURTLE)
    intake.start(declarations())
  })

  after(async () => {
    await intake.stop()
    web.close()
    await removeCities([city])
    rmSync(folder, { recursive: true })
  })

  it('become streams by key: stations and vehicles, road works, warnings', async () => {
    await latest('bikes-stations', 2)
    await latest('bikes-vehicles', 1)
    const [works] = await latest('works', 1)
    assert.equal((works?.['core_details'] as { event_type: string } | undefined)?.event_type, 'work-zone')
    const [warning] = await latest('warnings', 1)
    assert.equal(warning?.['type'], 'Alert')
    assert.equal(datasetOf('warnings')?.model, 'Alert')
  })

  it('are marked where they are exercises, and stand apart from warnings', async () => {
    await latest('drill-exercises', 1)
    assert.equal(datasetOf('drill-exercises')?.simulated, true)
    assert.equal(datasetOf('drill'), undefined)
  })

  it('are restricted to aggregates where they are private by nature', async () => {
    await until(() => datasetOf('scooters-status')?.held.records === 1, 'the status of vehicles is stored')
    const dataset = datasetOf('scooters-status')
    assert.equal(dataset?.access, 'restricted')
    assert.match(dataset.terms?.sentences.map(({ sentence }) => sentence).join(' ') ?? '', /10/, 'groups of ten, in a sentence')
    for (const requester of [null, 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK']) {
      const asked = await city.node.query(dataset.id, { latest: true, limit: 10 }, { requester })
      assert.ok(!asked.ok, 'nobody else reads single vehicles')
    }
    const own = await city.node.query(dataset.id, { latest: true, limit: 10 })
    assert.ok(own.ok && own.value.rows.length === 1, 'whoever runs the node does')
  })

  it('are entries and data of another portal, under ids that stay, and go when they go there', async () => {
    const entries = await latest('portal', 2)
    assert.deepEqual(new Set(entries.map(entry => entry['identifier'])), new Set(['a', 'b']))
    await latest('eu', 1)
    const id = String(entries.find(entry => entry['identifier'] === 'a')?.['id'])
    const file = `portal-${id.slice(0, 12)}`
    await until(() => datasetOf(file)?.held.records === 3, 'the CSV of one of them is there')
    assert.deepEqual([datasetOf(file)?.title, datasetOf(file)?.licence], ['Title a', 'https://creativecommons.org/licenses/by/4.0/'])
    const before = datasetOf('portal')?.held.records
    pages.set('/ckan/api/3/action/package_search', ckanPage(['a'], 1).replaceAll('"format":"GeoJSON"', '"format":"CSV"').replaceAll('https://ckan.example', `http://${address}/files`))
    await until(() => sleeping.size === declarations().length, 'all wait for their next look')
    for (const wake of sleeping) wake()
    assert.deepEqual((await latest('portal', 1)).map(entry => entry['identifier']), ['a'])
    assert.deepEqual([before, datasetOf('portal')?.held.records], [2, 3], 'one deletion, and nothing else')
    assert.equal(datasetOf(file)?.version, 1, 'the file did not change')
  })

  function declarations (): ReturnType<typeof declarationSchema.parse>[] {
    const url = (id: string, format: string, path: string, more: object = {}): object =>
      ({ kind: 'url', name: id, dataset: { id, title: id, access: 'public' }, url: `http://${address}/${path}`, format, ...more })
    return [
      url('bikes', 'gbfs', 'bikes/gbfs.json'), url('works', 'wzdx', 'works'), url('warnings', 'cap', 'warnings'), url('drill', 'cap', 'exercise'), url('scooters', 'mds', 'scooters'),
      url('portal', 'ckan', 'ckan/api/3/action/package_search', { fetch: true }), url('eu', 'dcat', 'catalog.ttl')
    ].map(declaration => declarationSchema.parse(declaration))
  }

  function datasetOf (id: string): Dataset | undefined {
    const dataset = city.node.dataset(`${city.node.status().member.did}/${id}`)
    return dataset.ok ? dataset.value : undefined
  }

  /** The newest state by key, once it has so many things. */
  async function latest (id: string, count: number): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const things = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
      const page = await city.node.query(datasetOf(id)?.id ?? '', { latest: true, limit: 100 })
      return page.ok ? page.value.rows.map(({ body }) => JSON.parse(textOf(body) ?? '') as Readonly<Record<string, unknown>>) : []
    }
    await until(async () => (await things()).length === count, `${id} has ${count} things`).catch((cause: unknown) => {
      throw new Error(JSON.stringify(intake.list().map(({ name, status }) => ({ name, ...status })), null, 1), { cause })
    })
    return await things()
  }

  function sleep (delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0 || signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const wake = (): void => {
        sleeping.delete(wake)
        resolve()
      }
      sleeping.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
})
