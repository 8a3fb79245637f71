/**
 * Gives the real clock and real chance.
 */
export { systemClock, systemRandom } from './system.ts'
