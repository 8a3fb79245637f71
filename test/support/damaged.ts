/**
 * A node over a damaged store, as a process of its own: LevelDB ends the process over some damage. Told what to do, it answers
 * with what it found.
 */
import { equalBytes } from '../../src/base/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import type { HanseNode } from '../../src/node/index.ts'
import { startWatched } from './damage.ts'
import { until } from './nodes.ts'
import { append, bodiesOf, contentOf, heldBy } from './publications.ts'

export const NAMES = ['ada', 'ben'] as const
const MENDED_WITHIN_MS = 60_000

export type DamagedOptions = {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** Hex of each seed, and of the charter. */
  readonly seeds: { readonly root: string, readonly rootPublicKey: string, readonly node: string, readonly transport: string, readonly encryption: string }
  readonly charter: string
}

/** Records of the stream of each publisher. */
export type Counts = Readonly<Record<string, number>>
export type Order = { readonly order: 'read' | 'mend' | 'append' | 'stop', readonly counts: Counts }
/** `seen`: damaged rows that reads have found so far. */
export type Answer =
  | { readonly answer: 'refused' | 'failed', readonly reason: string }
  | { readonly answer: 'ready' | 'read' | 'mend' | 'append' | 'stop', readonly seen: number, readonly wrong: readonly string[], readonly lacks: readonly string[], readonly refetchedBytes: number }

export const rowsOf = (name: string): readonly string[] => Array.from({ length: 3_000 }, (_, at) => `${name},${at},${'x'.repeat(200)}${at * 7919 % 1009}\n`)
export const fileOfName = (name: string): Uint8Array => new Uint8Array(600_000).map((_, at) => (at * 31 + name.charCodeAt(0) + (at >> 8)) % 251)
export const bodyOf = (name: string, at: number): string => `${name} ${at}`

/** Datasets that are not here as a whole, with why. */
export function lacksOf (node: HanseNode, counts: Counts): readonly string[] {
  return NAMES.flatMap(name => ['table', 'file', 'live'].map(kind => `${name}-${kind}`).filter(id => {
    const held = heldBy(node, id)
    return held?.phase !== 'complete' || (id.endsWith('live') && held.records !== counts[name])
  })).map(id => `${id}: ${JSON.stringify(heldBy(node, id))}`)
}

if (process.send !== undefined && process.argv[2] !== undefined) await run(JSON.parse(process.argv[2]) as DamagedOptions)

async function run ({ name, folder, port, seeds, charter }: DamagedOptions): Promise<void> {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
  const seen = new Set<string>()
  let node: HanseNode
  try {
    node = await startWatched({
      name, folder, port, openNetwork, options: { charter: bytes(charter), listingEveryMs: 1_000 },
      seeds: {
        root: bytes(seeds.root), rootPublicKey: bytes(seeds.rootPublicKey), node: bytes(seeds.node), transport: bytes(seeds.transport),
        encryption: bytes(seeds.encryption)
      }
    }, key => { seen.add(key) })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    send({ answer: code.startsWith('store.') ? 'refused' : 'failed', reason: String(error) })
    return process.disconnect()
  }
  const say = (answer: 'ready' | Order['order'], wrong: readonly string[], lacks: readonly string[]): void => send({
    answer, seen: seen.size, wrong, lacks, refetchedBytes: node.peers().reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)
  })
  void node.failed.then(reason => send({ answer: 'failed', reason }))
  process.on('message', (order: Order) => {
    void follow(node, name, order).then(
      ({ wrong, lacks }) => say(order.order, wrong, lacks),
      (error: unknown) => say(order.order, [], [String(error)])
    ).then(() => { if (order.order === 'stop') process.disconnect() })
  })
  say('ready', [], [])
}

type Found = { readonly wrong: readonly string[], readonly lacks: readonly string[] }

async function follow (node: HanseNode, name: string, { order, counts }: Order): Promise<Found> {
  switch (order) {
    case 'read': return readAll(node, counts)
    case 'mend': return mend(node, counts)
    case 'append':
      await until(() => node.status().feeds.recovering === 0, 'own feeds are written again', MENDED_WITHIN_MS)
      await append(node, `${name}-live`, [bodyOf(name, counts[name] ?? 0)])
      return { wrong: [], lacks: [] }
    case 'stop':
      await node.stop()
      return { wrong: [], lacks: [] }
  }
}

/** What comes back while all is scrubbed is scrubbed the next time: a feed whose row was lost brings rows that nobody had read yet. */
async function mend (node: HanseNode, counts: Counts): Promise<Found> {
  let found: Found = { wrong: [], lacks: ['not read yet'] }
  for (let time = 0; time < 3 && found.lacks.length > 0; time++) {
    await node.scrub()
    await until(() => lacksOf(node, counts).length === 0, 'all is here again', MENDED_WITHIN_MS).catch(() => {})
    const again = await readAll(node, counts)
    found = { wrong: [...found.wrong, ...again.wrong], lacks: again.lacks }
  }
  const { wrong, lacks } = found
  const unverified: string[] = []
  for (const id of NAMES.flatMap(each => [`${each}-table`, `${each}-file`, `${each}-live`])) {
    const verified = await node.verify(id)
    if (!verified.ok || !verified.value.verified) unverified.push(`${id}: ${JSON.stringify(verified)}`)
  }
  // Votes that are damaged are not mended: who lost them takes another key, for which two founders lack a quorum.
  const alarms = (): readonly string[] => node.status().alarms.filter(alarm => !alarm.startsWith('This node does not vote'))
  await until(() => alarms().length === 0, 'no alarm is left', MENDED_WITHIN_MS).catch(() => {})
  return { wrong, lacks: [...lacksOf(node, counts), ...lacks, ...unverified, ...alarms()] }
}

async function readAll (node: HanseNode, counts: Counts): Promise<Found> {
  const wrong: string[] = []
  const lacks: string[] = []
  const look = async (id: string, read: () => Promise<'right' | 'wrong' | 'short'>): Promise<void> => {
    const found = await read().catch((error: unknown) => String(error))
    if (found === 'wrong') wrong.push(id)
    else if (found !== 'right') lacks.push(`${id}: ${found}`)
  }
  for (const name of NAMES) {
    const rows = Buffer.from(rowsOf(name).join(''))
    await look(`${name}-table`, async () => equalBytes(await contentOf(node, `${name}-table`), rows) ? 'right' : 'wrong')
    await look(`${name}-file`, async () => equalBytes(await contentOf(node, `${name}-file`), fileOfName(name)) ? 'right' : 'wrong')
    await look(`${name}-live`, async () => {
      const bodies = await bodiesOf(node, `${name}-live`)
      if (!bodies.every((body, at) => body === bodyOf(name, at))) return 'wrong'
      return bodies.length < (counts[name] ?? 0) ? 'short' : 'right'
    })
  }
  return { wrong, lacks }
}

function send (answer: Answer): void {
  process.send?.(answer)
}
