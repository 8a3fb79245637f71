import { ok, type Result } from '../../base/index.ts'
import type { NegotiationView, TermsSentence } from '../../sdk/index.ts'
import { EXIT, plain, problem, type Problem } from '../terminal/index.ts'

const PURPOSE_PREFIX = 'urn:hanse:purpose:1:'
const URN = 'urn:uuid:'
const SHORT = 8

export function purposeText (purpose: string | null): string {
  return purpose === null ? 'any purpose' : plain(purpose.startsWith(PURPOSE_PREFIX) ? purpose.slice(PURPOSE_PREFIX.length) : purpose)
}

/** The first digits of an id: enough to name it. */
export function shortId (id: string): string {
  return (id.startsWith(URN) ? id.slice(URN.length) : id).slice(0, SHORT)
}

/** The one item that a text names, by its id or as much of it as is shown. */
export function named<T extends { readonly id: string }> (items: readonly T[], text: string, what: string, list: string): Result<T, Problem> {
  const wanted = text.toLowerCase()
  const [only, other] = items.filter(({ id }) => id === wanted || (wanted.length >= 4 && (id.startsWith(wanted) || id.slice(URN.length).startsWith(wanted))))
  if (only === undefined) return problem(EXIT.notFound, 'not-found', `There is no ${what} "${plain(text)}"`, `See ${list}.`)
  return other === undefined ? ok(only) : problem(EXIT.notFound, 'ambiguous', `"${plain(text)}" is more than one ${what}`, `Name it by its whole id: see ${list} --json.`)
}

export function sentenceLines (sentences: readonly TermsSentence[]): readonly string[] {
  return sentences.map(({ sentence, labels }) => `  ${plain(sentence)} [${labels.join(', ')}]`)
}

/** How a negotiation stands, in a sentence. */
export function standingText ({ state, isAsked, ended, other }: NegotiationView): string {
  const who = plain(other.name)
  if (ended !== null) {
    const why = [...ended.code === null ? [] : [ended.code], ...ended.reasons].map(plain).join(': ')
    return `${ended.by === 'us' ? 'Ended here' : `Declined by ${who}`}${why === '' ? '.' : ` (${why}).`}`
  }
  if (isAsked) return 'It waits for your decision.'
  switch (state) {
    case null: return `${who} has not answered yet.`
    case 'FINALIZED': return 'It is agreed.'
    case 'TERMINATED': return 'It is over.'
    default: return `${who} has it now (${state.toLowerCase()}).`
  }
}
