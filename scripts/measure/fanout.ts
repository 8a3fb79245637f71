/**
 * Measures how long it takes from appending a record to one dataset until each of many listeners has it by server-sent events: a real
 * node with its API in one process, all listeners and the appends in another, which so has one clock for both ends.
 * `node scripts/measure/fanout.ts [listeners] [records a second] [seconds] [bytes of a record] [sleepers]`, 1000, 100, 30, 150 and 0
 * where nothing is said. Sleepers open the stream and do not read: records must be large enough to fill what the network holds for
 * them (100 s of 4,000 bytes). Prints one JSON document; ends with 1 where a record was missed or p99 lies above 100 ms.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken } from '../../src/api/index.ts'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode } from '../../src/node/index.ts'
import { freePort } from '../ports.ts'

const [LISTENERS = 1_000, RATE = 100, SECONDS = 30, RECORD_BYTES = 150, SLEEPERS = 0] = process.argv.slice(2, 7).map(Number)
const P99_MS_MAX = 100
const WARM_UP_MS = 2_000
const CONNECTING_AT_ONCE = 100
const DATASET = 'bins'

if (process.argv[7] === 'load') await load(process.argv[8] ?? '', process.argv[9] ?? '')
else await measure()

// --- The node ------------------------------------------------------------------------------------------------------

async function measure (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-fanout-'))
  const node = await start(folder)
  const token = createToken(new Uint8Array(randomBytes(32)))
  const api = await createApi({
    node, tokens: [knownToken(token, 'operate')], random: size => new Uint8Array(randomBytes(size)), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null,
    log: (level, message, facts) => { if (level === 'error') console.error(message, JSON.stringify(facts ?? {})) }, requestStop: () => {}
  })
  if (!api.ok) throw new Error(api.failure.reason)
  try {
    const published = await node.publish({
      datasetId: DATASET, title: 'Bins', description: '', theme: '', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null,
      schema: [], access: 'public', simulated: true
    }, { form: 'stream', mediaType: 'application/json' })
    if (!published.ok) throw new Error(published.failure.reason)
    const child = fork(import.meta.filename, [LISTENERS, RATE, SECONDS, RECORD_BYTES, SLEEPERS, 'load', api.value.url, token].map(String))
    const [loaded] = await once(child, 'message') as [Readonly<Record<string, unknown>>]
    const dropped = node.metrics().get('hanse_live_slow_total') ?? 0
    const { user, system } = process.cpuUsage()
    console.log(JSON.stringify({ cores: availableParallelism(), listeners: LISTENERS, rate: RATE, seconds: SECONDS, recordBytes: RECORD_BYTES, sleepers: SLEEPERS, ...loaded, closedAsSlow: dropped, nodeCpuSeconds: Math.round((user + system) / 1e4) / 100 }))
    const { missed, fromAppendMs } = loaded as { readonly missed: number, readonly fromAppendMs: { readonly p99: number } }
    process.exitCode = missed === 0 && dropped <= SLEEPERS && fromAppendMs.p99 <= P99_MS_MAX ? 0 : 1
  } finally {
    await api.value.stop()
    await node.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function start (folder: string): Promise<HanseNode> {
  for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
  const root = randomBytes(32)
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const node = await createNode({
    host: {
      clock: systemClock, random: systemRandom, store: await openStore(join(folder, 'store'), {}), signer: await openStore(join(folder, 'signer'), {}),
      openNetwork, join: joinPort
    },
    keys: keysOf({ root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: randomBytes(32), transport: randomBytes(32), encryption: randomBytes(32) }),
    name: 'Bellevue', listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'], joinAnnounce: [], lan: false, profile: 'normal', gossip: true,
    ledgerProfile: 'lan', keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 262_144, lingerMs: 50, scrubHours: 24, hasRoom: () => true,
    log: (level, message, facts) => { if (level === 'error') console.error(message, JSON.stringify(facts ?? {})) }
  })
  const invited = await node.invite({ federationName: 'Alone', want: 1, validMs: 3_600_000 })
  if (!invited.ok) throw new Error(invited.failure.reason)
  while (node.status().state !== 'ready') await pause(20)
  return node
}

// --- The load ------------------------------------------------------------------------------------------------------

type Sent = { readonly calledMs: number, acknowledgedMs: number }

async function load (url: string, token: string): Promise<void> {
  const sent = new Map<number, Sent>()
  const heard: { readonly number: number, readonly atMs: number }[] = []
  const listeners: Listener[] = []
  for (let at = 0; at < LISTENERS; at += CONNECTING_AT_ONCE) {
    const opening = Array.from({ length: Math.min(CONNECTING_AT_ONCE, LISTENERS - at) }, () => listen(url, token, (number, atMs) => { heard.push({ number, atMs }) }))
    listeners.push(...await Promise.all(opening))
  }
  for (let at = 0; at < SLEEPERS; at++) open(url, token).pause()
  await pause(WARM_UP_MS)
  const startMs = performance.now()
  const appends: Promise<void>[] = []
  for (let at = 0; at < RATE * SECONDS; at++) {
    const waitMs = startMs + at * 1_000 / RATE - performance.now()
    if (waitMs > 0) await pause(waitMs)
    appends.push(append(url, token, at, sent))
  }
  await Promise.all(appends)
  const lastMs = performance.now() + 10_000
  while (listeners.some(({ next }) => next() < sent.size) && performance.now() < lastMs) await pause(20)
  const seen = (value: (each: Sent, atMs: number) => number): ReturnType<typeof figures> => figures(heard.map(({ number, atMs }) => {
    const each = sent.get(number)
    return each === undefined ? NaN : value(each, atMs)
  }))
  const { user, system } = process.cpuUsage()
  process.send?.({
    records: sent.size, received: heard.length, missed: listeners.reduce((sum, { next }) => sum + sent.size - next(), 0), closed: listeners.filter(({ isClosed }) => isClosed()).length,
    fromAppendMs: seen(({ calledMs }, atMs) => atMs - calledMs), fromAcknowledgedMs: seen(({ acknowledgedMs }, atMs) => atMs - acknowledgedMs),
    acknowledgedMs: figures([...sent.values()].map(({ calledMs, acknowledgedMs }) => acknowledgedMs - calledMs)), loadCpuSeconds: Math.round((user + system) / 1e4) / 100
  }, () => { process.exit(0) })
}

async function append (url: string, token: string, at: number, sent: Map<number, Sent>): Promise<void> {
  const calledMs = performance.now()
  const response = await fetch(`${url}/api/v1/datasets/${DATASET}/records?flush=true`, {
    method: 'POST', headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: JSON.stringify({ key: `bin-${at % 100}`, body: { id: `urn:ngsi-ld:WasteContainer:${at % 100}`, fillingLevel: at % 100 / 100, description: '.'.repeat(Math.max(0, RECORD_BYTES - 80)) } })
  })
  const acknowledgedMs = performance.now()
  const { first } = await response.json() as { readonly first: number }
  sent.set(first, { calledMs, acknowledgedMs })
}

type Listener = { readonly next: () => number, readonly isClosed: () => boolean }

/** As bare as a listener can be, so that a thousand of them do not wait for each other. Ends the process at a gap. */
async function listen (url: string, token: string, onRecord: (number: number, atMs: number) => void): Promise<Listener> {
  const socket = open(url, token)
  let [next, rest, isClosed] = [0, '', false]
  const opened = Promise.withResolvers<void>()
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    const atMs = performance.now()
    const text = rest + chunk
    const end = text.lastIndexOf('\n\n') + 2
    rest = end === 1 ? text : text.slice(end)
    if (end === 1) return
    opened.resolve()
    for (const [, digits] of text.slice(0, end).matchAll(/^id: (\d+)$/gm)) {
      const number = Number(digits)
      if (number !== next) throw new Error(`record ${number} came where ${next} was due`)
      next = number + 1
      onRecord(number, atMs)
    }
  })
  socket.on('close', () => { isClosed = true })
  socket.on('error', opened.reject)
  await opened.promise
  return { next: () => next, isClosed: () => isClosed }
}

function open (url: string, token: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.write(`GET /api/v1/datasets/${DATASET}/live HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\n\r\n`)
  return socket
}

function figures (times: readonly number[]): { readonly p50: number, readonly p99: number, readonly max: number } {
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) * 100) / 100
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

async function pause (delayMs: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, delayMs) })
}
