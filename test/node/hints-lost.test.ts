import { strict as assert } from 'node:assert'
import type { Host, Peer, ProtocolHandler } from '../../src/host/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import { SYNC_PROTOCOL } from '../../src/node/pulling/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { publish, streamOf } from '../support/publications.ts'

describe('hints that go with the stream that they came by', function () {
  let cities: readonly City[] = []
  let [isDeaf, lost] = [false, 0]
  let handler: ProtocolHandler | undefined
  const peers: Peer[] = []
  /** What members tell is lost once it is deaf, as with a stream that is reset. */
  const deafened: Host['openNetwork'] = options => {
    const sync = options.protocols[SYNC_PROTOCOL] ?? assert.fail('sync is spoken')
    const { note } = sync
    handler = sync
    return openNetwork({
      ...options,
      protocols: { ...options.protocols, [SYNC_PROTOCOL]: { ...sync, note: (peer, body) => isDeaf ? void lost++ : note(peer, body) } },
      onPeer: peer => {
        peers.push(peer)
        options.onPeer(peer)
      }
    })
  }

  before(async () => {
    cities = [await makeCity('Ada', { gossip: false }), await makeCity('Ben', { gossip: false }, deafened)]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('are asked for when there is another: they are told once, and what a member holds is asked for once a minute', async () => {
    const [ada, ben] = cities as readonly [City, City]
    await publish(ada.node, streamOf('before'))
    await until(() => ben.node.dataset('before').ok, 'hints come')
    isDeaf = true
    await publish(ada.node, streamOf('meanwhile'))
    await until(() => lost > 0, 'a hint was lost')
    for (const peer of peers) handler?.opened?.(peer)
    await until(() => ben.node.dataset('meanwhile').ok, 'what was told meanwhile is here')
  })
})
