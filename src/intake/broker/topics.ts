import { utf8 } from '../../base/index.ts'

export const OUT_PREFIX = 'hanse/v1/'

/** Whether a topic is one of a filter (MQTT 3.1.1, section 4.7). */
export function matches (filter: string, topic: string): boolean {
  const [wanted, given] = [filter.split('/'), topic.split('/')]
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (index >= given.length || (level !== '+' && level !== given[index])) return false
  }
  return wanted.length === given.length
}

/** What somebody subscribes to: all keys of a dataset, or one. */
export type OutFilter = { readonly reference: string, readonly key: Uint8Array | undefined }

/** `hanse/v1/<dataset>/#`, `hanse/v1/<dataset>/+` or `hanse/v1/<dataset>/<key>`; undefined for anything else. */
export function outFilterOf (filter: string): OutFilter | undefined {
  if (!filter.startsWith(OUT_PREFIX)) return undefined
  const [dataset, key, ...rest] = filter.slice(OUT_PREFIX.length).split('/')
  if (dataset === undefined || key === undefined || rest.length > 0 || /[+#]/.test(dataset)) return undefined
  const reference = decoded(dataset)
  const name = decoded(key)
  if (reference === undefined || reference === '' || name === undefined) return undefined
  if (key === '#' || key === '+') return { reference, key: undefined }
  return /[+#]/.test(key) ? undefined : { reference, key: utf8(name) }
}

/** Ids and keys as one level of a topic: what would divide it or stand for others is percent-encoded. */
export function levelOf (text: string): string {
  return text.replaceAll(/[%/+#\p{Cc}]/gu, character => encodeURIComponent(character))
}

/** A key as a level; of a key that is no text, its bytes in hexadecimal behind `0x`. */
export function levelOfKey (key: Uint8Array): string {
  try {
    return levelOf(new TextDecoder('utf-8', { fatal: true }).decode(key))
  } catch {
    return `0x${Buffer.from(key).toString('hex')}`
  }
}

function decoded (level: string): string | undefined {
  try {
    return decodeURIComponent(level)
  } catch {
    return undefined
  }
}
