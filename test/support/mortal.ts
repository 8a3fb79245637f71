/**
 * A node as a process of its own, to be killed at any moment. What it says is one JSON line a fact, written by one
 * synchronous call: what a reader of the lines knows is at most what was true when the process died.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, hex, sha256, utf8 } from '../../src/base/index.ts'
import { decodeHead } from '../../src/core/feed/index.ts'
import { decodeStatement } from '../../src/core/identity/index.ts'
import type { Row, Store } from '../../src/host/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode } from '../../src/node/index.ts'
import { decodeGuardRow } from '../../src/node/rows/index.ts'
import { randomFrom, SEED } from './chance.ts'
import { committing } from './committing.ts'
import { contentOf, recordWith, tableOf } from './publications.ts'

export type MortalOptions = {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** Hex of each seed. */
  readonly seeds: { readonly root: string, readonly rootPublicKey: string, readonly node: string, readonly transport: string, readonly encryption: string }
  readonly role: 'writer' | 'replica'
  /** Which life this is; goes into every record it writes. */
  readonly run: number
}

/** Records of one run that follow each other, from its record `from` on. */
export type Stretch = readonly [run: number, from: number, count: number]

export type Fact =
  | { readonly fact: 'head', readonly feed: string, readonly length: number, readonly root: string }
  | { readonly fact: 'ready', readonly startMs: number, readonly alarms: readonly string[] }
  /** All records of the stream in order, read back and right, and the version of the table. */
  | { readonly fact: 'held', readonly stretches: readonly Stretch[], readonly table: readonly [run: number, version: number] | null }
  | { readonly fact: 'wrong', readonly what: string }
  | { readonly fact: 'acknowledged', readonly first: number, readonly stretch: Stretch }
  | { readonly fact: 'published', readonly run: number, readonly version: number }

export const STREAM = 'live'
export const TABLE = 'table'
const RECORD_BYTES = 300
const TABLE_ROWS = 40
const BATCHES_PER_TABLE = 40
const BATCH_RECORDS_MAX = 20
const LANES = 3

function say (fact: Fact): void {
  const line = Buffer.from(`${JSON.stringify(fact)}\n`)
  for (let written = 0; written < line.length;) {
    try {
      written += writeSync(1, line, written)
    } catch (error) {
      // The reader is behind.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

/** Follows from run and number alone, so that any process can tell what must be there. */
function bodyOf (run: number, number: number): string {
  return `${run}/${number}/${hex(sha256(utf8(`${run}/${number}`))).repeat(5)}`.slice(0, RECORD_BYTES)
}

const rowOf = (run: number, version: number, row: number): string => `${run},${version},${row},${hex(sha256(utf8(`${run} ${version} ${row}`)))}\n`

if (import.meta.main) await live(JSON.parse(process.argv[2] ?? '') as MortalOptions)

async function live ({ name, folder, port, seeds, role, run }: MortalOptions): Promise<void> {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
  const address = `/ip4/127.0.0.1/tcp/${port}`
  const startedMs = performance.now()
  const node = await createNode({
    host: {
      clock: systemClock, random: systemRandom, openNetwork, join: joinPort,
      store: watched(await openStore(join(folder, 'store'), {})), signer: watched(await openStore(join(folder, 'signer'), {}))
    },
    keys: keysOf({
      root: bytes(seeds.root), rootPublicKey: bytes(seeds.rootPublicKey), node: bytes(seeds.node), transport: bytes(seeds.transport),
      encryption: bytes(seeds.encryption)
    }),
    name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'], joinAnnounce: [], lan: false, profile: 'normal',
    gossip: true, keepsAll: true, quotaBytes: 1e12, segmentBytesTarget: 65_536, lingerMs: 5, scrubHours: 24, hasRoom: () => true, log: () => {}
  })
  say({ fact: 'ready', startMs: performance.now() - startedMs, alarms: node.status().alarms })
  say({ fact: 'held', stretches: await readBack(node), table: await tableHeld(node) })
  if (role === 'writer') await write(node, run)
}

/** Says every head before it can leave this process: those of its own by their guards, those of others when they are kept. */
function watched (store: Store): Store {
  const tell = (row: Row): void => {
    if (row.type !== 'put') return
    const kind = String.fromCharCode(row.key[0] ?? 0)
    if (kind === 'g') {
      const guard = decodeGuardRow(row.value)
      if (guard !== undefined) say({ fact: 'head', feed: hex(row.key.subarray(1)), length: guard.length, root: hex(guard.mmrRoot) })
    }
    const statement = kind === 'h' ? decodeStatement(row.value, 65_536) : undefined
    const head = statement?.ok === true ? decodeHead(statement.value) : undefined
    if (head?.ok === true) say({ fact: 'head', feed: hex(digestOf(head.value.feed)), length: head.value.length, root: hex(head.value.mmrRoot) })
  }
  return committing(store, rows => {
    for (const row of rows) tell(row)
    return store.commit(rows)
  })
}

export async function readBack (node: HanseNode): Promise<readonly Stretch[]> {
  const records = node.read(STREAM, { from: 0, limit: Number.MAX_SAFE_INTEGER })
  const stretches: [number, number, number][] = []
  if (!records.ok) return stretches
  for await (const { body } of records.value) {
    const text = new TextDecoder().decode(body)
    const [run = -1, number = -1] = text.split('/').map(Number)
    if (text !== bodyOf(run, number)) say({ fact: 'wrong', what: text })
    const last = stretches.at(-1)
    if (last !== undefined && last[0] === run && last[1] + last[2] === number) last[2]++
    else stretches.push([run, number, 1])
  }
  return stretches
}

/** Which table this is, when it is one of those that were published, from the first byte to the last. */
export async function tableHeld (node: HanseNode): Promise<readonly [number, number] | null> {
  const dataset = node.dataset(TABLE)
  if (!dataset.ok || dataset.value.held.phase !== 'complete') return null
  const text = (await contentOf(node, TABLE)).toString()
  const [run = -1, version = -1] = text.split(',').map(Number)
  const whole = Array.from({ length: TABLE_ROWS }, (_, row) => rowOf(run, version, row)).join('')
  if (text !== whole) say({ fact: 'wrong', what: `a table that was never published: ${text.slice(0, 200)}` })
  return [run, version]
}

async function write (node: HanseNode, run: number): Promise<void> {
  const random = randomFrom(SEED + run)
  let next = 0
  let batches = 0
  let version = 0
  const lane = async (): Promise<void> => {
    for (;;) {
      const from = next
      const count = 1 + Math.floor(random() * BATCH_RECORDS_MAX)
      next += count
      const records = Array.from({ length: count }, (_, at) => recordWith(bodyOf(run, from + at)))
      const appended = await node.append(STREAM, records, { flush: random() < 0.5 })
      if (!appended.ok) return say({ fact: 'wrong', what: JSON.stringify(appended.failure) })
      say({ fact: 'acknowledged', first: appended.value.first, stretch: [run, from, count] })
      if (++batches % BATCHES_PER_TABLE === 0) await table(++version)
    }
  }
  const table = async (number: number): Promise<void> => {
    const published = await node.publish(...tableOf(TABLE, Array.from({ length: TABLE_ROWS }, (_, row) => rowOf(run, number, row))))
    if (published.ok) say({ fact: 'published', run, version: number })
    else say({ fact: 'wrong', what: JSON.stringify(published.failure) })
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}
