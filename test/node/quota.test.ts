import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { didOfKey, revocationBody, revocationSignature, sealRevocation, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { membershipIn } from '../support/audit.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { append, heldBy, publish, streamOf, tableOf } from '../support/publications.ts'

const QUOTA_BYTES = 1_000_000
const FEEDS_PER_MEMBER_MAX = 6
/** What may be under way when the quota is reached: an answer's batch being filled and one being stored. */
const UNDER_WAY_BYTES_MAX = 8 << 20

describe('a member that publishes more than a neighbour takes', function () {
  let cities: readonly City[] = []
  const [small, greedy, third] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]

  before(async () => {
    cities = [
      await makeCity('Small', { quotaBytes: QUOTA_BYTES, feedsPerMemberMax: FEEDS_PER_MEMBER_MAX }), await makeCity('Greedy'), await makeCity('Third')
    ]
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('in feeds: the first are taken, the others left out, and the operator is told', async () => {
    for (let at = 0; at < FEEDS_PER_MEMBER_MAX + 3; at++) {
      await publish(greedy().node, streamOf(`greedy-${at}`))
      await append(greedy().node, `greedy-${at}`, ['one'])
    }
    await until(() => third().node.status().feeds.replicated === 2 + FEEDS_PER_MEMBER_MAX + 3, 'one without that limit takes all')
    await until(() => small().node.status().alarms.some(alarm => alarm.startsWith('Greedy has more feeds')), 'the operator is told')
    await until(() => small().node.status().feeds.replicated >= 1 + FEEDS_PER_MEMBER_MAX, 'the catalogue of the third came too')
    assert.equal(small().node.status().feeds.replicated, 1 + FEEDS_PER_MEMBER_MAX)
    assert.equal(small().node.status().alarms.length, 1)
  })

  it('in bytes: no more is fetched than the quota and what is under way, and the operator is told', async () => {
    const ownBytes = small().node.status().storedBytes
    for (const id of ['first', 'second', 'third']) {
      await publish(third().node, tableOf(id, Array.from({ length: 50 }, () => randomBytes(100_000).toString('latin1'))))
    }
    await until(() => small().node.status().alarms.some(alarm => alarm.includes(`quota of ${QUOTA_BYTES} bytes`)), 'the operator is told')
    await until(() => heldBy(small().node, 'third')?.because?.includes('quota') === true, 'the dataset says why it waits')
    await until(() => heldBy(greedy().node, 'third')?.phase === 'complete', 'one without that limit takes all')
    assert.ok(small().node.status().storedBytes - ownBytes < QUOTA_BYTES + UNDER_WAY_BYTES_MAX, `${small().node.status().storedBytes}`)
  })

  it('and still hears what it must: new descriptions, and who was revoked', async () => {
    await publish(third().node, tableOf('fourth', ['a', 'b']))
    await until(() => heldBy(small().node, 'fourth') !== undefined, 'it knows of it')
    assert.equal(heldBy(small().node, 'fourth')?.records, 0)
    const { federation } = await membershipIn(third().store)
    const { root, rootPublicKey } = greedy().seeds
    assert.ok(root !== undefined)
    const body = revocationBody({ federation, member: didOfKey(rootPublicKey), certificate: null, timeMs: Date.now() })
    const revoked = await third().node.revoke(sealRevocation(body, [revocationSignature(body, signingKeyOfSeed(root))]))
    assert.ok(revoked.ok, JSON.stringify(revoked))
    await until(() => small().node.members().find(({ name }) => name === 'Greedy')?.revoked === true, 'it knows of the revocation')
    await until(() => small().node.status().neighbours.reachable === 1, 'it cut the member off')
  })
})
