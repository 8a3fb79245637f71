/**
 * Reads LoRaWAN uplinks of ChirpStack v4 and The Things Stack v3, decodes payloads of bin sensors, and makes records of them.
 *
 * - Protobuf JSON leaves out zero, false and empty: a number that is missing is 0, and so is a missing counter. Only an object that is
 *   missing is unknown. ChirpStack v3 looks alike (EUIs in base64, the decoded object as a text) and is read too. A message that does not
 *   begin with `{` is binary protobuf.
 * - The same uplink again: `deduplicationId` of ChirpStack; elsewhere device, session and counter.
 * - Observed is what the earliest gateway says whose clock is within 10 min of the server's, else what the server says, with the flag
 *   `gateway-clock`. Both are kept.
 * - Decoders: Milesight EM400-MUD and EM310-UDL (port 85), Dingtek DF702 (port 3), byte by byte as in TheThingsNetwork/lorawan-devices.
 *   An unknown pair ends a Milesight payload; what was read before it is kept. A DF702's temperature is taken as signed. What a server
 *   decoded comes first, also numbers that are texts with their unit.
 * - `fillingLevel = clamp((empty - distance) / (empty - full), 0, 1)` by the calibration of the device; no level for a distance of 0 or
 *   more than a tenth above empty.
 * - A gap is a jump of the counter within one session: loss, not an error.
 *
 * Flags of a record: `gateway-clock`, `no-server-time`, `chirpstack-3`, `simulated`, `port`, `cut-short`, `unknown-channel`, `frame`,
 * `no-reading`, `length`, `place`, `no-payload`, `no-decoder`, `no-calibration`, `distance`, `no-place`, `object` (what the server decoded
 * was left out), `out-of-range`.
 *
 * Pure: the time of arrival is an argument.
 */
export { frameOf, recordsOf, uplinkIdentity, type DeviceSettings, type UplinkSettings } from './container.ts'
export { decodePayload, decoderNamed, DECODERS, type Decoded, type DecoderName, type Readings } from './decoders.ts'
export { GapCounter } from './gaps.ts'
export { readUplink, type Uplink, type UplinkFailure } from './uplink.ts'
