import { fail, ok, type Result } from '../../base/index.ts'
import { check, formOfPolicy, readForm, readPolicy, TEMPLATES, type DatasetForm, type Replicas, type TermsForm } from '../../core/terms/index.ts'
import type { Failure, TermsOrder } from '../contract/index.ts'

type Invalid = Result<never, Failure<'invalid'>>
type Names = (name: string) => string | undefined

/** What a file of terms may hold: the clauses as a form or as a policy, and what the dataset says beside them. */
export function termsOf (json: unknown, didOf: Names): Result<TermsOrder, Failure<'invalid'>> {
  if (!isObject(json)) return invalid('', 'an object is expected', 'make a file with "hanse terms new"')
  const unknown = Object.keys(json).find(key => !['template', 'terms', 'policy', 'dataset', 'visibility', 'questions'].includes(key))
  if (unknown !== undefined) return invalid(`/${unknown}`, 'this member is not known', 'leave it out; clauses stand within "terms"')
  if ((json['terms'] === undefined) === (json['policy'] === undefined)) return invalid('', 'either "terms" or "policy" is expected', 'keep one of the two')
  const form = json['policy'] === undefined ? formOf(json['terms'], didOf) : formOfJson(json['policy'])
  if (!form.ok) return form
  const dataset = datasetOf(json['dataset'])
  if (!dataset.ok) return dataset
  const viewers = viewersOf(json['visibility'], didOf)
  if (!viewers.ok) return viewers
  const questions = questionsOf(json['questions'], form.value)
  return questions.ok ? ok({ form: form.value, dataset: dataset.value, viewers: viewers.value, ...questions.value === undefined ? {} : { questions: questions.value } }) : questions
}

/** `{countedBy}`: the column that tells whom or what a row is about, or null where each row is about another. */
function questionsOf (json: unknown, { summarise }: TermsForm): Result<TermsOrder['questions'], Failure<'invalid'>> {
  if (json === undefined) return ok(undefined)
  const countedBy = isObject(json) && Object.keys(json).length === 1 ? json['countedBy'] : undefined
  const isColumn = typeof countedBy === 'string' && countedBy !== '' && countedBy.length <= 256
  if (countedBy !== null && !isColumn) return invalid('/questions', '{"countedBy": COLUMN} is expected, or null where each row is about another', 'name the column of the person, vehicle or device')
  if (summarise === null) return invalid('/questions', 'without clause 4, groups of a least size, rows may be read as they are', 'set "summarise" in the terms, or leave "questions" out')
  return ok({ countedBy: isColumn ? countedBy : null })
}

/** Names of members where dids are expected are looked up; everything else is for `core/terms` to judge. */
function formOf (json: unknown, didOf: Names): Result<TermsForm, Failure<'invalid'>> {
  const read = readForm(named(json, didOf))
  if (read.ok) return read
  const { position, reason, remedy } = read.failure
  return invalid(`/terms${position}`, reason, remedy)
}

const MEMBER_LISTS = ['members', 'officials', 'responders']

function named (json: unknown, didOf: Names): unknown {
  if (!isObject(json)) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => {
    if (MEMBER_LISTS.includes(key) && Array.isArray(value)) return [key, value.map((each: unknown) => typeof each === 'string' ? didOf(each) ?? each : each)]
    return [key, ['audience', 'passOn', 'emergency'].includes(key) ? named(value, didOf) : value]
  }))
}

/** A policy of others is published only where a form says exactly the same: people must be able to read and change it. */
function formOfJson (json: unknown): Result<TermsForm, Failure<'invalid'>> {
  const policy = readPolicy(json)
  if (!policy.ok) return invalid(`/policy${policy.failure.position}`, policy.failure.reason, 'mend it there')
  const [finding] = check(policy.value)
  if (finding !== undefined) return invalid(`/policy${finding.position}`, finding.reason, finding.remedy)
  const form = formOfPolicy(policy.value)
  return form === undefined ? invalid('/policy', 'it says what no clause of this node says', 'write it as clauses: see "hanse terms new"') : ok(form)
}

const REPLICAS: readonly Replicas[] = ['members', 'recipients', 'nobody']

function datasetOf (json: unknown): Result<DatasetForm, Failure<'invalid'>> {
  if (json === undefined) return ok({ replicas: 'members', licence: null, legalNotice: null })
  if (!isObject(json)) return invalid('/dataset', 'an object is expected', 'leave it out, or see "hanse terms new"')
  const { replicas = 'members', licence = null, legalNotice = null, ...more } = json
  const [unknown] = Object.keys(more)
  if (unknown !== undefined) return invalid(`/dataset/${unknown}`, 'this member is not known', 'leave it out')
  const known = REPLICAS.find(each => each === replicas)
  if (known === undefined) return invalid('/dataset/replicas', `one of ${REPLICAS.join(', ')} is expected`, 'choose who may keep encrypted copies')
  for (const [name, value] of Object.entries({ licence, legalNotice })) {
    if (value !== null && (typeof value !== 'string' || value.length > 512)) return invalid(`/dataset/${name}`, 'a text of at most 512 characters is expected', 'shorten it, or write null')
  }
  return ok({ replicas: known, licence: typeof licence === 'string' ? licence : null, legalNotice: typeof legalNotice === 'string' ? legalNotice : null })
}

function viewersOf (json: unknown, didOf: Names): Result<TermsOrder['viewers'], Failure<'invalid'>> {
  if (json === undefined || json === 'members') return ok('members')
  if (!Array.isArray(json)) return invalid('/visibility', '"members" or a list of members is expected', 'leave it out where all members may see that the dataset exists')
  const dids: string[] = []
  for (const [at, each] of json.entries()) {
    const did = typeof each === 'string' ? didOf(each) : undefined
    if (did === undefined) return invalid(`/visibility/${at}`, 'no member is called so', 'name members as "hanse members" does')
    dids.push(did)
  }
  return ok(dids)
}

/** The names of templates, in the order of the note. */
export const TEMPLATE_NAMES: readonly string[] = TEMPLATES.map(({ id }) => id)

function isObject (json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function invalid (position: string, reason: string, hint: string): Invalid {
  return fail({ code: 'invalid', reason: `the terms are not right${position === '' ? '' : ` at ${position}`}: ${reason}`, hint })
}
