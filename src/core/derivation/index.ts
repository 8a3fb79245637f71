/**
 * Makes a dataset from another, with less detail: what clauses 4 and 5 of terms demand.
 *
 * A recipe says how. It is canonical DAG-CBOR, `{source, keepFields, entityKey, ops, closeAfterMs, version}`, and named by its
 * CID. Its operations stand in one order, each at most once: redact, coarsen, roundTime, summarise, delay. Underneath lies an
 * allow-list: what `keepFields` does not name is dropped, so that a new column never leaks; a row of CSV with more or fewer
 * fields than the recipe has columns is dropped, and a table whose first line names others ends the derivation.
 *
 * Rows of CSV and JSON objects go in; lines of NDJSON come out, numbers as exact decimals. Keys of the source are not kept.
 * coarsen puts an H3 cell and its centre in the place of each place, roundTime the start of its step in the place of each time,
 * that of the record included. summarise counts in windows of that step; a window is published `closeAfterMs` after its end.
 * delay keeps back what is younger than it says, in the order of the source.
 *
 * Small groups. A group with fewer than `minGroupSize` distinct values of `entityKey` is left out, and so is a measure of a field
 * that fewer have. Smallest and largest value stand only with twice as many. Late records show a group again, with a higher
 * `revision`, only once that many new entities are in them: counted in each group, so that no two versions of a group differ by
 * fewer. What is shown of a group depends on the rows of this group alone; no total is published over several. So nothing that is
 * published depends on a row whose group is left out, and nobody can find one by differences, whatever else they know. (A total
 * over at least two left out groups would give one away: to someone who knows all other rows of a group that is one short of
 * being shown, who then looks for its last entity elsewhere; and when a later version shows one of the two.)
 *
 * This is k-suppression, not differential privacy: who knows all rows of a shown group but one learns that one. Two recipes of
 * one source for one audience can be differenced: whoever makes a second one is to be warned.
 */
export {
  boundsOf, decodeRecipe, encodeRecipe, operationOf, recipeCid,
  type Bounds, type Measure, type Operation, type Recipe, type SourceColumn
} from './recipe.ts'
export { columnsOf, recipeOf, type Detail, type FormFailure, type Wishes } from './form.ts'
export { DERIVED_MEDIA_TYPE, type Derivation, type DerivationFailure, type Input, type Stepped, type Tally } from './derivation.ts'
export { beginDerivation, encodeState, resumeDerivation, type StateFailure } from './state.ts'
export { reducedRow } from './reducing.ts'
export { cellsOfBox } from './places.ts'
