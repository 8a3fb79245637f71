import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import { makeCity, removeCities, until, type City } from '../support/nodes.ts'

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
