import { isObject, isoOf, isoTimeMs, listOf, member, numberIn, textIn } from '../reader/index.ts'
import { boxOf, type Distribution, type Entry } from './entry.ts'

/** Why a package of CKAN is no entry, where it is none; null for what its portal does not show. */
export function entryOfPackage (item: unknown, portal: string | undefined): Entry | string | null {
  if (!isObject(item)) return 'a package is no object'
  if (member(item, 'private') === true || (textIn(member(item, 'state')) ?? 'active') !== 'active') return null
  const identifier = textIn(member(item, 'id'), 256)
  const name = textIn(member(item, 'name'), 256)
  const title = textIn(member(item, 'title')) ?? name
  if (identifier === undefined) return 'a package has no id'
  if (title === undefined) return 'a package has no title'
  const extras = new Map(listOf(member(item, 'extras')).map(each => [textIn(member(each, 'key')), textIn(member(each, 'value'))]))
  const spatial = textIn(member(item, 'spatial')) ?? extras.get('spatial')
  return {
    identifier, title, description: textIn(member(item, 'notes')),
    publisher: textIn(member(member(item, 'organization'), 'title')) ?? extras.get('publisher_name') ?? textIn(member(item, 'author')),
    licence: textIn(member(item, 'license_url')) ?? textIn(member(item, 'license_id')) ?? textIn(member(item, 'license_title')),
    landingPage: portal === undefined || name === undefined ? textIn(member(item, 'url')) : `${portal}/dataset/${encodeURIComponent(name)}`,
    keywords: textsIn(item, 'tags', 'display_name', 'name'), themes: textsIn(item, 'groups', 'title', 'name'),
    issued: extras.get('issued') ?? timeIn(item, 'metadata_created'), modified: extras.get('modified') ?? timeIn(item, 'metadata_modified'),
    accrualPeriodicity: extras.get('frequency'), temporal: { from: extras.get('temporal_start'), to: extras.get('temporal_end') },
    spatial: spatial === undefined ? undefined : boxOf(spatial),
    distributions: listOf(member(item, 'resources')).filter(isObject).map(distributionOf)
  }
}

/** A resource has one address: of data where a format is said, of a page or a service otherwise too. */
function distributionOf (resource: unknown): Distribution {
  const url = textIn(member(resource, 'url'), 4_096)
  const format = textIn(member(resource, 'format'), 128)
  const size = Number(textIn(member(resource, 'size')))
  return {
    title: textIn(member(resource, 'name'), 1_024), accessUrl: url, downloadUrl: textIn(member(resource, 'download_url'), 4_096) ?? url,
    mediaType: textIn(member(resource, 'mimetype'), 128), format, licence: textIn(member(resource, 'license'), 1_024), sizeBytes: numberIn(size, 1, Number.MAX_SAFE_INTEGER)
  }
}

function textsIn (item: unknown, list: string, ...names: readonly string[]): readonly string[] {
  return listOf(member(item, list)).flatMap(each => names.map(name => textIn(member(each, name), 256)).find(text => text !== undefined) ?? [])
}

/** CKAN writes UTC without saying so. */
function timeIn (item: unknown, name: string): string | undefined {
  const text = textIn(member(item, name), 64)
  const timeMs = isoTimeMs(text) ?? isoTimeMs(`${text}Z`)
  return timeMs === undefined ? undefined : isoOf(timeMs)
}
