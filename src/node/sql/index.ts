/**
 * Answers questions in SQL over datasets: those that this node holds, its own and replicas, joined.
 *
 * A question is checked by `core/sql` before anything is read. Names of tables are datasets, as `HanseNode.dataset` finds them, among
 * those that the asker may know of. Each is let through the door `sql` by its own terms, for the requester and purpose of the asker,
 * and written down before an answer goes out, with the number of its records; where the right is lost meanwhile there is none. An
 * answer carries the conditions of all its sources, clause by clause the strictest.
 *
 * **Rows** are read into the engine once and followed as the feed grows: columns that are asked for, in memory alone, for one asker
 * apart from all others. Text is as it is, an integer 64 bits, a number a double, a time an instant in UTC; what is nothing of that kind
 * is null. A change to a feed that is no growth (an erasure, a key that is gone) empties all of it.
 *
 * **Groups.** An own dataset whose terms ask for groups (clause 4, or 7 of a source) is told in groups alone: coarsened first as those
 * terms demand (recipe of `core/derivation`; by default H3 7 and one hour), with at least so many entities each. Whom or what its rows
 * are about, its publisher says (`questions` in a file of terms; else the recipe of a derivation of it): a column, which nobody can ask
 * for, or nothing, each row being about another. Its rows are in a database of their own, where nothing runs that somebody else wrote.
 * What each requester was told is remembered, durable before it is told: at most `ASKED_MAX` answers of a dataset within
 * `ASKED_WINDOW_MS`; then none is given until the oldest is past. What was refused for what it would tell is counted with them, since a
 * refusal tells a little. Of a dataset that was published anew, or of which records were erased that were told of, or that is told in
 * another detail than before, none within that time. The same question about data that grew is answered as before, until enough came.
 *
 * Questions of others are reckoned beside those of the people of this node, one at a time; all that is held against each other for one
 * of them has one limit of time. Memory has a limit in the engine, but not within one call of it: `core/sql` keeps those short.
 */
export { Reckoner, type ReckonerOptions } from './reckoner.ts'
export { type Meant } from './naming.ts'
export { type Source } from './reckoning.ts'
