import { strict as assert } from 'node:assert'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hex } from '../../src/base/index.ts'
import { hanse } from '../cli/support.ts'
import { SEED, randomFrom } from '../support/chance.ts'
import { flipBit } from '../support/damage.ts'
import { bodyOf, fileOfName, lacksOf, NAMES, rowsOf, type Answer, type DamagedOptions, type Order } from '../support/damaged.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { append, fileOf, publish, streamOf, tableOf } from '../support/publications.ts'

const FLIPS = Number(process.env['HANSE_FLIPS'] ?? 120)
const FLIPS_PER_ROUND_MAX = 40
const CHILD = join(import.meta.dirname, '../support/damaged.ts')
const WITHIN_MS = 60_000
const STREAMED = 60

type Found = Exclude<Answer, { readonly answer: 'refused' | 'failed' }>

/** The way on is a new store: it was refused at the start, LevelDB ended the process, or it takes no more writes. */
class Unusable extends Error {
  override readonly name = 'Unusable'
}

describe('flipped bits in the stored files of a node', function () {
  this.timeout(60_000 + FLIPS * 3_000)
  let cities: readonly City[] = []
  let charter = new Uint8Array(0)
  let child: ChildProcess | undefined
  const counts: Record<string, number> = { ada: STREAMED, ben: STREAMED }
  const random = randomFrom(SEED)
  const tally = { flips: 0, rounds: 0, foundAtStart: 0, foundByReading: 0, foundByScrub: 0, rebuilt: [] as string[], wrong: 0, lackedAtFirst: 0, refetchedBytes: 0 }

  before(async () => {
    cities = await Promise.all(NAMES.map(name => makeCity(name, {
      segmentBytesTarget: 65_536, lingerMs: 5, listingEveryMs: 1_000, keepCharter: async envelope => { charter = Uint8Array.from(envelope) }
    })))
    await found(cities)
    await connected(cities)
    for (const { name, node } of cities) {
      await publish(node, tableOf(`${name}-table`, rowsOf(name)))
      await publish(node, fileOf(`${name}-file`, fileOfName(name)))
      await publish(node, streamOf(`${name}-live`))
      await append(node, `${name}-live`, Array.from({ length: STREAMED }, (_, at) => bodyOf(name, at)))
    }
    await until(() => cities.every(({ node }) => lacksOf(node, counts).length === 0), 'both hold all')
    await ada().node.stop()
    await writeFile(join(ada().folder, 'charter.cbor'), charter, { mode: 0o600 })
  })
  after(async () => {
    child?.kill('SIGKILL')
    await removeCities(cities)
  })

  it(`never become wrong data, and what they damage is found and fetched again (${FLIPS} flips, seed ${SEED})`, async () => {
    for (; tally.flips < FLIPS; tally.rounds++) {
      await round().catch((cause: unknown) => { throw new Error(`seed ${SEED}, round ${tally.rounds}: ${String(cause)}`, { cause }) })
    }
    assert.equal(tally.wrong, 0)
    assert.ok(tally.refetchedBytes > 0, 'some of it was lost, seen and fetched again')
    process.stderr.write(`      ${JSON.stringify(tally)}\n`)
  })

  async function round (): Promise<void> {
    const flips = Math.min(Math.ceil(random() * FLIPS_PER_ROUND_MAX), FLIPS - tally.flips)
    for (let flip = 0; flip < flips; flip++, tally.flips++) await flipBit(ada().folder, random(), random())
    try {
      await live()
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      tally.rebuilt.push(error.message.slice(0, 120))
      const rebuilt = await hanse(['doctor', '--rebuild', '--data', ada().folder])
      assert.equal(rebuilt.code, 0, rebuilt.error)
      await live()
    }
  }

  /** Starts over what is on the disk, reads, mends, reads again, takes new data, and stops. */
  async function live (): Promise<void> {
    const ready = await bear()
    tally.foundAtStart += ready.seen
    const read = await ask('read')
    tally.foundByReading += read.seen - ready.seen
    tally.lackedAtFirst += read.lacks.length
    const mended = await ask('mend')
    tally.foundByScrub += mended.seen - read.seen
    tally.refetchedBytes += mended.refetchedBytes
    tally.wrong += read.wrong.length + mended.wrong.length
    assert.deepEqual([...read.wrong, ...mended.wrong], [], 'nothing wrong is served')
    assert.deepEqual(mended.lacks, [], 'all is here again, verified, with no alarm left')
    const appended = await ask('append')
    assert.deepEqual(appended.lacks, [], 'own feeds take new data')
    counts['ada'] = (counts['ada'] ?? 0) + 1
    await until(() => lacksOf(ben().node, counts).length === 0, 'the other follows', WITHIN_MS)
    assert.equal(ben().node.status().feeds.frozen, 0, 'nothing was signed twice')
    await ask('stop')
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async function bear (): Promise<Found> {
    const { name, folder, port, seeds } = ada()
    const { root, rootPublicKey, node, transport, encryption } = seeds
    const options: DamagedOptions = {
      name, folder, port, charter: hex(charter),
      seeds: { root: hex(root ?? new Uint8Array(0)), rootPublicKey: hex(rootPublicKey), node: hex(node), transport: hex(transport), encryption: hex(encryption) }
    }
    child = fork(CHILD, [JSON.stringify(options)], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    return answered(child)
  }

  async function ask (order: Order['order']): Promise<Found> {
    assert.ok(child !== undefined)
    const coming = answered(child)
    child.send({ order, counts } satisfies Order)
    return coming
  }

  async function answered (from: ChildProcess): Promise<Found> {
    const errors: string[] = []
    const listen = (chunk: Buffer): void => { errors.push(chunk.toString()) }
    from.stderr?.on('data', listen)
    const over = new AbortController()
    const answer = once(from, 'message', { signal: over.signal }).then(([message]) => message as Answer)
    const ended = once(from, 'exit', { signal: over.signal }).then(([code, signal]): Answer => ({
      answer: signal === 'SIGABRT' ? 'refused' : 'failed', reason: `ended with ${String(code ?? signal)}: ${errors.join('')}`
    }))
    const first = await Promise.race([answer, ended])
    over.abort()
    await Promise.allSettled([answer, ended])
    from.stderr?.off('data', listen)
    if ('seen' in first) return first
    if (from.exitCode === null && from.signalCode === null) {
      from.kill('SIGKILL')
      await once(from, 'exit')
    }
    const isDevice = first.answer === 'refused' || /disk did not take|Corruption|IO error/.test(first.reason)
    throw isDevice ? new Unusable(first.reason) : new Error(first.reason)
  }

  function ada (): City {
    const city = cities[0]
    assert.ok(city !== undefined)
    return city
  }

  function ben (): City {
    const city = cities[1]
    assert.ok(city !== undefined)
    return city
  }
})
