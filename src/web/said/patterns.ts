/** English sentences with gaps, by which what the node said is known again. */
export type Pattern = { readonly literals: readonly string[], readonly names: readonly string[], readonly text: string }
export type Found = { readonly text: string, readonly values: Readonly<Record<string, string>> }

/** The longer the words that it is known by, the earlier: `no dataset "{1}" is known` before `no {1}`. */
export function patternsOf (sentences: Readonly<Record<string, string>>): readonly Pattern[] {
  return Object.entries(sentences).filter(([english]) => /\{\d+\}/.test(english)).map(([english, text]) => ({
    literals: english.split(/\{\d+\}/), names: [...english.matchAll(/\{(\d+)\}/g)].map(([, name = '']) => name), text
  })).toSorted((a, b) => lengthOf(b) - lengthOf(a))
}

export function findPattern (patterns: readonly Pattern[], sentence: string): Found | undefined {
  for (const { literals, names, text } of patterns) {
    const gaps = gapsOf(literals, sentence)
    if (gaps !== undefined) return { text, values: Object.fromEntries(names.map((name, at) => [name, gaps[at] ?? ''])) }
  }
  return undefined
}

/** What stands between the literals: each is taken where it comes first, the last one at the end. */
function gapsOf (literals: readonly string[], sentence: string): readonly string[] | undefined {
  const [first = '', ...others] = literals
  if (!sentence.startsWith(first)) return undefined
  const gaps: string[] = []
  let from = first.length
  for (const [at, literal] of others.entries()) {
    const isLast = at === others.length - 1
    const found = isLast ? sentence.length - literal.length : sentence.indexOf(literal, from)
    if (found < from || !sentence.startsWith(literal, found)) return undefined
    gaps.push(sentence.slice(from, found))
    from = found + literal.length
  }
  return gaps
}

function lengthOf ({ literals }: Pattern): number {
  return literals.join('').length
}
