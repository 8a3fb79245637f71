/**
 * Runs in the workers of the map: makes the shapes of countries and counties of the atlases that come with the console, so that the
 * page itself never stands still for them. `atlas://countries` and the like are addresses of what it makes.
 */
import { feature, mesh } from 'topojson-client'
import countiesUrl from 'us-atlas/counties-10m.json?url'
import countriesUrl from 'world-atlas/countries-50m.json?url'

type Geometry = GeoJSON.Geometry
type Position = GeoJSON.Position
type Named = { readonly name: string }
type Atlas = Parameters<typeof feature>[0]
type Maker = { readonly url: string, readonly make: (atlas: Atlas) => GeoJSON.GeoJSON }

const MAKERS: Readonly<Record<string, Maker>> = {
  'countries': { url: countriesUrl, make: atlas => shapes(atlas, 'countries') },
  'country-names': { url: countriesUrl, make: atlas => namesOf(atlas, 'countries') },
  'states': { url: countiesUrl, make: atlas => borders(atlas, 'states') },
  'state-names': { url: countiesUrl, make: atlas => namesOf(atlas, 'states') },
  'counties': { url: countiesUrl, make: atlas => borders(atlas, 'counties') },
  'county-names': { url: countiesUrl, make: atlas => namesOf(atlas, 'counties') }
}

declare const addProtocol: (name: string, load: (request: { readonly url: string }) => Promise<{ readonly data: GeoJSON.GeoJSON }>) => void

addProtocol('atlas', async ({ url }) => {
  const maker = MAKERS[url.slice('atlas://'.length)]
  if (maker === undefined) throw new Error(`there is no ${url}`)
  return { data: maker.make(await load(maker.url)) }
})

const loaded = new Map<string, Promise<Atlas>>()

function load (url: string): Promise<Atlas> {
  const atlas = loaded.get(url) ?? fetch(url).then(response => response.json() as Promise<Atlas>)
  loaded.set(url, atlas)
  return atlas
}

function partOf (atlas: Atlas, name: string): Atlas['objects'][string] {
  const found = atlas.objects[name]
  if (found === undefined) throw new Error(`the atlas has no ${name}`)
  return found
}

function featuresOf (atlas: Atlas, name: string): readonly GeoJSON.Feature<Geometry, Named>[] {
  const made = feature(atlas, partOf(atlas, name)) as GeoJSON.FeatureCollection<Geometry, Named>
  return made.features
}

function shapes (atlas: Atlas, name: string): GeoJSON.GeoJSON {
  return { type: 'FeatureCollection', features: featuresOf(atlas, name).map(each => ({ ...each, geometry: unrolled(each.geometry) })) }
}

/** Lands on both sides of the antimeridian go on beyond it: else they would be drawn around the whole world. */
function unrolled (geometry: Geometry): Geometry {
  if (geometry.type === 'Polygon') return { ...geometry, coordinates: geometry.coordinates.map(unrolledRing) }
  if (geometry.type === 'MultiPolygon') return { ...geometry, coordinates: geometry.coordinates.map(part => part.map(unrolledRing)) }
  return geometry
}

function unrolledRing (ring: readonly Position[]): Position[] {
  let turns = 0
  const along = ring.map(([x = 0, y = 0], at) => {
    const step = x - (ring[at - 1]?.[0] ?? x)
    if (Math.abs(step) > 180) turns -= Math.sign(step)
    return [x + 360 * turns, y]
  })
  // What goes around a pole does not come back to where it began.
  return turns === 0 ? along : [...ring]
}

/** Each border once, and not once for each of its sides. */
function borders (atlas: Atlas, name: string): GeoJSON.GeoJSON {
  return { type: 'Feature', properties: {}, geometry: mesh(atlas, partOf(atlas, name) as Parameters<typeof mesh>[1]) }
}

function namesOf (atlas: Atlas, name: string): GeoJSON.GeoJSON {
  return { type: 'FeatureCollection', features: featuresOf(atlas, name).flatMap(each => nameOf(each)) }
}

/** A name stands in the middle of the largest part. */
function nameOf ({ geometry, properties }: GeoJSON.Feature<Geometry, Named>): readonly GeoJSON.Feature[] {
  const parts = geometry.type === 'MultiPolygon' ? geometry.coordinates : geometry.type === 'Polygon' ? [geometry.coordinates] : []
  const middles = parts.flatMap(([ring]) => ring === undefined ? [] : [middleOf(ring)]).toSorted((a, b) => b.size - a.size)
  const [largest] = middles
  return largest === undefined ? [] : [{ type: 'Feature', properties: { name: properties.name }, geometry: { type: 'Point', coordinates: largest.at } }]
}

/** The centroid of a ring, and twice its area. */
function middleOf (ring: readonly Position[]): { readonly at: Position, readonly size: number } {
  let [twice, x, y] = [0, 0, 0]
  for (let at = 1; at < ring.length; at++) {
    const [ax = 0, ay = 0] = ring[at - 1] ?? []
    const [bx = 0, by = 0] = ring[at] ?? []
    const cross = ax * by - bx * ay
    twice += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  return twice === 0 ? { at: ring[0] ?? [0, 0], size: 0 } : { at: [x / (3 * twice), y / (3 * twice)], size: Math.abs(twice) }
}
