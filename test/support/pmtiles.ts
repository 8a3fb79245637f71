/** A small map of vector tiles as PMTiles (version 3) writes it, nothing compressed: one tile, which is all tiles of the first two zooms. */
const HEADER_BYTES = 127
const EXTENT = 4_096
const TILES = 5
const [NONE, MVT] = [1, 1]

/** Covers the world, with a name on it. */
export function pmtiles (layer: string, attribution: string): Uint8Array {
  const tile = tileOf(layer)
  const directory = Uint8Array.from([1, 0, TILES, ...varint(tile.length), 1].flat())
  const metadata = Buffer.from(JSON.stringify({ name: layer, attribution, vector_layers: [{ id: layer, fields: { name: 'String' } }] }))
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('PMTiles\x03', 'latin1')
  const at = { directory: HEADER_BYTES, metadata: HEADER_BYTES + directory.length, tiles: HEADER_BYTES + directory.length + metadata.length }
  const sizes = [at.directory, directory.length, at.metadata, metadata.length, 0, 0, at.tiles, tile.length, TILES, 1, 1]
  for (const [index, size] of sizes.entries()) header.writeBigUInt64LE(BigInt(size), 8 + index * 8)
  header.set([1, NONE, NONE, MVT, 0, 1], 96)
  for (const [index, degrees] of [-180, -85, 180, 85].entries()) header.writeInt32LE(degrees * 1e7, 102 + index * 4)
  return Buffer.concat([header, directory, metadata, tile])
}

/** One square over all of it. */
function tileOf (layer: string): Uint8Array {
  const [move, line, close] = [9, 26, 15]
  const zigzag = (value: number): number => value < 0 ? -2 * value - 1 : 2 * value
  const geometry = [move, 0, 0, line, zigzag(EXTENT), 0, 0, zigzag(EXTENT), zigzag(-EXTENT), 0, close].flatMap(varint)
  const feature = [...field(2, [0, 0]), ...varint(3 << 3), 3, ...field(4, geometry)]
  const value = field(1, [...Buffer.from('All of it')])
  const body = [...varint(15 << 3), 2, ...field(1, [...Buffer.from(layer)]), ...field(2, feature), ...field(3, [...Buffer.from('name')]), ...field(4, value), ...varint(5 << 3), ...varint(EXTENT)]
  return Uint8Array.from(field(3, body))
}

/** Of a protocol buffer: bytes under a number. */
function field (number: number, bytes: readonly number[]): number[] {
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes]
}

function varint (value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}
