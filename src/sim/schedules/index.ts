/**
 * Plays lives of a signer: one validator's engine on a disk that keeps, drops or tears what was not synced when the power goes,
 * among puppets that hold a quorum without it and show it now one thing, now the contrary. It crashes at any point; beside that
 * it is restored from an older backup, with the marker of a restore or without, loses one of its two databases, or runs twice at
 * once, with peers that see both processes or cut off from its original.
 *
 * Over all that left any of its processes: no two votes that contradict each other, no NOTARIZE in a view that was given up, no
 * vote before its row (and the block that it notarizes) is synced, no finality that moves back. A clone that is cut off may
 * contradict its original; then the pair must be evidence. Where nothing but crashes happens, most votes reach no peer at all, so
 * that nothing but the disk protects; where the disk was put back, peers have heard all, because nothing else could protect.
 *
 * `broken` makes the disk lie, to see that this finds conflicts at all.
 */
export { FATES, playLife, type Life, type LifeFate } from './schedule.ts'
export type { Broken } from './disks.ts'
