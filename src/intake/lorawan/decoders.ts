/** What a sensor in a bin said. What is left out was not said. */
export type Readings = {
  readonly batteryPercent?: number
  readonly temperatureC?: number
  /** From the sensor down to what is in the bin. */
  readonly distanceMm?: number
  readonly isTilted?: boolean
  /** What the device itself calls full. */
  readonly isFull?: boolean
  readonly isBurning?: boolean
  readonly isBatteryLow?: boolean
  readonly longitude?: number
  readonly latitude?: number
}

export const DECODERS = ['em400-mud', 'em310-udl', 'df702'] as const
export type DecoderName = typeof DECODERS[number]

/** `flags` say what was left out, and why. */
export type Decoded = { readonly readings: Readings, readonly flags: readonly string[] }

/** The decoder whose device a profile or model names. */
export function decoderNamed (name: string): DecoderName | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  return DECODERS.find(decoder => plain.includes(decoder.replace('-', ''))) ??
    (plain.includes('em400') ? 'em400-mud' : plain.includes('em310') ? 'em310-udl' : undefined)
}

export function decodePayload (decoder: DecoderName, fPort: number, payload: Uint8Array): Decoded {
  switch (decoder) {
    case 'em400-mud': return fPort === 85 ? milesight(payload, EM400_MUD) : wrongPort
    case 'em310-udl': return fPort === 85 ? milesight(payload, EM310_UDL) : wrongPort
    case 'df702': return fPort === 3 ? df702(payload) : wrongPort
  }
}

const wrongPort: Decoded = { readings: {}, flags: ['port'] }

/** How values of one (channel, type) are read: bytes of the value, and of what follows it in forms that tell an alarm. */
type Channel = { readonly size: number, readonly more?: number, readonly read: (view: DataView, at: number) => Readings }

const battery: Channel = { size: 1, read: (view, at) => ({ batteryPercent: view.getUint8(at) }) }
const temperature: Channel = { size: 2, read: (view, at) => ({ temperatureC: view.getInt16(at, true) / 10 }) }
const distance: Channel = { size: 2, read: (view, at) => ({ distanceMm: view.getUint16(at, true) }) }
const position: Channel = { size: 1, read: (view, at) => ({ isTilted: view.getUint8(at) === 1 }) }

const EM400_MUD: ReadonlyMap<number, Channel> = new Map([
  [0x0175, battery], [0x0367, temperature], [0x0482, distance], [0x0500, position],
  [0x8367, { ...temperature, more: 1 }], [0x8482, { ...distance, more: 1 }]
])
const EM310_UDL: ReadonlyMap<number, Channel> = new Map([[0x0175, battery], [0x0382, distance], [0x0400, position]])

/** Pairs of channel and type, each with its value. Stops at a pair that it does not know: how long its value is, nobody says. */
function milesight (payload: Uint8Array, channels: ReadonlyMap<number, Channel>): Decoded {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  let readings: Readings = {}
  let at = 0
  while (at < payload.length) {
    if (at + 2 > payload.length) return { readings, flags: ['cut-short'] }
    const channel = channels.get(view.getUint16(at))
    if (channel === undefined) return { readings, flags: ['unknown-channel'] }
    const end = at + 2 + channel.size + (channel.more ?? 0)
    if (end > payload.length) return { readings, flags: ['cut-short'] }
    readings = { ...readings, ...channel.read(view, at + 2) }
    at = end
  }
  return { readings, flags: [] }
}

const DF702_SHORT = 17
const DF702_WITH_PLACE = 25
/** Of byte 3: an answer to a change of settings. */
const DF702_SETTINGS = 3

/** One frame, whose length stands in byte 4. The angle that it holds too is of no use: published decoders do not agree on it. */
function df702 (payload: Uint8Array): Decoded {
  const size = payload[4]
  if (payload[0] !== 0x80 || size === undefined) return { readings: {}, flags: ['frame'] }
  if (payload[3] === DF702_SETTINGS) return { readings: {}, flags: ['no-reading'] }
  if ((size !== DF702_SHORT && size !== DF702_WITH_PLACE) || payload.length < size) return { readings: {}, flags: ['cut-short'] }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const hasPlace = size === DF702_WITH_PLACE
  // With a place, what comes behind it stands 8 bytes later.
  const shift = hasPlace ? 8 : 0
  const [fullAndFire, tiltAndBattery] = [view.getUint8(11 + shift), view.getUint8(12 + shift)]
  const place = hasPlace && payload[7] !== 0 ? placeOf(view.getFloat32(8, true), view.getFloat32(12, true)) : {}
  return {
    readings: {
      distanceMm: view.getUint16(5), temperatureC: view.getInt8(8 + shift),
      isFull: fullAndFire >> 4 > 0, isBurning: (fullAndFire & 0x0f) > 0, isTilted: tiltAndBattery >> 4 > 0, isBatteryLow: (tiltAndBattery & 0x0f) > 0,
      ...place
    },
    flags: [...payload.length === size ? [] : ['length'], ...hasPlace && payload[7] !== 0 && place.longitude === undefined ? ['place'] : []]
  }
}

/** Six decimals are 11 cm: what a float of 32 bits holds of a place. */
function placeOf (longitude: number, latitude: number): Pick<Readings, 'longitude' | 'latitude'> {
  if (!(Math.abs(longitude) <= 180) || !(Math.abs(latitude) <= 90) || (longitude === 0 && latitude === 0)) return {}
  return { longitude: Math.round(longitude * 1e6) / 1e6, latitude: Math.round(latitude * 1e6) / 1e6 }
}
