import { listText, timeText, type Interpreter } from '../text/index.ts'
import { findPattern, patternsOf } from './patterns.ts'
import { valueText, type Values } from './values.ts'

/** `words`: names that the node gives, such as `never.reidentify`, in words. */
export type SaidTexts = {
  readonly clauses: Readonly<Record<string, string>>
  readonly words: Readonly<Record<string, string>>
  readonly sentences: Readonly<Record<string, string>>
}

/** Longer ones are no sentences of the node, but what somebody else made it quote. */
const SENTENCE_LENGTH_MAX = 4_096
/** How deep sentences quote each other, and how many one after the other. What somebody else has the node quote may go on without end. */
const QUOTED_DEPTH_MAX = 5
const QUOTED_PARTS_MAX = 32

export function interpreterOf ({ clauses, words, sentences }: SaidTexts, language: string): Interpreter {
  const patterns = patternsOf(sentences)
  const wholes = new Map(Object.entries(sentences))
  const terms = new Map(Object.entries(clauses))

  /** Without an answer where any of it has none. */
  function said (sentence: string, depth = 0): string | undefined {
    if (sentence.length > SENTENCE_LENGTH_MAX || depth > QUOTED_DEPTH_MAX) return undefined
    const exact = wholes.get(sentence)
    if (exact !== undefined) return exact
    const found = findPattern(patterns, sentence)
    return found === undefined ? plain(sentence) : filled(found.text, found.values, depth)
  }

  /** What several have said, one after the other; else one of them; and what the node only quotes, as it is. */
  function quoted (text: string, depth: number): string {
    for (const separator of ['; ', ', ']) {
      const parts = text.split(separator)
      const all = parts.length === 1 || parts.length > QUOTED_PARTS_MAX ? undefined : allSaid(parts, depth)
      if (all !== undefined) return all.join(separator)
    }
    return said(text, depth) ?? text
  }

  function allSaid (parts: readonly string[], depth: number): readonly string[] | undefined {
    const all: string[] = []
    for (const part of parts) {
      const one = said(part, depth)
      if (one === undefined) return undefined
      all.push(one)
    }
    return all
  }

  function filled (text: string, values: Values, depth = 0): string {
    return text.replaceAll(/\{(\w+)(?::([^}]*))?\}/g, (_, name: string, form: string | undefined) =>
      form === 'said' ? quoted(String(values[name] ?? ''), depth + 1) : valueText(name, form, values, { language, words }))
  }

  /** What came from somewhere, as of a connector: `push: …`. The place stays as it is called. */
  function saidFrom (sentence: string): string | undefined {
    const [, place, rest = ''] = /^(\S+): (\S+ .*)$/.exec(sentence) ?? []
    const known = said(rest)
    return place === undefined || known === undefined ? undefined : `${place}: ${known}`
  }

  function composed (text: string, values: Values): string {
    const chosen = text.replaceAll(/\[([^\]]*)\]/g, (_, parts: string) => listText(parts.split('|').filter(part => isThere(part, values))))
    return filled(chosen, values)
  }

  return (sentence, made) => {
    const clause = made === undefined ? undefined : terms.get(made.code)
    return made === undefined ? said(sentence) ?? saidFrom(sentence) : clause === undefined ? undefined : composed(clause, made.values)
  }
}

/** What has no words to translate: a moment, a path, a name. */
function plain (text: string): string | undefined {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return timeText(Date.parse(text))
  return /\s/.test(text) ? undefined : text
}

/** Whether a part can be said: all of its values are there, or, of the form `none`, are not. */
function isThere (part: string, values: Values): boolean {
  return [...part.matchAll(/\{(\w+)(?::([^}]*))?\}/g)].every(([, name = '', form]) => {
    const value = values[name] ?? null
    const isGiven = value !== null && value !== false && !(Array.isArray(value) && value.length === 0)
    return isGiven === (form !== 'none')
  })
}
