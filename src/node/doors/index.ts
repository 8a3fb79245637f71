/**
 * Decides who gets what, at every door by which anything leaves: one function, `Doors.decide`, and nothing leaves without it.
 *
 * | door | asked by |
 * |---|---|
 * | advertise | whoever shows that a dataset exists: catalogue, declarations |
 * | negotiate | the protocol of agreements, before it offers or signs |
 * | sync | the server of segments, leaves, heads, listings, file blocks; bundles, for their addressee; whoever makes a grant |
 * | read, sql | records, content, proofs |
 * | stream | live records |
 * | derive | whoever makes a dataset out of another |
 * | reshare | any of these, where the data were made of somebody else's |
 *
 * Asked in this order: does the requester own it; may it know of it (`isHidden`: it is told that there is none); clause 14
 * where ciphertext is asked for; the class of the feed where there are no terms; else the engine, with the policy of the
 * agreement for (publisher, requester, dataset, purpose), or with that of the dataset where its class needs no agreement; and
 * with the policy of every source of others, for own use as it is, for somebody else as passing it on. A fact that this node
 * does not know is left out, and so unknown. What throws refuses.
 *
 * An answer is used again until its time, for at most 60 s, and until anything changes that answers rest on; those with
 * counters, payments or emergencies never. Whoever gives out more than one thing holds a `Passage`: `take` before each part,
 * which writes the access down first; its signal aborts when the right is lost.
 *
 * `Standings` is what agreements, revocations, duties, leases, emergencies and payments are told to, and asked from.
 */
export { assetOf, Doors, isFit, type DoorsOptions } from './doors.ts'
export type { FactSources, LedgerFacts } from './facts.ts'
export { Passage, type Taken } from './passage.ts'
export { Policies, TERMS_ENGINE, type Engine, type ReadyPolicy } from './policies.ts'
export type { AssetFacts, AssetName, Assets, DoorDecision, FileUse, Question } from './question.ts'
export { refusalOf, sealedRefusal } from './refusal.ts'
export { sentenceOf, sentenceOfText } from './words.ts'
export {
  Standings, type AgreementParties, type DeclaredEmergency, type StandingAgreement
} from './standings.ts'
