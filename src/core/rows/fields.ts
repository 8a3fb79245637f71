/** Fields of one row of CSV, unquoted, without the line end: RFC 4180 read leniently, as `intake/file` splits tables. */
export function fieldsOf (text: string, delimiter: string): readonly string[] {
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

function withoutLineEnd (text: string): string {
  let end = text.length
  if (text.charCodeAt(end - 1) === 10) {
    end--
    if (text.charCodeAt(end - 1) === 13) end--
  }
  return end === text.length ? text : text.slice(0, end)
}
