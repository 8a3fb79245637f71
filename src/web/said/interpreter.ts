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

export function interpreterOf ({ clauses, words, sentences }: SaidTexts, language: string): Interpreter {
  const patterns = patternsOf(sentences)
  const wholes = new Map(Object.entries(sentences))
  const terms = new Map(Object.entries(clauses))

  /** Without an answer where any of it has none. */
  function said (sentence: string): string | undefined {
    if (sentence.length > SENTENCE_LENGTH_MAX) return undefined
    const exact = wholes.get(sentence)
    if (exact !== undefined) return exact
    const found = findPattern(patterns, sentence)
    return found === undefined ? plain(sentence) : filled(found.text, found.values)
  }

  /** What several have said, one after the other; else one of them; and what the node only quotes, as it is. */
  function quoted (text: string): string {
    const separator = ['; ', ', '].find(each => text.includes(each) && text.split(each).every(part => said(part) !== undefined))
    return separator === undefined ? said(text) ?? text : text.split(separator).map(part => said(part) ?? part).join(separator)
  }

  function filled (text: string, values: Values): string {
    return text.replaceAll(/\{(\w+)(?::([^}]*))?\}/g, (_, name: string, form: string | undefined) =>
      form === 'said' ? quoted(String(values[name] ?? '')) : valueText(name, form, values, { language, words }))
  }

  function composed (text: string, values: Values): string {
    const chosen = text.replaceAll(/\[([^\]]*)\]/g, (_, parts: string) => listText(parts.split('|').filter(part => isThere(part, values))))
    return filled(chosen, values)
  }

  return (sentence, made) => {
    const clause = made === undefined ? undefined : terms.get(made.code)
    return made === undefined ? said(sentence) : clause === undefined ? undefined : composed(clause, made.values)
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
