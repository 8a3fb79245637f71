/**
 * Measures how long a node takes to start again over 1,000,000 records of 300 bytes, after it was killed and after it was
 * stopped, and prints one JSON document. `node scripts/measure/restart.ts [records] [bytes] [records a call]`: with few
 * records a call, as from a live stream, there are many segments.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode } from '../../src/node/index.ts'

const [RECORDS = 1_000_000, RECORD_BYTES = 300, RECORDS_PER_CALL = 1_000] = process.argv.slice(2, 5).map(Number)
const CALLS_UNDER_WAY = 64
const STARTS = 3
const STREAM = 'live'

type Started = { readonly openMs: number, readonly readyMs: number, readonly records: number, readonly residentBytes: number }

const folder = process.argv[5]
if (folder !== undefined) await child(folder, process.argv[6] === 'fill')
else await measure()

async function measure (): Promise<void> {
  const made = await mkdtemp(join(tmpdir(), 'hanse-restart-'))
  try {
    for (const name of ['store', 'signer']) await (await createStore(join(made, name), { random: systemRandom })).close()
    const filling = run(made, 'fill')
    await once(filling, 'message')
    const [filled] = await once(filling, 'message') as [{ readonly appendMs: number }]
    await end(filling, 'SIGKILL')
    const starts: (Started & { readonly after: string })[] = []
    for (let start = 0; start < STARTS; start++) {
      const after = start === 0 ? 'kill -9' : 'stop'
      const node = run(made, 'start')
      const [started] = await once(node, 'message') as [Started]
      if (started.records < RECORDS) throw new Error(`${started.records} of ${RECORDS} acknowledged records are there`)
      starts.push({ after, ...started })
      await end(node, 'SIGTERM')
    }
    console.log(JSON.stringify({
      records: RECORDS, recordBytes: RECORD_BYTES, recordsPerCall: RECORDS_PER_CALL, cores: availableParallelism(), appendMs: filled.appendMs, starts
    }))
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

function run (at: string, what: 'fill' | 'start'): ChildProcess {
  return fork(import.meta.filename, [`${RECORDS}`, `${RECORD_BYTES}`, `${RECORDS_PER_CALL}`, at, what])
}

async function end (node: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(node, 'exit')
  node.kill(signal)
  await exit
}

async function child (at: string, fills: boolean): Promise<void> {
  const beganMs = performance.now()
  const store = await openStore(join(at, 'store'), { writeBufferBytes: 64 << 20 })
  const signer = await openStore(join(at, 'signer'), {})
  const openMs = performance.now() - beganMs
  const seed = (of: number): Uint8Array => new Uint8Array(32).fill(of)
  const [root, rest] = [seed(1), { node: seed(2), transport: seed(3), encryption: seed(4) }]
  const { root: key } = keysOf({ root, rootPublicKey: root, ...rest })
  const node = await createNode({
    host: { clock: systemClock, random: systemRandom, store, signer, openNetwork, join: joinPort },
    keys: keysOf({ root, rootPublicKey: key?.publicKey ?? root, ...rest }), name: 'Ada', listen: ['/ip4/127.0.0.1/tcp/0'], announce: [],
    joinListen: [], joinAnnounce: [], lan: false, profile: 'normal', gossip: false, keepsAll: true, quotaBytes: 1e12,
    segmentBytesTarget: 262_144, lingerMs: 5, scrubHours: 24, hasRoom: () => true, log: () => {}
  })
  process.on('SIGTERM', () => { void node.stop().then(() => process.exit(0)) })
  process.send?.({
    openMs: Math.round(openMs), readyMs: Math.round(performance.now() - beganMs), records: node.status().records,
    residentBytes: process.memoryUsage.rss()
  } satisfies Started)
  if (fills) await fill(node)
}

async function fill (node: HanseNode): Promise<void> {
  const founded = await node.invite({ federationName: 'Alone', want: 1, validMs: 60_000 })
  if (!founded.ok) throw new Error(founded.failure.reason)
  while (node.status().state !== 'ready') await new Promise(resolve => { setTimeout(resolve, 10) })
  const opened = await node.publish({
    datasetId: STREAM, title: 'Live', description: '', theme: 'transport', keywords: [], licence: 'CC0-1.0', spatial: null, temporal: null,
    schema: [], access: 'public', simulated: true
  }, { form: 'stream', mediaType: 'application/octet-stream' })
  if (!opened.ok) throw new Error(opened.failure.reason)
  const beganMs = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < RECORDS) {
      const count = Math.min(RECORDS_PER_CALL, RECORDS - next)
      next += count
      const records = Array.from({ length: count }, () => ({
        key: new Uint8Array([1]), timeMs: 0, operation: 'put' as const, mediaType: 'application/octet-stream', body: systemRandom.bytes(RECORD_BYTES)
      }))
      const appended = await node.append(STREAM, records, { flush: true })
      if (!appended.ok) throw new Error(appended.failure.reason)
    }
  }
  await Promise.all(Array.from({ length: CALLS_UNDER_WAY }, lane))
  process.send?.({ appendMs: Math.round(performance.now() - beganMs) })
}
