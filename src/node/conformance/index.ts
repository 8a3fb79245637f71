/**
 * The party that the public conformance kit of the Dataspace Protocol talks to: seeds, and scripts in place of decisions.
 *
 * Belongs to no federation, holds no data, trusts whoever asks: for a folder and a process of its own, never beside a member.
 * Datasets CAT0101, CAT0102 and those of the provider's scripts, each with the offer `CD123:<id>:456`; what else is asked for does
 * not exist. Between two messages of ours lie 200 ms: the kit takes the next one only after it saw the state before.
 */
export { belongsSomewhere, openConformance, type Conformance, type ConformanceOptions } from './conformance.ts'
export { KIT_PARTICIPANT, UNDER_TEST } from './party.ts'
