import { textOf, utf8 } from '../../base/index.ts'
import type { SqlFault } from '../index.ts'

/** What DuckDB says went wrong: a thrown error whose message is JSON, or the JSON of its parser. */
export function faultOf (cause: unknown, text: string): SqlFault {
  const said = cause instanceof Error ? jsonOf(cause.message) : cause
  if (typeof said !== 'object' || said === null) return { code: 'fault', reason: cause instanceof Error ? cause.message : String(cause), position: null }
  const facts = new Map<string, unknown>(Object.entries(said))
  const textOfFact = (...names: readonly string[]): string => names.map(name => facts.get(name)).find(value => typeof value === 'string') ?? ''
  const type = textOfFact('exception_type', 'error_type').toLowerCase()
  const reason = textOfFact('exception_message', 'error_message')
  const position = positionOf(facts.get('position'), text)
  return { code: codeOf(type), reason: firstLine(reason), position }
}

function codeOf (type: string): SqlFault['code'] {
  switch (type) {
    case 'parser': case 'syntax': case 'not implemented': return 'syntax'
    case 'interrupt': return 'timeout'
    case 'out of memory': return 'memory'
    case 'io': case 'internal': case 'fatal': return 'fault'
    default: return 'invalid'
  }
}

/** DuckDB counts bytes. */
function positionOf (bytes: unknown, text: string): number | null {
  const at = typeof bytes === 'string' ? Number(bytes) : bytes
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) return null
  const encoded = utf8(text)
  return at > encoded.length ? null : (textOf(encoded.subarray(0, at)) ?? '').length
}

/** What follows proposes names, also of tables that are not the asker's. */
function firstLine (reason: string): string {
  return reason.split('\n')[0] ?? reason
}

export function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
