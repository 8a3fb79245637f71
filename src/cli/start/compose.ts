import { join } from 'node:path'
import { createApi, createToken, knownToken, removeApiFile, writeApiFile, type Api } from '../../api/index.ts'
import { participantOf, serveDsp } from '../../api/dsp/index.ts'
import type { Log } from '../../host/index.ts'
import { openDisk } from '../../host/level/index.ts'
import { systemRandom } from '../../host/system/index.ts'
import { createSafeFetch } from '../../host/web/index.ts'
import { createNode, type HanseNode, type Seeds } from '../../node/index.ts'
import type { ConnectorDeclaration } from '../../sdk/index.ts'
import type { Config } from '../config/index.ts'
import type { Folder } from '../keys/index.ts'
import { listenOf } from './addresses.ts'
import { diagnose } from './diagnosis.ts'
import { entityOptions } from './entities.ts'
import { composeIntake } from './intake.ts'
import { nodeOptions } from './member.ts'
import { providerOptions } from './provider.ts'

const TOKEN_BYTES = 32
/** Beside the compiled program; the sources run with what was built last. */
const CONSOLE_FOLDER = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../../dist/web' : '../../web')

export type Running = {
  readonly node: HanseNode
  readonly api: Api
  /** Of the MQTT broker; null: none. */
  readonly brokerAddress: string | null
  /** Stops connectors, the API, then the node, then gives up the folder. */
  stop (): Promise<void>
}

export type ComposeFailure = { readonly code: string, readonly reason: string, readonly hint: string }

/** The whole program: disk, node, what brings data in, API. The only place that picks the real host. What was begun ends in the opposite order, also where a later part fails. */
export async function compose (options: {
  readonly folder: Folder, readonly config: Config, readonly connectors: readonly ConnectorDeclaration[], readonly file: string, readonly seeds: Seeds, readonly checkpoints: readonly Uint8Array[], readonly log: Log, readonly requestStop: () => void
}): Promise<Running | ComposeFailure> {
  const { folder, config, connectors: declarations, file, seeds, log, requestStop } = options
  const web = createSafeFetch({ allowed: config.web.allow, ports: config.web.ports.map(Number) })
  const provider = await providerOptions(config)
  if (!provider.ok) return provider.failure
  const entities = await entityOptions(config, folder.path, web)
  if ('code' in entities) return entities
  await using begun = new AsyncDisposableStack()

  const disk = await openDisk(folder, {
    writeBufferBytes: config.storage.write_buffer_bytes, onNoBallast: path => log('warn', 'the disk has no room for the ballast file', { path })
  })
  // Ends last: whoever waits for the file to go may use the folder then.
  begun.defer(() => removeApiFile(folder.path))
  begun.defer(() => { disk.stop() })
  const node = await createNode(await nodeOptions(options, disk))
  begun.defer(() => node.stop())

  const intake = composeIntake({ node, config, declarations, folder: folder.path, file, web, secret: seeds.encryption, log })
  const { connectors, inspector } = intake
  const token = createToken(systemRandom.bytes(TOKEN_BYTES))
  const api = await createApi({
    node, connectors, inspector, entities, provider: provider.value, diagnose: () => diagnose({ node, config, folder: folder.path, connectors }),
    consoleFolder: CONSOLE_FOLDER, basemapFolder: join(folder.path, 'basemap'),
    tokens: [knownToken(token, 'decide')], tokenFile: join(folder.path, 'tokens.json'), accountFile: join(folder.path, 'accounts.json'),
    isPublic: config.api.public, isBehindProxy: config.api.behind_proxy, listen: listenOf(config.api.listen), hostNames: config.api.host_names,
    metricsListen: config.api.metrics_listen === '' ? null : listenOf(config.api.metrics_listen),
    random: size => systemRandom.bytes(size), log, requestStop
  })
  if (!api.ok) return api.failure
  begun.defer(() => api.value.stop())

  const dsp = config.dsp.listen === '' ? undefined : await serveDsp({
    node, listen: listenOf(config.dsp.listen), url: config.dsp.url === '' ? undefined : config.dsp.url, web: createSafeFetch({ allowed: config.dsp.allow }),
    participants: config.dsp.participants.flatMap(text => participantOf(text) ?? []), log
  })
  if (dsp?.ok === false) return dsp.failure
  begun.defer(async () => { await dsp?.value.stop() })

  begun.defer(() => intake.stop())
  const taking = await intake.start(api.value)
  if (!taking.ok) return taking.failure

  // First of all: who publishes is told while there is still somebody to tell it.
  begun.defer(() => node.endPublishing())
  await writeApiFile(folder.path, { url: api.value.url, token })
  const running = begun.move()
  return { node, api: api.value, brokerAddress: intake.brokerAddress(), stop: () => running.disposeAsync() }
}
