/**
 * Explores every order in which the engines of a few validators can come to their messages: explicit-state search over the `step`
 * of production, breadth first, with one twin (two engines with one identity, one key, and a record of own votes each).
 *
 * Covered: all orders of deliveries and of deadlines, messages that never come or come as late as one likes, two proposals by the
 * twin's two halves, all views up to a bound. Engines may come to the view after it; what they say there is not heard. In each
 * state: no two final blocks of honest nodes exclude each other; what is final was certified by votes that were given, and so was
 * each ancestor; and in each step of an honest engine: no two votes that contradict each other, no alarm, no honest node blamed
 * or accused.
 *
 * Not covered: crashes (the rows are not even kept), seals, statuses and the repair of losses, which a simulation plays; a
 * message that comes twice; evidence passed on. Without relays also certificates and blocks passed on, in whose stead the votes
 * and proposals are delivered that they are made of. Wall clocks stand still. Patience is taken out of the states (see
 * `normalised`), states that behave alike are one (`canonicalOf`), silent deliveries are put off (`turnsOf`).
 */
export { explore, type Explored, type ExploreOptions, type Violation } from './explore.ts'
