import { strict as assert } from 'node:assert'
import type { CID } from '../../src/base/index.ts'
import { decodeRequest, encodeItem, encodeItemBytes, encodeListing, encodeNote, encodeResult, listingPage, type Verb } from '../../src/core/sync/index.ts'
import type { Clock, Peer, ProtocolHandler } from '../../src/host/index.ts'
import { Puller } from '../../src/node/pulling/index.ts'
import { ada, ben, feedOf, membership, NOW_MS, recordsOf, type TestFeed } from '../core/feed.fixture.ts'
import { certificateOf, valueOf } from '../core/identity.fixture.ts'
import { hold, town } from './bundle.fixture.ts'
import { loopback } from './loopback.fixture.ts'

const LISTING_EVERY_MS = 60_000
const SOON_MS = 5_000
const STEP_MS = 100
/** As the network allows. */
const REQUESTS_OF_A_STREAM = 32
const bins = feedOf(ada, [recordsOf(3)], { datasetId: 'bins', class: 'members' })

describe('what a member holds', () => {
  for (const verb of ['feeds', 'statements'] as const) {
    it(`is known soon also where it had no room for the question after "${verb}": it tells of a feed only once`, async () => {
      const { puller, advance } = await newcomer([], () => false)
      puller.peerUp(loopback(ada.did, busyOnce(verb)).link.peer, ada.did)
      await advance(SOON_MS)
      assert.equal(puller.feedsOfferedBy(ada.did), 1)
      puller.stop()
    })
  }

  it('is asked for a few feeds at a time: many leave room for other questions on the same stream', async () => {
    const many = Array.from({ length: 100 }, (_, at) => feedOf(ada, [recordsOf(1)], { datasetId: `dataset-${at}`, class: 'members' }))
    const { puller, advance } = await newcomer(many, () => true)
    const [heads, asked]: [(() => void)[], Set<string>] = [[], new Set()]
    const { link } = loopback(ada.did, holderOf(many, (feed, answer) => {
      asked.add(feed.toString())
      heads.push(answer)
    }))
    puller.peerUp(link.peer, ada.did)
    await advance(SOON_MS)
    assert.ok(heads.length > 0 && heads.length < REQUESTS_OF_A_STREAM, `${heads.length} questions are open`)
    for (let at = 0; at < many.length; at++) {
      heads[at]?.()
      await advance(STEP_MS)
    }
    assert.equal(asked.size, many.length, 'all come to their turn')
    puller.stop()
  })

  it('is asked for again where nothing more was wanted just when answers came: what was asked before counts as asked no longer', async () => {
    let isWanted = true
    const { puller, advance } = await newcomer([bins], () => isWanted)
    const [heads, peer]: [(() => void)[], Peer] = [[], loopback(ada.did, holderOf([bins], (_feed, answer) => heads.push(answer))).link.peer]
    puller.peerUp(peer, ada.did)
    await advance(SOON_MS)
    assert.equal(heads.length, 1)
    isWanted = false
    heads[0]?.()
    await advance(SOON_MS)
    isWanted = true
    await advance(SOON_MS)
    assert.equal(heads.length, 2)
    puller.stop()
  })

  it('is what it told by a hint where its answer to an earlier question comes later: an older length does not take the place of a newer', async () => {
    const longer = feedOf(ada, [recordsOf(3), recordsOf(2)], { datasetId: 'bins', class: 'members' })
    const { puller, advance } = await newcomer([], () => true, longer)
    const [heads, answers]: [(() => void)[], (() => void)[]] = [[], []]
    const holder = holderOf([longer], (_feed, answer) => heads.push(answer))
    const { peer } = loopback(ada.did, { ...holder, request: async (...of) => {
      const request = decodeRequest(of[1])
      if (request.ok && request.value.verb === 'feeds') await new Promise<void>(resolve => { answers.push(resolve) })
      return holder.request(...of)
    } }).link
    puller.peerUp(peer, ada.did)
    await advance(STEP_MS)
    puller.note(peer, encodeNote({ kind: 'have', entries: [{ feed: longer.declaration.id, length: 2, mmrRoot: longer.head(2).mmrRoot }] }))
    await advance(STEP_MS)
    assert.equal(heads.length, 1)
    heads[0]?.()
    await advance(STEP_MS)
    answers[0]?.()
    await advance(SOON_MS)
    assert.equal(heads.length, 2, 'what could not be had at once is asked for again')
    puller.stop()
  })
})

/** A node that knows these feeds by name and holds nothing of them, but the first segment of one. */
async function newcomer (known: readonly TestFeed[], wants: () => boolean, held?: TestFeed): Promise<{ readonly puller: Puller, readonly advance: (byMs: number) => Promise<void> }> {
  const { clock, advance } = movedClock(NOW_MS)
  const here = await town()
  const { feeds, members } = here
  if (held !== undefined) await hold(here, held, 1)
  valueOf(await members.addCertificate(certificateOf(ada, membership.federation).envelope))
  for (const { declaration } of known) await feeds.register(declaration.statement, declaration, 'reader')
  const puller = new Puller({
    feeds, members, clock, random: { bytes: size => new Uint8Array(size) }, log: () => {}, own: ben.did, wants, mayTell: () => true,
    listingEveryMs: LISTING_EVERY_MS, feedsPerMemberMax: 10, alarm: () => {}, onFatal: cause => { throw cause }
  })
  return { puller, advance }
}

/** Answers as a node that holds these feeds; `onHead` says when heads are given, each of which is none. */
function holderOf (held: readonly TestFeed[], onHead: (feed: CID, answer: () => void) => void): ProtocolHandler {
  return {
    request: async (_peer, body, reply) => {
      const request = decodeRequest(body)
      assert.ok(request.ok)
      if (request.value.verb === 'head') return onHead(request.value.feed, () => { reply.error('gone', 'not any more') })
      assert.equal(request.value.verb, 'feeds')
      const page = listingPage(held.map(({ declaration, head }) => ({ feed: declaration.id, length: 1, mmrRoot: head(1).mmrRoot })), new Uint8Array(32), null)
      await reply.send(encodeItemBytes('listing', encodeListing(page), 0))
      reply.end(encodeResult({ code: 'ok' }))
    },
    note: () => {}
  }
}

/** Answers as a node that holds one feed, but the first request of one verb with that it has no room. */
function busyOnce (verb: Verb): ProtocolHandler {
  let wasBusy = false
  return {
    request: async (_peer, body, reply) => {
      const request = decodeRequest(body)
      assert.ok(request.ok)
      if (request.value.verb === verb && !wasBusy) {
        wasBusy = true
        return reply.error('busy', 'too many requests are open')
      }
      if (request.value.verb === 'feeds') {
        const page = listingPage([{ feed: bins.declaration.id, length: 1, mmrRoot: bins.head(1).mmrRoot }], request.value.setDigest, request.value.after)
        await reply.send(encodeItemBytes('listing', encodeListing(page), 0))
      } else {
        const { envelope } = bins.declaration.statement
        await reply.send(encodeItem('statement', { id: bins.declaration.id }, envelope.length))
        await reply.send(envelope)
      }
      reply.end(encodeResult({ code: 'ok' }))
    },
    note: () => {}
  }
}

/** Stands still but for `advance`, which lets all that is due happen, and what follows from it. */
function movedClock (fromMs: number): { readonly clock: Clock, readonly advance: (byMs: number) => Promise<void> } {
  let passedMs = 0
  const waiting = new Map<object, { readonly dueMs: number, readonly work: () => void }>()
  return {
    clock: {
      nowMs: () => fromMs + passedMs,
      monotonicMs: () => passedMs,
      wake: (delayMs, work) => {
        const key = {}
        waiting.set(key, { dueMs: passedMs + delayMs, work })
        return () => { waiting.delete(key) }
      }
    },
    advance: async byMs => {
      for (const endMs = passedMs + byMs; passedMs < endMs; passedMs += STEP_MS) {
        for (const [key, { dueMs, work }] of waiting) {
          if (dueMs > passedMs) continue
          waiting.delete(key)
          work()
        }
        await new Promise(resolve => { setImmediate(resolve) })
      }
    }
  }
}
