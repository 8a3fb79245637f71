import { freeFraction } from '../../host/level/index.ts'
import type { HanseNode } from '../../node/index.ts'
import type { Connectors, Diagnosis, HealthCheck } from '../../sdk/index.ts'
import type { Config } from '../config/index.ts'
import { checkClock, checkDisk, checkFolder, checkNode, checkOf, checkRestored, type Check } from '../doctor/index.ts'
import { formatTime, versionOf } from '../terminal/index.ts'

const CERTIFICATE_SOON_MS = 14 * 86_400_000
const FIGURES = [
  'hanse_uptime_seconds', 'hanse_network_connections', 'hanse_network_requests_open', 'hanse_append_queue_bytes', 'hanse_feeds', 'hanse_segments_missing', 'hanse_segments_damaged_total',
  'hanse_peer_faults_total', 'hanse_live_listeners', 'hanse_ledger_pool'
]

type Parts = { readonly node: HanseNode, readonly config: Config, readonly folder: string, readonly connectors: Connectors }

/** What a running node can tell of itself and its machine. Keys and databases are looked at from outside alone: the node has them open. */
export async function diagnose ({ node, config, folder, connectors }: Parts): Promise<Diagnosis> {
  const status = node.status()
  const ledger = node.ledger()
  const nowMs = Date.now()
  const checks: readonly Check[] = [
    checkNode(process.versions.node), await checkFolder(folder), await checkDisk(folder), await checkClock(folder, nowMs), ...await checkRestored(folder),
    checkNeighbours(status), ...checkCertificate(status, nowMs), checkCopies(status), ...ledger === undefined ? [] : [checkOf(ledger)], ...checkConnectors(connectors),
    ...status.alarms.map(checkAlarm)
  ]
  const figures = node.metrics()
  return {
    checks: checks.map((check): HealthCheck => ({ ...check, fix: check.fix ?? null })),
    version: { hanse: versionOf(), node: process.versions.node, platform: `${process.platform}-${process.arch}` },
    storage: {
      freeFraction: await freeFraction(folder).catch(() => null), storedBytes: status.storedBytes, quotaBytes: config.sync.quota_bytes, scrubHours: config.storage.scrub_hours
    },
    figures: Object.fromEntries(FIGURES.flatMap(name => {
      const value = figures.get(name)
      return value === undefined ? [] : [[name, value]]
    }))
  }
}

type Status = ReturnType<HanseNode['status']>

/** An emergency is to be looked at by people and is no fault of the node. */
function checkAlarm (finding: string): Check {
  return /\bemergency "/.test(finding)
    ? { name: 'alarm', state: 'warn', finding, fix: 'See "hanse emergency list", or the inbox of the console' }
    : { name: 'alarm', state: 'fail', finding, fix: 'See the log of the node' }
}

function checkNeighbours ({ neighbours: { reachable, known }, addresses }: Status): Check {
  const name = 'neighbours'
  if (known === 0) return { name, state: 'ok', finding: 'No neighbours are known yet' }
  const finding = `${reachable} of ${known} neighbours are reachable`
  return reachable > 0
    ? { name, state: 'ok', finding }
    : { name, state: 'warn', finding, fix: `Check the network of this machine, and that others reach ${addresses.join(' or ') || 'an address of network.listen'}; behind a router forward that port and set network.announce` }
}

function checkCertificate ({ certificateNotAfterMs: endMs }: Status, nowMs: number): readonly Check[] {
  const name = 'certificate'
  if (endMs === null) return []
  const finding = `The certificate of this node is good until ${formatTime(endMs)}`
  const fix = 'Start the node once with the passphrase of the member key, so that it can renew it'
  if (endMs <= nowMs) return [{ name, state: 'fail', finding: `The certificate of this node ended at ${formatTime(endMs)}`, fix }]
  return [endMs - nowMs < CERTIFICATE_SOON_MS ? { name, state: 'warn', finding, fix } : { name, state: 'ok', finding }]
}

function checkCopies ({ feeds: { frozen, recovering }, segmentsMissing }: Status): Check {
  const name = 'copies'
  if (frozen > 0) return { name, state: 'fail', finding: `${frozen} feeds are frozen: their publisher signed what cannot both be true`, fix: 'Ask that publisher, and see the federation page for the evidence' }
  if (recovering > 0) return { name, state: 'warn', finding: `${recovering} own feeds are fetched back from neighbours`, fix: 'Let the node reach its neighbours' }
  return segmentsMissing > 0
    ? { name, state: 'warn', finding: `${segmentsMissing} parts are not here yet`, fix: 'Let the node reach its neighbours, or look for damage with "hanse scrub"' }
    : { name, state: 'ok', finding: 'All that is wanted is here' }
}

function checkConnectors (connectors: Connectors): readonly Check[] {
  return connectors.list().map(({ name, status: { state, lastError } }): Check => state === 'failed'
    ? { name: `connector ${name}`, state: 'warn', finding: lastError?.sentence ?? 'It gave up, and is begun again after a while', fix: 'See it on the page of connectors, mend its settings, and start it again' }
    : { name: `connector ${name}`, state: 'ok', finding: state })
}
