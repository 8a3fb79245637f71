import { strict as assert } from 'node:assert'
import { cutMap, leafHash, sha256, utf8 } from '../../src/base/index.ts'
import { appendLog, type Log } from '../../src/core/consensus/index.ts'
import { digestOfFederation, genesisAnchor, realScheme } from '../../src/core/finality/index.ts'
import { encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import { decodeSnapshotRequest, SnapshotFetcher, SnapshotServer, type Fetched } from '../../src/node/snapshots/index.ts'
import { FinalChain } from '../core/light.fixture.ts'
import { loopback, stillClock } from './loopback.fixture.ts'

const NAMES = ['one', 'two', 'three'] as const
const TURNS = 16
/** Of the event loop: the second is looked at by then. */
const ROUNDS = 1_000

/** A ledger whose newest state has several parts, with all that a node knows of it. */
function largeChain (): { readonly final: FinalChain, readonly server: SnapshotServer } {
  const final = new FinalChain(1)
  const { chain, blocks } = final
  const [city] = chain.founders
  assert.ok(city !== undefined)
  const operationsFrom = (from: number): readonly Uint8Array[] => Array.from({ length: 120 }, (_, at) => encodeOperation(OPERATIONS.datasetPut, {
    dataset: `d-${from + at}-${'x'.repeat(40)}`, feeds: [], schemaHash: sha256(utf8(`${from + at}`)), licenceHash: sha256(utf8(`${from + at} l`)), isRetired: false
  }))
  for (let from = 0; from < 6_000; from += 120) final.add([chain.byNode(city, operationsFrom(from))])
  const { federation } = chain.charter
  const genesis: Log = { length: 1, peaks: [leafHash(digestOfFederation(federation))] }
  const newest = blocks.at(-1)
  assert.ok(newest !== undefined)
  const below = blocks.slice(0, -1).reduce((log, { digest }) => appendLog(log, digest), genesis)
  const server = new SnapshotServer({
    federation, cutEveryBlocks: 1, block: async height => blocks[height - 1], seals: async () => [],
    proof: async height => {
      const block = blocks[height - 1]
      return block === undefined ? undefined : final.proofOf(block)
    }
  }, { height: newest.header.height - 1, log: below, state: chain.state })
  server.follow([{ block: newest, state: chain.state }])
  return { final, server }
}

type Chain = FinalChain['chain']

function fetcherOf (chain: Chain, onAdopted: (fetched: Fetched) => void, onFatal: (cause: unknown) => void): SnapshotFetcher {
  return new SnapshotFetcher({
    protocol: 'ledger', scheme: realScheme, clock: stillClock(chain.timeMs), anchor: () => genesisAnchor(chain.charter), height: () => 0, lagBlocks: () => 1, retryMs: 1,
    isTrusted: () => true, onFatal, log: () => {},
    adopt: async fetched => {
      onAdopted(fetched)
      return true
    }
  })
}

describe('a state that is fetched', () => {
  let large: ReturnType<typeof largeChain>

  before(() => { large = largeChain() })

  it('comes in parts from all who offer it, each part once', async () => {
    const { final: { chain }, server } = large
    const asked: string[] = []
    const { promise: adopted, resolve: adopt, reject } = Promise.withResolvers<Fetched>()
    const fetcher = fetcherOf(chain, fetched => { adopt(fetched) }, reject)
    for (const name of NAMES) {
      const peer = loopback(name, {
        request: (of, body, reply) => {
          const request = decodeSnapshotRequest(body)
          if (request.ok && request.value.kind === 'chunk') asked.push(name)
          return server.answer(of, body, reply)
        },
        note: () => {}
      })
      fetcher.up(peer.link.peer)
    }
    const { map } = await adopted
    fetcher.stop()
    assert.deepEqual(map.root, chain.state.map.root)
    assert.equal(asked.length, cutMap(chain.state.map).chunks.length)
    assert.deepEqual(new Set(asked), new Set(NAMES))
  })

  it('is looked for at whoever comes, in whichever turn after others had none', async () => {
    const { final: { chain }, server } = large
    for (let after = 0; after < TURNS; after++) {
      let isLookedAt = false
      const { promise: failed, reject } = Promise.withResolvers<never>()
      failed.catch(() => {})
      const fetcher = fetcherOf(chain, () => {}, reject)
      const answered = Promise.withResolvers<null>()
      const poor = loopback('one', {
        request: async (_of, _body, reply) => {
          reply.end(new Uint8Array(0))
          answered.resolve(null)
        },
        note: () => {}
      })
      const rich = loopback('two', {
        request: (of, body, reply) => {
          const request = decodeSnapshotRequest(body)
          isLookedAt ||= request.ok && request.value.kind !== 'offer'
          return server.answer(of, body, reply)
        },
        note: () => {}
      })
      fetcher.up(poor.link.peer)
      await answered.promise
      for (let turn = 0; turn < after; turn++) await Promise.resolve()
      fetcher.up(rich.link.peer)
      for (let turn = 0; turn < ROUNDS && !isLookedAt; turn++) await Promise.race([failed, new Promise(done => { setImmediate(done) })])
      fetcher.stop()
      assert.ok(isLookedAt, `${after} turns later nobody looked`)
    }
  })
})
