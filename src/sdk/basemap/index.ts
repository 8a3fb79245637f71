/**
 * Says what client and server exchange about the operator's own maps: files in the data folder's `basemap/`, drawn under what a page shows.
 *
 * A file is `.pmtiles` or `.geojson`; who made it and under what licence stands beside it, in a text file of the same name with
 * `.txt` behind it, or within a `.pmtiles` file itself.
 */
import { z } from 'zod'
import { bytes, json, type Call, type Operations } from '../operation/index.ts'

export const BASEMAP_PATH = '/api/v1/basemap'

export type BasemapLayer = {
  readonly name: string
  readonly form: 'pmtiles' | 'geojson'
  readonly sizeBytes: number
  /** What the text beside it says; null: nothing stands beside it. */
  readonly attribution: string | null
}

export const basemapSchema: z.ZodType<readonly BasemapLayer[]> = z.array(z.object({
  name: z.string(), form: z.enum(['pmtiles', 'geojson']), sizeBytes: z.int().min(0), attribution: z.string().nullable()
}))

export type BasemapCalls = {
  'basemap.list': Call
  'basemap.read': Call
}

const read = { method: 'GET', scope: 'read', tag: 'Console' } as const

export const BASEMAP_OPERATIONS: Operations<BasemapCalls> = {
  'basemap.list': { ...read, path: BASEMAP_PATH, summary: 'Maps of the operator, to draw data on', answers: { 200: json(basemapSchema) } },
  'basemap.read': {
    ...read, path: `${BASEMAP_PATH}/:name`, summary: 'A map of the operator, or a range of it', headers: { range: 'one range of bytes' },
    answers: { 200: bytes('*/*'), 206: bytes('*/*') }, problems: [416]
  }
}
