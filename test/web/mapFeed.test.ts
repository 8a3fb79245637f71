import { strict as assert } from 'node:assert'
import type { GeoJSONSource, Map as MapOfLibrary } from 'maplibre-gl'
import { Feed } from '../../src/web/map/feed.ts'
import { pointOf, type MapFeature } from '../../src/web/map/geometry.ts'

const TURNS = 12

const featureAt = (id: string): MapFeature => ({ id, geometry: pointOf(1, 2) })

async function turns (count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}

/** What the library's map holds of one source. `onLook`: somebody looks whether it is as it should be. */
function mapWith (onLook: (held: ReadonlySet<string>) => void): { readonly map: MapOfLibrary, readonly held: Set<string> } {
  const held = new Set<string>()
  const source = {
    updateData: async ({ remove, add }: { readonly remove: readonly string[], readonly add: readonly GeoJSON.Feature[] }): Promise<void> => {
      for (const id of remove) held.delete(id)
      for (const { properties } of add) held.add(String(properties?.['id']))
    },
    setClusterOptions: async (): Promise<void> => {}
  } as unknown as GeoJSONSource
  const map = {
    addSource: (): void => {},
    getSource: (): GeoJSONSource => {
      onLook(held)
      return source
    }
  } as unknown as MapOfLibrary
  return { map, held }
}

describe('features of the map', () => {
  it('are those given last, in whichever turn after the last look they come', async () => {
    for (let after = 0; after < TURNS; after++) {
      const given: Promise<void>[] = []
      const { map, held } = mapWith(shown => {
        if (given.length === 0 && shown.has('first')) given.push(turns(after).then(() => { feed.show([featureAt('second')]) }))
      })
      const feed = new Feed(map, 'source', () => {})
      feed.show([featureAt('first')])
      // Each change has its turn of the event loop: two come, and some more.
      for (let turn = 0; turn < 10; turn++) await new Promise(done => { setTimeout(done) })
      await Promise.all(given)
      assert.deepEqual([...held], ['second'], `${after} turns later`)
    }
  })
})
