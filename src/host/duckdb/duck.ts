/** The package, as it is once it was loaded. */
export type Duck = typeof import('@duckdb/node-api')
