import { fail, ok, textOf, type Result } from '../../base/index.ts'
import { decodeCharter, membershipOf, withCarried } from '../../core/identity/index.ts'
import { admitAnswer, decodeAnswerProof, decodeQuestion } from '../../core/sql/index.ts'
import type { Failure, SqlProofReport } from '../contract/index.ts'

export { ANSWER_PROOF_BYTES_MAX } from '../../core/sql/index.ts'

/** Checks a proof of an answer from the charter in it alone. With `federation`, that the charter is that one. */
export function verifyAnswerProof (encoded: Uint8Array, federation?: string): Result<SqlProofReport, Failure<'malformed' | 'invalid'>> {
  const proof = decodeAnswerProof(encoded)
  if (!proof.ok) return fail({ code: 'malformed', reason: 'this is no proof of an answer', hint: 'have it made again with "hanse sql --proof"' })
  const { charter: envelope, certificates, revocations, answer, question, csv } = proof.value
  const charter = decodeCharter(envelope)
  if (!charter.ok) return invalid('the charter in it is not signed by its founders')
  if (federation !== undefined && charter.value.federation.toString() !== federation) return invalid(`it is of another federation: ${charter.value.name}`)
  const membership = withCarried(membershipOf(charter.value), certificates, revocations)
  const admitted = admitAnswer(answer, { federation: membership.federation, speaker: (statement, timeMs) => membership.speaker(statement, timeMs), question, csv })
  if (!admitted.ok) return invalid('reason' in admitted.failure ? admitted.failure.reason : 'what was signed cannot be read')
  const asked = decodeQuestion(question)
  if (!asked.ok) return invalid('the question in it cannot be read')
  const { publisher, requester, sources, minGroupSize, timeMs } = admitted.value
  return ok({
    federation: membership.federation.toString(), publisher: { did: publisher, name: membership.member(publisher)?.name ?? publisher }, requester, question: asked.value.text,
    purpose: asked.value.purpose, timeMs, minGroupSize, csv: textOf(csv) ?? '',
    sources: sources.map(({ datasetId, feed, length, records }) => ({ datasetId, feed: feed.toString(), length, records }))
  })
}

function invalid (reason: string): Result<never, Failure<'invalid'>> {
  return fail({ code: 'invalid', reason: `the proof does not hold: ${reason}`, hint: 'do not rely on this answer; ask its publisher again' })
}
