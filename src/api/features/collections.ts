import { fail, ok, type Result } from '../../base/index.ts'
import { formatOf, hasPlaces, textOfTime } from '../../core/rows/index.ts'
import type { Asker, Dataset } from '../../node/contract/index.ts'
import { FEATURES_PATH, FEATURES_TYPE } from '../../sdk/features/index.ts'
import { pagesOfDatasets, type Context } from '../context/index.ts'
import type { AnyFailure } from '../http/index.ts'

const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'
const GREGORIAN = 'http://www.opengis.net/def/uom/ISO-8601/0/Gregorian'
/** More are not listed, and are still there under their ids. */
const COLLECTIONS_MAX = 10_000

export type Link = { readonly href: string, readonly rel: string, readonly type: string, readonly title?: string }

/** Datasets of publishers have ids that are part of an address as they are: `did:key:z6Mk...:buses`. */
export function collectionIdOf ({ id }: Dataset): string {
  const slash = id.lastIndexOf('/')
  return `${id.slice(0, slash)}:${id.slice(slash + 1)}`
}

function referenceOf (collection: string): string {
  const colon = collection.lastIndexOf(':')
  return colon < 0 ? collection : `${collection.slice(0, colon)}/${collection.slice(colon + 1)}`
}

/** Whether its rows are somewhere, by its description. */
function isPlaced ({ schema, distribution: { form, mediaType } }: Dataset): boolean {
  const format = form === 'file' ? undefined : formatOf({ mediaType, schema }, undefined)
  return format?.ok === true && (format.value.isFeature === true || (schema.length > 0 && hasPlaces(format.value)))
}

export async function collectionsOf ({ node }: Context, asker: Asker): Promise<readonly Dataset[]> {
  const found: Dataset[] = []
  let seen = 0
  for await (const page of pagesOfDatasets(node, asker)) {
    found.push(...page.filter(isPlaced))
    seen += page.length
    if (seen >= COLLECTIONS_MAX) break
  }
  return found
}

export function collectionNamed ({ node }: Context, collection: string, asker: Asker): Result<Dataset, AnyFailure> {
  const dataset = node.dataset(referenceOf(collection), asker)
  if (dataset.ok && isPlaced(dataset.value) && collectionIdOf(dataset.value) === collection) return ok(dataset.value)
  return fail({ code: 'not-found', reason: `there is no collection "${collection.slice(0, 200)}"`, hint: `see ${FEATURES_PATH}/collections` })
}

export function viewOf (dataset: Dataset, root: string): Readonly<Record<string, unknown>> {
  const { title, description, spatial, temporal } = dataset
  const self = `${root}/collections/${collectionIdOf(dataset)}`
  return {
    id: collectionIdOf(dataset), title, description, itemType: 'feature', crs: [CRS84],
    extent: {
      ...spatial === null ? {} : { spatial: { bbox: [[spatial.west, spatial.south, spatial.east, spatial.north]], crs: CRS84 } },
      ...temporal === null ? {} : { temporal: { interval: [[textOfTime(temporal.fromMs), textOfTime(temporal.toMs)]], trs: GREGORIAN } }
    },
    links: [
      { href: self, rel: 'self', type: 'application/json', title },
      { href: `${self}/items`, rel: 'items', type: FEATURES_TYPE, title }
    ]
  }
}
