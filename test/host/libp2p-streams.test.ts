import { strict as assert } from 'node:assert'
import type { Connection, Stream } from '@libp2p/interface'
import { utf8 } from '../../src/base/index.ts'
import { PeerLink } from '../../src/host/libp2p/peer.ts'
import { ECHO, FAST } from './libp2p.fixture.ts'

/** As libp2p's, whose abort says nothing any more where it was over before. */
class TestStream extends EventTarget {
  status = 'open'
  readonly written: Uint8Array[] = []
  readonly writableNeedsDrain = false

  get writeStatus (): string {
    return this.status === 'open' ? 'writable' : 'closed'
  }

  send (bytes: Uint8Array): boolean {
    this.written.push(bytes)
    return true
  }

  abort (): void {
    if (this.status !== 'open') return
    this.status = 'aborted'
    this.dispatchEvent(new Event('close'))
  }
}

describe('the stream of a protocol', () => {
  const handler = { request: () => Promise.resolve(), note: () => {} }
  let passedMs = 0
  const linkOf = (ownPeerId: string, peerId: string): PeerLink => new PeerLink({
    ownPeerId, peerId, protocols: { [ECHO]: handler }, limits: FAST, credit: { take: () => true, give: () => {} }, nowMs: () => passedMs,
    allConnections: () => [], blame: assert.fail, count: () => {}, log: () => {}
  })
  const isGone = (): TestStream => {
    const stream = new TestStream()
    stream.abort()
    return stream
  }

  it('is opened anew where the one that was opened had gone before it was handed over', async () => {
    const given = [isGone(), new TestStream()]
    const [, second] = given
    const link = linkOf('a', 'b')
    link.add({ newStream: () => Promise.resolve(given.shift()) } as unknown as Connection)
    link.peer.note(ECHO, utf8('to be told'))
    for (let tick = 0; tick < 10; tick++) {
      await new Promise(resolve => { setImmediate(resolve) })
      passedMs += FAST.tickMs
      link.tick()
    }
    assert.deepEqual(given, [])
    assert.equal(second?.written.length, 1)
  })

  it('stays where another is handed over that has gone already', async () => {
    const [first, link] = [new TestStream(), linkOf('b', 'a')]
    link.accept(ECHO, first as unknown as Stream)
    link.accept(ECHO, isGone() as unknown as Stream)
    link.peer.note(ECHO, utf8('to be told'))
    await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(first.status, 'open')
    assert.equal(first.written.length, 1)
  })
})
