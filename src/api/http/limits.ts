import type { Rate, Share } from '../quota/index.ts'

/** All limits of the HTTP server. Reaching one is an answer (413, 429, 503, 408) or a closed connection, and counted. */
export type Limits = {
  readonly jsonBytesMax: number
  /** One append: all its records are acknowledged together. */
  readonly appendBytesMax: number
  readonly appendRecordsMax: number

  /** Address and headers; far more than any address may have, so that whoever sent a long one is told. */
  readonly headBytesMax: number
  readonly headersTimeoutMs: number
  /** For a body that is read whole; streams are bounded by `idleTimeoutMs` alone. */
  readonly bodyTimeoutMs: number
  /** A connection on which nothing moves for so long is closed. Longer than a heartbeat. */
  readonly idleTimeoutMs: number
  readonly requestsPerSocketMax: number
  readonly connectionsMax: number
  /** Calls that are being answered, with what of them a slow reader has yet to take; and streams without an end. */
  readonly inFlight: Share
  readonly liveStreams: Share
  /** Of what asks nobody for a token: health, the page of the console, messages of other nodes that sign themselves. */
  readonly openInFlightMax: number
  readonly retryAfterS: number
  /** Requests a second of one caller, of one address, and of one address of the public; each may save up `burst` of them. */
  readonly callerRate: Rate
  readonly addressRate: Rate
  readonly publicRate: Rate
  /** Callers and addresses that are remembered; the one that was quiet longest is forgotten first. */
  readonly bucketsMax: number

  readonly heartbeatMs: number
  /** How long a stream may go on after the token or session that opened it has ended. */
  readonly rightCheckMs: number
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
  headBytesMax: 65_536,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  requestsPerSocketMax: 10_000,
  connectionsMax: 2_048,
  inFlight: { max: 64, strangersMax: 48, strangerMax: 16 },
  liveStreams: { max: 1_536, strangersMax: 1_280, strangerMax: 512 },
  openInFlightMax: 1_024,
  retryAfterS: 1,
  callerRate: { perSecond: 1_000, burst: 4_000 },
  addressRate: { perSecond: 2_000, burst: 8_000 },
  publicRate: { perSecond: 20, burst: 200 },
  bucketsMax: 4_096,
  heartbeatMs: 15_000,
  rightCheckMs: 1_000,
  eventsKeptMax: 10_000,
  lingerMs: 2_000,
  stopGraceMs: 5_000
}
