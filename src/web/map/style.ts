import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'
import type { Colours, Tone } from '../parts/index.ts'

/** Any name: without `glyphs` labels are drawn with the fonts of this machine. */
const FONT = ['sans-serif']
const NAMES_FROM_ZOOM = 2
/** States, and then counties, are more than borders of countries can be seen beside. */
export const STATES_FROM_ZOOM = 3
const COUNTIES_FROM_ZOOM = 6

type Colour = Pick<Colours, 'paper' | 'panel' | 'ink' | 'soft' | 'edge'>

export function backgroundLayers (colours: Colour): readonly LayerSpecification[] {
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': colours.paper } },
    // Its edges lie below the borders: they need not be smooth.
    { id: 'land', type: 'fill', source: 'countries', paint: { 'fill-color': colours.panel, 'fill-antialias': false } },
    { id: 'borders', type: 'line', source: 'countries', paint: { 'line-color': colours.edge, 'line-width': 0.8 } },
    names('country-names', NAMES_FROM_ZOOM, STATES_FROM_ZOOM + 3, colours)
  ]
}

export function americanLayers (colours: Colour): readonly LayerSpecification[] {
  return [
    { id: 'counties', type: 'line', source: 'counties', minzoom: COUNTIES_FROM_ZOOM, paint: { 'line-color': colours.edge, 'line-opacity': 0.5, 'line-width': 0.6 } },
    { id: 'states', type: 'line', source: 'states', minzoom: STATES_FROM_ZOOM, paint: { 'line-color': colours.edge, 'line-width': 0.8 } },
    names('state-names', STATES_FROM_ZOOM + 1, COUNTIES_FROM_ZOOM + 1, colours),
    names('county-names', COUNTIES_FROM_ZOOM + 1, undefined, colours)
  ]
}

function names (id: string, minzoom: number, maxzoom: number | undefined, colours: Colour): LayerSpecification {
  return {
    id, type: 'symbol', source: id, minzoom, ...maxzoom === undefined ? {} : { maxzoom },
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 11, 'text-max-width': 8 },
    paint: { 'text-color': colours.soft, 'text-halo-color': colours.panel, 'text-halo-width': 1.2 }
  }
}

/** The operator's own map, of which nothing is known but its shapes. */
export function operatorLayers (source: string, sourceLayer: string | undefined, colours: Colour): readonly LayerSpecification[] {
  const of = { source, ...sourceLayer === undefined ? {} : { 'source-layer': sourceLayer } }
  const id = `${source}/${sourceLayer ?? ''}`
  return [
    { ...of, id: `${id}/areas`, type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colours.edge, 'fill-opacity': 0.15 } },
    { ...of, id: `${id}/lines`, type: 'line', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': colours.edge, 'line-width': 1, 'line-opacity': 0.6 } },
    {
      ...of, id: `${id}/names`, type: 'symbol', minzoom: 14, filter: ['has', 'name'],
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 10, 'symbol-placement': sourceLayer === undefined ? 'line' : 'point' },
      paint: { 'text-color': colours.soft, 'text-halo-color': colours.panel, 'text-halo-width': 1 }
    }
  ]
}

/** What things of a layer look like; left out: all of it. */
export type Shapes = 'points' | 'areas' | undefined

const SELECTED: ExpressionSpecification = ['boolean', ['feature-state', 'selected'], false]

/** What a page shows: areas below lines below points. Each layer costs time, most where there is no graphics card: only those of what may come. */
export function featureLayers (source: string, tone: Tone, shapes: Shapes, colours: Colours): readonly LayerSpecification[] {
  return [...shapes === 'points' ? [] : areaLayers(source, colours[tone]), ...shapes === 'areas' ? [] : pointLayers(source, colours[tone], colours)]
}

function areaLayers (source: string, colour: string): readonly LayerSpecification[] {
  return [
    {
      id: `${source}/areas`, type: 'fill', source, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colour, 'fill-opacity': ['case', SELECTED, 0.4, 0.06], 'fill-antialias': false }
    },
    {
      id: `${source}/lines`, type: 'line', source, filter: ['!=', ['geometry-type'], 'Point'],
      paint: { 'line-color': colour, 'line-width': ['case', SELECTED, 4, 1.5] }
    }
  ]
}

/** Those that lie too close together are one point with their number. */
function pointLayers (source: string, colour: string, colours: Colours): readonly LayerSpecification[] {
  return [
    {
      id: `${source}/points`, type: 'circle', source, filter: ['all', ['==', ['geometry-type'], 'Point'], ['!', ['has', 'point_count']]],
      paint: {
        'circle-color': colour, 'circle-radius': ['case', SELECTED, 9, 5], 'circle-stroke-color': ['case', SELECTED, colours.ink, colours.panel],
        'circle-stroke-width': ['case', SELECTED, 3, 1]
      }
    },
    {
      id: `${source}/clusters`, type: 'circle', source, filter: ['has', 'point_count'],
      paint: {
        'circle-color': colour, 'circle-radius': ['step', ['get', 'point_count'], 12, 100, 16, 1_000, 20, 10_000, 26], 'circle-stroke-color': colours.panel, 'circle-stroke-width': 2
      }
    },
    {
      id: `${source}/counts`, type: 'symbol', source, filter: ['has', 'point_count'],
      layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-font': FONT, 'text-size': 11, 'text-allow-overlap': true }, paint: { 'text-color': colours.panel }
    },
    {
      id: `${source}/labels`, type: 'symbol', source, filter: ['!=', ['get', 'label'], ''],
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12, 'text-offset': [0, 1], 'text-anchor': 'top', 'text-max-width': 12 },
      paint: { 'text-color': colours.ink, 'text-halo-color': colours.panel, 'text-halo-width': 1.5 }
    }
  ]
}

/** Hidden until there is a box. */
export function drawnLayers (colours: Colours): readonly LayerSpecification[] {
  return [
    { id: 'box/area', type: 'fill', source: 'box', layout: { visibility: 'none' }, paint: { 'fill-color': colours.wait, 'fill-opacity': 0.12 } },
    { id: 'box/line', type: 'line', source: 'box', layout: { visibility: 'none' }, paint: { 'line-color': colours.wait, 'line-width': 2, 'line-dasharray': [3, 2] } }
  ]
}
