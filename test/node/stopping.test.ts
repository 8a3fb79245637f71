import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import type { HanseNode } from '../../src/node/index.ts'
import { found, makeCity, removeCities, startCity, until, type City } from '../support/nodes.ts'
import { contentOf, descriptionOf, fileOf, publish, recordWith, tableOf } from '../support/publications.ts'

type Content = Parameters<HanseNode['publish']>[1]

const ROWS = Array.from({ length: 800 }, (_, at) => `${at},${'x'.repeat(200)}\n`)
const FILE = new Uint8Array(300_000).map((_, at) => (at * 31 + (at >> 8)) % 251)

describe('a node that is stopped while it enters a federation', () => {
  let city: City | undefined
  after(() => removeCities(city === undefined ? [] : [city]))

  it('leaves no network open behind it', async () => {
    const [asked, allowed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const opened: Promise<unknown>[] = []
    city = await makeCity('Kent', {}, async options => {
      asked.resolve()
      await allowed.promise
      const opening = openNetwork(options)
      opened.push(opening)
      return opening
    })
    const { node, port } = city
    const invited = node.invite({ federationName: 'Alone', want: 1, validMs: 60_000 })
    await asked.promise
    const stopped = node.stop()
    await until(() => node.status().state === 'stopping', 'it is stopping')
    allowed.resolve()
    await Promise.all([invited, stopped])
    await Promise.all(opened)
    // Nothing listens where the node would have.
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    assert.equal(opened.length, 1)
  })
})

describe('a node that is stopped while something is published', () => {
  let city: City
  before(async () => {
    city = await makeCity('Kent', { lingerMs: 5 })
    await found([city])
    await publish(city.node, tableOf('table', ROWS))
    await publish(city.node, fileOf('file', FILE))
  })
  after(() => removeCities([city]))

  /** Parts that come, and then no more of them, and no end either. */
  async function * parts<T> (part: T, given: PromiseWithResolvers<void>): AsyncGenerator<T> {
    for (let at = 0; at < 100; at++) yield part
    given.resolve()
    await new Promise(() => {})
  }

  const contents = {
    table: (given: PromiseWithResolvers<void>): Content => ({ form: 'table', mediaType: 'text/csv', fileName: 'table.csv', records: parts(Array.from({ length: 100 }, () => recordWith('x'.repeat(200), 'text/csv')), given) }),
    file: (given: PromiseWithResolvers<void>): Content => ({ form: 'file', mediaType: 'image/png', fileName: 'file.png', bytes: parts(new Uint8Array(65_536).fill(7), given) })
  }
  for (const [form, contentThat] of Object.entries(contents)) {
    for (const datasetId of [form, `new-${form}`]) {
      it(`ends that at once, says so, and has published nothing of it: ${datasetId}`, async () => {
        const given = Promise.withResolvers<void>()
        const publishing = city.node.publish(descriptionOf(datasetId), contentThat(given))
        await given.promise
        await city.node.stop()
        const published = await publishing
        assert.equal(published.ok ? 'published' : published.failure.reason, 'the node was stopped before all of it was stored, and nothing of it is published')
        Object.assign(city, await startCity(city))
        assert.equal(city.node.dataset(`new-${form}`).ok, false)
        for (const [id, whole] of [['table', ROWS.join('')], ['file', Buffer.from(FILE).toString()]] as const) {
          assert.equal((await contentOf(city.node, id)).toString(), whole)
          const verified = await city.node.verify(id)
          assert.ok(verified.ok && verified.value.verified)
        }
      })
    }
  }

  it('publishes all of it when it is asked again', async () => {
    await publish(city.node, tableOf('new-table', ROWS))
    await publish(city.node, fileOf('new-file', FILE))
    assert.equal((await contentOf(city.node, 'new-table')).toString(), ROWS.join(''))
    assert.deepEqual(new Uint8Array(await contentOf(city.node, 'new-file')), FILE)
  })

  it('ends that before it stops, where it is asked to, and takes nothing more', async () => {
    const other = await makeCity('Auburn', { lingerMs: 5 })
    try {
      await found([other])
      const given = Promise.withResolvers<void>()
      const publishing = other.node.publish(descriptionOf('table'), contents.table(given))
      const waiting = other.node.publish(...tableOf('table', ROWS))
      await given.promise
      await other.node.endPublishing()
      for (const each of [await publishing, await waiting, await other.node.publish(...fileOf('file', FILE))]) assert.equal(each.ok ? 'published' : each.failure.code, 'not-ready')
      assert.equal(other.node.status().state, 'ready')
      assert.deepEqual(other.node.datasets({ limit: 10 }), [])
    } finally {
      await removeCities([other])
    }
  })
})
