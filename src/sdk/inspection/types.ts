import type { Result } from '../../base/index.ts'
import type { Box, Column, DatasetDescription, RecordInput } from '../bodies/index.ts'
import type { TermsFile } from '../terms/index.ts'

/** For a person to judge. `certainty`: of what may tell about people. */
export type InspectionWarning = {
  readonly code: string
  readonly sentence: string
  readonly column: string | null
  readonly certainty: 'likely' | 'possible' | null
}

/** What is in a file. All of it is a guess made from its values. */
export type Inspection = {
  /** Names what lies in the spool. */
  readonly name: string
  readonly expiresMs: number
  readonly fileName: string
  readonly sizeBytes: number
  readonly mediaType: string
  readonly kind: 'csv' | 'ndjson' | 'geojson' | 'other'
  /** `file`: it travels whole, nobody looks into it. */
  readonly form: 'table' | 'file'
  readonly rows: number
  readonly columns: readonly Column[]
  readonly time: { readonly column: string, readonly isLocal: boolean, readonly fromMs: number, readonly toMs: number } | null
  /** Columns that say where a row is; of GeoJSON there is none, it is the geometry. */
  readonly position: { readonly latitude: string, readonly longitude: string } | 'geometry' | null
  readonly box: Box | null
  readonly warnings: readonly InspectionWarning[]
  /** The first rows, a text for each column that is described. */
  readonly preview: readonly (readonly string[])[]
  readonly suggested: { readonly datasetId: string, readonly title: string, readonly model: string | null }
}

/** Publishes what lies in the spool. `terms`: as a file of terms holds them. */
export type PublishInspected = { readonly description: DatasetDescription, readonly terms?: TermsFile | undefined }

/** What lies in the spool, as the node publishes it. */
export type InspectedContent =
  | { readonly form: 'table', readonly mediaType: string, readonly fileName: string, readonly sizeBytes: number, readonly records: AsyncIterable<readonly RecordInput[]> }
  | { readonly form: 'file', readonly mediaType: string, readonly fileName: string, readonly sizeBytes: number, readonly bytes: AsyncIterable<Uint8Array> }

type Refused = { readonly code: string, readonly reason: string, readonly hint: string }

/** Looks at files for the API, which knows nothing of what files hold. `owner`: who sent it, and alone may go on with it. */
export interface Inspector {
  take (owner: string, fileName: string, chunks: AsyncIterable<Uint8Array>, reading: { readonly signal: AbortSignal, readonly onBytes: (done: number, total: number) => void }): Promise<Result<Inspection, Refused>>
  /** Keeps the file until `run` is done with it, and removes it where that went well. */
  publish<T, F extends Refused> (owner: string, name: string, run: (content: InspectedContent) => Promise<Result<T, F>>): Promise<Result<T, F | Refused>>
  remove (owner: string, name: string): Promise<Result<null, Refused>>
}
