import { strict as assert } from 'node:assert'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'

const WITHIN_MS = 60_000

describe('a newcomer to the ledger', function () {
  this.timeout(240_000)
  const cities: City[] = []

  after(async () => { await removeCities(cities) })

  /** From the ticket to the vote that carries it. */
  async function admit (sponsor: City, newcomer: City, members: readonly City[]): Promise<void> {
    const ticket = await sponsor.node.invite({ federationName: '', want: 0, validMs: 3_600_000 })
    assert.ok(ticket.ok, JSON.stringify(ticket))
    const joined = await newcomer.node.join(ticket.value.ticket)
    assert.ok(joined.ok, JSON.stringify(joined))
    const [application] = sponsor.node.applications()
    assert.ok(application !== undefined)
    const proposed = await sponsor.node.propose({ kind: 'join', member: application.did, seat: true }, WITHIN_MS)
    assert.ok(proposed.ok, JSON.stringify(proposed))
    const stateAt = ({ node }: City): string | undefined => node.proposals().find(({ id }) => id === proposed.value.proposal)?.state
    for (const other of members.filter(each => each !== sponsor)) {
      await until(() => stateAt(other) !== undefined, `${other.name} knows the proposal`, WITHIN_MS)
      if (stateAt(other) !== 'open') continue
      const voted = await other.node.vote(proposed.value.proposal, true, WITHIN_MS)
      assert.ok(voted.ok || stateAt(other) === 'passed', JSON.stringify(voted))
    }
    await until(() => newcomer.node.status().state === 'ready', `${newcomer.name} belongs`, WITHIN_MS)
    await until(() => [...members, newcomer].every(({ node }) => node.status().neighbours.reachable === members.length), 'all see all', WITHIN_MS)
  }

  it('gets its seat, invited by a founder or by one who was admitted itself, and also when it is started again before it sits', async () => {
    for (const name of ['Ada', 'Ben', 'Cyd', 'Dor', 'Eli']) cities.push(await makeCity(name, { ledgerProfile: 'lan' }))
    const [ada, ben, cyd, dor, eli] = cities
    assert.ok(ada !== undefined && ben !== undefined && cyd !== undefined && dor !== undefined && eli !== undefined)
    const founders = [ada, ben, cyd]
    await found(founders)
    await connected(founders)
    await admit(ada, dor, founders)
    await admit(dor, eli, [...founders, dor])
    await restart(eli)
    for (const { name, node } of [dor, eli]) await until(() => node.ledger()?.role === 'validator', `${name} has a seat`, WITHIN_MS)
    await until(() => new Set(cities.map(({ node }) => node.ledger()?.digest)).size === 1, 'all stand at one block', WITHIN_MS)
    assert.deepEqual(cities.map(({ node }) => node.ledger()?.stateRoot), cities.map(() => ada.node.ledger()?.stateRoot))
  })
})
