import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { areaOf, boxBetween, boxOfFields, extentOf, middleOf, pointOf, sameBox } from '../../src/web/map/geometry.ts'

const degrees = (limit: number): fc.Arbitrary<number> => fc.integer({ min: -limit * 1e5, max: limit * 1e5 }).map(value => value / 1e5)

describe('boxes of the map', () => {
  it('are what four fields say, with a comma or a point, and nothing where they say none', () => {
    assert.deepEqual(boxOfFields({ west: ' -122,5', south: '47', east: '-122', north: '48.25' }), { west: -122.5, south: 47, east: -122, north: 48.25 })
    for (const wrong of [{ west: '' }, { west: '181' }, { south: '49' }, { north: 'x' }, { east: '1e9' }]) {
      assert.equal(boxOfFields({ west: '-122.5', south: '47', east: '-122', north: '48', ...wrong }), null)
    }
  })

  it('may cross the antimeridian, and are drawn on beyond it', () => {
    const box = boxOfFields({ west: '170', south: '-10', east: '-170', north: '10' })
    assert.ok(box !== null)
    assert.deepEqual(areaOf(box), { type: 'Polygon', coordinates: [[[170, -10], [190, -10], [190, 10], [170, 10], [170, -10]]] })
  })

  it('have their middle on earth, also across the antimeridian', () => {
    const middle = (west: number, east: number): unknown => middleOf({ west, south: -10, east, north: 20 })
    assert.deepEqual(middle(170, -170), pointOf(180, 5))
    assert.deepEqual(middle(175, -160), pointOf(-172.5, 5))
    assert.deepEqual(middle(-170, 170), pointOf(0, 5), 'the other way around')
  })

  it('are the same whichever corner was drawn first', () => {
    fc.assert(fc.property(degrees(180), degrees(90), degrees(180), degrees(90), (lng, lat, otherLng, otherLat) => {
      const [one, other] = [{ lng, lat }, { lng: otherLng, lat: otherLat }]
      const box = boxBetween(one, other)
      assert.ok(sameBox(box, boxBetween(other, one)))
      assert.equal(box === null, lng === otherLng || lat === otherLat)
      if (box !== null) assert.ok(box.west < box.east && box.south < box.north)
    }))
  })

  it('hold all that they were made around', () => {
    fc.assert(fc.property(fc.array(fc.tuple(degrees(180), degrees(90)), { minLength: 1, maxLength: 50 }), places => {
      const extent = extentOf(places.map(([longitude, latitude], at) => ({ id: String(at), geometry: pointOf(longitude, latitude) })))
      assert.ok(extent !== null)
      for (const [longitude, latitude] of places) {
        assert.ok(longitude >= extent.west && longitude <= extent.east && latitude >= extent.south && latitude <= extent.north)
      }
    }))
    assert.equal(extentOf([]), null)
  })
})
