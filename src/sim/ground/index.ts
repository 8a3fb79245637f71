/**
 * Holds what a simulated run is made of: a virtual clock, chance from a seed, keys, disks that lose what was not synced, a
 * network that loses, delays and repeats, processes that drive the engine of production, and a toy ledger for it to order.
 *
 * Nothing here knows real time or chance: one seed, one run.
 */
export { Agenda } from './agenda.ts'
export { chanceOf, type Chance } from './chance.ts'
export { Disk, type DiskRow, type Fate } from './disk.ts'
export { keyMaker, memberOf, nameOfNode, nodeKeyOf, type KeyMaker } from './keys.ts'
export { Network, type Weather } from './network.ts'
export { placeOf, Process, START_WALL_MS, type Engine, type Mask, type Place, type Stimulus, type Surroundings } from './process.ts'
export type { Liar, Lie, Power } from './liar.ts'
export {
  BAD, BIND, JOIN, LEAVE, PUT, READY, ROTATE, TIMED, toyApp, toyTransaction, type ToyApp, type ToyState, type ToyTransaction
} from './toy.ts'
export { Trace } from './trace.ts'
