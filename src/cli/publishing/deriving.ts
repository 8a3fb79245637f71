import { ok, type Result } from '../../base/index.ts'
import type { Client, Content, DatasetDescription, DerivationStatus, Failure, TermsFile } from '../../sdk/index.ts'
import { failed, pause, shortName, withProgress } from '../client/index.ts'
import { answer, count, EXIT, formatBytes, formatTime, plain, problem, type Call, type Outcome, type Problem } from '../terminal/index.ts'
import { wishesOf, type Wishes } from './wishes.ts'

const RAW = '-raw'
const ID_LENGTH_MAX = 64
/** For so long a command waits for what it derives; the node goes on by itself. */
const CATCHING_UP_MS = 10_000
const POLL_MS = 100

export type Publication = {
  readonly description: DatasetDescription
  readonly content: Content
  /** What the answer says beside the dataset. */
  readonly json: Readonly<Record<string, unknown>>
  readonly terms: TermsFile | undefined
}

/** All of it goes out as `rawId`, to nobody; `before`: the version of what was derived until now. */
export type Instead = { readonly rawId: string, readonly terms: TermsFile, readonly wishes: Wishes, readonly before: number }

/** What to do where the terms let nobody have the rows as they are, or why it cannot be done; undefined where they do. */
export async function derivedInstead (call: Call, client: Client, { description, content, terms }: Publication): Promise<Result<Instead | undefined, Problem>> {
  const wishes = wishesOf(call)
  if (!wishes.ok) return wishes
  const { datasetId, schema } = description
  const review = terms === undefined ? undefined : await client.reviewTerms(terms)
  if (review?.ok === false) return failed(review.failure)
  const derived = review?.value.derived ?? null
  if (terms === undefined || review === undefined || derived?.byEntity !== true) {
    const [wish] = Object.keys(wishes.value)
    if (wish !== undefined) return problem(EXIT.usage, 'usage', 'These terms make no summaries, so there is nothing to group, measure or count by', 'Leave --entity, --group-by, --measure and --close-after out.')
    if (terms === undefined || review === undefined || derived === null) return ok(undefined)
  }
  if (content.form !== 'table') return problem(EXIT.usage, 'not-rows', 'These terms are for less detail than a whole file, and it has no rows to derive that from; nothing was published', 'Publish it as CSV or as lines of JSON.')
  if (datasetId.length > ID_LENGTH_MAX - RAW.length) return problem(EXIT.usage, 'usage', `All of it would be called ${datasetId}${RAW}, which is too long`, 'Give a shorter name with --id.')
  const entity = wishes.value.entityKey
  if (derived.byEntity && !schema.some(({ name }) => name === entity)) {
    const reason = entity === undefined ? 'no column was named that says whom or what they are about' : `there is no column "${entity}"`
    return problem(EXIT.usage, 'no-entity', `By these terms rows are counted in groups, and ${reason}; nothing was published`, `Add --entity with one of: ${schema.map(({ name }) => plain(name)).join(', ')}. Give each row its own only where every row is about another.`)
  }
  const before = await versionBefore(client, datasetId, review.value.policyCid, derived.byEntity)
  if (!before.ok) return before
  const rawId = `${datasetId}${RAW}`
  const fault = await faultOfRaw(client, rawId, description)
  return fault ?? ok({ rawId, terms, wishes: wishes.value, before: before.value })
}

/** What is derived ends where the columns of its source change; and nothing else may become the source by its name. */
async function faultOfRaw (client: Client, rawId: string, { datasetId, schema }: DatasetDescription): Promise<ReturnType<typeof problem> | undefined> {
  const status = await client.status()
  if (!status.ok) return failed(status.failure)
  const raw = await client.dataset(`${status.value.member.did}/${rawId}`)
  if (!raw.ok) return raw.failure.code === 'not-found' ? undefined : failed(raw.failure)
  const another = 'Give it another name with --id.'
  if (raw.value.terms?.visibility !== 'named') {
    return problem(EXIT.failed, 'other-dataset', `All of it would be called ${rawId}, and that is a dataset which others are shown; nothing was published`, another)
  }
  const columnsOf = (columns: DatasetDescription['schema']): readonly string[] => columns.map(({ name, type }) => `${name} (${type})`)
  const [now, before] = [columnsOf(schema), columnsOf(raw.value.schema)]
  const other = [...now, ...before].find(column => !now.includes(column) || !before.includes(column))
  if (other === undefined && now.join() === before.join()) return undefined
  return problem(EXIT.failed, 'other-columns', `Its columns are not those of ${rawId}${other === undefined ? '' : `, such as ${plain(other)}`}: ${datasetId}, which is derived from them, would end. Nothing was published`, another)
}

/** The version of the dataset that is followed by another; 0 for a new one. Nothing may take the name of something else. */
async function versionBefore (client: Client, datasetId: string, policyCid: string, isSummary: boolean): Promise<Result<number, Problem>> {
  const [status, derivations] = await Promise.all([client.status(), client.derivations()])
  if (!status.ok) return failed(status.failure)
  if (!derivations.ok) return failed(derivations.failure)
  const dataset = await client.dataset(`${status.value.member.did}/${datasetId}`)
  if (!dataset.ok) return dataset.failure.code === 'not-found' ? ok(0) : failed(dataset.failure)
  const known = derivations.value.find(each => each.datasetId === datasetId)
  const name = shortName(dataset.value)
  const another = 'Give it another name with --id'
  if (known === undefined) {
    return problem(EXIT.failed, 'other-dataset', `${name} is published as it is, and these terms are for less detail; nothing was published`, `${another}, and withdraw ${name} with hanse withdraw if nobody shall have it any more.`)
  }
  if (isSummary) {
    return problem(EXIT.failed, 'summary-ends', `${name} is a summary, and a summary has no next version: two of them could be subtracted from each other, and so tell of single rows. Nothing was published`, `${another}, for rows that are not in it. Rows that come bit by bit belong into a stream, whose summary goes on.`)
  }
  if (known.state === 'ended') return problem(EXIT.failed, 'ended', `Nothing is added to ${name} any more: ${known.because ?? 'it has ended'}. Nothing was published`, `${another}.`)
  return dataset.value.terms?.policyCid === policyCid ? ok(dataset.value.version) : problem(
    EXIT.failed, 'other-terms', `${name} has other terms than these; nothing was published`, `Set these with hanse terms set ${datasetId} FILE and publish again, or give it another name with --id.`
  )
}

export async function publishDerived (call: Call, client: Client, { description, content, json }: Publication, { rawId, terms, wishes, before }: Instead): Promise<Outcome> {
  const hidden = await termsForNobody(client)
  if (!hidden.ok) return failed(hidden.failure)
  const raw = await withProgress(call, rawId, show => client.publish(
    { ...description, datasetId: rawId, title: `${description.title} (all of it)`, access: 'restricted' }, content, show, hidden.value
  ))
  if (!raw.ok) return failed(raw.failure)
  const { records, sizeBytes } = raw.value.distribution
  const said = `Published ${shortName(raw.value)} (${count(records ?? 0, 'record')}, ${formatBytes(sizeBytes ?? 0)}), version ${raw.value.version}: all of it, which nobody else is shown.`
  const { datasetId, title } = description
  const derived = await client.derive(raw.value.id, { datasetId, title, description: description.description, terms, ...wishes })
  if (!derived.ok) {
    const { failure } = failed(derived.failure)
    return { ok: false, failure: { ...failure, reason: `${said}\nNothing was derived from it: ${derived.failure.reason}` } }
  }
  for (const sentence of derived.value.warnings) call.terminal.warn(plain(sentence))
  const status = await caughtUp(call, client, derived.value.dataset.id, before)
  const dataset = await client.dataset(derived.value.dataset.id)
  if (!dataset.ok) return failed(dataset.failure)
  return answer({ published: true, dataset: dataset.value, source: raw.value, derivation: status ?? null, ...json },
    `${said}\n${derivedText(shortName(dataset.value), shortName(raw.value), dataset.value.version, status)}`)
}

/** Terms of what stays with its publisher: a template's, without an audience. */
async function termsForNobody (client: Client): Promise<Result<TermsFile, Failure>> {
  const [status, template] = await Promise.all([client.status(), client.termsTemplate('members')])
  if (!status.ok) return status
  if (!template.ok) return template
  const { terms } = template.value
  const form: Readonly<Record<string, unknown>> = typeof terms === 'object' && terms !== null ? { ...terms } : {}
  return ok({
    terms: { ...form, audience: { type: 'named', members: [status.value.member.did] }, passOn: { type: 'no' }, creditTexts: [] }, dataset: { replicas: 'nobody' }, visibility: []
  })
}

/** How the derivation stands once it has read what there is, or waits for time to pass; or after a while. */
export async function caughtUp (call: Call, client: Client, reference: string, before: number = 0): Promise<DerivationStatus | undefined> {
  const datasetId = reference.split('/').at(-1)
  return await withProgress(call, `deriving ${datasetId}`, async () => {
    for (const untilMs = Date.now() + CATCHING_UP_MS; ;) {
      const [derivations, dataset] = await Promise.all([client.derivations(), client.dataset(reference)])
      const status = derivations.ok ? derivations.value.find(each => each.datasetId === datasetId) : undefined
      const isThere = status !== undefined && dataset.ok && dataset.value.version > before && (status.recordsBehind === 0 || status.dueMs !== null || status.state !== 'following')
      if (isThere || call.signal.aborted || Date.now() > untilMs) return status
      await pause(POLL_MS, call.signal)
    }
  })
}

export function derivedText (name: string, source: string, version: number, status: DerivationStatus | undefined): string {
  const first = `Derived ${name} from ${source} under its terms, version ${version}; it follows its source by itself.`
  if (status === undefined) return first
  if (status.because !== null) return `${first} Now it is ${status.state}: ${plain(status.because)}.`
  const next = status.dueMs === null ? '' : ` The next records come at ${formatTime(status.dueMs)}.`
  return `${first} So far it has read ${count(status.recordsDone, 'record')} of it.${next}`
}
