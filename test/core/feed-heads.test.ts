import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  bytesOfHex, cidOf, cidOfText, EMPTY_ROOT, hex, MerkleLog, merkleRoot, utf8, type CID, type Cover
} from '../../src/base/index.ts'
import {
  admitDeclaration, admitHead, decideStart, declareFeed, decodeDeclaration, decodeHead, endOfRecords, HEAD_AHEAD_MS_MAX, headBody, isFeedClass,
  judgeHead, leafHashOf, verifyForkProof, type Evidence, type FeedRecord, type Guard, type Head, type HeadContext, type StartFacts
} from '../../src/core/feed/index.ts'
import { decodeStatement, revocationBody, revocationSignature, sealRevocation, signStatement, type Statement } from '../../src/core/identity/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { ada, ben, declarationOf, feedOf, headOf, membership, NOW_MS, recordsOf, speaker } from './feed.fixture.ts'
import { certificateOf, codeOf, DAY_MS, FOUNDED_MS, someCid, valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type HeadInput = {
  readonly federation: string, readonly feed: string, readonly length: number, readonly records: number, readonly bytes: number,
  readonly mmrRoot: string, readonly firstRetained: number, readonly keyEpoch: number, readonly timeMs: number, readonly prevHeadDigest: string | null
}
const vectors = JSON.parse(readFileSync('test/vectors/head.json', 'utf8')) as {
  readonly accept: readonly { readonly name: string, readonly input: HeadInput, readonly output: string }[]
  readonly refuse: readonly { readonly name: string, readonly input: string, readonly error: string }[]
  readonly covers: readonly {
    readonly name: string, readonly output: 'fork' | 'extends'
    readonly input: {
      readonly lengthA: number, readonly rootA: string, readonly lengthB: number, readonly rootB: string
      readonly left: readonly string[], readonly right: readonly string[]
    }
  }[]
}
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')
const cidNamed = (text: string): CID => cidOfText(text) ?? assert.fail('no CID')
const certificate = certificateOf(ada, membership.federation).id
const said = (body: Uint8Array): Statement => signStatement(body, certificate, ada.node)

const segments = [recordsOf(3, 'a'), recordsOf(1, 'b'), recordsOf(4, 'c'), recordsOf(2, 'd'), recordsOf(2, 'e')]
const feed = feedOf(ada, segments)
/** The same feed, with another third segment. */
const forked = feedOf(ada, segments.with(2, recordsOf(4, 'other')))

describe('feed: declarations', () => {
  it('reads back what was declared', () => {
    for (const feedClass of ['public', 'members', 'restricted', 'restricted:access', `pair:${ben.did}`] as const) {
      const declared = declarationOf(ada, { class: feedClass, mode: 'keyed', supersedes: someCid, derivedFrom: someCid })
      assert.equal(declared.class, feedClass)
      assert.ok(declared.id.equals(declared.statement.id))
      const admitted = valueOf(admitDeclaration(declared.statement.envelope, membership.federation, speaker))
      assert.deepEqual(admitted.statement.body, declared.statement.body)
      assert.equal(admitted.publisher, ada.did)
    }
  })

  it('knows its classes and no others', () => {
    for (const text of ['', 'Public', 'private', 'restricted:', 'restricted:A', `restricted:${'a'.repeat(33)}`, 'pair:', 'pair:did:key:z', 'members ']) {
      assert.ok(!isFeedClass(text), text)
    }
  })

  it('refuses one that another made, or for another federation, or before its certificate', () => {
    const { statement, ...fields } = declarationOf(ada)
    const byBen = signStatement(statement.body, certificateOf(ben, membership.federation).id, ben.node)
    assert.equal(codeOf(admitDeclaration(byBen.envelope, membership.federation, speaker)), 'publisher')
    assert.equal(codeOf(admitDeclaration(statement.envelope, someCid, speaker)), 'federation')
    const wrong = signStatement(statement.body, certificate, ben.node)
    assert.equal(codeOf(admitDeclaration(wrong.envelope, membership.federation, speaker)), 'signature')
    const early = said(declareFeed({ ...fields, createdMs: FOUNDED_MS - 1 }))
    assert.equal(codeOf(admitDeclaration(early.envelope, membership.federation, speaker)), 'outside')
    assert.equal(codeOf(admitDeclaration(new Uint8Array(3000), membership.federation, speaker)), 'too-large')
    assert.equal(codeOf(admitDeclaration(said(utf8('x')).envelope, membership.federation, speaker)), 'malformed')
  })

  it('survives mutated declarations', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_128
    const random = randomFrom(seed)
    const { statement } = declarationOf(ada)
    for (let i = 0; i < framesOf(); i++) {
      const decoded = decodeDeclaration({ ...statement, body: mutated(statement.body, random) })
      if (decoded.ok) assert.deepEqual(declareFeed(decoded.value), decoded.value.statement.body, `seed ${seed}, mutant ${i}`)
    }
  })
})

describe('feed: heads', () => {
  for (const { name, input, output } of vectors.accept) {
    it(`encodes ${name} into the frozen bytes`, () => {
      const fields = {
        ...input, federation: cidNamed(input.federation), feed: cidNamed(input.feed), mmrRoot: unhex(input.mmrRoot),
        prevHeadDigest: input.prevHeadDigest === null ? null : unhex(input.prevHeadDigest)
      }
      assert.equal(hex(headBody(fields)), output)
      const { statement, ...decoded } = valueOf(decodeHead(said(unhex(output))))
      assert.deepEqual(headBody(decoded), statement.body)
      assert.equal(decoded.timeMs, input.timeMs)
    })
  }

  for (const { name, input, error } of vectors.refuse) {
    it(`refuses ${name}`, () => { assert.equal(codeOf(decodeHead(said(unhex(input)))), error) })
  }

  it('is small', () => {
    const { statement } = feed.head(5, { prevHeadDigest: new Uint8Array(32), timeMs: NOW_MS })
    assert.ok(statement.body.length < 290 && statement.envelope.length < 430, `${statement.body.length}, ${statement.envelope.length}`)
  })

  it('is admitted only when all that makes it its publisher\'s holds', () => {
    const context: HeadContext = {
      federation: membership.federation,
      declarationOf: id => id.equals(feed.declaration.id) ? feed.declaration : undefined,
      heldOf: () => undefined,
      speaker
    }
    const admit = (envelope: Uint8Array, changes: Partial<HeadContext> = {}): string => codeOf(admitHead(envelope, { ...context, ...changes }))
    const head = feed.head(3)
    const { envelope, body } = head.statement
    assert.equal(admit(envelope), 'ok')
    assert.equal(admit(new Uint8Array(1025)), 'too-large')
    assert.equal(admit(envelope.slice(1)), 'malformed')
    assert.equal(admit(envelope, { federation: someCid }), 'federation')
    assert.equal(admit(envelope, { declarationOf: () => undefined }), 'unknown-feed')
    assert.equal(admit(envelope, { heldOf: () => feed.head(4) }), 'stale')
    assert.equal(admit(envelope, { heldOf: () => feed.head(3) }), 'ok')
    assert.equal(admit(signStatement(body, certificate, ben.node).envelope), 'signature')
    assert.equal(admit(signStatement(body, certificateOf(ben, membership.federation).id, ben.node).envelope), 'publisher')
    assert.equal(admit(signStatement(body, someCid, ada.node).envelope), 'unknown-certificate')
    assert.equal(admit(feed.head(3, { timeMs: FOUNDED_MS + 91 * DAY_MS }).statement.envelope), 'outside')
    const revocation = revocationBody({ federation: membership.federation, member: ada.did, certificate, timeMs: NOW_MS })
    const revoked = valueOf(membership.withRevocation(sealRevocation(revocation, [revocationSignature(revocation, ada.root)])))
    const since: HeadContext['speaker'] = (statement, timeMs) => revoked.speaker(statement, timeMs)
    assert.equal(admit(envelope, { speaker: since }), 'revoked')
    assert.equal(admit(feed.head(3, { timeMs: NOW_MS - 1 }).statement.envelope, { speaker: since }), 'ok')
  })

  it('survives mutated heads, in body and envelope', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_129
    const random = randomFrom(seed)
    const { statement } = feed.head()
    for (let i = 0; i < framesOf(); i++) {
      const inBody = decodeHead({ ...statement, body: mutated(statement.body, random) })
      if (inBody.ok) assert.deepEqual(headBody(inBody.value), inBody.value.statement.body, `seed ${seed}, mutant ${i}`)
      const decoded = decodeStatement(mutated(statement.envelope, random), 1024)
      if (decoded.ok) decodeHead(decoded.value)
    }
  })
})

describe('feed: judging heads', () => {
  const none: Evidence = { type: 'none' }
  const leavesOf = (from: number, to: number, of = feed): Evidence =>
    ({ type: 'leaves', log: feed.log, leafData: of.segments.slice(from, to).map(({ leafData }) => leafData) })
  const coverOf = (from: number, to: number, of = feed): Evidence => ({ type: 'cover', cover: of.log.cover(from, from, to) })
  const judge = (held: Head | undefined, next: Head, evidence: Evidence = none): string => {
    const { verdict, ...facts } = judgeHead(held, next, evidence, NOW_MS)
    return 'because' in facts ? `${verdict} ${facts.because}` : 'wanted' in facts ? `${verdict} ${facts.wanted}` : verdict
  }

  it('ignores the shorter and the same', () => {
    assert.equal(judge(feed.head(3), feed.head(2)), 'stale')
    assert.equal(judge(feed.head(3), feed.head(3)), 'stale')
    assert.equal(judge(feed.head(3), feed.head(3, { timeMs: NOW_MS - 1 })), 'stale')
    assert.equal(judge(feed.head(0), feed.head(0)), 'stale')
  })

  it('takes the first head of a feed, and any after an empty one', () => {
    assert.equal(judge(undefined, feed.head(3)), 'extends')
    assert.equal(judge(feed.head(0), feed.head(3)), 'extends')
    assert.equal(feed.head(0).mmrRoot.length, EMPTY_ROOT.length)
  })

  it('takes a refresh in which nothing goes back', () => {
    const held = feed.head(3, { firstRetained: 1, keyEpoch: 4 })
    const next = { firstRetained: 1, keyEpoch: 4 }
    assert.equal(judge(held, feed.head(3, { ...next, timeMs: NOW_MS + 1 })), 'refresh')
    assert.equal(judge(held, feed.head(3, { ...next, firstRetained: 2 })), 'refresh')
    assert.equal(judge(held, feed.head(3, { ...next, keyEpoch: 5 })), 'refresh')
    assert.equal(judge(held, feed.head(3, { ...next, timeMs: NOW_MS + 1, firstRetained: 0 })), 'refused retreats')
    assert.equal(judge(held, feed.head(3, { ...next, timeMs: NOW_MS - 1, keyEpoch: 5 })), 'refused retreats')
    assert.equal(judge(held, feed.head(3, { ...next, records: 9, timeMs: NOW_MS + 1 })), 'refused records')
  })

  it('proves a fork of one length', () => {
    const verdict = judgeHead(feed.head(3), forked.head(3), none, NOW_MS)
    assert.ok(verdict.verdict === 'fork')
    assert.ok(verifyForkProof(verdict.proof, feed.declaration, speaker).ok)
    assert.equal(judge(feed.head(2), forked.head(2, { timeMs: NOW_MS + 1 })), 'refresh', 'still the same feed')
  })

  it('takes a longer head with its leaves, and blames nobody for wrong ones', () => {
    assert.equal(judge(feed.head(2), feed.head(5), leavesOf(2, 5)), 'extends')
    assert.equal(judge(feed.head(2), feed.head(5)), 'unproven evidence')
    assert.equal(judge(feed.head(2), feed.head(5), leavesOf(2, 4)), 'unproven other-evidence')
    assert.equal(judge(feed.head(2), feed.head(5), leavesOf(2, 5, forked)), 'unproven other-evidence')
    assert.equal(judge(feed.head(3), forked.head(5), leavesOf(3, 5, forked)), 'unproven other-evidence')
  })

  it('refuses signed leaves that leave a record out', () => {
    assert.equal(judge(feed.head(2), feed.head(5, { records: 13 }), leavesOf(2, 5)), 'refused gap')
    assert.equal(judge(feed.head(2), feed.head(5, { records: 6 })), 'refused records')
    const all = feed.segments.map(({ leafData }) => leafData)
    assert.equal(endOfRecords(0, all), 12)
    assert.equal(endOfRecords(0, all.toSpliced(1, 1)), undefined)
    assert.equal(endOfRecords(1, all), undefined)
    assert.equal(endOfRecords(0, [utf8('no leaf')]), undefined)
  })

  it('takes a longer head with a cover, and proves the fork a cover shows', () => {
    assert.equal(judge(feed.head(2), feed.head(5), coverOf(2, 5)), 'extends')
    assert.equal(judge(feed.head(2), forked.head(5), coverOf(2, 5, forked)), 'extends', 'the same up to there')
    assert.equal(judge(feed.head(2), feed.head(5), coverOf(3, 5)), 'unproven other-evidence')
    assert.equal(judge(feed.head(3), forked.head(5), coverOf(3, 5)), 'unproven other-evidence', 'not the cover of that head')
    const verdict = judgeHead(feed.head(3), forked.head(5), coverOf(3, 5, forked), NOW_MS)
    assert.ok(verdict.verdict === 'fork')
    assert.ok(verifyForkProof(verdict.proof, feed.declaration, speaker).ok)
  })

  for (const { name, input, output } of vectors.covers) {
    it(`sees that a cover ${name}`, () => {
      const fields = { federation: membership.federation, feed: feed.declaration.id, bytes: 0, firstRetained: 0, keyEpoch: 0, timeMs: NOW_MS, prevHeadDigest: null }
      const a = headOf(ada, { ...fields, length: input.lengthA, records: input.lengthA, mmrRoot: unhex(input.rootA) })
      const b = headOf(ada, { ...fields, length: input.lengthB, records: input.lengthB, mmrRoot: unhex(input.rootB) })
      const cover: Cover = { left: input.left.map(unhex), right: input.right.map(unhex) }
      assert.equal(judge(a, b, { type: 'cover', cover }), output)
    })
  }

  it('holds what is too far ahead until it is due, and forks at once', () => {
    const timeMs = NOW_MS + HEAD_AHEAD_MS_MAX
    assert.equal(judge(feed.head(2), feed.head(5, { timeMs }), leavesOf(2, 5)), 'extends')
    assert.deepEqual(judgeHead(feed.head(2), feed.head(5, { timeMs: timeMs + 7 }), leavesOf(2, 5), NOW_MS), { verdict: 'hold', untilMs: NOW_MS + 7 })
    assert.equal(judgeHead(feed.head(2), feed.head(5, { timeMs: timeMs + 7 }), leavesOf(2, 5), NOW_MS + 7).verdict, 'extends')
    assert.equal(judge(undefined, feed.head(5, { timeMs: timeMs + 1 })), 'hold')
    assert.equal(judge(feed.head(5), feed.head(5, { timeMs: timeMs + 1 })), 'hold')
    assert.equal(judge(feed.head(3), forked.head(3, { timeMs: timeMs + 1 })), 'fork')
  })

  it('judges every pair of heads of an honest feed without a fork, and every rewritten history as one', () => {
    const one = (at: number): readonly FeedRecord[] => recordsOf(1, `s${at}`)
    const honest = feedOf(ada, Array.from({ length: 20 }, (_, at) => one(at)))
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.nat(19), (a, b, changed) => {
      const [short, long] = [Math.min(a, b), Math.max(a, b)]
      const evidence: Evidence = { type: 'cover', cover: honest.log.cover(short, short, long) }
      assert.equal(judge(honest.head(short), honest.head(long), evidence), short === long ? 'stale' : 'extends')
      const other = feedOf(ada, Array.from({ length: 20 }, (_, at) => one(at === changed ? 100 : at)))
      const rewritten: Evidence = { type: 'cover', cover: other.log.cover(short, short, long) }
      const expected = changed < short ? 'fork' : short === long ? 'stale' : 'extends'
      assert.equal(judge(honest.head(short), other.head(long), rewritten), expected)
    }), { numRuns: 60 })
  })
})

describe('feed: starting as its writer', () => {
  const guardAt = (length: number, of = feed): Guard => ({ length, mmrRoot: of.log.root(length), headBody: of.head(length).statement.body })
  const logAt = (length: number): MerkleLog => {
    const log = new MerkleLog()
    for (const { leafData } of feed.segments.slice(0, length)) log.append(leafHashOf(leafData))
    return log
  }
  const start = (changes: Partial<StartFacts>): string => {
    const decided = decideStart({ signer: 'ours', log: logAt(3), guard: guardAt(3), headBody: guardAt(3).headBody, peerHead: undefined, ...changes })
    return 'because' in decided ? `${decided.action} ${decided.because}` : decided.action
  }

  it('writes when store and guard agree', () => {
    assert.equal(start({}), 'write')
    assert.equal(start({ peerHead: feed.head(3) }), 'write')
    assert.equal(start({ peerHead: feed.head(1) }), 'write')
    assert.equal(start({ log: logAt(0), guard: undefined, headBody: undefined }), 'write', 'a new feed')
  })

  it('signs again when the head row is behind, and signs a durable tail', () => {
    assert.equal(start({ headBody: feed.head(2).statement.body }), 'sign-again')
    assert.equal(start({ headBody: undefined }), 'sign-again')
    assert.deepEqual(decideStart({ signer: 'ours', log: logAt(5), guard: guardAt(3), headBody: undefined, peerHead: undefined }), { action: 'sign-tail', from: 3 })
    assert.equal(start({ log: logAt(2), guard: undefined, headBody: undefined }), 'sign-tail', 'nothing was ever signed')
  })

  it('recovers when the store is behind its guard or has another root there', () => {
    assert.equal(start({ log: logAt(2) }), 'recover store-behind')
    assert.equal(start({ guard: guardAt(3, forked) }), 'recover other-root')
    assert.equal(start({ log: logAt(5), guard: guardAt(3, forked) }), 'recover other-root')
  })

  it('recovers when a peer shows a head of ours that we do not know', () => {
    assert.equal(start({ peerHead: feed.head(4) }), 'recover peer-ahead')
    assert.equal(start({ log: logAt(5), peerHead: feed.head(4) }), 'recover peer-ahead', 'an older guard came back')
    assert.equal(start({ peerHead: forked.head(3) }), 'recover other-root')
    assert.equal(start({ log: logAt(0), guard: undefined, headBody: undefined, peerHead: feed.head(1) }), 'recover peer-ahead')
  })

  it('writes nothing without its own signer', () => {
    assert.equal(start({ signer: 'missing' }), 'refuse signer-missing')
    assert.equal(start({ signer: 'foreign' }), 'refuse signer-foreign')
  })

  it('never signs a second root of one length, whatever the crash', () => {
    fc.assert(fc.property(fc.nat(5), fc.nat(5), fc.boolean(), fc.boolean(), (stored, guarded, same, hasRow) => {
      const guard = guarded === 0 ? undefined : guardAt(guarded, same ? feed : forked)
      const decided = decideStart({
        signer: 'ours', log: logAt(stored), guard, headBody: hasRow ? guard?.headBody : undefined, peerHead: undefined
      })
      const agrees = guard === undefined || (stored >= guarded && merkleRoot(feed.segments.slice(0, guarded).map(each => leafHashOf(each.leafData)))
        .every((byte, at) => byte === guard.mmrRoot[at]))
      assert.equal(decided.action === 'recover', !agrees)
      if (decided.action === 'sign-tail') assert.ok(decided.from === guarded && stored > guarded)
    }))
  })

  it('does not take the id of one feed for another', () => {
    assert.throws(() => judgeHead(feed.head(1), headOf(ada, { ...feed.head(1), feed: cidOf('dagCbor', utf8('other')) }), { type: 'none' }, NOW_MS), { code: 'assertion' })
  })
})
