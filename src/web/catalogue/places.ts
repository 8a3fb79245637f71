import type { Dataset } from '../../sdk/index.ts'
import { areaOf, middleOf, type MapFeature } from '../map/index.ts'

type Placed = { readonly key: string, readonly area: MapFeature, readonly middle: MapFeature }

/** Where datasets are: the box of each, and its middle, since the box of a town is nothing on a map of the world. */
export class Places {
  /** The map sends what changed: what is the same must stay the same. */
  readonly #known = new Map<string, Placed>()

  of (datasets: readonly Dataset[]): { readonly areas: readonly MapFeature[], readonly middles: readonly MapFeature[] } {
    const placed = datasets.flatMap(dataset => this.#placed(dataset) ?? [])
    return { areas: placed.map(({ area }) => area), middles: placed.map(({ middle }) => middle) }
  }

  #placed ({ id, title, spatial }: Dataset): Placed | undefined {
    if (spatial === null) return undefined
    const { west, south, east, north } = spatial
    const key = [title, west, south, east, north].join('|')
    const known = this.#known.get(id)
    if (known?.key === key) return known
    const placed = { key, area: { id, geometry: areaOf(spatial) }, middle: { id, geometry: middleOf(spatial), label: title } }
    this.#known.set(id, placed)
    return placed
  }
}
