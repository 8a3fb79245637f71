/**
 * Reads what is asked about entities in NGSI-LD's language (ETSI GS CIM 009, 4.9 to 4.11), and says which entities fit.
 *
 * `q`: terms joined by `;` (and, which binds closer) and `|` (or), in parentheses. A term is an attribute alone (it is there), `!` before
 * it (it is not), or a comparison: `== != > >= < <=` with a number, a "text", true, false, a date or a URI; `==` and `!=` also with a range
 * `10..40` or a list `"a","b"`; `~=` and `!~=` with a pattern of `api/pattern`. `a.b` is the attribute b of the attribute a, or the member b of its value;
 * `a[b.c]` the member of its value alone; `observedAt` and `unitCode` of an attribute are named like attributes of it. `modifiedAt` alone is the time of the
 * entity. A list fits where one of its elements does. What is of another type is unequal, and neither more nor less. Dates are compared as times.
 *
 * `georel` with `geometry` and `coordinates`: the seven relations of `api/geometry`. An entity without the geo-property fits nothing, not even `disjoint`.
 * `timerel` with `timeAt` and `endTimeAt`: of `timeproperty`, which is observedAt (of any attribute; where no attribute says it, that of the entity) or modifiedAt.
 *
 * Deviates: `createdAt` is not kept, so it is refused. Depth, terms, lengths and all steps of patterns and geometries together are limited;
 * whoever looks at many entities does so by `Looking`, which lets the node go on with other things.
 */
export { fitsQuery, type Effort } from './evaluate.ts'
export { fitsGeo, geoQueryOf, type GeoQuery } from './geo.ts'
export { Looking } from './looking.ts'
export type { Query } from './query.ts'
export { parseQuery } from './parse.ts'
export { fitsTime, temporalOf, type Temporal } from './temporal.ts'
export { patternOf, selects, type Selector } from './selector.ts'
