/**
 * Gives handlers what they work with, and requests to handlers as their operation says.
 *
 * The router refuses what the operation does not describe before a handler sees it: a query or body that does not fit (422), a body
 * of another media type (415) or too large (413), an answer that the client would not take (406). A handler gets typed values.
 * Whoever gives out data asks the doors in the name of `askerOf`.
 */
export { askerOf, ownDatasetId } from './asker.ts'
export { routeOf } from './bind.ts'
export { NO_LEDGER } from './ledger.ts'
export { pagesOfDatasets } from './listing.ts'
export { originOf, originOfHeaders } from './origin.ts'
export { rangeOf, type Range } from './range.ts'
export type { Context, Events, Handler, Handlers, Input } from './context.ts'
