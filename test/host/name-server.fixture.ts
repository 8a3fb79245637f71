/** A name server on UDP that says something else each time it is asked. Knows queries of one question, RFC 1035 section 4. */
import { createSocket } from 'node:dgram'
import { isIPv4 } from 'node:net'

type Kind = 'A' | 'AAAA'

export type NameServer = {
  readonly port: number
  /** Answers to questions of this kind, one after the other; the last is said again and again. */
  say (kind: Kind, ...answers: readonly (readonly string[])[]): void
  /** The next answers name an alias, and the addresses of the alias. */
  alias (name: string, addresses: readonly string[]): void
  asked (kind: Kind): number
  close (): void
}

const TYPES: ReadonlyMap<number, Kind> = new Map([[1, 'A'], [28, 'AAAA']])

export async function openNameServer (): Promise<NameServer> {
  const socket = createSocket('udp4')
  const script = new Map<Kind, (readonly string[])[]>()
  const counts = new Map<Kind, number>()
  let alias: { readonly name: string, readonly addresses: readonly string[] } | undefined
  socket.on('message', (query, from) => {
    let at = 12
    while (query[at] !== 0) at += (query[at] ?? 0) + 1
    const kind = TYPES.get(query.readUInt16BE(at + 1))
    const question = query.subarray(12, at + 5)
    const answers: Buffer[] = []
    if (kind !== undefined) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      const lines = script.get(kind) ?? []
      const said = (lines.length > 1 ? lines.shift() : lines[0]) ?? []
      if (alias !== undefined && kind === 'A') {
        answers.push(record(Buffer.from([0xc0, 12]), 5, nameBytes(alias.name)), ...alias.addresses.map(address => record(nameBytes(alias?.name ?? ''), 1, addressBytes(address))))
      } else answers.push(...said.map(address => record(Buffer.from([0xc0, 12]), isIPv4(address) ? 1 : 28, addressBytes(address))))
    }
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8580, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(answers.length, 6)
    socket.send(Buffer.concat([head, question, ...answers]), from.port, from.address)
  })
  await new Promise<void>(resolve => { socket.bind(0, '127.0.0.1', resolve) })
  return {
    port: socket.address().port,
    say (kind, ...answers) {
      script.set(kind, [...answers])
      counts.set(kind, 0)
      alias = undefined
    },
    alias (name, addresses) { alias = { name, addresses } },
    asked: kind => counts.get(kind) ?? 0,
    close () { socket.close() }
  }
}

/** With a time to live of none. */
function record (name: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([name, fixed, data])
}

function nameBytes (name: string): Buffer {
  return Buffer.concat([...name.split('.').map(label => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])])
}

/** Of IPv6 only `::1` is needed. */
function addressBytes (address: string): Buffer {
  return isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : Buffer.from([...Array.from({ length: 15 }, () => 0), 1])
}
