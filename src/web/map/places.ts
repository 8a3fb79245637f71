/**
 * Runs in the workers of the map: fetches places from the node, as many as a map can show, and keeps them there. `places:///api/…` are
 * addresses of GeoJSON of the node, whose features have their numbers as ids.
 */
import { extentOf, type Fetched } from './geometry.ts'

type Collection = { readonly features: readonly GeoJSON.Feature[], readonly isPart?: boolean }

declare const addProtocol: (name: string, load: (request: { readonly url: string }, abort: AbortController) => Promise<{ readonly data: unknown }>) => void

addProtocol('places', async ({ url }, { signal }) => {
  try {
    const response = await fetch(url.slice('places://'.length), { signal })
    if (!response.ok) return { data: heldHere([], NOTHING) }
    const { features, isPart = false } = await response.json() as Collection
    const named = features.map(feature => ({ ...feature, properties: { id: String(feature.id), label: '' } }))
    return { data: heldHere(named, { count: named.length, extent: extentOf(named), isPart, isFailed: false }) }
  } catch (cause) {
    if (signal.aborted) throw cause
    return { data: heldHere([], NOTHING) }
  }
})

const NOTHING: Fetched = { count: 0, extent: null, isPart: false, isFailed: true }

/** The library sends what a worker fetched to the page too, which would stand still for it: what cannot be enumerated it leaves here. */
function heldHere (features: readonly GeoJSON.Feature[], fetched: Fetched): unknown {
  return Object.defineProperty({ type: 'FeatureCollection', fetched }, 'features', { value: features, enumerable: false })
}
