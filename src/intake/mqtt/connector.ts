import { open } from 'node:fs/promises'
import type { ConnectorDeclaration, MqttDeclaration } from '../../sdk/index.ts'
import { backoffMs, type ConnectorContext, type ConnectorFactory } from '../connector/index.ts'
import { openIntake, type Intake } from '../message/index.ts'
import { BACKOFF_LAST_MS, CA_BYTES_MAX, PASSWORD_BYTES_MAX } from './limits.ts'
import { runSession } from './session.ts'
import type { EmbeddedBroker } from './types.ts'

const TOPICS_OF_FORMAT: Readonly<Partial<Record<MqttDeclaration['format'], readonly string[]>>> = {
  'chirpstack': ['application/+/device/+/event/up'],
  'ttn': ['v3/+/devices/+/up'],
  'auto-lorawan': ['application/+/device/+/event/up', 'v3/+/devices/+/up']
}

/** Where messages for a connector are published: those that it names, else those of its format. */
function topicsOf ({ topics, format }: Pick<MqttDeclaration, 'topics' | 'format'>): readonly string[] {
  return topics.length > 0 ? topics : TOPICS_OF_FORMAT[format] ?? []
}

/** Where this node's own broker takes messages for a connector; none where it asks another broker, or none. */
export function embeddedFilters (declaration: ConnectorDeclaration): readonly string[] {
  if (declaration.kind !== 'mqtt' || declaration.broker !== 'embedded') return []
  // The second stands for the first too (MQTT 3.1.1, 4.7.1.2).
  return [`hanse/in/${declaration.name}/#`, ...topicsOf(declaration)]
}

/** `embedded`: the broker of this node. */
export function createMqttConnector (embedded: EmbeddedBroker): ConnectorFactory<MqttDeclaration> {
  return (declaration, context) => ({
    async run (signal) {
      const intake = await openIntake(declaration, context, signal)
      await (declaration.broker === 'embedded' ? runEmbedded(declaration, context, intake, embedded, signal) : runClient(declaration, context, intake, signal))
    }
  })
}

async function runEmbedded (declaration: MqttDeclaration, { clock, report }: ConnectorContext, intake: Intake, embedded: EmbeddedBroker, signal: AbortSignal): Promise<void> {
  if (embedded.address === null) throw new Error('the broker of this node does not listen: set mqtt.listen')
  const unroute = embedded.route(embeddedFilters(declaration), (topic, payload) =>
    intake.accept({ chunks: [payload], mediaType: '', origin: topic, receivedMs: clock.nowMs() }))
  report.running()
  try {
    await aborted(signal)
  } finally {
    unroute()
    await intake.idle()
  }
}

async function runClient (declaration: MqttDeclaration, context: ConnectorContext, intake: Intake, signal: AbortSignal): Promise<void> {
  const { name, clock, chance, report } = context
  const topics = topicsOf(declaration)
  if (topics.length === 0) throw new Error('it names no topics to subscribe to')
  const { broker, version, user } = declaration
  for (let failures = 0; !signal.aborted; failures++) {
    const password = declaration.password_file === '' ? undefined : (await readSmall(declaration.password_file, PASSWORD_BYTES_MAX)).split(/\r?\n/)[0] ?? ''
    const ca = declaration.ca_file === '' ? undefined : await readSmall(declaration.ca_file, CA_BYTES_MAX)
    const why = await runSession({
      broker, version, user, password, ca, topics, signal, clientId: declaration.client_id === '' ? `hanse-${name}` : declaration.client_id,
      accept: (topic, payload) => intake.accept({ chunks: [payload], mediaType: '', origin: topic, receivedMs: clock.nowMs() }),
      onReady: qos => {
        failures = 0
        report.running()
        report.note('qos', qos > 0 ? null : 'This broker gives quality of service 0 alone: what it sends while this node is away is lost, and gaps are normal.')
      }
    })
    if (signal.aborted) break
    report.waiting(`${broker}: ${why}`)
    await clock.sleep(backoffMs(failures, chance(), undefined, BACKOFF_LAST_MS), signal)
  }
}

/** A file that the declaration names. What is in it is never told. */
async function readSmall (path: string, bytesMax: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) throw new Error(`the file ${path} cannot be read`)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, 0)
    if (bytesRead > bytesMax) throw new Error(`the file ${path} is larger than ${bytesMax} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function aborted (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
}
