/** The largest body of a record. A larger row makes its file travel whole. */
export const ROW_BYTES_MAX = 262_144

/** What is read to tell the kind of a file. The list of features of a GeoJSON file must begin within it. */
export const SNIFF_BYTES_MAX = 65_536

/** Bytes asked of the disk at a time, of a table and of a file that travels whole. */
export const CHUNK_BYTES = 65_536
export const FILE_CHUNK_BYTES = 1_048_576

/** Rows of the beginning that decide delimiter and header. */
export const SNIFF_ROWS_MAX = 100

/** Columns that are described; more are kept in the file and not described. */
export const COLUMNS_MAX = 10_000

export const COLUMN_NAME_LENGTH_MAX = 256

/** How deep a row of JSON may be nested. */
export const DEPTH_MAX = 64

/** How deep objects of NDJSON and GeoJSON are looked into for columns, and coordinates for positions. */
export const NESTING_MAX = 3
export const COORDINATES_NESTING_MAX = 6

/** Rows named in a warning. */
export const EXAMPLES_MAX = 3

/** A column is one of times when at least this share of its values are. */
export const TIME_SHARE_MIN = 0.95
