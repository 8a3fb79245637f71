/**
 * Runs a node as this process until it is asked to stop.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Log } from '../../host/index.ts'
import { configOf, type Config } from '../config/index.ts'
import { folderOf, type Folder, passphraseOfFile, readKeys } from '../keys/index.ts'
import { answer, EXIT, problem, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { createLog } from './log.ts'

const STOP_WITHIN_MS = 25_000

export const startCommand: Command = {
  name: 'start',
  summary: 'Run the node of this folder until it is stopped',
  arguments: [],
  options: [
    { name: 'passphrase-file', value: 'FILE', help: 'opens the member key with the first line of this file' },
    { name: 'checkpoint', value: 'FILE', repeated: true, help: 'a member\'s signed word where the ledger stands, after a month away: from two members' }
  ],
  examples: ['hanse start', 'hanse start --data ./lubeck', 'hanse start --checkpoint bellevue.checkpoint --checkpoint renton.checkpoint'],
  run: start
}

async function start (call: Call): Promise<Outcome> {
  const settings = configOf(call)
  if (!settings.ok) return settings
  const { config } = settings.value
  const folder = folderOf(settings.value.folder)
  if (!existsSync(folder.keys)) return problem(EXIT.failed, 'no-node', `There is no node in ${folder.path}`, 'Name its folder with --data, or make one with hanse init.')
  const passphraseFile = call.text('passphrase-file') ?? config.member.passphrase_file
  const passphrase = passphraseFile === '' ? undefined : await passphraseOfFile(passphraseFile)
  if (passphrase?.ok === false) return passphrase
  const keys = await readKeys(folder.path, passphrase?.value)
  if (!keys.ok) return problem(EXIT.failed, keys.failure.code, keys.failure.reason, keys.failure.hint)
  const checkpoints: Uint8Array[] = []
  for (const path of call.texts('checkpoint')) {
    try {
      checkpoints.push(new Uint8Array(await readFile(path)))
    } catch {
      return problem(EXIT.failed, 'checkpoint', `The file ${path} cannot be read`, 'Get it from a member with "hanse ledger checkpoint -o FILE", by a way that you trust.')
    }
  }
  const stopping = new AbortController()
  const requestStop = (): void => stopping.abort()
  call.signal.addEventListener('abort', requestStop)
  const log = createLog(config.log.level, config.member.name)
  // What libp2p throws outside of any promise of ours ends the process in order; its supervisor starts it again.
  process.on('uncaughtException', error => {
    log('error', 'an error that nobody caught', { reason: error.stack ?? error.message })
    requestStop()
    process.exitCode = EXIT.failed
  })
  if (config.conformance.enabled) return startConformance(call, { folder, config, log, stopping: stopping.signal })
  // Loaded by this command alone: libp2p would cost every other one half a second.
  const { compose } = await import('./compose.ts')
  const running = await compose({ folder, config, connectors: settings.value.connectors, file: settings.value.file, seeds: keys.value.seeds, checkpoints, log, requestStop })
  if ('code' in running) {
    const hint = running.code !== 'address-in-use' ? running.hint
      : 'Set api.listen or api.metrics_listen in hanse.toml (HANSE_API__LISTEN, HANSE_API__METRICS_LISTEN) to another port; port 0 takes any free one.'
    return problem(EXIT.failed, running.code, running.reason.replace(/^port/, 'Port'), hint)
  }
  const { node, api, brokerAddress } = running
  const status = node.status()
  await call.terminal.item(
    { ready: true, member: status.member, state: status.state, url: api.url, metricsUrl: api.metricsUrl, mqttUrl: brokerAddress, peerId: status.peerId, addresses: status.addresses },
    [
      `${status.member.name} is running (${sentenceOf(status.state, status.federation?.name)}).`,
      `  folder     ${folder.path}`,
      `  members    ${status.addresses.join('  ') || 'none yet'}`,
      `  programs   ${api.url}   (token in ${folder.path}/api.json)`,
      ...api.metricsUrl === null ? [] : [`  metrics    ${api.metricsUrl}`],
      ...brokerAddress === null ? [] : [`  MQTT       ${brokerAddress}   (a token as the password)`],
      'Ctrl-C stops it.'
    ].join('\n')
  )
  const failure = await Promise.race([node.failed, aborted(stopping.signal).then(() => undefined)])
  const late = setTimeout(() => process.exit(EXIT.failed), STOP_WITHIN_MS)
  await running.stop()
  clearTimeout(late)
  if (failure !== undefined) {
    return problem(EXIT.failed, 'device', `The node stopped: ${failure}`, 'Check disk and folder with hanse doctor, then start it again. What was acknowledged is safe.')
  }
  return answer({ stopped: true }, 'Stopped. Everything acknowledged is on disk.')
}

async function startConformance (
  call: Call, { folder, config, log, stopping }: { readonly folder: Folder, readonly config: Config, readonly log: Log, readonly stopping: AbortSignal }
): Promise<Outcome> {
  const { BANNER, composeConformance } = await import('./conformance.ts')
  const running = await composeConformance({ folder, config, log })
  if ('code' in running) return problem(EXIT.failed, running.code, running.reason, running.hint)
  await call.terminal.item({ ready: true, conformance: true, url: running.address }, `${BANNER}\n  kit        ${running.address}\nCtrl-C stops it.`)
  const failure = await Promise.race([running.failed, aborted(stopping).then(() => undefined)])
  await running.stop()
  if (failure !== undefined) return problem(EXIT.failed, 'device', `Conformance mode stopped: ${failure}`, 'Start it again; nothing of it is kept.')
  return answer({ stopped: true }, 'Stopped. Nothing of it is kept.')
}

function sentenceOf (state: string, federation: string | undefined): string {
  if (state === 'ready') return `member of ${federation ?? 'a federation'}`
  return state === 'founding' ? 'a founding is under way' : 'in no federation yet: "hanse invite" founds one, "hanse join TICKET" joins one'
}

function aborted (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
