import { strict as assert } from 'node:assert'
import { setTimeout as pause } from 'node:timers/promises'
import { agreed, clear, foundTowns, settle, Town, waitUntil, type Place, type Standing } from '../../scripts/measure/town.ts'
import { Wires } from '../support/wires.ts'

const CUT_MS = Number(process.env['HANSE_CUT_MINUTES'] ?? 0.25) * 60_000
const PAUSE_MS = Number(process.env['HANSE_PAUSE_MS'] ?? 5_000)
const AGREED_WITHIN_MS = 120_000
const NAMES = ['Ada', 'Ben', 'Cay', 'Dor', 'Eli']
const LOAD = { order: 'load', perSecond: 20, inFlight: 4, operations: 1 } as const
const REST = { order: 'load', perSecond: 1, inFlight: 0, operations: 1 } as const

type Acknowledged = Map<string, number>

/** Every block that two towns have at one height is the same, and what was acknowledged stands at the height that was told. */
async function holdsAll (towns: readonly Town[], acknowledged: Acknowledged): Promise<void> {
  const histories = await Promise.all(towns.map(town => town.history()))
  const [first, ...others] = histories
  assert.ok(first !== undefined)
  for (const history of others) assert.deepEqual(history, first)
  const heights = new Map(first.flatMap(([height, , ids]) => ids.map(id => [id, height] as const)))
  const count = first.reduce((sum, [, , ids]) => sum + ids.length, 0)
  assert.equal(heights.size, count, 'no transaction stands twice')
  for (const [id, height] of acknowledged) assert.equal(heights.get(id), height, `transaction ${id} was acknowledged at height ${height}`)
}

function watch (town: Town, acknowledged: Acknowledged): Town {
  town.onFinal = ({ id, height }) => { acknowledged.set(id, height) }
  return town
}

describe('five towns as processes', function () {
  this.timeout(600_000 + 2 * CUT_MS)
  let places: readonly Place[] = []
  let towns: Town[] = []
  const wires = new Wires()
  const acknowledged: Acknowledged = new Map()

  const birth = (place: Place): Town => watch(new Town(place, 'lan', Object.fromEntries(places.filter(other => other !== place)
    .map(other => [other.port, Number(/\/tcp\/(\d+)/.exec(wires.addressOf(place.name, other))?.[1])]))), acknowledged)

  before(async () => {
    places = await Promise.all(NAMES.map(settle))
    await foundTowns(places, 'lan')
    await wires.layAll(places)
    towns = places.map(birth)
    for (const town of towns) await town.ready
    await agreed(towns, AGREED_WITHIN_MS)
  })
  after(async () => {
    for (const town of towns) await town.kill()
    wires.close()
    await clear(places)
  })

  const settled = async (): Promise<readonly Standing[]> => {
    for (const town of towns) town.tell(REST)
    const standings = await agreed(towns, AGREED_WITHIN_MS)
    await holdsAll(towns, acknowledged)
    assert.deepEqual(standings.flatMap(({ alarms }) => alarms), [])
    return standings
  }

  it('lose nothing and stay one when each is killed and started again in turn, under load', async () => {
    for (const town of towns) town.tell(LOAD)
    for (const [at, place] of places.entries()) {
      const before = acknowledged.size
      await towns[at]?.kill()
      await waitUntil(() => acknowledged.size > before + 10, 'the other four go on')
      const again = birth(place)
      towns[at] = again
      await again.ready
      again.tell(LOAD)
      await waitUntil(() => again.finals.length > 0, `${place.name} takes part again`)
    }
    await settled()
  })

  it('go on while one of them stands still, which then catches up', async () => {
    for (const town of towns) town.tell(LOAD)
    const [still] = towns
    still?.signal('SIGSTOP')
    const before = acknowledged.size
    await Promise.all([pause(PAUSE_MS), waitUntil(() => acknowledged.size > before + 10, 'the others go on')])
    still?.signal('SIGCONT')
    await settled()
  })

  for (const count of [1, 2]) {
    // Five need four. With one gone the others go on; with two gone nobody decides, and nobody may pretend to.
    it(`${count === 1 ? 'go on' : 'decide nothing'} while ${count} of them ${count === 1 ? 'is' : 'are'} cut off for ${CUT_MS / 1000} s, and are one again when the lines are`, async () => {
      for (const town of towns) town.tell(LOAD)
      const [near, far] = [towns.slice(0, -count), towns.slice(-count)]
      for (const one of near) for (const other of far) wires.cut(one.place, other.place)
      const standings = (): Promise<readonly Standing[]> => Promise.all(towns.map(town => town.standing()))
      await waitUntil(async () => (await standings()).every(({ reachable }, at) => reachable <= (at < near.length ? near.length : count)), 'the cut is seen')
      const atCut = (await standings()).map(({ height }) => height)
      await pause(CUT_MS)
      if (count === 1) await waitUntil(async () => (await standings()).slice(0, -count).every(({ height }, at) => height > (atCut[at] ?? 0) + 2), 'the others go on')
      const grown = (await standings()).map(({ height }, at) => height - (atCut[at] ?? 0))
      const [nearGrown, farGrown] = [grown.slice(0, -count), grown.slice(-count)]
      // A block that was certified before the cut may still become final on one side.
      assert.ok(farGrown.every(blocks => blocks <= 2), `who is cut off decides nothing: ${grown.join()}`)
      assert.ok(count === 1 || nearGrown.every(blocks => blocks <= 2), `blocks of the others: ${grown.join()}`)
      for (const one of near) for (const other of far) wires.heal(one.place, other.place)
      const before = acknowledged.size
      await waitUntil(() => acknowledged.size > before + 20, 'all go on together', AGREED_WITHIN_MS)
      await settled()
    })
  }
})
