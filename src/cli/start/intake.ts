import { mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Api } from '../../api/index.ts'
import { fail, hkdfSha256, ok, utf8, type Result } from '../../base/index.ts'
import type { Log } from '../../host/index.ts'
import { systemClock, systemRandom } from '../../host/system/index.ts'
import type { Broker, BrokerCaller } from '../../intake/broker/index.ts'
import { Supervisor, type ConnectorClock, type ConnectorFactory, type SafeFetch } from '../../intake/connector/index.ts'
import type { EmbeddedBroker } from '../../intake/mqtt/index.ts'
import { createPushConnector } from '../../intake/push/index.ts'
import type { HanseNode } from '../../node/index.ts'
import type { ConnectorDeclaration, Connectors } from '../../sdk/index.ts'
import type { Inspector } from '../../sdk/inspection/index.ts'
import { editConnectors, expand, withPaths, type Config } from '../config/index.ts'
import { listenOf } from './addresses.ts'
import { outflowOf } from './outflow.ts'
import { sinkOver } from './sink.ts'

/** States of connectors, and what is on its way in, beside the databases of the node. */
const FOLDER = 'connectors'
const SPOOL = 'spool'
/** Files that somebody looks at before publishing them. */
const LOOKED_AT = 'inspect'
/** In the data folder. */
const OWN_FOLDERS = ['keys', 'store', 'signer', FOLDER]
const SECRET_BYTES = 32
/** Of ids of tokens, which stand in ids of clients of the broker. */
const CALLER_ID_LENGTH = 16

export type IntakeFailure = { readonly code: string, readonly reason: string, readonly hint: string }

export type RunningIntake = {
  readonly connectors: Connectors
  readonly inspector: Inspector
  /** Where the broker of this node listens; null: it does not. */
  readonly brokerAddress: () => string | null
  /** Begins: the broker listens, connectors are at work. Tokens are those of the API. */
  start (api: Pick<Api, 'callerOf'>): Promise<Result<null, IntakeFailure>>
  /** Ends connectors, each when what it took is durable, and then the broker. */
  stop (): Promise<void>
}

/** What brings data in, over a running node. A kind of connector is a line of `factories`. */
export function composeIntake (options: {
  readonly node: HanseNode, readonly config: Config, readonly declarations: readonly ConnectorDeclaration[], readonly folder: string, readonly file: string
  readonly web: SafeFetch, readonly log: Log
  /** A key that never leaves this machine: secrets of feeds follow from it. */
  readonly secret: Uint8Array
}): RunningIntake {
  const { node, config, declarations, file, web, log, secret } = options
  const folder = join(options.folder, FOLDER)
  const spool = join(folder, SPOOL)
  let broker: Broker | undefined
  // Connectors are made before the broker listens, and ask for it when they run.
  const embedded: EmbeddedBroker = {
    get address () { return broker?.address ?? null },
    route: (filters, take) => broker?.route(filters, take) ?? (() => {})
  }
  const supervisor = new Supervisor({
    factories: {
      mqtt: whenRun(async () => (await import('../../intake/mqtt/index.ts')).createMqttConnector(embedded)),
      push: createPushConnector,
      url: whenRun(async () => {
        const { createPullConnector } = await import('../../intake/pull/index.ts')
        const { readerOf } = await import('../../intake/feeds/index.ts')
        return createPullConnector({ spool, secretOf: name => hkdfSha256(secret, new Uint8Array(0), utf8(`hanse:intake:1:${name}`), SECRET_BYTES), readerOf })
      }),
      folder: whenRun(async ({ path }) => {
        if (await isOwnFolder(path, options.folder)) throw new Error(`${path} is where this node keeps what it lives on; watch another folder`)
        return (await import('../../intake/folder/index.ts')).createFolderConnector({ spool })
      })
    },
    sink: sinkOver(node), folder, web, clock, chance, log,
    file: {
      async add (declaration) {
        const written = await editConnectors(file, { add: declaration })
        return written.ok ? ok(withPaths(declaration, expand, dirname(file))) : written
      },
      remove: name => editConnectors(file, { remove: name })
    }
  })
  return {
    connectors: supervisor,
    inspector: inspectorIn(join(folder, LOOKED_AT)),
    brokerAddress: () => broker?.address ?? null,
    async start (api) {
      await mkdir(spool, { recursive: true, mode: 0o700 })
      await rm(join(folder, LOOKED_AT), { recursive: true, force: true })
      if (config.mqtt.listen !== '') {
        const tls = await tlsOf(config.mqtt)
        if (!tls.ok) return tls
        const [{ Broker }, { embeddedFilters }] = await Promise.all([import('../../intake/broker/index.ts'), import('../../intake/mqtt/index.ts')])
        broker = new Broker({
          listen: listenOf(config.mqtt.listen), tls: tls.value, callerOf: token => brokerCallerOf(api, token), outflow: outflowOf(node),
          declared: () => supervisor.list().map(({ declaration }) => embeddedFilters(declaration)), log
        })
        // Declared before anybody can connect: what comes for a connector that is not yet at work is not acknowledged.
        supervisor.start(declarations)
        const listening = await broker.listen()
        return listening.ok ? ok(null) : listening
      }
      supervisor.start(declarations)
      return ok(null)
    },
    async stop () {
      await supervisor.stop()
      await broker?.stop()
    }
  }
}

/** Brings the libraries of a kind when a connector of it is at work: a node without one carries 60 MB less. */
function whenRun<Declaration> (load: (declaration: Declaration) => Promise<ConnectorFactory<Declaration>>): ConnectorFactory<Declaration> {
  return (declaration, context) => ({ run: async signal => { await (await load(declaration))(declaration, context).run(signal) } })
}

/** Whether files would be published that are the node's own, and moved away under it: a folder of somebody else's may lie in the data folder. */
async function isOwnFolder (path: string, folder: string): Promise<boolean> {
  const [watched, own] = await Promise.all([path, folder].map(each => realpath(each).catch(() => resolve(each))))
  if (watched === undefined || own === undefined || watched === own) return true
  return OWN_FOLDERS.some(name => watched === join(own, name) || watched.startsWith(join(own, name) + sep))
}

/** Brought when the first file comes: few nodes ever look at one. What was left of the last run is removed at the start. */
function inspectorIn (folder: string): Inspector {
  let opened: Promise<Inspector> | undefined
  const open = (): Promise<Inspector> => opened ??= import('../../intake/inspection/index.ts').then(({ FileInspector }) =>
    new FileInspector({ folder, random: size => systemRandom.bytes(size), nowMs: () => systemClock.nowMs(), later: (delayMs, run) => { setTimeout(run, delayMs).unref() } }))
  return {
    take: async (...given) => (await open()).take(...given),
    publish: async (owner, name, run) => (await open()).publish(owner, name, run),
    remove: async (...given) => (await open()).remove(...given)
  }
}

function brokerCallerOf (api: Pick<Api, 'callerOf'>, token: string): BrokerCaller | undefined {
  const caller = api.callerOf(token)
  if (caller === undefined) return undefined
  const { id, scope, requester, purpose } = caller
  return { id: id.slice(0, CALLER_ID_LENGTH), mayPublish: scope !== 'read', requester, purpose }
}

const clock: ConnectorClock = {
  nowMs: () => systemClock.nowMs(),
  sleep: (delayMs, signal) => new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = systemClock.wake(delayMs, done)
    signal.addEventListener('abort', done)
  })
}

function chance (): number {
  const [a = 0, b = 0, c = 0] = systemRandom.bytes(3)
  return (a << 16 | b << 8 | c) / (1 << 24)
}

async function tlsOf ({ tls_cert_file: certFile, tls_key_file: keyFile }: Config['mqtt']): Promise<Result<{ readonly cert: string, readonly key: string } | null, IntakeFailure>> {
  if (certFile === '') return ok(null)
  try {
    return ok({ cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') })
  } catch (error) {
    return fail({ code: 'config', reason: `the certificate of the broker cannot be read (${error instanceof Error ? error.message : String(error)})`, hint: 'check mqtt.tls_cert_file and mqtt.tls_key_file' })
  }
}
