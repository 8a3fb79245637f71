/** Real brokers, a node as a process of its own, and uplinks whose values are known: what the tests of MQTT stand on. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt, { type MqttClient } from 'mqtt'
import { createClient, type Client } from '../../src/sdk/index.ts'
import { randomFrom } from '../support/chance.ts'
import { hanse } from '../cli/support.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`

/** Where there is no mosquitto that runs, or not all of it, tests with it say so and are left out. */
export const hasMosquitto: boolean = [['mosquitto', '-h'], ['mosquitto_sub', '--help']].every(([tool = '', ...args]) => /version/.test(String(spawnSync(tool, args, { env: { PATH } }).stdout ?? '')))

/** Waits until something is so; the test's own timeout ends it. */
export async function until (isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!await isSo()) await new Promise(resolve => setTimeout(resolve, 25))
}

// --- Brokers -------------------------------------------------------------------------------------------------------

export class Mosquitto {
  readonly #folder: string
  readonly port: number
  #child: ChildProcess | undefined

  constructor (folder: string, port: number) {
    this.#folder = folder
    this.port = port
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'mosquitto.conf'), [
      `listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence true', `persistence_location ${folder}/`, 'max_queued_messages 0', 'max_inflight_messages 200',
      'log_dest none', ...process.getuid?.() === 0 ? ['user root'] : []
    ].join('\n'))
  }

  async start (): Promise<void> {
    this.#child = spawn('mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], { env: { PATH }, stdio: 'ignore' })
    await until(() => isListening(this.port))
  }

  /** In order: its queues and sessions go to the disk. */
  async stop (): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }
}

async function isListening (port: number): Promise<boolean> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, connectTimeout: 2_000 })
  const found = await new Promise<boolean>(resolve => {
    client.once('connect', () => { resolve(true) })
    client.once('error', () => { resolve(false) })
    client.once('close', () => { resolve(false) })
  })
  await client.endAsync(true)
  return found
}

// --- The node ------------------------------------------------------------------------------------------------------

/** A node as a process, founded alone, with what its hanse.toml says beside. */
export class NodeProcess {
  readonly folder: string
  #child: ChildProcess | undefined
  #client: Client | undefined
  #token = ''
  mqttUrl = ''

  constructor (folder: string) {
    this.folder = folder
  }

  async make (toml: string): Promise<void> {
    const made = await hanse(['init', '--data', this.folder, '--name', 'Bellevue', '--no-input'])
    if (made.code !== 0) throw new Error(made.error)
    appendFileSync(join(this.folder, 'hanse.toml'), [
      '', '[api]', 'listen = "127.0.0.1:0"', 'metrics_listen = ""', '[network]', 'listen = ["/ip4/127.0.0.1/tcp/0"]', 'join_listen = ["/ip4/127.0.0.1/tcp/0"]', 'lan = false',
      '[log]', `level = "${process.env['HANSE_TEST_LOG'] === undefined ? 'silent' : 'debug'}"`, toml, ''
    ].join('\n'))
    await this.start()
    const founded = await hanse(['invite', '--data', this.folder, '--federation', 'Alone', '--founders', '1', '--no-qr'])
    if (founded.code !== 0) throw new Error(founded.error)
  }

  async start (): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'start', '--data', this.folder, '--ndjson'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' }, stdio: ['ignore', 'pipe', 'inherit']
    })
    this.#child = child
    const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'close').then(() => { throw new Error('the node did not start') })]) as [Buffer]
    this.mqttUrl = String((JSON.parse(line.toString().split('\n')[0] ?? '') as { mqttUrl: string | null }).mqttUrl)
    child.stdout.resume()
    await until(() => {
      try {
        const { url, token } = JSON.parse(readFileSync(join(this.folder, 'api.json'), 'utf8')) as { url: string, token: string }
        const isNew = token !== this.#token
        if (isNew) this.#client = createClient({ baseUrl: url, token })
        this.#token = token
        return isNew
      } catch {
        return false
      }
    })
  }

  get client (): Client {
    if (this.#client === undefined) throw new Error('the node was not started')
    return this.#client
  }

  get token (): string {
    return this.#token
  }

  /** As if the power failed for this process. */
  async kill (): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop (): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end (signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
}

// --- Uplinks -------------------------------------------------------------------------------------------------------

export type Expected = { readonly distanceMm: number, readonly temperatureC: number | undefined, readonly fillingLevel: number, readonly fCnt: number, readonly devEui: string }
export type Sent = { readonly topic: string, readonly payload: string, readonly id: string, readonly expected: Expected }

const EMPTY_MM = 4_000
const DEVICES = 12

function euiOf (device: number): string {
  return `24e12471${(0x3b000000 + device).toString(16)}`
}

/** Calibration and place of all devices, as tables of hanse.toml. */
export function devicesToml (): string {
  return ['[connector.devices]', ...[...Array(DEVICES).keys()].map(device =>
    `"${euiOf(device)}" = { decoder = "${decoderOf(device)}", empty_mm = ${EMPTY_MM}, latitude = 47.6, longitude = -122.2 }`)].join('\n')
}

function decoderOf (device: number): 'em400-mud' | 'em310-udl' | 'df702' {
  return (['em400-mud', 'em310-udl', 'df702'] as const)[device % 3] ?? 'df702'
}

/**
 * Uplinks of several devices through two kinds of servers, with a gap now and then, and every twentieth again somewhere later.
 * Fields that are zero are left out, as protobuf does. `gaps`: how many never come.
 */
export function uplinks (count: number, seed: number): { readonly sent: readonly Sent[], readonly unique: ReadonlyMap<string, Expected>, readonly gaps: number } {
  const random = randomFrom(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const counters = new Map<number, number>()
  const unique = new Map<string, Expected>()
  const sent: Sent[] = []
  let gaps = 0
  while (unique.size < count) {
    const device = below(DEVICES)
    const last = counters.get(device)
    const skipped = last !== undefined && below(50) === 0 ? 1 + below(3) : 0
    gaps += skipped
    const fCnt = (last ?? -1) + 1 + skipped
    counters.set(device, fCnt)
    const uplink = uplinkOf(device, fCnt, below(5) === 0 ? 0 : below(600) - 100, below(EMPTY_MM) + 1)
    unique.set(uplink.id, uplink.expected)
    sent.push(uplink)
    const again = below(20) === 0 ? sent[below(sent.length)] : undefined
    if (again !== undefined) sent.push(again)
  }
  return { sent, unique, gaps }
}

function uplinkOf (device: number, fCnt: number, deciC: number, distanceMm: number): Sent {
  const devEui = euiOf(device)
  const decoder = decoderOf(device)
  const celsius = decoder === 'df702' ? Math.trunc(deciC / 10) % 100 : decoder === 'em400-mud' ? deciC / 10 : undefined
  const data = payloadOf(decoder, deciC, distanceMm).toString('base64')
  const timeMs = 1_777_629_600_000 + fCnt * 60_000
  const [time, fPort] = [new Date(timeMs).toISOString(), decoder === 'df702' ? 3 : 85]
  const expected = { devEui, fCnt, distanceMm, temperatureC: celsius === undefined ? undefined : celsius + 0, fillingLevel: Math.round((EMPTY_MM - distanceMm) / EMPTY_MM * 10_000) / 10_000 }
  const counted = (name: string): object => fCnt === 0 ? {} : { [name]: fCnt }
  if (device % 2 === 0) {
    const id = `${device}-${fCnt}-d`
    const message = {
      deduplicationId: id, time, deviceInfo: { devEui, deviceName: `bin ${device}`, applicationId: 'app' }, devAddr: `0000000${device}`, ...counted('fCnt'), fPort, data,
      rxInfo: [{ gatewayId: 'g', gwTime: time, rssi: -90 }]
    }
    return { topic: `application/app/device/${devEui}/event/up`, payload: JSON.stringify(message), id, expected }
  }
  const message = {
    end_device_ids: { device_id: `bin-${device}`, dev_eui: devEui.toUpperCase(), application_ids: { application_id: 'app' } }, received_at: time,
    uplink_message: { session_key_id: `key${device}`, f_port: fPort, ...counted('f_cnt'), frm_payload: data, rx_metadata: [{ gateway_ids: { gateway_id: 'g' }, time }], received_at: time }
  }
  return { topic: `v3/app@city/devices/bin-${device}/up`, payload: JSON.stringify(message), id: `${devEui}/key${device}/${fCnt}`, expected }
}

function payloadOf (decoder: 'em400-mud' | 'em310-udl' | 'df702', deciC: number, distanceMm: number): Buffer {
  if (decoder === 'df702') {
    const frame = Buffer.from('800001011100000019000000000000008181'.slice(0, 34), 'hex')
    frame.writeUInt16BE(distanceMm, 5)
    frame.writeInt8(Math.trunc(deciC / 10) % 100, 8)
    frame[16] = 0x81
    return frame
  }
  const distance = Buffer.from(decoder === 'em400-mud' ? '04820000' : '03820000', 'hex')
  distance.writeUInt16LE(distanceMm, 2)
  const temperature = Buffer.from('03670000', 'hex')
  temperature.writeInt16LE(deciC, 2)
  return Buffer.concat([Buffer.from('01755c', 'hex'), ...decoder === 'em400-mud' ? [temperature] : [], distance])
}

/** Publishes with quality of service 1, so many at a time; resolves when each was acknowledged, over however many connections. */
export async function publishAll (client: MqttClient, sent: readonly Sent[], onAcknowledged: (count: number) => void, windowMax = 60): Promise<void> {
  let [next, acknowledged] = [0, 0]
  const worker = async (): Promise<void> => {
    for (let uplink = sent[next++]; uplink !== undefined; uplink = sent[next++]) {
      // What the library gives up while it connects anew is brought again, as a gateway does.
      for (let isTaken = false; !isTaken;) {
        isTaken = await client.publishAsync(uplink.topic, uplink.payload, { qos: 1 }).then(() => true, () => false)
        if (!isTaken) await new Promise(resolve => setTimeout(resolve, 25))
      }
      onAcknowledged(++acknowledged)
    }
  }
  await Promise.all(Array.from({ length: windowMax }, worker))
}
