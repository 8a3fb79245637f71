/**
 * Offers people what they do with terms: begin from a template, read a file, see who could read what before anything is
 * published, set other terms, and learn why something was decided.
 *
 * A file of terms is JSON: `{template?, terms | policy, dataset?: {replicas, licence, legalNotice}, visibility?,
 * questions?: {countedBy}}`. `terms` is a form
 * of `core/terms`, where members may stand by name; `policy` is a policy in any spelling that a form can say exactly. What is wrong
 * is refused with its position, and nothing is changed.
 *
 * A review asks the engine as if every member had just signed an agreement: with nothing used up, owed or overdue.
 */
export { nodeTermsOf } from './door.ts'
export { TermsDesk, type TermsDeskOptions } from './desk.ts'
export { termsOf } from './reading.ts'
