/**
 * Serves the operator's own maps to the console: what lies in one folder of the data folder, by names that stand in it.
 *
 * Only plain files are served that end in `.pmtiles` or `.geojson`; a name is compared with the names in the folder, so that no path
 * leads out of it. They go out in ranges, since a map of tiles is read in pieces. A folder that is not there holds nothing.
 */
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plain } from '../../base/index.ts'
import type { BasemapCalls, BasemapLayer } from '../../sdk/basemap/index.ts'
import { rangeOf, type Handlers } from '../context/index.ts'
import { json, problem, type Reply } from '../http/index.ts'

const LAYERS_MAX = 64
const ATTRIBUTION_LENGTH_MAX = 500
const NAME = /^\w[\w .-]{0,120}\.(pmtiles|geojson)$/i
const TYPES = { pmtiles: 'application/vnd.pmtiles', geojson: 'application/geo+json' } as const

/** Undefined where the composition has no folder for them. */
export function basemapHandlers (folder: string | undefined): Handlers<BasemapCalls> {
  return {
    'basemap.list': async () => json(folder === undefined ? [] : await layersIn(folder)),
    'basemap.read': async (_context, request) => {
      const name = request.parameters['name'] ?? ''
      const layer = folder === undefined ? undefined : (await layersIn(folder)).find(each => each.name === name)
      if (folder === undefined || layer === undefined) {
        return problem({ code: 'not-found', reason: 'this node has no such map', hint: 'lay a .pmtiles or .geojson file into the folder basemap of the data folder' })
      }
      return await send(join(folder, name), layer.form, request.header('range'))
    }
  }
}

async function layersIn (folder: string): Promise<readonly BasemapLayer[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => NAME.test(name)).toSorted().slice(0, LAYERS_MAX)
  const layers = await Promise.all(names.map(async name => {
    const file = await lstat(join(folder, name)).catch(() => undefined)
    if (file?.isFile() !== true) return []
    const form = name.toLowerCase().endsWith('.pmtiles') ? 'pmtiles' as const : 'geojson' as const
    return [{ name, form, sizeBytes: file.size, attribution: await attributionOf(join(folder, `${name}.txt`)) }]
  }))
  return layers.flat()
}

async function attributionOf (path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() === '' ? null : text.trim().slice(0, ATTRIBUTION_LENGTH_MAX)
}

async function send (path: string, form: BasemapLayer['form'], header: string | undefined): Promise<Reply> {
  const { size, mtimeMs } = await lstat(path)
  const range = rangeOf(header, size)
  if (range === 'unsatisfiable') {
    return problem({ code: 'range', reason: `the file has ${size} bytes, the range lies outside`, hint: 'ask for a range within' }, { 'content-range': `bytes */${size}` })
  }
  const { from, to } = range ?? { from: 0, to: size }
  return {
    type: 'stream', status: range === undefined ? 200 : 206,
    headers: {
      'content-type': TYPES[form], 'content-length': String(to - from), 'accept-ranges': 'bytes', 'cache-control': 'no-cache',
      'etag': `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`, 'content-security-policy': 'sandbox',
      ...range === undefined ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` }
    },
    chunks: piecesOf(path, from, to)
  }
}

async function * piecesOf (path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  if (from === to) return
  for await (const piece of createReadStream(path, { start: from, end: to - 1 })) yield plain(piece as Buffer)
}
