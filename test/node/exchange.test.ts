import { strict as assert } from 'node:assert'
import { CREDIT_BYTES, encodeItem, encodeResult, type Item, type Request } from '../../src/core/sync/index.ts'
import { concat, encodeCanonical } from '../../src/base/index.ts'
import type { Peer } from '../../src/host/index.ts'
import { Askings } from '../../src/host/libp2p/asking.ts'
import { CreditPool, LIMITS } from '../../src/host/libp2p/limits.ts'
import { systemClock } from '../../src/host/system/index.ts'
import { askPeer } from '../../src/node/asking/wire.ts'
import { ask, PeerFault, SYNC_PROTOCOL } from '../../src/node/pulling/index.ts'
import { ask as askForState } from '../../src/node/snapshots/asking.ts'
import { feedOf, ada, recordsOf } from '../core/feed.fixture.ts'

const request: Request = { verb: 'feeds', creditBytes: CREDIT_BYTES.small, setDigest: new Uint8Array(32), after: null }
const { declaration: { id } } = feedOf(ada, [recordsOf(1)], { datasetId: 'any' })
const [HEADER, PAYLOAD] = [encodeItem('statement', { id }, 5_000), new Uint8Array(5_000)]

/** A peer at the other end of a channel: what it says comes when the test says so. */
function peerOn (askings: Askings): Peer {
  const unused = (): never => { throw new Error('not asked here') }
  return { peerId: 'peer', request: (_protocol, body, creditBytes) => askings.ask(body, creditBytes), note: unused, drop: unused, blame: unused }
}

function setUp (): { readonly askings: Askings, readonly peer: Peer, readonly say: (bytes: Uint8Array) => void, readonly end: () => void } {
  const askings: Askings = new Askings({ firstId: 2, limits: LIMITS, credit: new CreditPool(LIMITS, () => {}).of('peer'), nowMs: () => 0, send: () => {} })
  return {
    askings, peer: peerOn(askings),
    say: bytes => {
      assert.equal(askings.dataBegins(2, bytes.length), undefined)
      askings.data(2, bytes)
    },
    end: () => { assert.equal(askings.end(2, encodeResult({ code: 'ok' })), undefined) }
  }
}

async function faultOf (asking: AsyncIterable<Item>): Promise<string> {
  try {
    for await (const _item of asking);
  } catch (error) {
    if (error instanceof PeerFault) return error.code
    throw error
  }
  return 'none'
}

describe('an exchange with a peer', () => {
  it('that is given up after the answer has come is whole, however little of it was read', async () => {
    const { peer, say, end } = setUp()
    const gone = new AbortController()
    const asked = faultOf(ask(peer, SYNC_PROTOCOL, request, gone.signal))
    say(HEADER)
    await new Promise(resolve => { setImmediate(resolve) })
    say(PAYLOAD.subarray(0, 2_000))
    say(PAYLOAD.subarray(2_000))
    end()
    gone.abort()
    assert.equal(await asked, 'none')
  })

  it('that is given up before its end gives no part of an answer for all of it, and after it all: of a state, and of what was asked in SQL', async () => {
    const whole = concat([PAYLOAD, PAYLOAD])
    const answer = { type: 'answer', answer: new Uint8Array(1), columns: [], isCut: false } as const
    const state = { nothing: { type: 'silent' }, all: { type: 'found', bytes: whole }, end: new Uint8Array(1) }
    const sql = { nothing: undefined, all: { end: answer, csv: whole }, end: encodeCanonical(answer) }
    const given = [
      [({ peer, signal }) => askForState(peer, '/any/1', { kind: 'offer', aboveHeight: 0 }, 20_000, systemClock, signal), state, 'nothing'],
      [({ peer, signal }) => askForState(peer, '/any/1', { kind: 'offer', aboveHeight: 0 }, 20_000, systemClock, signal), state, 'all'],
      [({ peer, signal }) => askPeer(peer, new Uint8Array(1), systemClock, signal), sql, 'nothing'],
      [({ peer, signal }) => askPeer(peer, new Uint8Array(1), systemClock, signal), sql, 'all']
    ] as const satisfies readonly (readonly [(at: { readonly peer: Peer, readonly signal: AbortSignal }) => Promise<unknown>, unknown, 'nothing' | 'all'])[]
    for (const [asking, outcome, comes] of given) {
      const { askings, peer, say } = setUp()
      const gone = new AbortController()
      const asked = asking({ peer, signal: gone.signal })
      for (const part of [PAYLOAD, PAYLOAD]) say(part)
      if (comes === 'all') assert.equal(askings.end(2, outcome.end), undefined)
      gone.abort()
      assert.deepEqual(await asked, outcome[comes])
    }
  })

  it('is the fault of a peer whose answer ends in the middle, and of nobody where it is whole', async () => {
    for (const [parts, fault] of [[[HEADER, PAYLOAD], 'none'], [[HEADER, PAYLOAD.subarray(1)], 'fault']] as const) {
      const { peer, say, end } = setUp()
      const asked = faultOf(ask(peer, SYNC_PROTOCOL, request, new AbortController().signal))
      await new Promise(resolve => { setImmediate(resolve) })
      for (const part of parts) say(part)
      end()
      assert.equal(await asked, fault)
    }
  })
})
