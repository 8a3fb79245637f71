import { strict as assert } from 'node:assert'
import { didOfKey, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { bytesOfHex } from '../../src/base/index.ts'
import { agreed, clear, foundTowns, settle, Town, waitUntil, type Place, type Standing } from '../../scripts/measure/town.ts'

const WITHIN_MS = 120_000
const LOAD = { order: 'load', perSecond: 10, inFlight: 2, operations: 1 } as const
const REST = { order: 'load', perSecond: 1, inFlight: 0, operations: 1 } as const

const didOf = ({ seeds }: Place): string => didOfKey(signingKeyOfSeed(bytesOfHex(seeds.root) ?? new Uint8Array(0)).publicKey)

describe('a federation under load', function () {
  this.timeout(600_000)
  let places: Place[] = []
  let towns: Town[] = []

  before(async () => {
    for (const name of ['Ada', 'Ben', 'Cay', 'Dor', 'Eli', 'Fay']) places.push(await settle(name))
    await foundTowns(places.slice(0, 4), 'lan')
    towns = places.map(place => new Town(place, 'lan'))
    for (const town of towns) await town.ready
    await agreed(towns.slice(0, 4), WITHIN_MS)
    for (const town of towns.slice(0, 4)) town.tell(LOAD)
  })
  after(async () => {
    for (const town of towns) await town.kill()
    await clear(places)
    places = []
  })

  const standings = (of: readonly Town[]): Promise<readonly Standing[]> => Promise.all(of.map(town => town.standing()))
  const seatOf = ({ seats }: Standing, place: Place): string | undefined => seats.find(({ did }) => did === didOf(place))?.seat

  /** One proposes, which counts as its vote; the others of `members` vote yes until it passes. */
  async function decide (kind: 'join' | 'remove', place: Place, members: readonly Town[]): Promise<void> {
    const [proposer, ...others] = members
    assert.ok(proposer !== undefined)
    const opened = await proposer.ask({ order: 'propose', kind, member: didOf(place) })
    assert.ok(opened.ok, opened.value)
    for (const town of others) {
      await waitUntil(async () => (await town.standing()).proposals.some(({ id }) => id === opened.value), 'the proposal is known', WITHIN_MS)
      const [{ proposals }] = [await town.standing()]
      if (proposals.find(({ id }) => id === opened.value)?.state !== 'open') return
      const voted = await town.ask({ order: 'vote', proposal: opened.value })
      assert.ok(voted.ok || (await town.standing()).proposals.find(({ id }) => id === opened.value)?.state === 'passed', voted.value)
    }
  }

  for (const [at, word] of [[4, 'fifth'], [5, 'sixth']] as const) {
    it(`admits a ${word} member by vote, who gets a seat`, async () => {
      const [place, town, members] = [places[at], towns[at], towns.slice(0, at)]
      assert.ok(place !== undefined && town !== undefined && members[0] !== undefined)
      const ticket = await members[0].ask({ order: 'invite' })
      assert.ok(ticket.ok, ticket.value)
      const joined = await town.ask({ order: 'join', ticket: ticket.value })
      assert.ok(joined.ok, joined.value)
      await waitUntil(async () => (await standings(members)).some(({ applications }) => applications.includes(didOf(place))), 'the application is there', WITHIN_MS)
      await decide('join', place, members)
      await waitUntil(async () => (await standings([...members, town])).every(({ validators, role }) => validators === at + 1 && role === 'validator'),
        'all sit in one epoch with it', WITHIN_MS, () => `${town.failures.join()}`)
      town.tell(LOAD)
      const had = town.finals.length
      await waitUntil(() => town.finals.length > had + 5, 'its own transactions become final', WITHIN_MS)
    })
  }

  it('rotates a key: the next epoch seats the new one, and all stay validators', async () => {
    const [rotating] = towns
    assert.ok(rotating !== undefined)
    const before = await rotating.standing()
    const rotated = await rotating.ask({ order: 'rotate' })
    assert.ok(rotated.ok, rotated.value)
    await waitUntil(async () => (await standings(towns)).every(({ epoch, role }) => epoch > before.epoch && role === 'validator'), 'the new key has its seat', WITHIN_MS)
  })

  it('removes a member, who is cut off everywhere; all others stand at one state', async () => {
    const [removed, place] = [towns[1], places[1]]
    assert.ok(removed !== undefined && place !== undefined)
    const others = towns.filter(town => town !== removed)
    await decide('remove', place, others)
    await waitUntil(async () => (await standings(others)).every(standing => standing.validators === 5 && standing.seats.some(({ did, removed: gone }) => gone && did === didOf(place))),
      'five are left', WITHIN_MS)
    await waitUntil(async () => (await removed.standing()).metrics['hanse_network_peers'] === 0, 'nobody talks to it any longer', WITHIN_MS)
    for (const town of towns) town.tell(REST)
    const final = await agreed(others, WITHIN_MS)
    assert.ok(final.every(standing => seatOf(standing, place) !== 'validator'))
    const [first, ...rest] = await Promise.all(others.map(town => town.history()))
    for (const history of rest) assert.deepEqual(history, first)
  })
})
