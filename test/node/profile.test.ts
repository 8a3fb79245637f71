import { strict as assert } from 'node:assert'
import { found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'

describe('where a member says that it is', () => {
  let cities: City[] = []
  after(async () => { await removeCities(cities) })

  it('is kept before there is a federation, and told to all members from then on, also when it changes', async () => {
    cities = await Promise.all([makeCity('Bellevue'), makeCity('Renton')])
    const [bellevue, renton] = cities
    assert.ok(bellevue !== undefined && renton !== undefined)
    assert.deepEqual(bellevue.node.profile(), { name: 'Bellevue', place: null })
    await bellevue.node.setPlace({ latitude: 47.61, longitude: -122.2 })
    await restart(bellevue)
    assert.deepEqual(bellevue.node.profile().place, { latitude: 47.61, longitude: -122.2 })
    await found(cities)
    const heard = (): unknown => renton.node.members().find(({ name }) => name === 'Bellevue')?.place
    await until(() => heard() !== undefined && heard() !== null, 'Renton hears where Bellevue is')
    assert.deepEqual(heard(), { latitude: 47.61, longitude: -122.2 })
    await bellevue.node.setPlace({ latitude: -33.9, longitude: 151.2 })
    await until(() => (heard() as { latitude: number }).latitude === -33.9, 'Renton hears that it moved')
    assert.equal(bellevue.node.members().find(({ name }) => name === 'Renton')?.place, null)
  })

  it('is what the settings say, until somebody says otherwise', async () => {
    const place = { latitude: 47.48, longitude: -122.21 }
    const kent = await makeCity('Kent', { place })
    cities.push(kent)
    assert.deepEqual(kent.node.profile().place, place)
    await kent.node.setPlace({ latitude: 47.38, longitude: -122.23 })
    await restart(kent)
    assert.deepEqual(kent.node.profile().place, { latitude: 47.38, longitude: -122.23 })
  })
})
