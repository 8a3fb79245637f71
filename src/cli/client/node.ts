import { readApiFile } from '../../api/index.ts'
import type { Client, LedgerStatus, NodeStatus } from '../../sdk/index.ts'
import { answer, count, EXIT, formatBytes, formatDuration, ledgerRows, pairs, table, type Call, type Command } from '../terminal/index.ts'
import { failed, pause, withNode, withProgress } from './connection.ts'

const STOP_MS = 30_000
const POLL_MS = 100

export const statusCommand: Command = {
  name: 'status',
  summary: 'Show how the running node is doing',
  arguments: [],
  options: [],
  examples: ['hanse status', 'hanse status --json'],
  run: async call => await withNode(call, async client => {
    const [status, ledger] = await Promise.all([client.status(), client.ledger()])
    if (!status.ok) return failed(status.failure)
    const standing = ledger.ok ? ledger.value : null
    return answer({ status: status.value, ledger: standing }, statusText(status.value, standing, Date.now()))
  })
}

function statusText (status: NodeStatus, ledger: LedgerStatus | null, nowMs: number): string {
  const { member, federation, founding, neighbours, datasets, feeds, segmentsMissing, certificateNotAfterMs } = status
  const rows: (readonly [string, string])[] = [
    ['member', member.name],
    ['state', stateText(status)],
    ...(founding?.newcomers ?? []).map(({ name, words }) => ['applied', `${name}, four words: ${words.join(' ')}`] as const),
    ['neighbours', `${neighbours.reachable} of ${neighbours.known} reachable`],
    ['datasets', `${count(datasets.own, 'own', 'own')}, ${datasets.others} of others`],
    ['feeds', [`${count(feeds.own, 'own', 'own')}`, `${feeds.replicated} of others`, ...feeds.frozen > 0 ? [`${feeds.frozen} frozen`] : [],
      ...feeds.recovering > 0 ? [`${feeds.recovering} recovering`] : []].join(', ')],
    ['holds', `${count(status.records, 'record')}, ${formatBytes(status.storedBytes)}`],
    ...segmentsMissing > 0 ? [['missing', `${count(segmentsMissing, 'segment')} still to fetch`] as const] : [],
    ...ledger === null ? [] : ledgerRows(ledger),
    ['running for', formatDuration(nowMs - status.startedMs)],
    ...certificateNotAfterMs === null ? [] : [['certificate', certificateText(certificateNotAfterMs - nowMs)] as const],
    ['address', status.addresses.length === 0 ? 'none' : status.addresses.join(' ')],
    ...federation === null || founding !== null ? [] : [['federation id', federation.id] as const]
  ]
  return [pairs(rows), ...status.alarms.map(alarm => `alarm: ${alarm}`)].join('\n')
}

function stateText ({ state, federation, founding }: NodeStatus): string {
  switch (state) {
    case 'alone': return 'in no federation yet: hanse invite opens one, hanse join TICKET enters one'
    case 'founding': return founding === null ? 'founding' : `founding ${founding.name}: ${founding.have} of ${founding.want} have applied or signed`
    case 'ready': return federation === null ? 'ready' : `ready, in ${federation.name} with ${count(federation.members, 'member')}`
    case 'stopping': return 'stopping'
  }
}

function certificateText (leftMs: number): string {
  return leftMs < 0 ? 'expired: renew it' : `valid for ${formatDuration(leftMs)} more`
}

export const peersCommand: Command = {
  name: 'peers',
  summary: 'Show the nodes of other members and whether they are reachable',
  arguments: [],
  options: [],
  examples: ['hanse peers', 'hanse peers --json'],
  run: async call => await withNode(call, async client => {
    const peers = await client.peers()
    if (!peers.ok) return failed(peers.failure)
    if (peers.value.length === 0) return answer({ peers: [] }, 'There are no other members yet. Invite one with hanse invite.')
    const nowMs = Date.now()
    const rows = peers.value.map(({ member, reachable, sinceMs, feedsOffered, receivedBytes, sentBytes, addresses }) => [
      member.name, `${reachable ? 'reachable' : 'unreachable'}${sinceMs === null ? '' : ` for ${formatDuration(nowMs - sinceMs)}`}`,
      String(feedsOffered), formatBytes(receivedBytes), formatBytes(sentBytes), addresses[0] ?? ''
    ])
    return answer({ peers: peers.value }, table([
      { heading: 'MEMBER' }, { heading: 'STATE' }, { heading: 'FEEDS', right: true }, { heading: 'RECEIVED', right: true },
      { heading: 'SENT', right: true }, { heading: 'ADDRESS' }
    ], rows))
  })
}

export const scrubCommand: Command = {
  name: 'scrub',
  summary: 'Read everything once, and fetch again what the disk has damaged',
  arguments: [],
  options: [],
  examples: ['hanse scrub'],
  run: async call => await withNode(call, async client => {
    const scrubbed = await withProgress(call, 'scrub', show => client.scrub(show))
    if (!scrubbed.ok) return failed(scrubbed.failure)
    const { segments, damaged, refetched, lost } = scrubbed.value
    const found = damaged === 0
      ? 'all of them are as they were written'
      : `${damaged} damaged, ${refetched} of them fetched again${lost > 0 ? `, ${lost} lost: no neighbour has them` : ''}`
    return answer({ scrub: scrubbed.value }, `Read ${count(segments, 'segment')}: ${found}.`, lost > 0 ? EXIT.unverified : EXIT.done)
  })
}

export const stopCommand: Command = {
  name: 'stop',
  summary: 'Stop the running node',
  arguments: [],
  options: [],
  examples: ['hanse stop'],
  run: async call => await withNode(call, async (client, folder) => {
    const stopped = await client.stop()
    if (!stopped.ok) return failed(stopped.failure)
    const gone = await isGone(call, client, folder)
    return gone
      ? answer({ stopped: true }, 'The node has stopped; what it acknowledged is safe.')
      : answer({ stopped: false }, 'The node is stopping, and takes its time. What it acknowledged is safe.')
  })
}

/** Waits until the node answers no more and has taken away its file: then the folder is free for the next. */
async function isGone (call: Call, client: Client, folder: string): Promise<boolean> {
  const untilMs = Date.now() + STOP_MS
  while (Date.now() < untilMs && !call.signal.aborted) {
    const [status, file] = await Promise.all([client.status(), readApiFile(folder)])
    const silent = !status.ok && status.failure.status === null
    if (silent && !file.ok) return true
    await pause(POLL_MS, call.signal)
  }
  return false
}
