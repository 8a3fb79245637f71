/** The proof of a record as its publisher signed it: from the charter to the record. */
import { cidOf, hex } from '../../base/index.ts'
import { read, type Form } from './forms.ts'
import { certificateOf, charterOf, declarationOf, isWithin, statementOf, type Certificate, type Charter } from './members.ts'
import { placeRecord, type RecordFields } from './record.ts'
import type { Verifying } from './signing.ts'
import { Broken, held, must, type Step } from './steps.ts'

export type Shown = { readonly datasetId: string, readonly publisher: string, readonly number: number, readonly record: RecordFields }
export type Told = (step: Step) => void

/** The step that says who founded the federation. Whether it is the right one, only the reader can know. */
export function charterStep ({ name, founders, federation }: Charter): Step {
  return held('charter', { name, count: founders.length }, [federation.toString()])
}

/** Tells each check as it is made; the first that fails ends it. */
export async function verifyProof (subtle: Verifying, file: Form<'proofFile'>, told: Told): Promise<{ readonly charter: Charter, readonly shown: Shown }> {
  const charter = await charterOf(subtle, file.charter)
  told(charterStep(charter))
  const certificates: Certificate[] = []
  for (const envelope of file.certificates) certificates.push(await certificateOf(subtle, envelope, charter.federation))
  const declaration = await declarationOf(subtle, file.declaration, certificates, charter.federation)
  // One that was admitted later stands in the ledger alone: its proof shows that.
  const founder = must('certificate', charter.founders.find(({ member }) => member === declaration.publisher))
  const proof = must('form', read('recordProof', file.proof))
  // Those that it brings for a verifier who has the charter alone: no others, so that it has one form.
  if (!proof.certificates.every(each => certificates.some(({ id }) => id.equals(cidOf('dagCbor', each))))) throw new Broken('certificate')
  const head = await headOf(subtle, proof.segment.head, declaration, certificates, charter)
  if (isRevoked(file, declaration.certificate, declaration.createdMs) || isRevoked(file, head.certificate, head.timeMs)) throw new Broken('certificate')
  told(held('certificate', { member: founder.name, until: head.certificate.notAfterMs }, [head.certificate.id.toString()]))
  told(held('declaration', { member: founder.name, dataset: declaration.datasetId, time: declaration.createdMs }, [declaration.id.toString()]))
  told(held('head', { member: founder.name, count: head.records, time: head.timeMs }, [hex(head.mmrRoot)]))
  const { op, ...fields } = proof.record
  const record = { ...fields, operation: op }
  const { leafData, index, path } = proof.segment
  const number = placeRecord(head.mmrRoot, head.length, { leafData, index, path, position: proof.position, salt: proof.salt, record, recordPath: proof.path }, told)
  if (number >= head.records) throw new Broken('head')
  return { charter, shown: { datasetId: declaration.datasetId, publisher: founder.name, number, record } }
}

async function headOf (subtle: Verifying, envelope: Uint8Array, declaration: Awaited<ReturnType<typeof declarationOf>>, certificates: readonly Certificate[], charter: Charter): Promise<Form<'headBody'> & { readonly certificate: Certificate }> {
  const { body, certificate } = await statementOf(subtle, 'head', envelope, certificates)
  const head = must('head', read('headBody', body))
  const isOwn = head.federation.equals(charter.federation) && head.feed.equals(declaration.id) && certificate.member === declaration.publisher &&
    isWithin(certificate, head.timeMs) && head.firstRetained <= head.length && head.records >= head.length
  if (!isOwn) throw new Broken('head')
  return { ...head, certificate }
}

/** A revocation counts here whoever signed it: one that is none only makes a proof prove less. */
function isRevoked ({ revocations }: Form<'proofFile'>, { member, id }: Certificate, timeMs: number): boolean {
  return revocations.some(envelope => {
    const body = read('revocationEnvelope', envelope)?.body
    const revocation = body === undefined ? undefined : read('revocationBody', body)
    return revocation !== undefined && revocation.member === member && (revocation.certificate === null || revocation.certificate.equals(id)) && timeMs >= revocation.timeMs
  })
}
