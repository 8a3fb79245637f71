/**
 * Speaks OGC API - Features, part 1 core (OGC 17-069r4) with GeoJSON (RFC 7946), for tools such as QGIS: what `sdk/features` says.
 *
 * Only datasets are shown that the caller may know of, and rows go out through the doors as those of any query. Ids of features are
 * numbers of records, which never change. Links hold the address that the client used. `numberMatched` is left out, as the
 * standard allows: nothing is counted that is not looked at. Rows of streams say their `_key` and `_time` beside their columns.
 */
export { featureHandlers } from './handlers.ts'
