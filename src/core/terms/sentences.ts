/** Says a policy in sentences, each with its label: clauses in words, and what is no clause as it is written. */
import { check } from '../decision/index.ts'
import type { Did } from '../identity/index.ts'
import type { Label, Policy } from '../policy/index.ts'
import { ENGLISH, type ClauseValues, type Wording } from './english.ts'
import { clausesOf, type FoundClauses, type Leftover } from './extracting.ts'
import type { DatasetForm, PassingOn } from './form.ts'

export type SentenceValue = string | number | boolean | null | readonly string[]
/**
 * `clause` is 0 for what is no clause. `code` and `values` are what the sentence is made of, for whoever says it in another language:
 * times and spans in milliseconds, areas in square metres, money in its smallest unit. `labels` has one for each part of the clause.
 */
export type Sentence = {
  readonly clause: number
  readonly code: keyof Wording
  readonly values: Readonly<Record<string, SentenceValue>>
  readonly sentence: string
  readonly labels: readonly Label[]
}

export type Reader = {
  readonly wording: Wording
  /** What a member is called. */
  readonly nameOf: (member: Did) => string
}

const ENGLISH_READER: Reader = { wording: ENGLISH, nameOf: member => member }

export function sentencesOf (policy: Policy, reader: Reader = ENGLISH_READER): readonly Sentence[] {
  const { clauses, leftovers } = clausesOf(policy)
  const unknown = check(policy).filter(({ code }) => code === 'term.unknown').map(({ position }) => position)
  return [
    ...whoAndWhen(clauses, reader), ...detail(clauses, reader), ...duties(clauses, reader),
    ...leftovers.map(leftover => leftoverSentence(leftover, unknown, reader))
  ]
}

/** What a dataset says of itself, beside its offer. */
export function datasetSentencesOf ({ replicas, legalNotice }: DatasetForm, reader: Reader = ENGLISH_READER): readonly Sentence[] {
  return [
    say(reader, 14, `replicas-${replicas}`, {}, 'enforced'),
    ...(legalNotice === null ? [] : [say(reader, 0, 'legal-notice', { text: legalNotice })])
  ]
}

function say<Code extends keyof ClauseValues> ({ wording }: Reader, clause: number, code: Code, values: ClauseValues[Code], ...labels: readonly Label[]): Sentence {
  return { clause, code, values, sentence: wording[code](values), labels }
}

function whoAndWhen (clauses: FoundClauses, reader: Reader): readonly Sentence[] {
  const { audience, purposes = [], fromMs = null, untilMs = null } = clauses
  const sentences: Sentence[] = []
  switch (audience?.type) {
    case 'anyone': sentences.push(say(reader, 1, 'anyone', {}, 'enforced')); break
    case 'members': sentences.push(say(reader, 1, 'any-member', {}, 'enforced')); break
    case 'named': sentences.push(say(reader, 1, 'named', { names: audience.members.map(reader.nameOf) }, 'enforced')); break
    case 'classes': sentences.push(say(reader, 1, 'classes', { classes: audience.classes }, 'enforced')); break
    case undefined: break
  }
  if (purposes.length > 0) sentences.push(say(reader, 2, 'purposes', { purposes }, 'enforced', 'attested'))
  if (fromMs !== null || untilMs !== null) sentences.push(say(reader, 3, 'period', { fromMs, untilMs }, 'enforced', 'attested'))
  return sentences
}

/** Average area of an H3 cell by resolution (h3-js 4.5), rounded. */
const CELL_AREAS_M2 = [
  4.36e12, 6.1e11, 8.68e10, 1.24e10, 1.77e9, 2.53e8, 3.6e7, 5e6, 740_000, 110_000, 15_000, 2_150, 307, 44, 6, 1
]

function detail (clauses: FoundClauses, reader: Reader): readonly Sentence[] {
  const { summarise = null, redactFields = [], h3ResolutionMax = null, timeStepMs = null, delayMs = null, passOn } = clauses
  const { requestsPerDayMax = null, requestsMax = null, recordsPerDayMax = null } = clauses
  const sentences: Sentence[] = []
  if (summarise !== null || redactFields.length > 0 || h3ResolutionMax !== null || timeStepMs !== null) {
    const cellAreaM2 = h3ResolutionMax === null ? null : CELL_AREAS_M2[h3ResolutionMax] ?? null
    sentences.push(say(reader, 4, 'detail', { groupSizeMin: summarise?.minGroupSize ?? null, cellAreaM2, timeStepMs, columns: redactFields }, 'enforced'))
  }
  if (delayMs !== null) sentences.push(say(reader, 5, 'delay', { delayMs }, 'enforced'))
  if (requestsPerDayMax !== null || requestsMax !== null || recordsPerDayMax !== null) {
    sentences.push(say(reader, 6, 'amount', { requestsPerDay: requestsPerDayMax, requestsInAll: requestsMax, recordsPerDay: recordsPerDayMax }, 'enforced'))
  }
  if (passOn !== undefined) sentences.push(passingOn(passOn, reader))
  return sentences
}

function passingOn (passOn: PassingOn, reader: Reader): Sentence {
  switch (passOn.type) {
    case 'no': return say(reader, 7, 'pass-on-no', {}, 'attested')
    case 'free': return say(reader, 7, 'pass-on-free', {}, 'attested')
    case 'named': return say(reader, 7, 'pass-on-named', { names: passOn.members.map(reader.nameOf) }, 'attested')
    case 'results': return say(reader, 7, 'pass-on-results', { groupSizeMin: passOn.minGroupSize }, 'attested')
    case 'named-or-results':
      return say(reader, 7, 'pass-on-named-or-results', { names: passOn.members.map(reader.nameOf), groupSizeMin: passOn.minGroupSize }, 'attested')
  }
}

function duties (clauses: FoundClauses, reader: Reader): readonly Sentence[] {
  const { keep = null, fee = null, reportEveryMs = null, creditTexts = [], informOnPublication = false } = clauses
  const { never = [], storedIn = [], securityLevelMin = null, emergency = null } = clauses
  const sentences: Sentence[] = []
  if (keep !== null) sentences.push(say(reader, 8, `keep-from-${keep.from}`, { keepMs: keep.keepMs }, 'attested', 'enforced'))
  if (fee !== null) {
    const { amountMinor, currency, count, creditMinor } = fee
    sentences.push(say(reader, 9, `fee-per-${fee.unit}`, { amountMinor, currency, count, creditMinor: creditMinor === 0 ? null : creditMinor }, 'enforced'))
  }
  if (reportEveryMs !== null) sentences.push(say(reader, 10, 'report', { everyMs: reportEveryMs }, 'enforced', 'attested'))
  for (const text of creditTexts) sentences.push(say(reader, 10, 'credit', { text }, 'contractual'))
  if (informOnPublication) sentences.push(say(reader, 10, 'inform', {}, 'contractual'))
  if (never.length > 0) sentences.push(say(reader, 11, 'never', { actions: never }, 'contractual'))
  if (storedIn.length > 0 || securityLevelMin !== null) sentences.push(say(reader, 12, 'stored', { places: storedIn, level: securityLevelMin }, 'attested'))
  if (emergency !== null) {
    const { kinds, mode, mayPassOn, responders, officials } = emergency
    const isSealed = mode === 'sealed'
    const values = { kinds, officials: officials.map(reader.nameOf), names: responders.map(reader.nameOf), mayPassOn, isSealed }
    sentences.push(say(reader, 13, 'emergency', values, isSealed ? 'attested' : 'enforced'))
  }
  return sentences
}

/** As it is written, since no clause says it. `unknown`: the places of what this node does not know. */
function leftoverSentence ({ position, written }: Leftover, unknown: readonly string[], reader: Reader): Sentence {
  const isUnknown = unknown.some(place => place === position || place.startsWith(`${position}/`))
  return say(reader, 0, isUnknown ? 'unknown-part' : 'other-part', { json: JSON.stringify(written) })
}
