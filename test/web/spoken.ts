/** Finds in the code what a node says to people: texts with words in them, as patterns with `{1}`, `{2}` for what is put in. */
import { globSync, readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'

type Node = { readonly type: string } & Readonly<Record<string, unknown>>

/** What is written into logs, and what a fault of ours says, nobody reads in the console. */
const UNHEARD = new Set(['log', 'assert', 'unreachable', 'describe', 'meta'])
const TYPES = new Set(['ImportDeclaration', 'TSTypeAliasDeclaration', 'TSInterfaceDeclaration', 'TSTypeAnnotation'])

/** Each text with the files that say it. `places`: folders below `src`, or patterns of files. */
export function spokenIn (places: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const file of places.flatMap(place => globSync(place.endsWith('.ts') ? `src/${place}` : `src/${place}/**/*.ts`))) {
    const { program } = parseSync(file, readFileSync(file, 'utf8'))
    for (const text of textsOf(program)) {
      const files = found.get(text) ?? new Set()
      found.set(text, files.add(file))
    }
  }
  return found
}

/** Two words at least, or a gap and a word: single words may be names that only programs read. */
export function isSpeech (text: string): boolean {
  return /[a-z]{2,}.* .*[a-z]{2,}|\} [a-z]{2,}|[a-z]{2,} \{/i.test(text) && !/^[.#]|^https?:|^urn:|^hanse /.test(text)
}

function textsOf (value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf)
  if (!isNode(value) || TYPES.has(value.type)) return []
  if (value.type === 'CallExpression' && UNHEARD.has(calledName(value['callee']))) return textsOf(value['callee'])
  if (value.type === 'NewExpression' && calledName(value['callee']).endsWith('Error')) return []
  const pattern = patternOf(value)
  const inner = Object.values(value).flatMap(textsOf)
  if (pattern === undefined) return inner
  // Parts of a text that goes on behind a plus are no texts of their own.
  return value.type === 'BinaryExpression' ? [pattern, ...partsOf(value).flatMap(part => Object.values(part).flatMap(textsOf))] : [pattern, ...inner]
}

function patternOf (node: Node): string | undefined {
  if (node.type === 'BinaryExpression' && node['operator'] === '+') {
    const parts = partsOf(node)
    return parts.some(isText) ? numbered(parts.map(part => piecesOf(part)).join('')) : undefined
  }
  return isText(node) ? numbered(piecesOf(node)) : undefined
}

const GAP = '\u0000'

function numbered (pieces: string): string {
  return pieces.split(GAP).reduce((text, piece, at) => `${text}{${at}}${piece}`)
}

function partsOf (node: Node): readonly Node[] {
  if (node.type !== 'BinaryExpression' || node['operator'] !== '+') return [node]
  return [node['left'], node['right']].filter(isNode).flatMap(partsOf)
}

function isText (node: Node): boolean {
  return (node.type === 'Literal' && typeof node['value'] === 'string') || node.type === 'TemplateLiteral'
}

function piecesOf (node: Node): string {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type !== 'TemplateLiteral') return GAP
  return (node['quasis'] as readonly { readonly value: { readonly cooked: string } }[]).map(({ value }) => value.cooked).join(GAP)
}

function calledName (callee: unknown): string {
  if (!isNode(callee)) return ''
  const name = callee.type === 'MemberExpression' ? callee['property'] : callee
  return isNode(name) && typeof name['name'] === 'string' ? name['name'] : ''
}

function isNode (value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
