/** One message, or one body of JSON that is pushed. NDJSON and CSV are read row by row and may be longer. */
export const MESSAGE_BYTES_MAX = 4 << 20
/** Records that are read before they are stored. */
export const BATCH_RECORDS_MAX = 1_024
/** Records of one SenML pack or one message of observations. */
export const OBSERVATIONS_MAX = 100_000
export const COLUMNS_MAX = 1_000
/** What is looked at to tell how the fields of a table are divided. */
export const HEADER_BYTES_MAX = 65_536
