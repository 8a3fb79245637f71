/** All limits of the HTTP server. Reaching one is an answer (413, 429, 503, 408) or a closed connection, and counted. */
export type Limits = {
  readonly jsonBytesMax: number
  /** One append: all its records are acknowledged together. */
  readonly appendBytesMax: number
  readonly appendRecordsMax: number
  readonly referencesMax: number
  /** Revocation envelopes. */
  readonly statementBytesMax: number
  readonly pageSizeMax: number
  readonly readRecordsMax: number
  readonly tailRecordsMax: number
  readonly fetchTimeoutMsMax: number
  /** One signed transaction for the ledger. */
  readonly transactionBytesMax: number
  /** For how long an answer waits for the ledger where nothing is said, and at most: less than `idleTimeoutMs`. */
  readonly decideMs: number
  readonly decideMsMax: number

  readonly headersTimeoutMs: number
  /** For a body that is read whole; streams are bounded by `idleTimeoutMs` alone. */
  readonly bodyTimeoutMs: number
  /** A connection on which nothing moves for so long is closed. Longer than a heartbeat. */
  readonly idleTimeoutMs: number
  readonly requestsPerSocketMax: number
  readonly connectionsMax: number
  readonly inFlightMax: number
  readonly liveStreamsMax: number
  readonly retryAfterS: number

  readonly heartbeatMs: number
  readonly eventsKeptMax: number
  /** For how long the rest of a refused body is read and thrown away, so that the refusal reaches the sender. */
  readonly lingerMs: number
  /** For how long a stop waits for answers under way. */
  readonly stopGraceMs: number
}

export const DEFAULT_LIMITS: Limits = {
  jsonBytesMax: 1_048_576,
  appendBytesMax: 8_388_608,
  appendRecordsMax: 16_384,
  referencesMax: 1_024,
  statementBytesMax: 65_536,
  pageSizeMax: 1_000,
  readRecordsMax: 10_000_000,
  tailRecordsMax: 10_000,
  fetchTimeoutMsMax: 86_400_000,
  transactionBytesMax: 65_536,
  decideMs: 10_000,
  decideMsMax: 45_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  requestsPerSocketMax: 10_000,
  connectionsMax: 256,
  inFlightMax: 64,
  liveStreamsMax: 32,
  retryAfterS: 1,
  heartbeatMs: 15_000,
  eventsKeptMax: 10_000,
  lingerMs: 2_000,
  stopGraceMs: 5_000
}
