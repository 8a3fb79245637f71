/** Paths and media types that client and server must agree on. Ids stand percent-encoded in paths. */
export const API_PATH = '/api/v1'
export const CONNECTORS_PATH = '/api/v1/connectors'
export const PUSH_PATH = '/api/v1/push'
/** Where anybody may ask, without a token, where the ledger stands. */
export const CHECKPOINT_PATH = '/.well-known/hanse-checkpoint.json'

/** What data are asked for, as a full IRI, where more than one agreement holds. */
export const PURPOSE_HEADER = 'hanse-purpose'

export const MEDIA_TYPES = {
  json: 'application/json',
  problem: 'application/problem+json',
  lines: 'application/x-ndjson',
  events: 'text/event-stream',
  /** A line of JSON (`PublishStart`) and then a record stream or the bytes of a file. */
  publish: 'application/vnd.hanse.publish',
  /** A record stream. */
  records: 'application/vnd.hanse.records',
  car: 'application/vnd.ipld.car',
  cbor: 'application/cbor'
} as const

export function datasetPath (reference: string, part?: string): string {
  return `${API_PATH}/datasets/${encodeURIComponent(reference)}${part === undefined ? '' : `/${part}`}`
}
