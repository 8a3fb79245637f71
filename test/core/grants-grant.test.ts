import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { bytesOfHex, cidOf, cidOfText, encodeCanonical, hex, hpkeSeal, sha256, utf8, type CID, type Value } from '../../src/base/index.ts'
import { isFeedClass, type FeedClass } from '../../src/core/feed/index.ts'
import {
  admitGrant, decodeGrant, epochDue, EPOCH_LIFETIME_MS_MAX, GRANT_EPOCHS_MAX, makeGrant, openGrant,
  type EpochKey, type Grant, type GrantFields, type GrantSubject
} from '../../src/core/grants/index.ts'
import { signStatement } from '../../src/core/identity/index.ts'
import { keyCheckOf, openSealed, sealSegment } from '../../src/core/sealing/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { framesOf, FRAMES_TIMEOUT_MS } from '../support/fuzz.ts'
import { ada, ben, cyd, membership, NOW_MS, recordsOf, segmentOf, speaker } from './feed.fixture.ts'
import { statementWith } from './grants-codecs.fixture.ts'
import { certificateOf, cityNamed, codeOf, DAY_MS, valueOf, type City } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type Vector = {
  readonly name: string
  readonly input: {
    readonly federation: string, readonly publisher: string, readonly consumer: string, readonly datasetId: string, readonly class: string,
    readonly agreementId: string, readonly keys: readonly (readonly [number, string])[], readonly recipientSecret: string, readonly recipientKey: string,
    readonly ephemeralSecret: string, readonly timeMs: number
  }
  readonly output: { readonly enc: string, readonly sealed: string, readonly body: string }
}
const { grants } = JSON.parse(readFileSync('test/vectors/sealed.json', 'utf8')) as { readonly grants: readonly Vector[] }
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')
const cidNamed = (text: string): CID => cidOfText(text) ?? assert.fail('no CID')
const classNamed = (text: string): FeedClass => isFeedClass(text) ? text : assert.fail('no class')

const federation = membership.federation
const otherFederation = cidOf('dagCbor', utf8('another federation'))
const hearing = { federation, speaker }
/** The secret behind the key in this city's certificate, as the fixture makes it. */
const secretOf = ({ name }: City): Uint8Array => sha256(utf8(`${name} encryption`))
const keyNo = (epoch: number): EpochKey => ({ epoch, key: sha256(utf8(`key ${epoch}`)) })

const subject: GrantSubject = {
  federation, publisher: ada.did, consumer: ben.did, datasetId: 'traffic', class: 'restricted',
  agreementId: 'urn:uuid:0d6a1c9e-8a3f-4f0e-9b4b-3f1d2a5c7e10'
}
const keys = [keyNo(4), keyNo(5), keyNo(6)]
const made = { subject, keys, recipientKey: ben.encryptionKey, ephemeralSecret: sha256(utf8('ephemeral')), timeMs: NOW_MS }
const body = valueOf(makeGrant(made))

function saidBy (city: City, signed: Uint8Array): Uint8Array {
  return signStatement(signed, certificateOf(city, federation).id, city.node).envelope
}

function grantWith (changes: Partial<GrantFields>): Grant {
  return { ...valueOf(decodeGrant(statementWith(body))), ...changes }
}

/** A grant whose publisher wrapped something of its own choice. */
function grantOf (plaintext: Value, keyChecks: readonly Uint8Array[] = keys.map(({ key }) => keyCheckOf(key))): Grant {
  const info = encodeCanonical({
    v: 1, federation, kind: 'grantInfo', publisher: ada.did, consumer: ben.did, datasetId: 'traffic', class: 'restricted',
    agreementId: subject.agreementId, epochs: [4, 6]
  })
  const wrapped = hpkeSeal({
    recipientKey: ben.encryptionKey, ephemeralSecret: made.ephemeralSecret, info, aad: new Uint8Array(0), plaintext: encodeCanonical(plaintext)
  })
  return grantWith({ keyChecks, ...valueOf(wrapped) })
}

describe('grants: keys for one member', () => {
  for (const { name, input, output } of grants) {
    it(`writes and opens the frozen grant of ${name}`, () => {
      const { federation: of, publisher, consumer, datasetId, agreementId, timeMs } = input
      const given = input.keys.map(([epoch, key]): EpochKey => ({ epoch, key: unhex(key) }))
      const signed = valueOf(makeGrant({
        subject: { federation: cidNamed(of), publisher, consumer, datasetId, class: classNamed(input.class), agreementId },
        keys: given, recipientKey: unhex(input.recipientKey), ephemeralSecret: unhex(input.ephemeralSecret), timeMs
      }))
      assert.equal(hex(signed), output.body)
      const grant = valueOf(decodeGrant(statementWith(unhex(output.body))))
      assert.deepEqual([hex(grant.enc), hex(grant.sealed)], [output.enc, output.sealed])
      assert.deepEqual(valueOf(openGrant(grant, unhex(input.recipientSecret))), given)
    })
  }

  it('lets the consumer read what was sealed in the granted epochs, and nobody else', () => {
    const grant = valueOf(admitGrant(saidBy(ada, body), hearing))
    const opened = valueOf(openGrant(grant, secretOf(ben)))
    assert.deepEqual(opened, keys)
    const feed = federation
    const stored = sealSegment(segmentOf(recordsOf(3), feed, 0, 0), { feed, index: 0, keyEpoch: 5, epochKey: keyNo(5).key, salt: sha256(utf8('s')) })
    const outcomes = opened.map(({ key }) => codeOf(openSealed(stored.bytes, key)))
    assert.deepEqual(outcomes, ['key', 'ok', 'key'])
    for (const other of [ada, cyd]) assert.equal(codeOf(openGrant(grant, secretOf(other))), 'not-opened', other.name)
  })

  it('opens whatever keys were granted, up to 64 of them', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 0xffffffff - 64 }), fc.integer({ min: 1, max: GRANT_EPOCHS_MAX }), (first, count) => {
      const some = Array.from({ length: count }, (_, at) => keyNo(first + at))
      const envelope = saidBy(ada, valueOf(makeGrant({ ...made, keys: some })))
      assert.deepEqual(valueOf(openGrant(valueOf(admitGrant(envelope, hearing)), secretOf(ben))), some)
    }), { numRuns: 20 })
    for (const wrong of [[], Array.from({ length: GRANT_EPOCHS_MAX + 1 }, (_, at) => keyNo(1 + at)), [keyNo(1), keyNo(3)], [keyNo(2), keyNo(1)], [keyNo(0)]]) {
      assert.throws(() => makeGrant({ ...made, keys: wrong }), { code: 'assertion' })
    }
    assert.equal(codeOf(makeGrant({ ...made, recipientKey: new Uint8Array(32) })), 'key')
  })

  it('is the word of the publisher alone, in its own federation, while its certificate holds', () => {
    assert.equal(codeOf(admitGrant(saidBy(ada, body), hearing)), 'ok')
    for (const other of [ben, cyd]) assert.deepEqual(admitGrant(saidBy(other, body), hearing), { ok: false, failure: { code: 'not-theirs', speaker: other.did } })
    assert.equal(codeOf(admitGrant(saidBy(cityNamed('Stranger'), body), hearing)), 'unknown-certificate')
    assert.equal(codeOf(admitGrant(saidBy(ada, valueOf(makeGrant({ ...made, timeMs: NOW_MS + 100 * DAY_MS }))), hearing)), 'outside')
    const elsewhere = { ...made, subject: { ...subject, federation: otherFederation } }
    assert.equal(codeOf(admitGrant(saidBy(ada, valueOf(makeGrant(elsewhere))), hearing)), 'federation')
  })

  it('opens under no other subject, epoch or wrapping', () => {
    const changes: readonly Partial<GrantFields>[] = [
      { federation: otherFederation }, { publisher: cyd.did }, { consumer: cyd.did }, { datasetId: 'other' }, { class: 'restricted:plates' },
      { agreementId: 'urn:uuid:0d6a1c9e-8a3f-4f0e-9b4b-3f1d2a5c7e11' }, { epochs: [5, 7] }, { enc: cyd.encryptionKey },
      { sealed: valueOf(decodeGrant(statementWith(body))).sealed.with(3, 0xaa) }
    ]
    for (const change of changes) assert.equal(codeOf(openGrant(grantWith(change), secretOf(ben))), 'not-opened', Object.keys(change).join())
    assert.equal(codeOf(openGrant(grantWith({ enc: new Uint8Array(32) }), secretOf(ben))), 'key')
  })

  it('refuses keys that are not those that the checks name, and anything but one key for each epoch', () => {
    const plain = keys.map(({ epoch, key }) => [epoch, key])
    assert.equal(codeOf(openGrant(grantOf(plain), secretOf(ben))), 'ok')
    const checks = keys.map(({ key }) => keyCheckOf(key))
    const other = [checks[0], checks[0], checks[2]].map(each => each ?? assert.fail())
    assert.deepEqual(openGrant(grantOf(plain, other), secretOf(ben)), { ok: false, failure: { code: 'key-check', epoch: 5 } })
    const [four, five, six] = plain
    const wrong: readonly Value[] = [
      [four, five, six].toReversed().map(each => each ?? null), plain.slice(1), [...plain, [7, keyNo(7).key]], [[5, keyNo(4).key], ...plain.slice(1)],
      [[4, new Uint8Array(31)], ...plain.slice(1)], [], 'keys', [[4, keyNo(4).key, 1], ...plain.slice(1)]
    ]
    for (const each of wrong) assert.equal(codeOf(openGrant(grantOf(each), secretOf(ben))), 'contents')
  })

  it('refuses what no grant can say', () => {
    const { statement: _statement, ...fields } = grantWith({})
    const codeWith = (changes: { readonly [key: string]: Value }): string =>
      codeOf(decodeGrant(statementWith(encodeCanonical({ v: 1, kind: 'grant', ...fields, ...changes }))))
    assert.equal(codeWith({}), 'ok')
    const wrong: readonly { readonly [key: string]: Value }[] = [
      { v: 2 }, { kind: 'grants' }, { more: 1 }, { epochs: [4, 5] }, { epochs: [4, 7] }, { epochs: [6, 4] }, { epochs: [0, 2] }, { epochs: [4] },
      { keyChecks: [] }, { class: 'members' }, { class: 'public' }, { class: `pair:${ben.did}` }, { class: 'restricted:' }, { agreementId: 'urn:uuid:1' },
      { agreementId: subject.agreementId.toUpperCase() }, { datasetId: 'Traffic' }, { enc: new Uint8Array(31) }, { consumer: 'did:web:ben.example' },
      { sealed: new Uint8Array(5_000) }, { epochs: [1, 65], keyChecks: Array.from({ length: 65 }, () => new Uint8Array(32)) }
    ]
    for (const change of wrong) assert.equal(codeWith(change), 'schema', JSON.stringify(change))
  })

  it('survives mutated envelopes and admits none of them', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_205
    const random = randomFrom(seed)
    const envelope = saidBy(ada, body)
    for (let i = 0; i < framesOf(); i++) assert.ok(!admitGrant(mutated(envelope, random), hearing).ok, `seed ${seed}, mutant ${i}`)
  })

  it('survives mutated wrappings and opens none of them', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_206
    const random = randomFrom(seed)
    const { enc, sealed } = grantWith({})
    for (let i = 0; i < framesOf(500); i++) {
      const change = i % 2 === 0 ? { sealed: mutated(sealed, random) } : { enc: mutated(enc, random).slice(0, 32) }
      if ('enc' in change && hex(change.enc ?? enc) === hex(enc)) continue
      assert.ok(!openGrant(grantWith(change), secretOf(ben)).ok, `seed ${seed}, mutant ${i}`)
    }
  })
})

describe('grants: when a key ends', () => {
  const quiet = { nowMs: NOW_MS, sinceMs: NOW_MS, lifetimeMs: EPOCH_LIFETIME_MS_MAX, hasRevocation: false, hasLostNode: false }

  it('ends when an agreement is revoked or a node of a reader is lost, at once', () => {
    assert.equal(epochDue(quiet), undefined)
    assert.equal(epochDue({ ...quiet, hasRevocation: true }), 'revocation')
    assert.equal(epochDue({ ...quiet, hasLostNode: true }), 'lost-node')
    assert.equal(epochDue({ ...quiet, hasRevocation: true, hasLostNode: true, nowMs: NOW_MS + 99 * DAY_MS }), 'revocation')
  })

  it('ends after 30 days, or after a day where terms want that, and never because a clock went back', () => {
    assert.equal(epochDue({ ...quiet, nowMs: NOW_MS + 30 * DAY_MS - 1 }), undefined)
    assert.equal(epochDue({ ...quiet, nowMs: NOW_MS + 30 * DAY_MS }), 'age')
    assert.equal(epochDue({ ...quiet, nowMs: NOW_MS + 30 * DAY_MS, lifetimeMs: 365 * DAY_MS }), 'age')
    assert.equal(epochDue({ ...quiet, nowMs: NOW_MS + DAY_MS, lifetimeMs: DAY_MS }), 'age')
    assert.equal(epochDue({ ...quiet, nowMs: NOW_MS - 400 * DAY_MS }), undefined)
  })
})
