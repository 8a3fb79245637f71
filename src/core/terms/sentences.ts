/** Says a policy in sentences, each with its label: clauses in words, and what is no clause as it is written. */
import { check } from '../decision/index.ts'
import type { Did } from '../identity/index.ts'
import { PURPOSE_NS, type Iri, type Label, type Policy } from '../policy/index.ts'
import { ENGLISH, type Wording } from './english.ts'
import { clausesOf, type FoundClauses, type Leftover } from './extracting.ts'
import type { DatasetForm } from './form.ts'

/** `clause` is 0 for what is no clause. `labels` has one for each part of the clause. */
export type Sentence = { readonly clause: number, readonly sentence: string, readonly labels: readonly Label[] }

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
export function datasetSentencesOf ({ replicas, legalNotice }: DatasetForm, { wording }: Reader = ENGLISH_READER): readonly Sentence[] {
  return [
    say(14, wording.replicas(replicas), 'enforced'),
    ...(legalNotice === null ? [] : [say(0, wording.legalNotice(legalNotice))])
  ]
}

function say (clause: number, sentence: string, ...labels: readonly Label[]): Sentence {
  return { clause, sentence, labels }
}

function whoAndWhen (clauses: FoundClauses, { wording, nameOf }: Reader): readonly Sentence[] {
  const { audience, purposes = [], fromMs = null, untilMs = null } = clauses
  const sentences: Sentence[] = []
  switch (audience?.type) {
    case 'anyone': sentences.push(say(1, wording.anyone(), 'enforced')); break
    case 'members': sentences.push(say(1, wording.anyMember(), 'enforced')); break
    case 'named': sentences.push(say(1, wording.named(audience.members.map(nameOf)), 'enforced')); break
    case 'classes': sentences.push(say(1, wording.classes(audience.classes), 'enforced')); break
    case undefined: break
  }
  if (purposes.length > 0) sentences.push(say(2, wording.purposes(purposes.map(purpose => purposeWords(purpose, wording))), 'enforced', 'attested'))
  if (fromMs !== null || untilMs !== null) sentences.push(say(3, wording.period(fromMs, untilMs), 'enforced', 'attested'))
  return sentences
}

function purposeWords (purpose: Iri, wording: Wording): string {
  return purpose.startsWith(PURPOSE_NS) ? wording.purpose(purpose.slice(PURPOSE_NS.length)) : purpose
}

function detail (clauses: FoundClauses, { wording, nameOf }: Reader): readonly Sentence[] {
  const { summarise = null, redactFields = [], h3ResolutionMax = null, timeStepMs = null, delayMs = null, passOn } = clauses
  const { requestsPerDayMax = null, requestsMax = null, recordsPerDayMax = null } = clauses
  const sentences: Sentence[] = []
  if (summarise !== null || redactFields.length > 0 || h3ResolutionMax !== null || timeStepMs !== null) {
    const minGroupSize = summarise?.minGroupSize ?? null
    sentences.push(say(4, wording.detail({ minGroupSize, h3Resolution: h3ResolutionMax, timeStepMs, redactFields }), 'enforced'))
  }
  if (delayMs !== null) sentences.push(say(5, wording.delay(delayMs), 'enforced'))
  if (requestsPerDayMax !== null || requestsMax !== null || recordsPerDayMax !== null) {
    sentences.push(say(6, wording.amount(requestsPerDayMax, requestsMax, recordsPerDayMax), 'enforced'))
  }
  if (passOn !== undefined) sentences.push(say(7, wording.passingOn(passOn, 'members' in passOn ? passOn.members.map(nameOf) : []), 'attested'))
  return sentences
}

function duties (clauses: FoundClauses, { wording, nameOf }: Reader): readonly Sentence[] {
  const { keep = null, fee = null, reportEveryMs = null, creditTexts = [], informOnPublication = false } = clauses
  const { never = [], storedIn = [], securityLevelMin = null, emergency = null } = clauses
  const sentences: Sentence[] = []
  if (keep !== null) sentences.push(say(8, wording.keep(keep.keepMs, keep.from), 'attested', 'enforced'))
  if (fee !== null) sentences.push(say(9, wording.fee(fee), 'enforced'))
  if (reportEveryMs !== null) sentences.push(say(10, wording.report(reportEveryMs), 'enforced', 'attested'))
  for (const text of creditTexts) sentences.push(say(10, wording.credit(text), 'contractual'))
  if (informOnPublication) sentences.push(say(10, wording.inform(), 'contractual'))
  if (never.length > 0) sentences.push(say(11, wording.never(never), 'contractual'))
  if (storedIn.length > 0 || securityLevelMin !== null) sentences.push(say(12, wording.stored(storedIn, securityLevelMin), 'attested'))
  if (emergency !== null) {
    const sentence = wording.emergency(emergency, emergency.responders.map(nameOf), emergency.officials.map(nameOf))
    sentences.push(say(13, sentence, emergency.mode === 'sealed' ? 'attested' : 'enforced'))
  }
  return sentences
}

/** As it is written, since no clause says it. `unknown`: the places of what this node does not know. */
function leftoverSentence ({ position, written }: Leftover, unknown: readonly string[], { wording }: Reader): Sentence {
  const json = JSON.stringify(written)
  const isUnknown = unknown.some(place => place === position || place.startsWith(`${position}/`))
  return say(0, isUnknown ? wording.unknownPart(json) : wording.otherPart(json))
}
