import { assert, hex } from '../../base/index.ts'
import type { Random } from '../../host/index.ts'

const UUID_SIZE_BYTES = 16

/** A fresh `urn:uuid:` of version 4 (RFC 9562). */
export function freshUrn (random: Random): string {
  const bytes = random.bytes(UUID_SIZE_BYTES)
  const [version, variant] = [bytes[6], bytes[8]]
  assert(version !== undefined && variant !== undefined, `a UUID is made of ${UUID_SIZE_BYTES} bytes`)
  bytes[6] = (version & 0x0f) | 0x40
  bytes[8] = (variant & 0x3f) | 0x80
  return `urn:uuid:${hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`
}
