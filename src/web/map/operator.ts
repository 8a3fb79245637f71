import { addProtocol, type LayerSpecification, type Map as MapOfLibrary } from 'maplibre-gl'
import { PMTiles, Protocol, TileType } from 'pmtiles'
import { BASEMAP_PATH, type BasemapLayer } from '../../sdk/basemap/index.ts'
import type { Colours } from '../parts/index.ts'
import { operatorLayers } from './style.ts'

/** What the sources of these maps are called begins with. */
export const OPERATOR = 'operator/'

let protocol: Protocol | undefined

/** One of the operator's own maps, put on the map: its style for each theme, and who made it. */
export type OperatorMap = { readonly attribution: string, readonly layersIn: (colours: Colours) => readonly LayerSpecification[] }

export async function addOperatorMap (map: MapOfLibrary, layer: BasemapLayer): Promise<OperatorMap> {
  const url = `${location.origin}${BASEMAP_PATH}/${encodeURIComponent(layer.name)}`
  const source = OPERATOR + layer.name
  if (layer.form === 'geojson') {
    map.addSource(source, { type: 'geojson', data: url })
    return { attribution: layer.attribution ?? layer.name, layersIn: colours => operatorLayers(source, undefined, colours) }
  }
  const tiles = new PMTiles(url)
  const { minZoom, maxZoom, tileType } = await tiles.getHeader()
  const facts = await tiles.getMetadata()
  const attribution = layer.attribution ?? withoutMarkup(textIn(facts, 'attribution') ?? layer.name)
  if (protocol === undefined) {
    protocol = new Protocol()
    addProtocol('pmtiles', protocol.tile)
  }
  protocol.add(tiles)
  const range = { tiles: [`pmtiles://${url}/{z}/{x}/{y}`], minzoom: minZoom, maxzoom: maxZoom }
  if (tileType !== TileType.Mvt) {
    map.addSource(source, { type: 'raster', tileSize: 256, ...range })
    return { attribution, layersIn: () => [{ id: source, type: 'raster', source }] }
  }
  map.addSource(source, { type: 'vector', ...range })
  const names = vectorLayersIn(facts)
  return { attribution, layersIn: colours => names.flatMap(name => operatorLayers(source, name, colours)) }
}

function textIn (value: unknown, name: string): string | undefined {
  const text = typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value as unknown : undefined
  return typeof text === 'string' && text.trim() !== '' ? text : undefined
}

function vectorLayersIn (facts: unknown): readonly string[] {
  const list = typeof facts === 'object' && facts !== null && 'vector_layers' in facts ? facts.vector_layers : []
  return Array.isArray(list) ? list.flatMap((each: unknown) => textIn(each, 'id') ?? []) : []
}

/** Makers of tiles write links into it; here it is text. */
function withoutMarkup (text: string): string {
  return text.replaceAll(/<[^>]*>/g, '').replaceAll('&copy;', '©').replaceAll('&amp;', '&').slice(0, 500).trim()
}
