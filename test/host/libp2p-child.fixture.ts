/** A process of its own that serves data without end, to be killed. */
import { utf8 } from '../../src/base/index.ts'
import { ECHO, openMember } from './libp2p.fixture.ts'

const chunk = new Uint8Array(262_144)
const { network, peerId } = await openMember(2, {
  protocols: {
    [ECHO]: {
      request: async (_peer, _body, reply) => {
        for (let number = 0; number < 4_000; number++) await reply.send(chunk)
        reply.end(utf8('all'))
      },
      note: () => {}
    }
  }
})

process.on('message', (other: { readonly peerId: string, readonly addresses: readonly string[] }) => {
  network.setMembers(new Map([[other.peerId, other.addresses]]))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ peerId, addresses: network.addresses() })
