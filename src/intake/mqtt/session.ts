import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { IPublishPacket } from 'mqtt'
import { assert, type Result } from '../../base/index.ts'
import type { SinkFailure } from '../connector/index.ts'
import {
  CONNECT_TIMEOUT_MS, DRAIN_MS_MAX, KEEPALIVE_S, PACKET_BYTES_MAX, PENDING_BYTES_MAX, PENDING_MESSAGES_MAX, SESSION_EXPIRY_S
} from './limits.ts'
import { PacketSizes } from './sizes.ts'

export type SessionOptions = {
  /** `mqtt://HOST:PORT` or `mqtts://HOST:PORT`. */
  readonly broker: string
  readonly version: '3.1.1' | '5'
  readonly clientId: string
  readonly user: string
  readonly password: string | undefined
  /** PEM. */
  readonly ca: string | undefined
  readonly topics: readonly string[]
  /** Resolves when the message is durable. A failure ends the session, unacknowledged, so that the broker sends it again. */
  readonly accept: (topic: string, payload: Uint8Array) => Promise<Result<unknown, SinkFailure>>
  /** Subscribed; with the least quality of service that the broker granted. */
  readonly onReady: (qos: number) => void
  readonly signal: AbortSignal
}

/**
 * One connection to a broker, with the session that the broker keeps for it. Resolves when it is over, with a sentence why.
 *
 * The library acknowledges a message when its callback says that it was handled, and takes the next one then: one message for each
 * commit. So it is told of each that it was not handled, which acknowledges nothing and goes on to the next, and PUBACK is sent by us,
 * in the order in which messages came (MQTT-4.6.0-2), once each is durable.
 */
export async function runSession (options: SessionOptions): Promise<string> {
  const { accept, signal } = options
  const client = mqtt.connect(options.broker, clientOptions(options))
  const ended = Promise.withResolvers<string>()
  const pending = new Pending()
  let isOver = false
  const end = (why: string): void => {
    if (isOver) return
    isOver = true
    ended.resolve(why)
  }
  client.handleMessage = (packet, callback) => {
    if (isOver) return
    const done = accept(packet.topic, payloadOf(packet)).then(result => { if (!result.ok) throw new Error(`${result.failure.reason}. ${result.failure.hint}`) })
    pending.add(packet.payload.length, done, () => { if (!isOver) acknowledge(client, packet) }, cause => {
      end(cause instanceof Error ? cause.message : String(cause))
    })
    void pending.room().then(() => { callback(packet.qos === 0 ? undefined : new Error('acknowledged when it is durable')) })
  }
  const sizes = new PacketSizes(PACKET_BYTES_MAX)
  client.stream.on('data', (chunk: Uint8Array) => {
    const size = sizes.tooLarge(chunk)
    if (size !== undefined) end(`the broker sent a packet of more than ${PACKET_BYTES_MAX} bytes`)
  })
  client.on('error', error => { end(sentenceOf(error)) })
  client.on('close', () => { end('the broker closed the connection') })
  client.on('disconnect', ({ reasonCode }) => { end(`the broker ended the connection (reason ${reasonCode ?? 0})`) })
  client.on('connect', () => {
    subscribe(client, options.topics).then(options.onReady, (cause: unknown) => { end(sentenceOf(cause)) })
  })
  const stop = (): void => {
    // What came is stored and acknowledged first, if that does not take long.
    void Promise.race([pending.settled(), new Promise(resolve => setTimeout(resolve, DRAIN_MS_MAX).unref())]).then(() => { end('stopped') })
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  const why = await ended.promise
  signal.removeEventListener('abort', stop)
  await client.endAsync(why !== 'stopped').catch(() => {})
  // Whatever is still being stored is durable, or not, before another session begins: its messages come again there.
  await pending.settled()
  return why
}

function clientOptions ({ broker, version, clientId, user, password, ca }: SessionOptions): IClientOptions {
  const { hostname } = new URL(broker)
  return {
    clientId, clean: false, protocolVersion: version === '5' ? 5 : 4, reconnectPeriod: 0, resubscribe: false, keepalive: KEEPALIVE_S, connectTimeout: CONNECT_TIMEOUT_MS,
    ...user === '' ? {} : { username: user }, ...password === undefined ? {} : { password },
    ...ca === undefined ? {} : { ca: [...rootCertificates, ca] }, ...isIP(hostname) === 0 ? { servername: hostname } : {},
    ...version === '5'
      ? { properties: { sessionExpiryInterval: SESSION_EXPIRY_S, receiveMaximum: PENDING_MESSAGES_MAX, maximumPacketSize: PACKET_BYTES_MAX } }
      : {}
  }
}

async function subscribe (client: MqttClient, topics: readonly string[]): Promise<number> {
  // Retained values come once, with the first subscription (MQTT 5, 3.8.3.1).
  const granted = await client.subscribeAsync([...topics], { qos: 1, rh: 1 })
  const refused = granted.find(({ qos }) => qos >= 128)
  if (refused !== undefined) throw new Error(`the broker does not let this user subscribe to ${refused.topic}`)
  return Math.min(1, ...granted.map(({ qos }) => qos))
}

function payloadOf ({ payload }: IPublishPacket): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : new Uint8Array(payload)
}

function acknowledge (client: MqttClient, { qos, messageId }: IPublishPacket): void {
  if (qos === 0) return
  assert(messageId !== undefined, 'a message with quality of service has an id')
  client['_sendPacket']({ cmd: 'puback', messageId, reasonCode: 0 })
}

function sentenceOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Several addresses of one name, each of which failed.
  if (error instanceof AggregateError) return error.errors.map(sentenceOf).join('; ')
  return error.message === '' ? error.name : error.message
}

/** Messages that came and are not yet durable, in order. */
class Pending {
  #count = 0
  #bytes = 0
  #last: Promise<unknown> = Promise.resolve()
  #waiting: (() => void)[] = []

  /** `onDurable` is called in the order of `add`; after the first failure no more. */
  add (bytes: number, durable: Promise<unknown>, onDurable: () => void, onFailure: (cause: unknown) => void): void {
    this.#count++
    this.#bytes += bytes
    const before = this.#last
    // Heard at once: what fails before its turn must not count as unhandled.
    durable.catch(() => {})
    this.#last = before.then(() => durable).then(onDurable)
    this.#last.catch(onFailure)
    const settle = (): void => {
      this.#count--
      this.#bytes -= bytes
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
    durable.then(settle, settle)
  }

  async room (): Promise<void> {
    while (this.#count >= PENDING_MESSAGES_MAX || this.#bytes >= PENDING_BYTES_MAX) await this.#change()
  }

  /** Resolves when nothing is under way. Never rejects. */
  async settled (): Promise<void> {
    while (this.#count > 0) await this.#change()
    await this.#last.catch(() => {})
  }

  #change (): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }
}
