/**
 * Measures, between two nodes in two processes on one machine, how long it takes from asking for an agreement to the first byte of
 * restricted data in the asker's hands, each by itself, and how long a read takes under an agreement that stands, whose access is
 * written down before the bytes go out; prints one JSON document.
 * `node scripts/measure/agreement.ts [datasets] [reads]`
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { utf8 } from '../../src/base/index.ts'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode, type RecordInput } from '../../src/node/index.ts'
import { freePort } from '../ports.ts'

const [DATASETS = 50, READS = 5_000] = process.argv.slice(2, 4).map(Number)
const RECORDS = 100
const PURPOSE = 'waste.collection'
const WAIT_MS = 20_000
/** Between two negotiations, so that none waits for what the one before it left behind. */
const REST_MS = 250

const role = process.argv[4]
if (role === undefined) await measure()
else await child(role, process.argv[5] ?? '', process.argv[6] ?? '')

async function measure (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-agreement-'))
  try {
    const provider = run('provider', folder, '')
    const { ticket } = await heard(provider)
    const consumer = run('consumer', folder, String(ticket))
    await heard(consumer)
    provider.send({ publish: true })
    await heard(provider)
    consumer.send({ begin: true })
    const measured = await heard(consumer)
    console.log(JSON.stringify({ cores: availableParallelism(), datasets: DATASETS, reads: READS, ...measured }))
    for (const each of [consumer, provider]) {
      each.send({ stop: true })
      await once(each, 'exit')
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run (as: string, folder: string, ticket: string): ChildProcess {
  return fork(import.meta.filename, [`${DATASETS}`, `${READS}`, as, join(folder, as), ticket])
}

async function heard (process: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
  const [message] = await once(process, 'message') as [Readonly<Record<string, unknown>>]
  return message
}

async function child (as: string, folder: string, ticket: string): Promise<void> {
  const node = await start(as, folder)
  const stopped = next('stop')
  if (as === 'provider') await provide(node)
  else await consume(node, ticket)
  await stopped
  await node.stop()
  process.exit(0)
}

function next (word: string): Promise<void> {
  return new Promise(resolve => {
    const listen = (message: object): void => {
      if (!(word in message)) return
      process.off('message', listen)
      resolve()
    }
    process.on('message', listen)
  })
}

async function provide (node: HanseNode): Promise<void> {
  const published = next('publish')
  const invited = await node.invite({ federationName: 'Two Cities', want: 2, validMs: 3_600_000 })
  if (!invited.ok) throw new Error(invited.failure.reason)
  process.send?.({ ticket: invited.value.ticket })
  await published
  const begun = node.templateOf('neighbours')
  if (!begun.ok) throw new Error(begun.failure.reason)
  const { terms } = begun.value as { readonly terms: object }
  const members = node.members().map(({ did }) => did)
  const order = node.readTerms({ ...begun.value as object, terms: { ...terms, audience: { type: 'named', members }, purposes: [`urn:hanse:purpose:1:${PURPOSE}`] } })
  if (!order.ok) throw new Error(order.failure.reason)
  for (let at = 0; at < DATASETS; at++) {
    const description = {
      datasetId: `bins-${at}`, title: `Bins ${at}`, description: '', theme: '', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null, schema: [],
      access: 'restricted', simulated: true
    } as const
    const result = await node.publish(description, { form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', records: records() }, undefined, order.value)
    if (!result.ok) throw new Error(result.failure.reason)
  }
  process.send?.({ published: true })
}

async function * records (): AsyncGenerator<RecordInput> {
  for (let at = 0; at < RECORDS; at++) yield { key: utf8(`bin ${at}`), timeMs: at, operation: 'put', mediaType: 'text/csv', body: utf8(`${at},0.5\n`) }
}

async function consume (node: HanseNode, ticket: string): Promise<void> {
  const begun = next('begin')
  const joined = await node.join(ticket)
  if (!joined.ok) throw new Error(joined.failure.reason)
  await until(() => node.status().neighbours.reachable === 1)
  process.send?.({ ready: true })
  await begun
  await until(() => node.datasets({ limit: 1_000 }).length >= DATASETS)
  const [agreed, firstByte]: [number[], number[]] = [[], []]
  for (let at = 0; at < DATASETS; at++) {
    const startMs = performance.now()
    const negotiated = await node.requestAgreement(`bins-${at}`, PURPOSE, WAIT_MS)
    if (!negotiated.ok || negotiated.value.state !== 'FINALIZED') throw new Error(`no agreement: ${JSON.stringify(negotiated)}`)
    agreed.push(performance.now() - startMs)
    await until(() => first(node, `bins-${at}`))
    firstByte.push(performance.now() - startMs)
    await new Promise(resolve => { setTimeout(resolve, REST_MS) })
  }
  const reads: number[] = []
  for (let at = 0; at < READS; at++) {
    const startMs = performance.now()
    if (!await first(node, `bins-${at % DATASETS}`)) throw new Error('a read under a standing agreement failed')
    reads.push(performance.now() - startMs)
  }
  process.send?.({ negotiatedMs: figures(agreed), firstByteMs: figures(firstByte), standingReadMs: figures(reads) })
}

/** Whether the first record is in hand. */
async function first (node: HanseNode, reference: string): Promise<boolean> {
  const read = node.read(reference, { from: 0, limit: 1 })
  if (!read.ok) return false
  try {
    for await (const { body } of read.value) return body.length > 0
  } catch {
    // Its keys have not come yet.
  }
  return false
}

async function until (holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS
  while (!await holds()) {
    if (performance.now() > endMs) throw new Error(`waited ${WAIT_MS} ms in vain`)
    await new Promise(resolve => { setTimeout(resolve, 1) })
  }
}

function figures (timesMs: readonly number[]): { readonly p50: number, readonly p99: number } {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) * 100) / 100
  return { p50: at(0.5), p99: at(0.99) }
}

async function start (name: string, folder: string): Promise<HanseNode> {
  for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
  const root = randomBytes(32)
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  return createNode({
    host: {
      clock: systemClock, random: systemRandom, store: await openStore(join(folder, 'store'), {}), signer: await openStore(join(folder, 'signer'), {}),
      openNetwork, join: joinPort
    },
    keys: keysOf({ root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: randomBytes(32), transport: randomBytes(32), encryption: randomBytes(32) }),
    name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'], joinAnnounce: [], lan: false, profile: 'normal', gossip: true,
    ledgerProfile: 'lan', keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 262_144, lingerMs: 50, scrubHours: 24, hasRoom: () => true,
    log: (level, message, facts) => { if (level === 'error') console.error(name, message, JSON.stringify(facts ?? {})) }
  })
}
