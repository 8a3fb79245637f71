/** How long a token of a transfer opens the door. */
export const TOKEN_LIFETIME_MS = 86_400_000
export const TOKENS_MAX = 16_384
/** Agreements with one member about one dataset that no person was asked about, ended ones too. */
export const AGREEMENTS_BY_RULE_MAX = 64
/** How often agreements are compared with what the ledger has of them. */
export const LEDGER_SWEEP_MS = 60_000
/** The ledger wants an end that lies ahead of its block, so that nothing that was final is undone; elsewhere it counts at once. */
export const LEDGER_END_AHEAD_MS = 600_000
/** How often one waits to hear how a negotiation ended, at most. */
export const WAIT_MS_MAX = 45_000
/** Ids of requests that were heard; full, nobody else is until the oldest is forgotten. */
export const REQUEST_IDS_MAX = 100_000
/** Of one member: 24 requests a second, for as long as an id has to be known. */
export const REQUEST_IDS_PER_MEMBER_MAX = 10_000
export const REQUEST_LIFETIME_MS_MAX = 300_000
export const REQUEST_SKEW_MS_MAX = 60_000
export const REQUEST_TOKEN_BYTES_MAX = 8_192
/** Records of one push; each is acknowledged by its receiver before the next goes out. */
export const PUSH_RECORDS_MAX = 500
/** Records of one moment leave together. */
export const PUSH_LINGER_MS = 50
export const PUSH_RETRY_MS_MIN = 1_000
export const PUSH_RETRY_MS_MAX = 60_000
