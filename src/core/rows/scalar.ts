/** A value of a row: text, a number as exact text, a truth value, or nothing. */
export type Scalar = { readonly type: 'text', readonly text: string } | { readonly type: 'number', readonly text: string } | { readonly type: 'boolean', readonly value: boolean } | null

export function textOfScalar (value: Scalar): string | null {
  if (value === null) return null
  return value.type === 'boolean' ? String(value.value) : value.text
}

/** A line of NDJSON with these members in this order. Numbers are written as they are, exactly. */
export function lineOf (members: readonly (readonly [name: string, value: Scalar])[]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`).join(',')}}\n`
}

function jsonOf (value: Scalar): string {
  if (value === null) return 'null'
  switch (value.type) {
    case 'text': return JSON.stringify(value.text)
    case 'number': return value.text
    case 'boolean': return String(value.value)
  }
}
