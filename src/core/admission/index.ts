/**
 * Brings a new member into a federation that exists: applications, what became of them, and what a newcomer needs to begin.
 *
 * A member of the federation signs a ticket for members. Whoever holds it applies at that member's join listener: with its
 * certificate for this federation, by which it accepts the charter, since the federation's id is the charter's; its addresses
 * and its first consensus key. Both of `apply` and `ask` are signed by the applicant's root key. The members decide by a vote
 * on the ledger; this room only asks how it stands. Once admitted, the applicant is told the charter, where the ledger stands
 * (`checkpoint`, signed by its inviter) and nodes of members to sync from; all else it verifies from the charter on.
 * `present` shows a new certificate of a member to one who may hold none that is in force; the certificate proves itself.
 *
 * Requests have 16 KiB at most. A member keeps at most 64 open applications, and of each applicant the newest. Both sides are
 * machines: persist their state before an answer or a request leaves, and nothing is lost by a restart; every message may be
 * sent again.
 *
 * Applicant and inviter compare four words. They are the first 44 bits, eleven a word, of the SHA-256 of the canonical
 * { v: 1, kind: 'four-words', to, applicant, inviter }, as numbers of words in the English list of BIP-39; `to` is the
 * federation's id or, while it is being founded, the CID of the ticket, and the other two are did:key. They help people who read
 * aloud; what is secure are the ticket's signature and the members' vote.
 */
export {
  APPLY_ADDRESSES_MAX, decodeAdmissionAnswer, decodeAdmissionRequest, encodeAdmissionAnswer, encodePresent, INTRODUCED_MAX, signAdmissionRequest,
  type AdmissionAnswer, type AdmissionRefusal, type AdmissionRequest, type Introduced, type SignedAdmission
} from './message.ts'
export {
  APPLICATIONS_MAX, decodeReception, encodeReception, openReception, outstandingUntilMs, receptionStep, withTicket,
  type Application, type Reception, type ReceptionContext, type ReceptionStep, type Standing
} from './reception.ts'
export {
  candidateRequest, candidateStep, decodeCandidate, encodeCandidate, startCandidate,
  type Candidate, type CandidateFields, type CandidateOutcome, type CandidateStep
} from './candidate.ts'
export { fourWords, type Applied } from './words.ts'
