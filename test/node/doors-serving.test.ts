import { strict as assert } from 'node:assert'
import { globSync, readFileSync } from 'node:fs'
import { MerkleLog, type CID } from '../../src/base/index.ts'
import { leafHashOf, type ClosedSegment } from '../../src/core/feed/index.ts'
import { sealSegment } from '../../src/core/sealing/index.ts'
import { CREDIT_BYTES, decodeListing, type Item, type Request } from '../../src/core/sync/index.ts'
import type { AssetFacts, Engine, FileUse } from '../../src/node/doors/index.ts'
import { Feeds, type Feed } from '../../src/node/feeds/index.ts'
import { Files } from '../../src/node/files/index.ts'
import { ask, PeerFault, SYNC_PROTOCOL } from '../../src/node/pulling/index.ts'
import { takeTail } from '../../src/node/pulling/tail.ts'
import { Server } from '../../src/node/serving/index.ts'
import { ada, ben, cyd, feedOf, headOf, membership, NOW_MS, recordsOf, type TestFeed } from '../core/feed.fixture.ts'
import { openDoors, OPEN, realEngine, type OpenDoors } from '../support/doors.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { agreementOf, FOR_BEN, FOR_WASTE, policyOf, restricted } from './doors.fixture.ts'
import { content, pieces } from './files.fixture.ts'
import { loopback, stillClock } from './loopback.fixture.ts'

const clock = stillClock(NOW_MS)
const { small: creditBytes } = CREDIT_BYTES
const TERMS = policyOf([FOR_BEN, FOR_WASTE])

type Town = OpenDoors & { readonly feeds: Feeds, readonly feed: Feed, readonly root: CID, readonly server: Server, readonly ask: (member: string, request: Request) => Promise<Answer> }
/** What came: the payload of segments, blocks and heads apart from all else. */
type Answer = { readonly code: string, readonly reason: string, readonly payloadBytes: number, readonly items: readonly Item[] }

const plain = feedOf(ada, [recordsOf(20), recordsOf(30)], { datasetId: 'bins', class: 'restricted' })
const sealed: TestFeed = (() => {
  const segments: readonly ClosedSegment[] = plain.segments.map((segment, index) => sealSegment(segment, {
    feed: plain.declaration.id, index, keyEpoch: 1, epochKey: new Uint8Array(32).fill(9), salt: new Uint8Array(32).fill(index)
  }))
  const log = new MerkleLog()
  for (const { leafData } of segments) log.append(leafHashOf(leafData))
  const head: TestFeed['head'] = (length = segments.length, fields = {}) => headOf(ada, {
    federation: membership.federation, feed: plain.declaration.id, length, records: segments.slice(0, length).reduce((sum, { leaf }) => sum + leaf.count, 0),
    bytes: 0, mmrRoot: log.root(length), firstRetained: 0, keyEpoch: 1, timeMs: NOW_MS, prevHeadDigest: null, ...fields
  })
  return { ...plain, segments, log, head }
})()

async function town (
  described: () => AssetFacts | undefined, { feed: given = plain, engine = realEngine, isSealedFile = false }: { readonly feed?: TestFeed, readonly engine?: Engine, readonly isSealedFile?: boolean } = {}
): Promise<Town> {
  const store = openMemoryStore()
  const [feeds, files] = [await Feeds.load(store), await Files.load(store)]
  const { root } = await files.add(pieces(content(5_000)))
  const uses: readonly FileUse[] = [{ asset: { publisher: ada.did, datasetId: 'bins' }, isSealed: isSealedFile }]
  const open = await openDoors({ own: ada.did, clock, engine }, { describe: name => name === 'bins' ? described() : undefined, uses })
  const feed = await feeds.register(given.declaration.statement, given.declaration, 'reader')
  await grow(feeds, feed, given, given.segments.length)
  const server = new Server({
    feeds, doors: open.doors, memberOf: peerId => peerId, statement: async id => feeds.get(id)?.statement, file: (wanted, what) => files.serve(wanted, what), note: () => {}, clock
  })
  return { ...open, feeds, feed, root, server, ask: (member, request) => answerOf(server, member, request) }
}

async function grow (feeds: Feeds, feed: Feed, from: TestFeed, length: number): Promise<void> {
  const segments = from.segments.slice(0, length).map(({ leafData, bytes }, index) => ({ index, leafData, bytes }))
  assert.equal(await takeTail(feeds, feed, from.head(length), segments, NOW_MS), 'taken')
}

async function answerOf (server: Server, member: string, request: Request): Promise<Answer> {
  const items: Item[] = []
  const { link: { peer } } = loopback(member, server.handler)
  const done = (code: string, reason: string): Answer => ({
    code, reason, items, payloadBytes: items.filter(({ type }) => type !== 'listing' && type !== 'statement').reduce((sum, { payload }) => sum + payload.length, 0)
  })
  const answer = { partial: false }
  try {
    for await (const item of ask(peer, SYNC_PROTOCOL, request, new AbortController().signal, answer)) items.push({ ...item, payload: item.payload.slice() })
    return done(answer.partial ? 'partial' : 'ok', '')
  } catch (cause) {
    if (!(cause instanceof PeerFault)) throw cause
    return done(cause.code, cause.message)
  }
}

function requestsFor ({ feed, root }: Town): readonly Request[] {
  const { length } = feed
  return [
    { verb: 'head', creditBytes, feed: feed.id },
    { verb: 'leaves', creditBytes, feed: feed.id, length, from: 0, to: length },
    { verb: 'segments', creditBytes, feed: feed.id, length, ranges: [[0, length]], follow: false },
    { verb: 'segments', creditBytes, feed: feed.id, length, ranges: [[0, length]], follow: true },
    { verb: 'blocks', creditBytes, root, cids: [root], byteFrom: 0, byteTo: 0 },
    { verb: 'blocks', creditBytes, root, cids: [], byteFrom: 0, byteTo: 5_000 }
  ]
}

async function listedTo (member: string, { ask: asked }: Town): Promise<number> {
  const { items } = await asked(member, { verb: 'feeds', creditBytes, setDigest: new Uint8Array(32), after: null })
  return items.flatMap(({ type, header }) => {
    const page = type === 'listing' ? decodeListing(header) : undefined
    return page?.ok === true ? page.value.entries : []
  }).length
}

const refusing: Engine = {
  ...realEngine,
  compile: policy => {
    const compiled = realEngine.compile(policy)
    const never = realEngine.compile({ ...policy, permissions: [] })
    return { ...compiled, evaluate: (request, facts) => ({ ...never.evaluate(request, facts), allow: false }) }
  }
}
const throwing: Engine = { ...realEngine, compile: policy => ({ ...realEngine.compile(policy), evaluate: () => { throw new Error('broken') } }) }

describe('doors: serving others', () => {
  for (const [name, engine] of [['refuses', refusing], ['throws', throwing]] as const) {
    it(`gives no byte of what has terms where the engine ${name}, whoever asks for it in whatever way`, async () => {
      for (const described of [restricted(TERMS), { ...restricted(TERMS), access: 'members' as const }]) {
        const here = await town(() => described, { engine })
        await here.standings.put(agreementOf())
        for (const member of [ben.did, cyd.did]) {
          for (const request of requestsFor(here)) {
            const { code, payloadBytes } = await here.ask(member, request)
            assert.equal(payloadBytes, 0, `${request.verb} to ${member}`)
            assert.ok(code === 'refused' || code === 'unknown', code)
          }
          assert.equal(await listedTo(member, here), 0)
        }
      }
    })
  }

  it('gives it to who has an agreement, and a refusal with its code to who has none', async () => {
    const here = await town(() => restricted(TERMS))
    await here.standings.put(agreementOf())
    for (const request of requestsFor(here).filter(each => each.verb !== 'segments' || !each.follow)) {
      const { code, payloadBytes } = await here.ask(ben.did, request)
      assert.equal(code, 'ok', request.verb)
      assert.ok(payloadBytes > 0)
      const barred = await here.ask(cyd.did, request)
      assert.equal(barred.payloadBytes, 0)
      if (request.verb !== 'blocks') assert.match(barred.reason, /there is no agreement for it/)
    }
    assert.deepEqual([await listedTo(ben.did, here), await listedTo(cyd.did, here)], [1, 0])
    const declaration: Request = { verb: 'statements', creditBytes, ids: [here.feed.id] }
    assert.equal((await here.ask(cyd.did, declaration)).items.length, 1, 'that there is such a dataset may be seen')
  })

  it('answers as if it were not there to who may not know of it', async () => {
    const here = await town(() => restricted(TERMS, { viewers: new Set([ada.did, ben.did]) }))
    const other: Request = { verb: 'head', creditBytes, feed: feedOf(ada, [recordsOf(1)], { datasetId: 'none' }).declaration.id }
    const absent = await here.ask(cyd.did, other)
    for (const request of requestsFor(here)) {
      const answer = await here.ask(cyd.did, request)
      assert.equal(answer.code, absent.code)
      if (request.verb !== 'blocks') assert.equal(answer.reason, absent.reason)
    }
    assert.equal((await here.ask(cyd.did, { verb: 'statements', creditBytes, ids: [here.feed.id] })).items.length, 0)
  })

  it('gives who may only keep what it cannot read nothing but what is sealed', async () => {
    const described = restricted(TERMS, { replicas: 'members' })
    const clear = await town(() => described)
    const request: Request = { verb: 'segments', creditBytes, feed: clear.feed.id, length: 2, ranges: [[0, 2]], follow: false }
    const nothing = await clear.ask(cyd.did, request)
    assert.deepEqual([nothing.code, nothing.payloadBytes], ['partial', 0])
    for (const each of requestsFor(clear).filter(({ verb }) => verb === 'blocks')) assert.equal((await clear.ask(cyd.did, each)).payloadBytes, 0)
    const blind = await town(() => described, { feed: sealed, isSealedFile: true })
    const answer = await blind.ask(cyd.did, request)
    assert.deepEqual(answer.items.map(({ payload }) => Buffer.from(payload)), sealed.segments.map(({ bytes }) => Buffer.from(bytes)))
    for (const each of requestsFor(blind).filter(({ verb }) => verb === 'blocks')) assert.ok((await blind.ask(cyd.did, each)).payloadBytes > 0)
    assert.equal(await listedTo(cyd.did, blind), 1)
  })

  it('gives the publisher back what is its own', async () => {
    const here = await town(() => undefined)
    const request: Request = { verb: 'segments', creditBytes, feed: here.feed.id, length: 2, ranges: [[0, 2]], follow: false }
    assert.equal((await here.ask(ada.did, request)).code, 'ok')
    assert.equal((await here.ask(ben.did, request)).code, 'unknown')
  })

  it('gives a pair\'s feed to that pair', async () => {
    const between = feedOf(ada, [recordsOf(3)], { datasetId: 'grants', class: `pair:${ben.did}` })
    const here = await town(() => OPEN, { feed: between })
    const request: Request = { verb: 'segments', creditBytes, feed: here.feed.id, length: 1, ranges: [[0, 1]], follow: false }
    assert.deepEqual([(await here.ask(ben.did, request)).code, (await here.ask(ada.did, request)).code, (await here.ask(cyd.did, request)).code], ['ok', 'ok', 'unknown'])
    assert.deepEqual([await listedTo(ben.did, here), await listedTo(cyd.did, here)], [1, 0])
  })

  it('ends who follows in the moment that its agreement is revoked, with the reason, and no record after it', async () => {
    const here = await town(() => restricted(TERMS), { feed: { ...plain, segments: plain.segments.slice(0, 1) } })
    await here.standings.put(agreementOf())
    const { link: { peer } } = loopback(ben.did, here.server.handler)
    const items: Item[] = []
    let sawFirst = (): void => {}
    const first = new Promise<void>(resolve => { sawFirst = resolve })
    const following = (async () => {
      const request: Request = { verb: 'segments', creditBytes, feed: here.feed.id, length: 0, ranges: [], follow: true }
      for await (const item of ask(peer, SYNC_PROTOCOL, request, new AbortController().signal)) {
        items.push(item)
        if (item.type === 'segment') sawFirst()
      }
    })()
    const ended = assert.rejects(following, (cause: unknown) => cause instanceof PeerFault && cause.code === 'refused' && /the agreement was ended/.test(cause.message))
    await first
    const revoked = here.standings.revoke(agreementOf().id, NOW_MS)
    await grow(here.feeds, here.feed, plain, 2)
    await ended
    await revoked
    assert.equal(items.filter(({ type }) => type === 'segment').length, 1)
  })
})

describe('doors: no way around them', () => {
  /** Who reads stored bytes or opens segments, and why that is no way out. */
  const READERS: Readonly<Record<string, string>> = {
    'src/node/serving/serving.ts': 'door sync',
    'src/node/bundle/making.ts': 'door sync, for its addressee',
    'src/node/bundle/proof.ts': 'given out by Reader.proof, door read',
    'src/node/ledger/proving.ts': 'given out by LedgerRoom.ledgerProof, door read',
    'src/node/datasets/reader.ts': 'doors read and stream',
    'src/node/live/broadcast.ts': 'door stream, by the passage of each seat',
    'src/node/datasets/held.ts': 'reads the root of a file, for this node alone',
    'src/node/catalogue/catalogue.ts': 'reads catalogues, for this node alone',
    'src/node/access/log.ts': 'reads own accesses, to count them',
    'src/node/granting/granting.ts': 'reads what this member wrote to others: grants and receipts',
    'src/node/granting/taking.ts': 'reads what others wrote to this member: grants and receipts',
    'src/node/reading/contents.ts': 'is the reader',
    'src/node/files/sealing.ts': 'opens files for Reader.content, door read',
    'src/node/receipts/periods.ts': 'reads own accesses, for the receipts that both sides hold',
    'src/node/receipts/receipts.ts': 'reads receipts that the other side sent',
    'src/node/receipts/uses.ts': 'reads own accesses, for the summary that the publisher is owed',
    'src/node/duties/duties.ts': 'reads own accesses, for the audit',
    'src/node/duties/grants.ts': 'keys that were given, still wrapped: for the people of this node, who asks who had what',
    'src/node/erasure/derived.ts': 'looks for what is to be erased, for this node alone',
    'src/node/erasure/targets.ts': 'looks for what is to be erased, for this node alone',
    'src/node/derivations/task.ts': 'makes own datasets out of others: door derive',
    'src/node/derivations/derivations.ts': 'reads the first row of a source for its columns: door derive was asked',
    'src/node/verifying/verifying.ts': 'tells whether hashes are right, and nothing of what they are of',
    'src/node/verifying/scrub.ts': 'tells whether hashes are right, and nothing of what they are of',
    'src/node/sql/loading.ts': 'reads the first row of a table for how it is written: door sql was asked, and tells of nothing else',
    'src/node/sql/reckoning.ts': 'reads rows into the engine for a question: door sql was asked for each dataset, and is again before anything goes out',
    'src/node/querying/covering.ts': 'given out by Querying.query, door read',
    'src/node/querying/run.ts': 'given out by Querying.query, door read',
    'src/node/indexing/segment.ts': 'digests rows for the index, for this node alone',
    'src/node/indexing/building.ts': 'digests rows for the index, for this node alone',
    'src/node/indexing/feedIndex.ts': 'digests rows that are in no block yet, for this node alone',
    'src/node/indexing/newest.ts': 'tells the index where the newest record of a key stands, and nothing of its body',
    'src/node/reading/records.ts': 'is the reader',
    'src/node/feeds/registry.ts': 'is the reader',
    'src/node/federation/federation.ts': 'hands the files to the server'
  }
  const READS = /\bfeeds\.segments?(?:At)?\(|\bopenedSegments?\(|\breread\(|\brecordsOf\(|\bfollowedRecords\(|\bfiles\.(?:serve|read|blocks)\(|\bopenSegment\(|\bmakeProof\(/

  it('lets nothing read stored bytes but who is named here, with the door that it asks', () => {
    const found = globSync('src/node/**/*.ts').filter(path => READS.test(readFileSync(path, 'utf8').replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')))
    const unnamed = found.filter(path => READERS[path] === undefined && !path.startsWith('src/node/bundle/'))
    assert.deepEqual(unnamed, [], 'say in READERS which door it asks, or why nothing leaves by it')
    assert.deepEqual(Object.keys(READERS).filter(path => !found.includes(path) && path !== 'src/node/feeds/registry.ts'), [], 'these read no more: take them out')
  })

  it('lets no other floor look past the node\'s own calls', () => {
    const past = globSync('src/{api,cli,sim}/**/*.ts').filter(path => /node\/(?:feeds|reading|files|serving|datasets|access)\/index/.test(readFileSync(path, 'utf8')))
    assert.deepEqual(past, [])
  })

  it('sees who hands out bytes ask', () => {
    for (const path of ['src/node/serving/serving.ts', 'src/node/bundle/making.ts', 'src/node/datasets/gate.ts']) {
      const text = readFileSync(path, 'utf8')
      assert.match(text, /oors\.enter\(/, path)
      assert.match(text, /assage\.take\(|through\(passage/, path)
    }
    assert.match(readFileSync('src/node/live/live.ts', 'utf8'), /oors\.enter\(/)
    assert.match(readFileSync('src/node/live/seat.ts', 'utf8'), /assage\.take\(/)
  })
})
