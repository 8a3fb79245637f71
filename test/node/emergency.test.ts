import { strict as assert } from 'node:assert'
import type { HanseNode, NodeOptions } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { tableOf } from '../support/publications.ts'
import { clockToPutForward, type PutForward } from './erasure.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const RESPONSE = 'emergency.response'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LAKE = { west: -122.3, south: 47.5, east: -122.1, north: 47.7 }
const ELSEWHERE = { west: 4.8, south: 52.3, east: 5, north: 52.4 }

describe('emergencies between three cities', function () {
  let cities: readonly City[] = []
  let clock: PutForward
  const rooms = new Map<string, Rooms>()
  const [bellevue, renton, kirkland] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]
  const didOf = (city: City): string => city.node.status().member.did
  const codesAt = (city: City): string => {
    const asked = city.node.read('shelters', { from: 0, limit: 10 })
    return asked.ok ? 'allowed' : asked.failure.code
  }
  const bodies = async (node: HanseNode): Promise<readonly string[]> => {
    const records = node.read('shelters', { from: 0, limit: 10 })
    assert.ok(records.ok, JSON.stringify(records))
    const found: string[] = []
    for await (const { body } of records.value) found.push(Buffer.from(body).toString())
    return found
  }
  const declare = async (node: HanseNode, area = LAKE, incident = 'flood-1', kinds = ['flood']): Promise<void> => {
    const declared = await node.declareEmergency({ incident, kinds, area, lifetimeMs: 12 * HOUR_MS })
    assert.ok(declared.ok, JSON.stringify(declared))
  }
  const isKnownTo = (city: City, incident = 'flood-1', isActive = true): boolean => city.node.emergencies().some(each => each.incident === incident && each.isActive === isActive)

  before(async () => {
    clock = clockToPutForward()
    const make = (name: string): Promise<City> => makeCity(name, { clock, onRooms: each => rooms.set(name, each) })
    cities = [await make('Bellevue'), await make('Renton'), await make('Kirkland')]
    await found(cities)
    await connected(cities)
    const { node } = bellevue()
    const begun = node.templateOf('emergency')
    assert.ok(begun.ok)
    const file = begun.value as { readonly terms: { readonly emergency: object } }
    const order = node.readTerms({
      ...file, visibility: 'members', dataset: { replicas: 'nobody' },
      terms: {
        ...file.terms, audience: { type: 'named', members: ['Kirkland'] }, purposes: ['urn:hanse:purpose:1:planning.infrastructure'], reportEveryMs: null,
        emergency: { ...file.terms.emergency, kinds: ['flood', 'fire'], officials: [didOf(kirkland())], responders: [didOf(renton())] }
      }
    })
    assert.ok(order.ok, JSON.stringify(order))
    const [description, content] = tableOf('shelters', ['school;120\n', 'church;40\n'])
    const published = await node.publish({ ...description, access: 'members', spatial: LAKE }, content, undefined, order.value)
    assert.ok(published.ok, JSON.stringify(published))
    await until(() => renton().node.dataset('shelters').ok, 'it is listed')
    // Nothing is allowed by it now, so no rule agrees to it: a person does.
    const negotiated = await renton().node.requestAgreement('shelters', RESPONSE, 0)
    assert.ok(negotiated.ok, JSON.stringify(negotiated))
    await until(() => node.negotiations().some(({ isAsked }) => isAsked), 'somebody is asked')
    const asked = node.negotiations().find(({ isAsked }) => isAsked)
    const answered = await node.answerNegotiation(asked?.id ?? '', { do: 'approve', changedMs: asked?.changedMs ?? 0 })
    assert.ok(answered.ok, JSON.stringify(answered))
    await until(() => renton().node.agreements().length === 1 && renton().node.agreements()[0]?.isCountersigned === true, 'it is agreed')
  })
  after(() => removeCities(cities))

  it('opens nothing while none is declared, nor for one elsewhere, of another kind, or by somebody whom the terms do not name', async () => {
    assert.equal(codesAt(renton()), 'refused')
    await declare(kirkland().node, ELSEWHERE, 'flood-far')
    await declare(kirkland().node, LAKE, 'dark', ['power-outage'])
    await declare(renton().node, LAKE, 'own-word')
    for (const incident of ['flood-far', 'dark', 'own-word']) {
      for (const city of cities) await until(() => isKnownTo(city, incident), `${city.name} knows of ${incident}`)
      assert.ok(!(await renton().node.confirmEmergency(incident, 'shelters')).ok, incident)
      assert.equal(codesAt(renton()), 'refused', incident)
    }
    for (const [node, incident] of [[kirkland().node, 'flood-far'], [kirkland().node, 'dark'], [renton().node, 'own-word']] as const) {
      assert.ok((await node.endEmergency(incident)).ok)
      for (const city of cities) await until(() => isKnownTo(city, incident, false), `${city.name} knows that ${incident} is over`)
    }
  })

  it('opens when it is declared and confirmed, tells both sides, and closes when it ends', async () => {
    await declare(kirkland().node)
    for (const city of cities) await until(() => isKnownTo(city), `${city.name} knows of it`)
    assert.equal(codesAt(renton()), 'refused', 'not before somebody has broken the glass')
    const confirmed = await renton().node.confirmEmergency('flood-1', 'shelters')
    assert.ok(confirmed.ok, JSON.stringify(confirmed))
    await until(async () => codesAt(renton()) === 'allowed' && (await bodies(renton().node).catch(() => [])).length === 2, 'it can be read')
    assert.deepEqual(await bodies(renton().node), ['school;120\n', 'church;40\n'])
    for (const city of [bellevue(), renton()]) {
      await until(() => city.node.status().alarms.some(alarm => alarm.includes('Renton used "shelters" under emergency "flood-1"')), `${city.name} raises an alarm`)
      const emergency = city.node.emergencies().find(({ incident }) => incident === 'flood-1')
      assert.equal(emergency?.review?.uses[0]?.member.name, 'Renton')
    }
    const uses = await bellevue().node.uses('shelters')
    assert.ok(uses.ok && uses.value.entries.some(({ what, purpose, member }) => what === 'served' && purpose === `urn:hanse:purpose:1:${RESPONSE}` && member?.name === 'Renton'))
    await restart(bellevue())
    await connected(cities)
    assert.ok(isKnownTo(bellevue()), 'a start forgets none')
    const foreign = await renton().node.endEmergency('flood-1')
    assert.ok(!foreign.ok && foreign.failure.code === 'refused')
    assert.ok((await kirkland().node.endEmergency('flood-1')).ok)
    await until(() => codesAt(renton()) === 'refused', 'it is closed again')
  })

  it('ends by itself, and asks to be looked at until somebody has', async () => {
    await declare(kirkland().node, LAKE, 'flood-2')
    for (const city of cities) await until(() => isKnownTo(city, 'flood-2'), `${city.name} knows of it`)
    assert.ok((await renton().node.confirmEmergency('flood-2', 'shelters')).ok)
    await until(() => codesAt(renton()) === 'allowed', 'it is open')
    assert.equal((await bodies(renton().node)).length, 2)
    clock.jump(12 * HOUR_MS)
    for (const { duties } of rooms.values()) await duties.settle()
    assert.equal(codesAt(renton()), 'refused', 'its time is over')
    const { node } = renton()
    const overdue = (): boolean => node.status().alarms.some(alarm => alarm.includes('review of emergency "flood-2" is overdue'))
    assert.ok(!overdue())
    clock.jump(30 * DAY_MS + HOUR_MS)
    assert.ok(overdue())
    assert.ok((await node.reviewEmergency('flood-2')).ok)
    assert.ok(!overdue() && node.status().alarms.every(alarm => !alarm.includes('flood-2')))
  })
})
