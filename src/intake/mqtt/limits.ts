/** A message of MQTT with its topic. */
export const PACKET_BYTES_MAX = 1 << 20
/** Messages that came and are not acknowledged yet; a broker of MQTT 5 is told, others are read no further. */
export const PENDING_MESSAGES_MAX = 512
export const PENDING_BYTES_MAX = 16 << 20
export const KEEPALIVE_S = 30
export const CONNECT_TIMEOUT_MS = 15_000
/** How long a broker of MQTT 5 keeps what came while this node was away. */
export const SESSION_EXPIRY_S = 7 * 86_400
/** How long a client that is told to end waits for what came to be stored and acknowledged. */
export const DRAIN_MS_MAX = 5_000
export const BACKOFF_LAST_MS = 60_000
export const PASSWORD_BYTES_MAX = 4_096
export const CA_BYTES_MAX = 1_048_576
