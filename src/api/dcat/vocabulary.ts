/** Controlled terms of DCAT-AP: authority tables of the EU Publications Office, SPDX licences, IANA media types. */
import { text, type Graph, type Term } from './graph.ts'

const AUTHORITY = 'http://publications.europa.eu/resource/authority'
const OWN_THEMES = 'urn:hanse:themes'

/** Words by which publishers name a theme, and the code in the data theme authority table. */
const THEMES: readonly (readonly [code: string, label: string, words: readonly string[]])[] = [
  ['AGRI', 'Agriculture, fisheries, forestry and food', ['agriculture', 'food', 'forestry']],
  ['ECON', 'Economy and finance', ['economy', 'finance', 'freight']],
  ['EDUC', 'Education, culture and sport', ['education', 'culture', 'sport']],
  ['ENER', 'Energy', ['energy']],
  ['ENVI', 'Environment', ['environment', 'waste', 'air', 'water', 'weather']],
  ['GOVE', 'Government and public sector', ['government']],
  ['HEAL', 'Health', ['health']],
  ['INTR', 'International issues', ['international']],
  ['JUST', 'Justice, legal system and public safety', ['justice', 'safety', 'emergency', 'hazard']],
  ['REGI', 'Regions and cities', ['region', 'regions', 'cities', 'city', 'streets']],
  ['SOCI', 'Population and society', ['society', 'population']],
  ['TECH', 'Science and technology', ['technology', 'science']],
  ['TRAN', 'Transport', ['transport', 'traffic', 'mobility', 'transit', 'parking']]
]

const FILE_TYPES: Readonly<Record<string, string>> = {
  'text/csv': 'CSV', 'application/geo+json': 'GEOJSON', 'application/json': 'JSON', 'application/x-ndjson': 'JSON', 'application/zip': 'ZIP',
  'application/pdf': 'PDF', 'text/plain': 'TXT', 'application/xml': 'XML', 'application/vnd.apache.parquet': 'PARQUET'
}

const RIGHTS = { public: 'PUBLIC', members: 'RESTRICTED', restricted: 'NON_PUBLIC' } as const

export function themeOf (graph: Graph, theme: string): Term | undefined {
  const word = theme.trim().toLowerCase()
  if (word === '') return undefined
  const known = THEMES.find(([code, , words]) => code.toLowerCase() === word || words.includes(word))
  if (known === undefined) {
    graph.say(OWN_THEMES, ['skos:ConceptScheme'], [['dct:title', text('Themes as publishers name them')]])
    return graph.say(`${OWN_THEMES}:${encodeURIComponent(word.toWellFormed())}`, ['skos:Concept'], [['skos:prefLabel', text(theme.trim())], ['skos:inScheme', { iri: OWN_THEMES }]])
  }
  const [code, label] = known
  graph.say(`${AUTHORITY}/data-theme`, ['skos:ConceptScheme'], [['dct:title', text('Data theme')]])
  return graph.say(`${AUTHORITY}/data-theme/${code}`, ['skos:Concept'], [['skos:prefLabel', text(label)], ['skos:inScheme', { iri: `${AUTHORITY}/data-theme` }]])
}

export function accessRightsOf (graph: Graph, access: keyof typeof RIGHTS): Term {
  return graph.say(`${AUTHORITY}/access-right/${RIGHTS[access]}`, ['dct:RightsStatement'])
}

/** Data that come while they are made. */
export function continuous (graph: Graph): Term {
  return graph.say(`${AUTHORITY}/frequency/UPDATE_CONT`, ['dct:Frequency'])
}

export function formatOf (graph: Graph, mediaType: string): Term | undefined {
  const name = FILE_TYPES[essence(mediaType)]
  return name === undefined ? undefined : graph.say(`${AUTHORITY}/file-type/${name}`, ['dct:MediaTypeOrExtent'])
}

export function mediaTypeOf (graph: Graph, mediaType: string): Term | undefined {
  const name = essence(mediaType)
  return /^[\w.+-]+\/[\w.+-]+$/.test(name) ? graph.say(`https://www.iana.org/assignments/media-types/${name}`, ['dct:MediaType']) : undefined
}

function essence (mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase()
}

/** An address as it is, an SPDX name by its list, anything else as a document of the dataset itself. */
export function licenceOf (graph: Graph, licence: string, dataset: string): Term | undefined {
  const name = licence.trim()
  if (name === '') return undefined
  if (/^https?:\/\/\S+$/.test(name)) return graph.say(name, ['dct:LicenseDocument'])
  if (/^[A-Za-z0-9][A-Za-z0-9.+-]{1,63}$/.test(name)) return graph.say(`https://spdx.org/licenses/${name}`, ['dct:LicenseDocument'], [['dct:identifier', text(name)]])
  return graph.say(`${dataset}#licence`, ['dct:LicenseDocument'], [['dct:title', text(name)]])
}
