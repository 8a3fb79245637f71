/**
 * Says what was received, used and deleted, hears what others say, and holds both sides to what they agreed for afterwards.
 *
 * Receipts are statements (`core/grants`) in the consumer's feed `receipts`, class `pair:<publisher>`: `received` once a UTC day
 * for each agreement, `deleted` after bytes have left the disk, `reported-use` as often as clause 10 says.
 *
 * Clause 8. A consumer notes when segments came (a minute's segments as of the first of them), deletes at the deadline without
 * being asked, compacts, and says so. Of several agreements about one dataset the latest deadline counts. The publisher notes what
 * it gave out at its sync door: a consumer that was served may have all that there was then. 24 hours after a deadline without
 * a receipt the duty is violated, and doors refuse; a receipt that comes later heals it. What was let go is not fetched again.
 *
 * Once a UTC day one root goes on the ledger (`receipts.root`), if there was anything: over the records of the own access feed and
 * of all feeds of receipts that this member writes and gets, in the order of feed and number, each once:
 * `leaf = sha256(0x00 || {v: 1, kind: 'period-entry', feed, record, digest: sha256(body)})`. Both sides have the other's receipts
 * under a root of their own, so neither can take back or slip in any.
 */
export type { Clauses } from './clauses.ts'
export type { Bound } from './deadlines.ts'
export { ReceiptsDesk } from './desk.ts'
export { Marks, type Mark } from './marks.ts'
export { periodEntry, Periods, type Period, type PeriodProof } from './periods.ts'
export { Receipts, type Heard, type ReceiptToWrite } from './receipts.ts'
export { Retention, segmentsOf } from './retention.ts'
export { UseCounter } from './uses.ts'
