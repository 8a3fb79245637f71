import { basename } from 'node:path'
import { MODELS } from '../../sdk/models/index.ts'

const ID_LENGTH_MAX = 64
/** So many of the columns must be attributes of a model before it is suggested. */
const MODEL_COLUMNS_MIN = 3

/** "MTS Trail, west of I-90.csv" becomes "mts-trail-west-of-i-90"; empty where nothing of the name is left. */
export function idOf (fileName: string): string {
  const letters = stem(fileName).toLowerCase().replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/[^a-z0-9]+/g, '-')
  return letters.replaceAll(/^-+|-+$/g, '').slice(0, ID_LENGTH_MAX).replace(/-+$/, '')
}

export function titleOf (fileName: string): string {
  const name = stem(fileName).normalize('NFC').toWellFormed().replaceAll(/[_\p{C}]+/gu, ' ').trim()
  // Where there are spaces already, a hyphen is one: "I-90 counter".
  const words = name.includes(' ') ? name : name.replaceAll('-', ' ')
  return words === '' ? fileName : words.charAt(0).toUpperCase() + words.slice(1)
}

function stem (fileName: string): string {
  return basename(fileName).replace(/\.[a-z0-9]{1,8}$/i, '')
}

/** The Smart Data Model whose attributes these columns are named by, where they are enough; null: none. */
export function modelOf (columns: readonly string[]): string | null {
  const names = new Set(columns.map(name => name.toLowerCase()))
  const found = [...MODELS.values()].map(({ type, attributes }) => ({ type, count: [...attributes.keys()].filter(name => names.has(name.toLowerCase())).length }))
  const best = found.toSorted((one, other) => other.count - one.count)[0]
  return best !== undefined && best.count >= MODEL_COLUMNS_MIN ? best.type : null
}
