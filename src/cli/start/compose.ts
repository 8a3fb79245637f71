import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createApi, createToken, knownToken, removeApiFile, writeApiFile, type Api } from '../../api/index.ts'
import { participantOf, serveDsp } from '../../api/dsp/index.ts'
import type { Log } from '../../host/index.ts'
import { createSqlEngine } from '../../host/duckdb/index.ts'
import { ensureBallast, freeFraction, openStore } from '../../host/level/index.ts'
import { joinPort, openNetwork } from '../../host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../host/system/index.ts'
import { createSafeFetch } from '../../host/web/index.ts'
import { createNode, keysOf, type HanseNode, type Seeds } from '../../node/index.ts'
import type { ConnectorDeclaration } from '../../sdk/index.ts'
import type { Config } from '../config/index.ts'
import { keepCharter, readCharter, type Folder } from '../keys/index.ts'
import { announced } from './addresses.ts'
import { diagnose } from './diagnosis.ts'
import { entityOptions } from './entities.ts'
import { composeIntake } from './intake.ts'
import { listenOf } from './listen.ts'
import { providerOptions } from './provider.ts'

const TOKEN_BYTES = 32
/** Beside the compiled program; the sources run with what was built last. */
const CONSOLE_FOLDER = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../../dist/web' : '../../web')
const FREE_FRACTION_MIN = 0.05
const FREE_CHECK_MS = 10_000

export type Running = {
  readonly node: HanseNode
  readonly api: Api
  /** Of the MQTT broker; null: none. */
  readonly brokerAddress: string | null
  /** Stops connectors, the API, then the node, then gives up the folder. */
  stop (): Promise<void>
}

export type ComposeFailure = { readonly code: string, readonly reason: string, readonly hint: string }

/** The whole program: disk, network, node, API. The only place that picks the real host. */
export async function compose (options: {
  readonly folder: Folder, readonly config: Config, readonly connectors: readonly ConnectorDeclaration[], readonly file: string, readonly seeds: Seeds, readonly checkpoints: readonly Uint8Array[], readonly log: Log, readonly requestStop: () => void
}): Promise<Running | ComposeFailure> {
  const { folder, config, connectors: declarations, file, seeds, checkpoints, log, requestStop } = options
  const { network, storage, sync, ledger } = config
  const provider = await providerOptions(config)
  if (!provider.ok) return provider.failure
  const ballast = join(folder.path, 'ballast')
  // A full disk cannot even be opened: the ballast is given up for it and laid in again when there is room.
  if (await freeFraction(folder.path) === 0) await rm(ballast, { force: true })
  const store = await openStore(folder.store, { writeBufferBytes: storage.write_buffer_bytes })
  const signer = await openStore(folder.signer, {})
  if (!await ensureBallast(ballast)) log('warn', 'the disk has no room for the ballast file', { path: ballast })
  let hasRoom = await freeFraction(folder.path) >= FREE_FRACTION_MIN
  const check = setInterval(() => {
    freeFraction(folder.path).then(free => { hasRoom = free >= FREE_FRACTION_MIN }, () => { hasRoom = false })
  }, FREE_CHECK_MS)
  const charter = await readCharter(folder)
  const isRestored = await access(folder.restored).then(() => true, () => false)
  const node = await createNode({
    host: { clock: systemClock, random: systemRandom, store, signer, openNetwork, join: joinPort, sql: createSqlEngine() },
    keys: keysOf(seeds), name: config.member.name, claims: claimsOf(config.member), place: placeOf(config.member), listen: network.listen, announce: announced(network.listen, network.announce),
    joinListen: network.join_listen, joinAnnounce: announced(network.join_listen, joinAnnounce(network.announce, network.join_listen)),
    lan: network.lan, profile: network.profile, gossip: network.gossip, ledgerProfile: ledger.profile, keepsAll: sync.datasets === 'all', quotaBytes: sync.quota_bytes,
    segmentBytesTarget: storage.segment_bytes_target, lingerMs: storage.linger_ms, scrubHours: storage.scrub_hours,
    hasRoom: () => hasRoom, charter: charter.ok ? charter.value : undefined, keepCharter: envelope => keepCharter(folder, envelope),
    checkpoints, isRestored, restoreEnded: () => { rm(folder.restored, { force: true }).catch(() => {}) }, log
  })
  const token = createToken(systemRandom.bytes(TOKEN_BYTES))
  const web = createSafeFetch({ allowed: config.web.allow, ports: config.web.ports.map(Number) })
  const intake = composeIntake({ node, config, declarations, folder: folder.path, file, web, secret: seeds.encryption, log })
  const entities = await entityOptions(config, folder.path, web)
  if ('code' in entities) {
    clearInterval(check)
    await node.stop()
    return entities
  }
  const api = await createApi({
    entities, provider: provider.value,
    consoleFolder: CONSOLE_FOLDER, basemapFolder: join(folder.path, 'basemap'),
    node, connectors: intake.connectors, inspector: intake.inspector, diagnose: () => diagnose({ node, config, folder: folder.path, connectors: intake.connectors }), tokens: [knownToken(token, 'decide')], tokenFile: join(folder.path, 'tokens.json'), accountFile: join(folder.path, 'accounts.json'), random: size => systemRandom.bytes(size),
    isPublic: config.api.public, isBehindProxy: config.api.behind_proxy, listen: listenOf(config.api.listen), hostNames: config.api.host_names,
    metricsListen: config.api.metrics_listen === '' ? null : listenOf(config.api.metrics_listen), log, requestStop
  })
  const close = async (): Promise<void> => {
    clearInterval(check)
    await node.stop()
  }
  if (!api.ok) {
    await close()
    return api.failure
  }
  const dsp = config.dsp.listen === '' ? undefined : await serveDsp({
    node, listen: listenOf(config.dsp.listen), url: config.dsp.url === '' ? undefined : config.dsp.url, web: createSafeFetch({ allowed: config.dsp.allow }),
    participants: config.dsp.participants.flatMap(text => participantOf(text) ?? []), log
  })
  if (dsp?.ok === false) {
    await api.value.stop()
    await close()
    return dsp.failure
  }
  const taking = await intake.start(api.value)
  if (!taking.ok) {
    await intake.stop()
    await dsp?.value.stop()
    await api.value.stop()
    await close()
    return taking.failure
  }
  await writeApiFile(folder.path, { url: api.value.url, token })
  return {
    node,
    api: api.value,
    brokerAddress: intake.brokerAddress(),
    async stop () {
      await intake.stop()
      await dsp?.value.stop()
      await api.value.stop()
      await close()
      // Last: whoever waits for the file to go may use the folder then.
      await removeApiFile(folder.path)
    }
  }
}

/** Applicants come in at the hosts that members are told, on the port of the join listener. */
function joinAnnounce (announce: readonly string[], joinListen: readonly string[]): readonly string[] {
  const port = /\/tcp\/\d+$/.exec(joinListen[0] ?? '')?.[0]
  return port === undefined || port === '/tcp/0' ? [] : announce.map(address => address.replace(/\/tcp\/\d+$/, port))
}

function placeOf ({ place }: { readonly place: string }): { readonly latitude: number, readonly longitude: number } | undefined {
  const [latitude, longitude] = place.split(',').map(Number)
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}

function claimsOf ({ stored_in: storedIn, security_level: securityLevel }: { readonly stored_in: readonly string[], readonly security_level: number }): { readonly storedIn: readonly string[], readonly securityLevel: number } | undefined {
  return storedIn.length === 0 && securityLevel === 0 ? undefined : { storedIn: storedIn.toSorted(), securityLevel }
}
