import type { GeoJSONSource, Map as MapOfLibrary } from 'maplibre-gl'
import { featureOf, type Fetched, type MapFeature } from './geometry.ts'

/** What is handed over at once: more would hold up the page while it is copied to the worker, and each slice has the worker cluster all anew. */
const SLICE_MIN = 2_500
const SLICE_MAX = 10_000
/** From here on points that lie close together are drawn as one. */
const CLUSTERED_FROM = 200

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }

/** Keeps a source of the map as the features that were given last: only what changed is sent, in slices. Or has its worker fetch them. */
export class Feed {
  readonly #map: MapOfLibrary
  readonly #source: string
  readonly #onShown: (fetched: Fetched | null) => void
  #shown = new Map<string, MapFeature>()
  #wanted: ReadonlyMap<string, MapFeature> = new Map()
  #isRunning = false
  #isClustered = false
  #wantedAddress: string | undefined
  #address: string | undefined
  #fetched: Fetched | null = null

  constructor (map: MapOfLibrary, source: string, onShown: (fetched: Fetched | null) => void) {
    this.#onShown = onShown
    this.#map = map
    this.#source = source
    map.addSource(source, {
      type: 'geojson', data: NOTHING, promoteId: 'id', cluster: false, clusterRadius: 40, clusterMaxZoom: 15
    })
  }

  /** How many are drawn. */
  get size (): number {
    return this.#fetched?.count ?? this.#shown.size
  }

  /** `address`: where the worker finds them; then no features are sent. */
  show (features: readonly MapFeature[], address?: string): void {
    this.#wantedAddress = address
    this.#wanted = new Map(features.map(feature => [feature.id, feature]))
    if (!this.#isRunning) this.#catchUp().catch(() => {})
  }

  async #catchUp (): Promise<void> {
    this.#isRunning = true
    try {
      for (;;) {
        const source = this.#map.getSource<GeoJSONSource>(this.#source)
        if (source === undefined) return
        const address = this.#wantedAddress
        const isMany = address !== undefined || this.#wanted.size >= CLUSTERED_FROM
        if (isMany && !this.#isClustered) {
          await this.#cluster(source, true)
          continue
        }
        if (address !== this.#address) {
          await this.#fetch(source, address)
          continue
        }
        if (address !== undefined) return
        const { gone, come } = this.#next()
        // Not before the many are gone: each of them would be drawn by itself once more.
        if (!isMany && gone.length === 0 && this.#isClustered) {
          await this.#cluster(source, false)
          continue
        }
        if (gone.length === 0 && come.length === 0) return
        await source.updateData({ remove: gone.map(({ id }) => id), add: come.map(featureOf) })
        for (const { id } of gone) this.#shown.delete(id)
        for (const feature of come) this.#shown.set(feature.id, feature)
        this.#onShown(null)
        await new Promise(resolve => { setTimeout(resolve) })
      }
    } finally {
      // In the same moment as the last look, which nothing is waited for after: what is given one turn later would be left lying.
      this.#isRunning = false
    }
  }

  async #cluster (source: GeoJSONSource, isClustered: boolean): Promise<void> {
    this.#isClustered = isClustered
    await source.setClusterOptions({ cluster: isClustered })
  }

  async #fetch (source: GeoJSONSource, address: string | undefined): Promise<void> {
    this.#shown.clear()
    await source.setData(address === undefined ? NOTHING : `places://${address}`)
    const data: object = address === undefined ? NOTHING : await source.getData()
    this.#address = address
    this.#fetched = 'fetched' in data ? data.fetched as Fetched : null
    this.#onShown(this.#fetched)
  }

  #next (): { readonly gone: readonly MapFeature[], readonly come: readonly MapFeature[] } {
    const slice = Math.min(SLICE_MAX, Math.max(SLICE_MIN, this.#shown.size))
    const gone: MapFeature[] = []
    const come: MapFeature[] = []
    for (const [id, feature] of this.#shown) {
      if (gone.length === slice) break
      if (!this.#wanted.has(id)) gone.push(feature)
    }
    for (const [id, feature] of this.#wanted) {
      if (come.length === slice) break
      if (this.#shown.get(id) !== feature) come.push(feature)
    }
    return { gone, come }
  }
}
