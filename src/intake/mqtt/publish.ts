import { rootCertificates } from 'node:tls'
import mqtt from 'mqtt'
import { fail, ok, type Result } from '../../base/index.ts'
import { CONNECT_TIMEOUT_MS, PACKET_BYTES_MAX } from './limits.ts'
import { PacketSizes } from './sizes.ts'

/** One message to one broker that somebody named. */
export type Publication = {
  /** `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`. */
  readonly url: string
  readonly topic: string
  readonly username: string | null
  readonly password: string | null
  readonly qos: 0 | 1
  readonly version: '3.1.1' | '5'
}
export type PublishFailure = { readonly code: 'address' | 'unreachable' | 'refused', readonly reason: string, readonly hint: string }

/** The network address of a host that may be called, at a port; or why none is. */
export type CheckAddress = (host: string, port: number, isSecure: boolean) => Promise<Result<string, PublishFailure>>

const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1_883, 'mqtts:': 8_883 }

/**
 * Connects to the address that was checked, publishes, and leaves; with quality of service 1 once the broker has the message. The host
 * name is kept for TLS alone. A connection for each message: those who are told this way are few, and told together.
 */
export async function publishOnce ({ url, topic, username, password, qos, version }: Publication, payload: Uint8Array, check: CheckAddress): Promise<Result<null, PublishFailure>> {
  const { protocol, hostname, port } = new URL(url)
  const isSecure = protocol === 'mqtts:'
  const at = port === '' ? PORTS[protocol] ?? 0 : Number(port)
  const address = await check(hostname.replace(/^\[|\]$/g, ''), at, isSecure)
  if (!address.ok) return address
  const client = mqtt.connect({
    protocol: isSecure ? 'mqtts' : 'mqtt', host: address.value, port: at, reconnectPeriod: 0, connectTimeout: CONNECT_TIMEOUT_MS, clean: true, protocolVersion: version === '5' ? 5 : 4,
    ...username === null ? {} : { username }, ...password === null ? {} : { password }, ...isSecure ? { servername: hostname, rejectUnauthorized: true, ca: [...rootCertificates] } : {}
  })
  const outcome = Promise.withResolvers<Result<null, PublishFailure>>()
  const end = (reason: string): void => { outcome.resolve(fail({ code: 'unreachable', reason, hint: 'see whether the broker is there, and takes this user' })) }
  // Whoever named the broker may be who runs it.
  const sizes = new PacketSizes(PACKET_BYTES_MAX)
  client.stream.on('data', (chunk: Uint8Array) => {
    if (sizes.tooLarge(chunk) !== undefined) end(`the broker sent a packet of more than ${PACKET_BYTES_MAX} bytes`)
  })
  const timer = setTimeout(() => { end('the broker took too long') }, 2 * CONNECT_TIMEOUT_MS)
  client.on('error', () => { end('the broker was not reached, or refused the connection') })
  client.on('close', () => { end('the broker closed the connection') })
  client.on('connect', () => {
    client.publish(topic, Buffer.from(payload), { qos }, error => {
      if (error === undefined || error === null) outcome.resolve(ok(null))
      else end('the broker did not take the message')
    })
  })
  const result = await outcome.promise
  clearTimeout(timer)
  await client.endAsync(!result.ok).catch(() => {})
  return result
}
