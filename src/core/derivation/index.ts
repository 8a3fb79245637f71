/**
 * Makes a dataset from another, with less detail: what clauses 4 and 5 of terms demand.
 *
 * A recipe says how. It is canonical DAG-CBOR, `{source, keepFields, entityKey, ops, closeAfterMs, version}`, and named by its
 * CID. Its operations stand in one order, each at most once: redact, coarsen, roundTime, summarise, delay. Underneath lies an
 * allow-list: what `keepFields` does not name is dropped, so that a new column never leaks.
 */
export {
  admitRecipe, boundsOf, decodeRecipe, encodeRecipe, outputFields, recipeCid, type Bounds, type Measure, type Operation, type Recipe, type SourceColumn
} from './recipe.ts'
