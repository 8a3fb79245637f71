/**
 * Names all readers of city feeds by their kinds, for whoever declares a source.
 *
 * Options belong to kinds: `main` says which of the three kinds of GTFS Realtime goes to the dataset itself, `language` which of
 * several is taken of GBFS 2 and CAP, `fetch` whether the data of harvested datasets are pulled too.
 */
import { capReader } from '../cap/index.ts'
import { gbfsReader } from '../gbfs/index.ts'
import { realtimeReader, scheduleReader, type RealtimeKind } from '../gtfs/index.ts'
import { ckanReader, dcatReader } from '../harvest/index.ts'
import { mdsReader } from '../mds/index.ts'
import type { Reader, ReaderKind } from '../reader/index.ts'
import { wzdxReader } from '../wzdx/index.ts'

export type ReaderOptions = {
  readonly main?: RealtimeKind | undefined
  readonly language?: string | undefined
  readonly fetch?: boolean | undefined
}

export function readerOf (kind: ReaderKind, { main, language, fetch = false }: ReaderOptions = {}): Reader {
  switch (kind) {
    case 'gtfs': return scheduleReader()
    case 'gtfs-realtime': return realtimeReader(main)
    case 'gbfs': return gbfsReader(language)
    case 'wzdx': return wzdxReader()
    case 'cap': return capReader(language)
    case 'mds': return mdsReader()
    case 'ckan': return ckanReader({ fetch })
    case 'dcat': return dcatReader({ fetch })
  }
}
