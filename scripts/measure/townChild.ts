/** One town as a process: says over the channel to its parent what it was ordered to find out, and nothing to anybody else. */
import { hex, sha256, u64, utf8 } from '../../src/base/index.ts'
import { encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import type { Host } from '../../src/host/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import type { BlockView } from '../../src/node/index.ts'
import { openNode, type Birth, type Fact, type History, type Order, type Standing } from './town.ts'

const WITHIN_MS = 30_000
const PAGE = 100
const bornMs = performance.now()
const birth = JSON.parse(process.argv[2] ?? '{}') as Birth
const node = await openNode(birth, birth.ledgerProfile, rewired)
const load = { perSecond: 0, inFlight: 0, operations: 1, datasets: Number.POSITIVE_INFINITY, under: 0, next: 0, made: 0 }

process.on('message', message => { void follow(message as Order) })
process.on('disconnect', () => process.exit(0))
void node.failed.then(reason => say({ fact: 'fatal', reason }))
say({ fact: 'ready', startMs: performance.now() - bornMs })
setInterval(pump, 5)

function say (fact: Fact): void {
  process.send?.(fact)
}

async function follow (order: Order): Promise<void> {
  switch (order.order) {
    case 'load':
      Object.assign(load, {
        perSecond: order.perSecond, inFlight: order.inFlight, operations: order.operations, datasets: order.datasets ?? Number.POSITIVE_INFINITY,
        next: performance.now() + Math.random() * 1000 / order.perSecond
      })
      return
    case 'tell': return say({ fact: 'standing', standing: standing() })
    case 'history': return say({ fact: 'answer', ok: true, value: JSON.stringify(await history()) })
    case 'invite': {
      const ticket = await node.invite({ federationName: '', want: 0, validMs: 3_600_000 })
      return say({ fact: 'answer', ok: ticket.ok, value: ticket.ok ? ticket.value.ticket : ticket.failure.reason })
    }
    case 'join': return answer(await node.join(order.ticket), () => '')
    case 'propose': {
      const request = order.kind === 'join' ? { kind: order.kind, member: order.member, seat: true } : { kind: order.kind, member: order.member }
      return answer(await node.propose(request, WITHIN_MS), value => value.proposal)
    }
    case 'vote': return answer(await node.vote(order.proposal, true, WITHIN_MS), value => value.state)
    case 'rotate': return answer(await node.rotateKey(WITHIN_MS), value => value.state)
    case 'stop':
      await node.stop()
      process.exit(0)
  }
}

async function history (): Promise<History> {
  const blocks: BlockView[] = []
  const height = node.ledger()?.height ?? 0
  // A block is final a moment before it is kept.
  while (height > 0 && (await node.blocks({ before: height + 1, limit: 1 }))[0]?.height !== height) await new Promise(resolve => { setTimeout(resolve, 10) })
  for (let before: number | undefined = height + 1; before > 1; before = blocks.at(-1)?.height ?? 0) {
    const page: readonly BlockView[] = await node.blocks({ before, limit: PAGE })
    if (page.length === 0) break
    blocks.push(...page)
  }
  return blocks.reverse().map(({ height, digest, transactions }) => [height, digest, transactions.map(({ id }) => id)])
}

function answer<T> (result: { readonly ok: true, readonly value: T } | { readonly ok: false, readonly failure: { readonly reason: string } }, text: (value: T) => string): void {
  say({ fact: 'answer', ok: result.ok, value: result.ok ? text(result.value) : result.failure.reason })
}

/** Starts what the rate and the number in flight allow. */
function pump (): void {
  const now = performance.now()
  while (load.under < load.inFlight && now >= load.next) {
    load.next = Math.max(load.next + 1000 / load.perSecond, now - 1000)
    void submitOne()
  }
}

async function submitOne (): Promise<void> {
  load.under++
  const startMs = performance.now()
  const operations = Array.from({ length: load.operations }, () => operationOf(load.made++))
  const submitted = await node.author(operations, WITHIN_MS)
  load.under--
  if (!submitted.ok) return say({ fact: 'failed', code: submitted.failure.code, reason: submitted.failure.reason })
  const { id, state, height } = submitted.value
  if (state === 'final' && height !== null) say({ fact: 'final', id, height, latencyMs: performance.now() - startMs })
  else say({ fact: 'failed', code: 'waiting', reason: id })
  pump()
}

function operationOf (count: number): Uint8Array {
  const hash = sha256(utf8(birth.name), u64(process.pid), u64(count))
  const name = Number.isFinite(load.datasets) ? sha256(utf8(birth.name), u64(count % load.datasets)) : hash
  return encodeOperation(OPERATIONS.datasetPut, {
    dataset: `d${hex(name.subarray(0, 12))}`, feeds: [], schemaHash: hash, licenceHash: hash, isRetired: false
  })
}

function standing (): Standing {
  const status = node.ledger()
  return {
    height: status?.height ?? 0, epoch: status?.epoch ?? 0, digest: status?.digest ?? '', stateRoot: status?.stateRoot ?? '', role: status?.role ?? 'none',
    validators: status?.validators ?? 0, waiting: status?.waiting ?? 0, underWay: load.under, reachable: status?.reachable ?? 0,
    seats: node.ledgerMembers().map(({ did, seat, removed }) => ({ did, seat, removed })),
    applications: node.applications().map(({ did }) => did),
    proposals: node.proposals().map(({ id, state }) => ({ id, state })),
    alarms: node.status().alarms,
    metrics: Object.fromEntries(node.metrics()),
    residentBytes: process.memoryUsage.rss(),
    cpuMicroseconds: process.cpuUsage().user + process.cpuUsage().system
  }
}

/** The real network, with other ports where the parent laid a wire in between. */
async function rewired (options: Parameters<Host['openNetwork']>[0]): ReturnType<Host['openNetwork']> {
  const real = await openNetwork(options)
  const through = (address: string): string => address.replace(/\/tcp\/(\d+)/, (_, port: string) => `/tcp/${birth.ports[port] ?? port}`)
  return {
    peerId: real.peerId,
    addresses: () => real.addresses(),
    setMembers: members => real.setMembers(new Map([...members].map(([peerId, addresses]) => [peerId, addresses.map(through)]))),
    peers: () => real.peers(),
    publish: (topic, message) => real.publish(topic, message),
    metrics: () => real.metrics(),
    stop: () => real.stop()
  }
}
