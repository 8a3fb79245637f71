/**
 * Erases what a publisher demands to be erased, wherever it is held.
 *
 * A notice (`core/grants`) stands in the publisher's catalogue feed under `erasure/<id>`, which blind replicas read too. Every
 * holder, its publisher first, then does the same, step by step, each durable before the next (row `E` by the notice's digest):
 *
 * 1. bars what must go, so that nothing on its way is stored any more
 * 2. takes whole segments away, puts redacted ones in the place of those that lose records; leaves stay, so every root and every
 *    other proof holds; without the key that redacting takes, a segment is forgotten and fetched anew from who has it
 * 3. compacts: a deleted row of LevelDB is on the disk until then; erases files that were named there
 * 4. destroys keys of erased epochs; follows into what was derived here from it
 * 5. confirms by a receipt of act `deleted`
 *
 * Done again after a crash, or for what comes later, it changes nothing that is done. At a start what is not finished is carried
 * out before anything is served; a restored folder gets the notices that it lacks with its publisher's catalogue.
 */
export { Erasures, type EraseFailure, type ErasuresOptions } from './erasures.ts'
export type { DerivationsToEnd } from './derived.ts'
export type { ErasureProgress } from './progress.ts'
