/** A LoRaWAN payload has at most 242 bytes; what surrounds it, with many gateways, some tens of kilobytes. */
export const UPLINK_BYTES_MAX = 262_144
export const PAYLOAD_BYTES_MAX = 1_024
export const GATEWAYS_MAX = 64
export const NAME_LENGTH_MAX = 128
/** A gateway's clock is believed within so much of the server's. */
export const CLOCK_DIFFERENCE_MS_MAX = 600_000
/** Devices whose counters are watched; of more, the longest silent is forgotten. */
export const DEVICES_MAX = 65_536
/** How far behind the newest an uplink may come and still be one that was missed, not a counter that began again. */
export const LATE_FRAMES_MAX = 128
