import { setImmediate } from 'node:timers/promises'
import { SaxesParser } from 'saxes'
import { ok, type Result } from '../../base/index.ts'
import { malformed } from './json.ts'
import { DEPTH_MAX, XML_ATTRIBUTES_MAX, XML_ATTRIBUTES_PER_ELEMENT_MAX, XML_ELEMENTS_MAX } from './limits.ts'
import type { ReadFailure } from './types.ts'

export type XmlElement = {
  /** Of the namespace; empty where the name is in none. */
  readonly uri: string
  readonly name: string
  readonly attributes: readonly { readonly uri: string, readonly name: string, readonly value: string }[]
  readonly children: readonly XmlElement[]
  /** What stands directly in it, joined. */
  readonly text: string
  /** Of `xml:lang`, its own or inherited; null: not said. */
  readonly language: string | null
}

type Growing = XmlElement & { readonly children: XmlElement[], text: string }

/** Stops the parser; what it says is ours. */
class Refused extends Error {}

/** Characters that are read before others have their turn. */
const SLICE_LENGTH = 65_536

const DECLARED = /^<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,32})["']/
const ENCODINGS: ReadonlySet<string> = new Set(['utf-8', 'us-ascii', 'iso-8859-1', 'windows-1252', 'iso-8859-15'])
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'

/**
 * The tree of an XML document with namespaces. Document type definitions are refused, and with them all entities but the five
 * of XML itself; so is what is nested deeper than `DEPTH_MAX` or has more elements or attributes than there may be.
 */
export async function parseXml (bytes: Uint8Array): Promise<Result<XmlElement, ReadFailure>> {
  const text = decoded(bytes)
  if (text === undefined) return malformed('its text is not in the encoding that it names, or in one that is not read here')
  const parser = new SaxesParser({ xmlns: true, position: false })
  const open: Growing[] = []
  let [root, elements]: [XmlElement | undefined, number] = [undefined, 0]
  const append = (said: string): void => {
    const current = open.at(-1)
    if (current !== undefined) current.text += said
  }
  parser.on('error', error => { throw new Refused(`it is no well-formed XML: ${error.message.slice(0, 200)}`) })
  parser.on('doctype', () => { throw new Refused('it has a document type definition, which is not read') })
  let [attributesOfAll, attributesOfOne] = [0, 0]
  parser.on('attribute', () => {
    if (++attributesOfOne > XML_ATTRIBUTES_PER_ELEMENT_MAX) throw new Refused(`an element of it has more than ${XML_ATTRIBUTES_PER_ELEMENT_MAX} attributes`)
    if (++attributesOfAll > XML_ATTRIBUTES_MAX) throw new Refused(`it has more than ${XML_ATTRIBUTES_MAX} attributes`)
  })
  parser.on('opentag', ({ uri, local, attributes }) => {
    attributesOfOne = 0
    if (++elements > XML_ELEMENTS_MAX) throw new Refused(`it has more than ${XML_ELEMENTS_MAX} elements`)
    if (open.length >= DEPTH_MAX) throw new Refused(`it is nested deeper than ${DEPTH_MAX}`)
    const own = Object.values(attributes).map(attribute => ({ uri: attribute.uri, name: attribute.local, value: attribute.value }))
    const language = own.find(attribute => attribute.uri === XML_NAMESPACE && attribute.name === 'lang')?.value ?? open.at(-1)?.language ?? null
    const element: Growing = { uri, name: local, attributes: own, children: [], text: '', language }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => { open.pop() })
  parser.on('text', append)
  parser.on('cdata', append)
  try {
    for (let at = 0; at < text.length; at += SLICE_LENGTH) {
      parser.write(text.slice(at, at + SLICE_LENGTH))
      await setImmediate()
    }
    parser.close()
  } catch (cause) {
    if (cause instanceof Refused) return malformed(cause.message)
    throw cause
  }
  return root === undefined ? malformed('it is no XML') : ok(root)
}

function decoded (bytes: Uint8Array): string | undefined {
  const label = DECLARED.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 200)).replace(/^\u00ef\u00bb\u00bf/, ''))?.[1]?.toLowerCase() ?? 'utf-8'
  if (!ENCODINGS.has(label)) return undefined
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Children of this name, whatever their namespace: CAP and Atom have one of their own for each version. */
export function childrenOf (element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter(child => child.name === name)
}

/** The text of the first such child. */
export function childText (element: XmlElement, name: string): string | undefined {
  const text = childrenOf(element, name)[0]?.text.trim()
  return text === undefined || text === '' ? undefined : text
}
