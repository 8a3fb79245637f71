/** Rows of tables as text: how whoever takes a file in and whoever reads its records later cut them alike. Mirrors the scan that finds the end of a row. */

/** Fields of one row of CSV, unquoted, without the line end: RFC 4180 read leniently. */
export function fieldsOf (text: string, delimiter: string): string[] {
  const row = withoutLineEnd(text)
  if (!row.includes('"')) return row.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    let value = ''
    if (row[at] === '"') {
      at++
      for (;;) {
        const quote = row.indexOf('"', at)
        if (quote < 0) return [...fields, value + row.slice(at)]
        value += row.slice(at, quote)
        at = quote + 1
        if (row[at] !== '"') break
        value += '"'
        at++
      }
    }
    const next = row.indexOf(delimiter, at)
    if (next < 0) return [...fields, value + row.slice(at)]
    fields.push(value + row.slice(at, next))
    at = next + 1
  }
}

/** The last row of a file may have half a line end, or none. */
export function withoutLineEnd (row: string): string {
  let end = row.length
  if (row.charCodeAt(end - 1) === 10) end--
  if (row.charCodeAt(end - 1) === 13) end--
  return end === row.length ? row : row.slice(0, end)
}

/** Whether JSON is nested deeper than that: whatever writes it again would run out of stack. */
export function isNestedBeyond (bytes: Uint8Array, depthMax: number): boolean {
  if (bytes.length < depthMax * 2) return false
  let depth = 0
  let isText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isText) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) isText = false
    } else if (byte === 0x22) {
      isText = true
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return true
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    }
  }
  return false
}
