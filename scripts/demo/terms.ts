import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hanse, type City } from './city.ts'
import type { Say, WaitFor } from './ledger.ts'

const DATASET = 'bins'
const SUMMARY = 'bins-hourly'
const PURPOSE = 'waste.collection'
const BINS = 40
const READINGS = 12
const ANSWERED_WITHIN_S = 40

export type Terms = {
  readonly dataset: string
  readonly sentences: readonly string[]
  /** Why somebody did not get it: before there was an agreement, a third city at any time, and after the agreement was ended. */
  readonly refusedBefore: string
  readonly refusedOther: string
  readonly refusedAfter: string
  readonly agreement: string
  readonly bytesRead: number
  /** Made of it with less detail, for all members: what the third city reads of that. */
  readonly derived: { readonly dataset: string, readonly rows: number, readonly first: string }
  readonly isGood: boolean
}

/** Data that are not for everybody: refused, asked for, agreed on, read, ended. The publisher's node holds everyone to its terms. */
export async function shareUnderTerms (publisher: City, consumer: City, other: City, folder: string, say: Say, waitFor: WaitFor): Promise<Terms> {
  const dataset = `${publisher.name}/${DATASET}`
  const table = tableOfBins()
  if (!(await publisher.client.dataset(dataset)).ok) await publishBins(publisher, consumer, table, folder)
  const sentences = await sentencesOf(consumer, dataset, waitFor)
  say(`${publisher.name} shares readings of its waste bins (SIMULATED) under terms, in sentences:`)
  for (const sentence of sentences) say(`  ${sentence}`)
  const refusedBefore = await refusalOf(consumer, dataset)
  say(`  ${consumer.name} reads it without asking: refused, ${refusedBefore}`)
  const agreement = await agree(publisher, consumer, dataset, say, waitFor)
  await waitFor(async () => await contentOf(consumer, dataset) === table, `${consumer.name} reads ${dataset}`)
  say(`  ${consumer.name} reads it now: ${table.length} bytes, the same that ${publisher.name} published`)
  const asked = await other.client.requestAgreement(dataset, PURPOSE, 0)
  if (asked.ok) throw new Error(`${other.name} could ask for what is not for it`)
  const refusedOther = await refusalOf(other, dataset)
  say(`  ${other.name} holds an encrypted copy that it cannot read (${refusedOther}), and need not ask: ${asked.failure.reason}`)
  const derived = await deriveForAll(publisher, other, folder, waitFor)
  say(`  ${publisher.name} derives from it, for all members, hourly means of groups of ten bins or more, without their names. ${other.name} reads ${derived.rows} hours:`)
  say(`    ${derived.first}`)
  await hanse('revoke', agreement, '--yes', '--data', publisher.folder)
  await waitFor(async () => await contentOf(consumer, dataset) === undefined, `${consumer.name} hears that the agreement has ended`)
  const refusedAfter = await refusalOf(consumer, dataset)
  say(`  ${publisher.name} ends the agreement. ${consumer.name} reads nothing more: ${refusedAfter}`)
  return { dataset, sentences, refusedBefore, refusedOther, refusedAfter, agreement, bytesRead: table.length, derived, isGood: sentences.length > 0 && derived.rows === READINGS && !derived.first.includes('bin-') }
}

/** Less detail by a command: rows are counted in groups of bins, and a group of too few would be left out. */
async function deriveForAll (publisher: City, reader: City, folder: string, waitFor: WaitFor): Promise<Terms['derived']> {
  const [dataset, terms] = [`${publisher.name}/${SUMMARY}`, join(folder, 'bins-hourly.terms.json')]
  await hanse('terms', 'new', '--template', 'aggregates', '--without', 'bin', '-o', terms, '--force', '--data', publisher.folder)
  await hanse('derive', DATASET, '--id', SUMMARY, '--title', 'Fill levels of waste bins, by the hour', '--terms', terms, '--entity', 'bin', '--data', publisher.folder)
  let rows: readonly string[] = []
  await waitFor(async () => (rows = await rowsOf(reader, dataset)).length >= READINGS, `${reader.name} reads ${dataset}`)
  return { dataset, rows: rows.length, first: rows[0] ?? '' }
}

async function rowsOf (city: City, reference: string): Promise<readonly string[]> {
  const records = await city.client.read(reference, { from: 0, limit: 100 })
  if (!records.ok) return []
  const rows: string[] = []
  for await (const { body } of records.value) rows.push(Buffer.from(body).toString().trimEnd())
  return rows
}

/** Numbers that go up and down like those of bins; no real ones. */
function tableOfBins (): string {
  const lines = ['time,bin,fillPercent']
  for (let reading = 0; reading < READINGS; reading++) {
    for (let bin = 1; bin <= BINS; bin++) lines.push(`2026-11-29T${String(6 + reading).padStart(2, '0')}:00:00Z,bin-${bin},${(bin * 37 + reading * (3 + bin % 5)) % 101}`)
  }
  return `${lines.join('\n')}\n`
}

async function publishBins (publisher: City, consumer: City, table: string, folder: string): Promise<void> {
  const [file, terms] = [join(folder, 'bins.csv'), join(folder, 'bins.terms.json')]
  await writeFile(file, table)
  await hanse('terms', 'new', '--to', consumer.name, '--for', PURPOSE, '-o', terms, '--force', '--data', publisher.folder)
  await hanse('publish', file, '--id', DATASET, '--title', 'Fill levels of waste bins', '--theme', 'waste', '--terms', terms, '--simulated', '--yes', '--data', publisher.folder)
}

async function sentencesOf (city: City, reference: string, waitFor: WaitFor): Promise<readonly string[]> {
  await waitFor(async () => (await city.client.dataset(reference)).ok, `${city.name} hears of ${reference}`)
  const dataset = await city.client.dataset(reference)
  return dataset.ok ? (dataset.value.terms?.sentences ?? []).map(({ sentence }) => sentence) : []
}

/**
 * Asks for what is offered, which the publisher's node agrees to by itself; both sign. By a command, as a person would. Where they
 * agreed before, in an earlier run, a person is asked and approves.
 */
async function agree (publisher: City, consumer: City, dataset: string, say: Say, waitFor: WaitFor): Promise<string> {
  const requested = hanse('request', dataset, '--purpose', PURPOSE, '--timeout', String(ANSWERED_WITHIN_S), '--data', consumer.folder)
  let isAnswered = false
  const answered = requested.finally(() => { isAnswered = true })
  await waitFor(async () => {
    const negotiations = await publisher.client.negotiations()
    const asked = negotiations.ok ? negotiations.value.find(each => each.isAsked && each.role === 'provider' && each.dataset.endsWith(`/${DATASET}`)) : undefined
    if (asked !== undefined) await hanse('approve', asked.id, '--yes', '--data', publisher.folder)
    return isAnswered
  }, `${publisher.name} answers ${consumer.name}`)
  const { negotiation } = await answered
  const agreement = typeof negotiation === 'object' && negotiation !== null && 'agreementId' in negotiation ? negotiation.agreementId : undefined
  if (typeof agreement !== 'string') throw new Error(`${consumer.name} and ${publisher.name} came to no agreement`)
  say(`  ${consumer.name} asks for it, for ${PURPOSE}: that is what ${publisher.name} offers, so both nodes sign: ${agreement}`)
  return agreement
}

async function contentOf (city: City, reference: string): Promise<string | undefined> {
  const content = await city.client.content(reference)
  if (!content.ok) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of content.value.bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function refusalOf (city: City, reference: string): Promise<string> {
  const content = await city.client.content(reference)
  if (content.ok) throw new Error(`${city.name} reads ${reference}, which its terms forbid`)
  return content.failure.reason
}
