/** Writes zips, also such as no program writes: of them the hostile ones are made. APPNOTE.TXT 4.3. */
import { crc32, deflateRawSync } from 'node:zlib'

export type Packed = {
  readonly name: string
  readonly content: Uint8Array
  /** What the directory says in place of the truth. */
  readonly saidSizeBytes?: number
  readonly saidCrc32?: number
  readonly method?: number
  readonly flags?: number
  /** Of Unix, with the type of the file. */
  readonly mode?: number
  /** The data of this earlier entry are its own too. */
  readonly sameAs?: number
}

export function zipOf (entries: readonly Packed[]): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  const placed: { readonly offset: number, readonly packed: Buffer }[] = []
  let offset = 0
  for (const entry of entries) {
    const { name, content, method = 8, flags = 0, mode = 0o100644 } = entry
    const shared = entry.sameAs === undefined ? undefined : placed[entry.sameAs]
    const packed = shared?.packed ?? (method === 8 ? deflateRawSync(content) : Buffer.from(content))
    const nameBytes = Buffer.from(name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(flags | 0x800, 2)
    fields.writeUInt16LE(method, 4)
    fields.writeUInt32LE(entry.saidCrc32 ?? crc32(content), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(entry.saidSizeBytes ?? content.length, 18)
    fields.writeUInt16LE(nameBytes.length, 22)
    const place = { offset: shared?.offset ?? offset, packed }
    placed.push(place)
    if (shared === undefined) {
      const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, nameBytes, packed])
      parts.push(local)
      offset += local.length
    }
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(mode * 65_536, 6)
    tail.writeUInt32LE(place.offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 3]), fields, tail, nameBytes]))
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06', 'latin1'), end])
}
