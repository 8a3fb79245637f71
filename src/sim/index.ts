/**
 * Plays whole federations in virtual time, from a seed: the engine of production with disks that lose what was not synced, a
 * network that loses, repeats, delays and parts, clocks that are wrong, processes that die, and nodes that lie.
 *
 * A run is a few bursts of faults and transactions; after each, faults end, everybody comes back, and within 60 simulated
 * seconds all honest nodes must stand at one head with one state root, and then be silent until there is something to decide.
 * While it plays, a judge looks at all that leaves and all that becomes final: no two final blocks at one height, no
 * transaction twice, no vote before its row is synced, no floor that moves back, no queue above its limit. An oracle that
 * shares no line with the engine decides every vote of an honest node and every finality again.
 *
 * Liars run the engine of production too and say something else: one file each in `adversaries` and `nuisances`. Together with
 * nodes that lose their memory, are restored or cloned, or never come back they are no more than are tolerated, unless twins are
 * asked for: then forks are expected, and each must name more liars than are tolerated and nobody honest.
 *
 * Equal options, equal trace hash. Quiet hours cost nothing, so blocks and views are told beside hours.
 *
 * Not modelled: what the operating system or LevelDB do to a file, beyond keeping, losing or (for own votes and for rows that
 * decide nothing) tearing the batch that was on its way; bandwidth; snapshots; the ledger's own rules, for which a toy stands.
 */
export { describe, runSeed, simCommand, type SimAnswer, type SimRequest } from './command.ts'
export { FAULTS, type Fault, type RunOptions } from './plan.ts'
export type { RunStats, Verdict } from './run.ts'
export { commandOf, shrink } from './shrink.ts'
export { LIARS } from './liars.ts'
export type { Violation } from './checking/index.ts'
