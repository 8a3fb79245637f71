import { importScriptInWorkers, Map as MapOfLibrary, prewarm, setWorkerUrl, type GeoJSONSource, type LayerSpecification, type MapGeoJSONFeature } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import type { BasemapLayer } from '../../sdk/basemap/index.ts'
import type { Box, Place } from '../../sdk/index.ts'
// The build makes it: the address of a script for workers.
// oxlint-disable-next-line import/default
import scriptUrl from './workers.ts?worker&url'
import { coloursOf, onThemeChange, type Colours, type Tone } from '../parts/index.ts'
import { showPictures } from '../picture/index.ts'
import { Drawing } from './drawing.ts'
import { Feed } from './feed.ts'
import { areaOf, type Fetched, type MapFeature } from './geometry.ts'
import { addOperatorMap, OPERATOR } from './operator.ts'
import { americanLayers, backgroundLayers, drawnLayers, featureLayers, STATES_FROM_ZOOM, type Shapes } from './style.ts'

/** A set of things that are drawn alike: these features or, for many, those that the map fetches from an address of the node without the page. */
export type MapLayer = {
  readonly id: string, readonly tone: Tone, readonly features: readonly MapFeature[], readonly address?: string | undefined
  /** Where all of them are points, or areas: what is not to be drawn costs no time. */
  readonly shapes?: Shapes
}
export type Picked = { readonly layer: string, readonly id: string }

export type ViewOptions = {
  readonly container: HTMLElement
  readonly label: string
  readonly onPick: (picked: Picked | null) => void
  /** Where it was clicked, or its middle where Enter was pressed on it. */
  readonly onPlace: (place: Place) => void
  readonly onBox: (box: Box, isDone: boolean) => void
  /** Whether all is drawn that there is to draw. */
  readonly onIdle: (isIdle: boolean) => void
  /** How many things of the page are on it by now. */
  readonly onDrawn: (count: number) => void
  readonly onFetched: (fetched: Fetched | null) => void
  /** One of the operator's own maps cannot be read, or not all of it. */
  readonly onBroken: (name: string) => void
}

const AMERICA = { west: -180, south: 17, east: -64, north: 72 }
const ATLAS_SOURCES = ['countries', 'country-names']
const AMERICAN_SOURCES = ['states', 'state-names', 'counties', 'county-names']
const REACH_PX = 6
const REACH_OF_KEYS_PX = 24
const WORLD: Box = { west: -130, south: -50, east: 150, north: 70 }
const SINGLE_ZOOM_MAX = 13
/** More areas lie over each other, so that none is seen for the others, and a picture takes as many times as long: their points tell where they are. */
const AREAS_MAX = 100

let isPrepared: Promise<void> | undefined

/** The map of the library, with what of it changes from outside. Fails where the browser cannot draw it. */
export async function openView (options: ViewOptions): Promise<View> {
  isPrepared ??= (async () => {
    setWorkerUrl(workerUrl)
    // Its workers stay when a map is closed: new ones would be asked for the atlas before they know it.
    prewarm()
    await importScriptInWorkers(new URL(scriptUrl, location.href).href)
  })()
  await isPrepared
  return new View(options)
}

export class View {
  readonly #options: ViewOptions
  readonly #map: MapOfLibrary
  readonly #feeds = new Map<string, Feed>()
  /** In order from below, by what they belong to. */
  readonly #styles: { readonly name: string, readonly layersIn: (colours: Colours) => readonly LayerSpecification[] }[] = []
  readonly #forgetTheme: () => void
  readonly #drawing: Drawing
  #colours: Colours
  #picked: Picked | null = null
  #hasAmerica = false

  constructor (options: ViewOptions) {
    this.#options = options
    this.#colours = coloursOf(options.container)
    this.#map = new MapOfLibrary({
      container: options.container, attributionControl: false, fadeDuration: 0, maxPitch: 0, dragRotate: false, renderWorldCopies: true,
      locale: { 'Map.Title': options.label },
      bounds: [WORLD.west, WORLD.south, WORLD.east, WORLD.north],
      style: { version: 8, sources: {}, layers: [] }
    })
    this.#map.touchZoomRotate.disableRotation()
    this.#drawing = new Drawing(this.#map, (box, isDone) => { options.onBox(box, isDone) })
    this.#forgetTheme = onThemeChange(() => { this.#recolour() })
    this.#map.once('style.load', () => { this.#begin() })
    showPictures(this.#map, options.onIdle)
    this.#map.on('error', event => {
      const source = 'sourceId' in event && typeof event.sourceId === 'string' ? event.sourceId : ''
      if (source.startsWith(OPERATOR)) options.onBroken(source.slice(OPERATOR.length))
      else reportError(event.error)
    })
    this.#map.on('moveend', () => { this.#addAmerica() })
    this.#map.on('click', event => { this.#pickAt([event.point.x, event.point.y], REACH_PX) })
    this.#map.getCanvas().addEventListener('keydown', event => {
      const { clientWidth, clientHeight } = this.#map.getCanvas()
      if (event.key === 'Enter') this.#pickAt([clientWidth / 2, clientHeight / 2], REACH_OF_KEYS_PX)
    })
  }

  readonly #waiting: (() => void)[] = []
  #isReady = false

  /** Runs once the style is there. */
  #soon (act: () => void): void {
    if (this.#isReady) act()
    else this.#waiting.push(act)
  }

  #begin (): void {
    // The library draws a sky over all of it, also where there is none: a third of what a picture costs without a graphics card.
    this.#map.style.sky.getEvaluated = () => undefined as never
    for (const name of ATLAS_SOURCES) this.#map.addSource(name, { type: 'geojson', data: `atlas://${name}` })
    this.#map.addSource('box', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    this.#addStyle('background', backgroundLayers)
    this.#addStyle('drawn', drawnLayers)
    this.#isReady = true
    for (const act of this.#waiting.splice(0)) act()
    // Where it opens is America, it is there from the start, and not with the first step.
    this.#addAmerica()
  }

  /** Layers of data stand above all maps, and the box above them. */
  #addStyle (name: string, layersIn: (colours: Colours) => readonly LayerSpecification[]): void {
    this.#styles.push({ name, layersIn })
    const isMap = name.startsWith('operator') || name === 'america'
    const above = isMap ? this.#styles.find(each => each.name.startsWith('data/'))?.layersIn(this.#colours)[0]?.id ?? 'box/area' : name === 'drawn' ? undefined : 'box/area'
    for (const layer of layersIn(this.#colours)) this.#map.addLayer(layer, above !== undefined && this.#map.getLayer(above) !== undefined ? above : undefined)
  }

  #recolour (): void {
    this.#colours = coloursOf(this.#options.container)
    for (const { layersIn } of this.#styles) {
      for (const { id, paint } of layersIn(this.#colours)) {
        for (const [property, value] of Object.entries(paint ?? {})) this.#map.setPaintProperty(id, property as never, value as never)
      }
    }
  }

  /** States and counties only where they may be seen: they are most of what there is to load. */
  #addAmerica (): void {
    if (this.#hasAmerica || !this.#isReady || this.#map.getZoom() < STATES_FROM_ZOOM) return
    const bounds = this.#map.getBounds()
    if (bounds.getEast() < AMERICA.west || bounds.getWest() > AMERICA.east || bounds.getNorth() < AMERICA.south || bounds.getSouth() > AMERICA.north) return
    this.#hasAmerica = true
    for (const name of AMERICAN_SOURCES) this.#map.addSource(name, { type: 'geojson', data: `atlas://${name}` })
    this.#addStyle('america', americanLayers)
  }

  /** The answer: who made it. */
  async addOperatorMap (layer: BasemapLayer): Promise<string> {
    await new Promise<void>(resolve => { this.#soon(resolve) })
    const added = await addOperatorMap(this.#map, layer)
    this.#addStyle(OPERATOR + layer.name, added.layersIn)
    return added.attribution
  }

  show (layers: readonly MapLayer[]): void {
    this.#soon(() => {
      for (const { id, tone, features, address, shapes } of layers) {
        const name = `data/${id}`
        const known = this.#feeds.get(id)
        const feed = known ?? new Feed(this.#map, name, fetched => { this.#drawn(fetched) })
        if (known === undefined) {
          this.#feeds.set(id, feed)
          this.#addStyle(name, colours => featureLayers(name, tone, shapes, colours))
        }
        if (shapes === 'areas') {
          const visibility = features.length > AREAS_MAX ? 'none' : 'visible'
          for (const { id: layer } of featureLayers(name, tone, shapes, this.#colours)) this.#map.setLayoutProperty(layer, 'visibility', visibility)
        }
        feed.show(features, address)
      }
    })
  }

  #drawn (fetched: Fetched | null): void {
    this.#options.onDrawn([...this.#feeds.values()].reduce((sum, { size }) => sum + size, 0))
    this.#options.onFetched(fetched)
  }

  select (picked: Picked | null): void {
    this.#soon(() => {
      this.#mark(false)
      this.#picked = picked
      this.#mark(true)
    })
  }

  #mark (selected: boolean): void {
    if (this.#picked === null || !this.#feeds.has(this.#picked.layer)) return
    this.#map.setFeatureState({ source: `data/${this.#picked.layer}`, id: this.#picked.id }, { selected })
  }

  showBox (box: Box | null): void {
    this.#soon(() => {
      const data = box === null ? { type: 'FeatureCollection' as const, features: [] } : { type: 'Feature' as const, properties: {}, geometry: areaOf(box) }
      this.#map.getSource<GeoJSONSource>('box')?.setData(data).catch(() => {})
      for (const id of ['box/area', 'box/line']) this.#map.setLayoutProperty(id, 'visibility', box === null ? 'none' : 'visible')
    })
  }

  fit (box: Box): void {
    const east = box.east < box.west ? box.east + 360 : box.east
    this.#map.fitBounds([box.west, box.south, east, box.north], { padding: 48, maxZoom: SINGLE_ZOOM_MAX, duration: 0 })
  }

  fitWorld (): void {
    this.fit(WORLD)
  }

  zoom (steps: number): void {
    this.#map.zoomTo(this.#map.getZoom() + steps)
  }

  set isDrawing (isOn: boolean) {
    this.#drawing.set(isOn)
  }

  close (): void {
    this.#forgetTheme()
    this.#map.remove()
  }

  /** A click on several that are one goes closer. */
  #pickAt ([x, y]: readonly [number, number], reach: number): void {
    const { lng, lat } = this.#map.unproject([x, y]).wrap()
    this.#options.onPlace({ latitude: lat, longitude: lng })
    const found = this.#map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]]).filter(({ source }) => source.startsWith('data/'))
    const [first] = found
    if (first === undefined) this.#options.onPick(null)
    else if (first.properties['cluster'] === true) this.#open(first)
    else this.#options.onPick({ layer: first.source.slice('data/'.length), id: String(first.properties['id']) })
  }

  #open (cluster: MapGeoJSONFeature): void {
    const { geometry } = cluster
    if (geometry.type !== 'Point') return
    const [longitude = 0, latitude = 0] = geometry.coordinates
    this.#map.getSource<GeoJSONSource>(cluster.source)?.getClusterExpansionZoom(Number(cluster.properties['cluster_id']))
      .then(zoom => { this.#map.easeTo({ center: [longitude, latitude], zoom }) }, () => {})
  }
}
