/**
 * Measures queries of a dataset of moving vehicles: how fast it is appended and indexed, how large the index is on the disk, and how
 * long it takes to find the latest record of a key, records in random boxes and periods, and what is in a box now; prints one JSON
 * document. The dataset is built once in a folder and used again where that is named.
 * Times are in milliseconds, as a client in the process sees them; `meanCpu` is what all threads of the process used.
 * `node --max-semi-space-size=16 --initial-old-space-size=128 --heap-growing-percent=100 scripts/measure/query.ts [records] [keys] [folder] [rebuild]`
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { createNode, keysOf, type HanseNode, type RecordInput } from '../../src/node/index.ts'
import { deleteRows } from '../../src/node/indexing/building.ts'
import type { Rooms } from '../../src/node/rooms.ts'
import { rowsOf } from '../../src/node/rows/index.ts'
import { freePort } from '../ports.ts'

const [RECORDS = 10_000_000, KEYS = 100_000] = process.argv.slice(2, 4).map(Number)
const GIVEN = process.argv[4]
const BATCH = 2_000
const START_MS = Date.UTC(2026, 0, 5)
const WEEK_MS = 7 * 86_400_000
const CITY = { west: -122.45, south: 47.48, east: -122.05, north: 47.75 }
const DATASET = 'buses'
const INDEX = ['indexScope', 'indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const
const ROUNDS = 400
const PAGE = 100

const folder = GIVEN ?? await mkdtemp(join(tmpdir(), 'hanse-query-'))
const random = mulberry(20_261_129)
const built = existsSync(join(folder, 'built')) ? {} : await build()
const rebuilt = GIVEN !== undefined && existsSync(join(folder, 'built')) && process.argv[5] !== 'rebuild' ? {} : await rebuild()
await writeFile(join(folder, 'built'), '')
console.log(JSON.stringify({ cores: availableParallelism(), records: RECORDS, keys: KEYS, ...built, ...rebuilt, ...await measure() }, null, 2))
if (GIVEN === undefined) await rm(folder, { recursive: true, force: true })

async function open (): Promise<{ readonly node: HanseNode, readonly rooms: () => Rooms }> {
  const seeds = [1, 2, 3, 4].map(each => new Uint8Array(32).fill(each))
  const [root = new Uint8Array(32), own = root, transport = root, encryption = root] = seeds
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  let rooms: Rooms | undefined
  const node = await createNode({
    host: { clock: systemClock, random: systemRandom, store: await openStore(join(folder, 'store'), {}), signer: await openStore(join(folder, 'signer'), {}), openNetwork, join: joinPort },
    keys: keysOf({ root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: own, transport, encryption }), name: 'Measured', listen: [address], announce: [address],
    joinListen: [], joinAnnounce: [], lan: false, profile: 'normal', gossip: false, keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 262_144, lingerMs: 50,
    scrubHours: 1_000, hasRoom: () => true, log: () => {}, onRooms: opened => { rooms = opened }
  })
  return { node, rooms: () => rooms ?? fault('there is no federation') }
}

/** Appends and indexes: first the time of both beside each other, then of what was left to be indexed. */
async function build (): Promise<Readonly<Record<string, unknown>>> {
  await mkdir(folder, { recursive: true })
  for (const database of ['store', 'signer']) await (await createStore(join(folder, database), { random: systemRandom })).close()
  const { node, rooms } = await open()
  const founded = await node.invite({ federationName: 'Measured', want: 1, validMs: 60_000 })
  if (!founded.ok) fault(founded.failure.reason)
  while (node.status().state !== 'ready') await pause(20)
  const described = await node.publish({
    datasetId: DATASET, title: 'Buses', description: '', theme: 'transport', keywords: [], licence: '', spatial: null, temporal: null, access: 'members', simulated: true, model: null,
    schema: [
      { name: 'id', type: 'text', unit: null }, { name: 'line', type: 'text', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null },
      { name: 'speedKmh', type: 'number', unit: 'km/h' }, { name: 'occupancy', type: 'text', unit: null }
    ]
  }, { form: 'stream', mediaType: 'application/json' })
  if (!described.ok) fault(described.failure.reason)
  const places = new Float64Array(2 * KEYS)
  for (let key = 0; key < KEYS; key++) {
    places[2 * key] = CITY.west + random() * (CITY.east - CITY.west)
    places[2 * key + 1] = CITY.south + random() * (CITY.north - CITY.south)
  }
  const startMs = performance.now()
  let [bodyBytes, lagMax] = [0, 0]
  for (let at = 0; at < RECORDS; at += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, RECORDS - at) }, (_, i) => recordOf(at + i, places))
    bodyBytes += records.reduce((sum, { body }) => sum + body.length, 0)
    const before = performance.now()
    const appended = await node.append(DATASET, records, { flush: false })
    if (!appended.ok) fault(appended.failure.reason)
    lagMax = Math.max(lagMax, performance.now() - before)
  }
  const appendedMs = performance.now()
  const { querying } = rooms()
  while (!querying.isIdle) await pause(50)
  const indexedMs = performance.now()
  await node.stop()
  const beforeBytes = await sizeOf(join(folder, 'store'))
  return {
    meanBodyBytes: Math.round(bodyBytes / RECORDS), appendSeconds: seconds(appendedMs - startMs), appendPerSecond: Math.round(RECORDS / (appendedMs - startMs) * 1_000),
    appendCallMsMax: Math.round(lagMax), indexedAfterAppendSeconds: seconds(indexedMs - appendedMs), bothPerSecond: Math.round(RECORDS / (indexedMs - startMs) * 1_000),
    storeBytesOnDisk: beforeBytes, loadAfterBuild: loadavg()
  }
}

/** The index alone, from the segments, with nothing beside it. */
async function rebuild (): Promise<Readonly<Record<string, unknown>>> {
  const store = await openStore(join(folder, 'store'), {})
  for (const kind of INDEX) await deleteRows(store, [rowsOf(kind)])
  await store.close()
  const { node, rooms } = await open()
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()]
  while (!rooms().querying.isIdle) await pause(50)
  const [wallMs, { user, system }] = [performance.now() - startMs, process.cpuUsage(startCpu)]
  await node.stop()
  return {
    indexSeconds: seconds(wallMs), indexPerSecond: Math.round(RECORDS / wallMs * 1_000), indexCpuSeconds: seconds((user + system) / 1_000),
    indexPerCpuSecond: Math.round(RECORDS / (user + system) * 1e6), loadAfterIndex: loadavg()
  }
}

function recordOf (number: number, places: Float64Array): RecordInput {
  const key = Math.floor(random() * KEYS)
  const [lon, lat] = [2 * key, 2 * key + 1]
  places[lon] = Math.min(CITY.east, Math.max(CITY.west, (places[lon] ?? 0) + (random() - 0.5) * 0.01))
  places[lat] = Math.min(CITY.north, Math.max(CITY.south, (places[lat] ?? 0) + (random() - 0.5) * 0.007))
  const name = `bus-${String(key).padStart(6, '0')}`
  const body = {
    id: name, line: `M${key % 97}`, lat: Number((places[lat] ?? 0).toFixed(6)), lon: Number((places[lon] ?? 0).toFixed(6)),
    speedKmh: Number((random() * 60).toFixed(1)), occupancy: key % 3 === 0 ? 'STANDING_ROOM_ONLY' : 'FEW_SEATS_AVAILABLE', heading: Math.floor(random() * 360)
  }
  return { key: utf8(name), timeMs: START_MS + Math.floor(number / RECORDS * WEEK_MS), operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(body)) }
}

async function measure (): Promise<Readonly<Record<string, unknown>>> {
  const { node, rooms } = await open()
  while (!rooms().querying.isIdle) await pause(50)
  const ask = async (query: Parameters<HanseNode['query']>[1]): Promise<{ readonly rows: number, readonly isDone: boolean }> => {
    const page = await node.query(DATASET, query)
    if (!page.ok) return fault(page.failure.reason)
    if (page.value.incomplete !== null) fault(page.value.incomplete)
    return { rows: page.value.rows.length, isDone: page.value.next === null || page.value.rows.length >= query.limit }
  }
  const some = (): number => Math.floor(random() * KEYS)
  const load = loadavg()
  const latest = await timed(() => ask({ key: utf8(`bus-${String(some()).padStart(6, '0')}`), latest: true, limit: 1 }))
  const absent = await timed(() => ask({ key: utf8(`tram-${some()}`), latest: true, limit: 1 }))
  const boxes: Record<string, unknown> = {}
  for (const metres of [100, 300, 1_000, 5_000, 20_000]) {
    for (const [name, share] of [['1h', 1 / 168], ['1d', 1 / 7], ['1w', 1]] as const) {
      boxes[`${metres}m ${name}`] = await timed(() => ask({ box: boxOf(metres), ...periodOf(share), limit: PAGE }), ROUNDS / 4)
    }
  }
  const sea = { west: -123.5, south: 47.5, east: -123.4, north: 47.6 }
  return {
    load, latestByKey: latest, latestOfAbsentKey: absent, boxes,
    emptyBox: await timed(() => ask({ box: sea, ...periodOf(1), limit: PAGE })),
    emptyPeriod: await timed(() => ask({ box: boxOf(1_000), fromMs: START_MS - 86_400_000, toMs: START_MS, limit: PAGE })),
    mixedAll: await timed(() => ask({ box: boxOf(50 * 2 ** Math.floor(random() * 9)), ...periodOf(2 ** -Math.floor(random() * 10)), limit: PAGE })),
    historyOfKey: await timed(() => ask({ key: utf8(`bus-${String(some()).padStart(6, '0')}`), limit: PAGE }), ROUNDS / 4),
    nowInBox: await timed(() => ask({ box: boxOf(300), latest: true, limit: PAGE })),
    nowInLargeBox: await timed(() => ask({ box: boxOf(5_000), latest: true, limit: PAGE }), ROUNDS / 4),
    latestPage: await timed(() => ask({ latest: true, limit: PAGE }), ROUNDS / 4),
    resident: await resident(), index: await indexSize(node)
  }
}

function boxOf (metres: number): { readonly west: number, readonly south: number, readonly east: number, readonly north: number } {
  const [height, width] = [metres / 111_320, metres / 75_000]
  const [west, south] = [CITY.west + random() * (CITY.east - CITY.west - width), CITY.south + random() * (CITY.north - CITY.south - height)]
  return { west, south, east: west + width, north: south + height }
}

function periodOf (share: number): { readonly fromMs: number, readonly toMs: number } {
  const fromMs = START_MS + random() * (1 - share) * WEEK_MS
  return { fromMs, toMs: fromMs + share * WEEK_MS }
}

async function timed (ask: () => Promise<{ readonly rows: number, readonly isDone: boolean }>, rounds = ROUNDS): Promise<Readonly<Record<string, number>>> {
  const cpu = process.cpuUsage()
  const [times, answers] = [[] as number[], [] as { readonly rows: number, readonly isDone: boolean }[]]
  for (let round = 0; round < rounds; round++) {
    const before = performance.now()
    answers.push(await ask())
    times.push(performance.now() - before)
  }
  const used = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  const at = (share: number): number => Number((times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(2))
  return { p50: at(0.5), p99: at(0.99), max: at(1), meanCpu: Number(((used.user + used.system) / 1_000 / rounds).toFixed(2)), meanRows: Math.round(answers.reduce((sum, { rows }) => sum + rows, 0) / rounds), early: answers.filter(({ isDone }) => !isDone).length }
}

/** Bytes of the rows of the index, as they stand in the database before it compresses them. */
async function indexSize (node: HanseNode): Promise<Readonly<Record<string, number>>> {
  await node.stop()
  const store = await openStore(join(folder, 'store'), {})
  const sizes: Record<string, number> = {}
  for (const [name, letter] of [['blocks', 'B'], ['pages', 'C'], ['keyedState', 'K'], ['statePlaces', 'L']] as const) {
    let [rows, bytes] = [0, 0]
    const from = utf8(letter)
    for await (const { key, read } of store.entries({ from, to: Uint8Array.of((from[0] ?? 0) + 1) })) {
      rows++
      bytes += key.length + (read.state === 'found' ? read.value.length + 16 : 0)
    }
    sizes[`${name}Rows`] = rows
    sizes[`${name}Bytes`] = bytes
  }
  await store.close()
  return sizes
}

/** Of the process alone, and of files of the database that the system maps into it and may take back at any time. */
async function resident (): Promise<Readonly<Record<string, number>>> {
  const status = await readFile('/proc/self/status', 'utf8')
  const bytesOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1_024
  return { ownBytes: bytesOf('RssAnon'), mappedBytes: bytesOf('RssFile'), heapUsedBytes: process.memoryUsage().heapUsed }
}

async function sizeOf (path: string): Promise<number> {
  let sum = 0
  for (const name of await readdir(path)) sum += (await stat(join(path, name))).size
  return sum
}

function seconds (ms: number): number {
  return Number((ms / 1_000).toFixed(1))
}

function pause (ms: number): Promise<void> {
  return new Promise(resolve => { setTimeout(resolve, ms) })
}

function fault (reason: string): never {
  throw new Error(reason)
}

function mulberry (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}
