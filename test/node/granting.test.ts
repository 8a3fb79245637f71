import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { utf8 } from '../../src/base/index.ts'
import { agreementRevocationBody, makeGrant, SAID_MEDIA_TYPES } from '../../src/core/grants/index.ts'
import { readSealedPrefix } from '../../src/core/sealing/index.ts'
import { didOfKey, revocationBody, revocationSignature, sealRevocation, signingKeyOfSeed, signStatement } from '../../src/core/identity/index.ts'
import type { StandingAgreement } from '../../src/node/doors/index.ts'
import { membershipIn } from '../support/audit.ts'
import { connected, found, removeCities, restart, until } from '../support/nodes.ts'
import { append, streamOf } from '../support/publications.ts'
import { agree, agreeAndGrant, bodiesFrom, didOf, feedOf, holds, makeOpenCity, restrictedTo, type OpenCity } from './sealing.fixture.ts'

describe('granting: four cities', function () {
  let cities: readonly OpenCity[] = []
  const [ada, ben, cyd, dov] = [0, 1, 2, 3].map(at => () => cities[at] as OpenCity) as [() => OpenCity, () => OpenCity, () => OpenCity, () => OpenCity]
  const agreements = new Map<OpenCity, StandingAgreement>()

  before(async () => {
    cities = await Promise.all(['Ada', 'Ben', 'Cyd', 'Dov'].map(name => makeOpenCity(name)))
    await found(cities)
    await connected(cities)
    const published = await ada().node.publish(...streamOf('live'), undefined, restrictedTo(ada().node, ['Ben', 'Cyd', 'Dov'], 'members'))
    assert.ok(published.ok, JSON.stringify(published))
    for (const city of [ben(), cyd(), dov()]) agreements.set(city, await agreeAndGrant(ada(), city, 'live'))
    await append(ada().node, 'live', ['one', 'two'])
  })
  after(() => removeCities(cities))

  const epochsHeldBy = (city: OpenCity): readonly number[] => city.rooms().federation.keyring.grants()
    .flatMap(({ keys }) => keys.map(({ epoch }) => epoch)).toSorted((a, b) => a - b)
  const epochsStored = async (): Promise<readonly number[]> => {
    const feed = feedOf(ada(), ada(), 'live')
    const stored = await ada().rooms().federation.feeds.segments(feed, 0, feed.length)
    return stored.map(bytes => {
      const prefix = readSealedPrefix(bytes ?? new Uint8Array(0))
      assert.ok(prefix.ok)
      return prefix.value.keyEpoch
    })
  }

  it('gives the first key before the first record, and nobody a key twice', async () => {
    for (const city of [ben(), cyd(), dov()]) {
      await holds(city, ada(), 'live', 2)
      await until(() => epochsHeldBy(city).length === 1, 'the key has come')
      assert.deepEqual(await bodiesFrom(city.node, 'live'), ['one', 'two'])
    }
    for (let again = 0; again < 3; again++) assert.ok((await ada().rooms().federation.granting.agreed(agreements.get(ben())?.id ?? '')).ok)
    assert.equal(ada().rooms().federation.granting.feedFor(didOf(ben()))?.records, 1)
  })

  it('gives no key that the terms do not allow, and says why', async () => {
    const { granting, standings } = ada().rooms().federation
    const unknown = await granting.agreed('urn:uuid:00000000-0000-4000-8000-00000000beef')
    assert.equal(!unknown.ok && unknown.failure.code, 'unknown-agreement')
    const early = await agree(ada(), ben(), 'live')
    for (const each of [standings, ben().rooms().federation.standings]) await each.revoke(early.id, Date.now() - 1)
    const refused = await granting.grant(didOf(ben()), 'live', early.id)
    assert.ok(!refused.ok && refused.failure.code === 'refused' && refused.failure.reason.includes('the agreement was ended'), JSON.stringify(refused))
    const another = await granting.grant(didOf(cyd()), 'live', early.id)
    assert.equal(!another.ok && another.failure.code, 'unknown-agreement')
  })

  it('turns the key when an agreement ends while its consumer is streaming: old grants are useless for what comes', async () => {
    const stop = new AbortController()
    const heard = new Map<OpenCity, string[]>([[ben(), []], [cyd(), []]])
    const ends = [ben(), cyd()].map(async city => {
      const followed = city.node.follow('live', { last: 0, signal: stop.signal })
      assert.ok(followed.ok, JSON.stringify(followed))
      try {
        for await (const { body } of followed.value) heard.get(city)?.push(new TextDecoder().decode(body))
        return 'aborted'
      } catch (cause) {
        return cause instanceof Error ? cause.message : String(cause)
      }
    })
    await append(ada().node, 'live', ['three'])
    await until(() => [...heard.values()].every(each => each.includes('three')), 'both hear it')

    const ended = await ada().rooms().federation.granting.ended({ agreementId: agreements.get(ben())?.id ?? '', effectiveMs: Date.now(), code: 'breach' })
    assert.ok(ended.ok, JSON.stringify(ended))
    await append(ada().node, 'live', ['four'])
    await until(() => heard.get(cyd())?.includes('four') === true, 'who may still read hears it')
    const [bensEnd] = ends
    assert.match(await bensEnd ?? '', /the agreement was ended/, 'the stream ends by what Ada said, with the reason')
    stop.abort()
    await Promise.all(ends)
    assert.deepEqual(heard.get(ben()), ['three'])
    assert.deepEqual(await epochsStored(), [1, 1, 1, 2])
    assert.equal(feedOf(ada(), ada(), 'live').head?.keyEpoch, 2)

    // Clause 14 leaves Ben the ciphertext; even without its own doors no key of Ben's opens it.
    await until(() => feedOf(ben(), ada(), 'live').records === 4, 'Ben still holds copies')
    assert.deepEqual(epochsHeldBy(ben()), [1])
    assert.deepEqual(epochsHeldBy(cyd()), [1, 2])
    const { federation } = ben().rooms()
    const prefix = readSealedPrefix(await federation.feeds.segment(feedOf(ben(), ada(), 'live'), 3) ?? new Uint8Array(0))
    assert.ok(prefix.ok && prefix.value.keyEpoch === 2)
    assert.equal(federation.keyring.keyOf({ publisher: didOf(ada()), datasetId: 'live', class: 'restricted', epoch: 2 }), undefined)
  })

  it('tells who may read again by a new agreement, with all keys from the first on', async () => {
    agreements.set(ben(), await agreeAndGrant(ada(), ben(), 'live'))
    await until(() => new Set(epochsHeldBy(ben())).size === 2, 'the keys have come')
    await holds(ben(), ada(), 'live', 4)
    assert.deepEqual(await bodiesFrom(ben().node, 'live'), ['one', 'two', 'three', 'four'])
  })

  it('takes nobody\'s word for another\'s: neither keys nor the end of an agreement', async () => {
    const { federation } = cyd().rooms()
    const before = ben().rooms().federation.keyring.grants().length
    const { id } = agreements.get(ben()) ?? assert.fail()
    const timeMs = Date.now()
    const { current } = federation.members
    const signed = (body: Uint8Array): Uint8Array => signStatement(body, federation.certificate.id, signingKeyOfSeed(cyd().seeds.node)).envelope
    const forged = makeGrant({
      subject: { federation: current.federation, publisher: didOf(ada()), consumer: didOf(ben()), datasetId: 'live', class: 'restricted', agreementId: id },
      keys: [{ epoch: 9, key: new Uint8Array(32).fill(9) }], recipientKey: current.certificatesOf(didOf(ben()))[0]?.encryptionKey ?? new Uint8Array(32),
      ephemeralSecret: randomBytes(32), timeMs
    })
    assert.ok(forged.ok)
    const records = [
      [SAID_MEDIA_TYPES.grant, signed(forged.value)],
      [SAID_MEDIA_TYPES.revocation, signed(agreementRevocationBody({ federation: current.federation, agreementId: id, effectiveMs: timeMs, code: 'ended', timeMs }))]
    ] as const
    const said = await federation.granting.say('grants', didOf(ben()), records.map(([mediaType, bytes]) => (
      { key: utf8('k'), timeMs, operation: 'put', mediaType, body: bytes })))
    assert.ok(said.ok)
    const theirs = (): number => [...ben().rooms().federation.feeds.all()]
      .find(({ declaration }) => declaration.publisher === didOf(cyd()) && declaration.datasetId === 'grants')?.records ?? 0
    await until(() => theirs() === records.length, 'Ben has heard it')
    // What comes after it is heard after it.
    assert.ok((await federation.granting.say('grants', didOf(ben()), [{ key: utf8('k'), timeMs, operation: 'put', mediaType: 'text/plain', body: utf8('once more') }])).ok)
    await until(() => theirs() === records.length + 1, 'and what came after')
    assert.equal(ben().rooms().federation.keyring.grants().length, before)
    assert.equal(ben().rooms().federation.standings.get(id)?.revokedAtMs, null)
    assert.deepEqual((await bodiesFrom(ben().node, 'live')).length, 4)
  })

  it('turns the key when the consumer ends it', async () => {
    const { id } = agreements.get(cyd()) ?? assert.fail()
    assert.ok((await cyd().rooms().federation.granting.ended({ agreementId: id, effectiveMs: Date.now(), code: 'ended' })).ok)
    await until(() => ada().rooms().federation.standings.get(id)?.revokedAtMs !== null, 'Ada has heard of it')
    await append(ada().node, 'live', ['five'])
    assert.equal((await epochsStored()).at(-1), 3)
    await until(() => epochsHeldBy(ben()).includes(3), 'Ben has the new key')
    assert.ok(!epochsHeldBy(cyd()).includes(3))
  })

  it('turns the key after a start too, where the end was heard just before', async () => {
    const standing = await agreeAndGrant(ada(), cyd(), 'live')
    await until(() => epochsHeldBy(cyd()).includes(3), 'Cyd has the key again')
    await ada().rooms().federation.standings.revoke(standing.id, Date.now())
    await restart(ada())
    await connected(cities)
    await append(ada().node, 'live', ['six'])
    assert.equal((await epochsStored()).at(-1), 4)
    await until(() => epochsHeldBy(ben()).includes(4), 'Ben has the new key')
    assert.ok(!epochsHeldBy(cyd()).includes(4))
    assert.deepEqual(await bodiesFrom(ada().node, 'live'), ['one', 'two', 'three', 'four', 'five', 'six'])
  })

  it('turns the key when a node of a consumer is lost, and not for a quiet dataset', async () => {
    await until(() => epochsHeldBy(dov()).includes(4), 'Dov has the key')
    const membership = await membershipIn(dov().store)
    const member = didOfKey(dov().seeds.rootPublicKey)
    const certificate = membership.certificatesOf(member)[0]?.id
    const { root } = dov().seeds
    assert.ok(certificate !== undefined && root !== undefined)
    const body = revocationBody({ federation: membership.federation, member, certificate, timeMs: Date.now() })
    const revoked = await ada().node.revoke(sealRevocation(body, [revocationSignature(body, signingKeyOfSeed(root))]))
    assert.ok(revoked.ok, JSON.stringify(revoked))
    assert.equal(feedOf(ada(), ada(), 'live').head?.keyEpoch, 4, 'nothing was written since')
    await append(ada().node, 'live', ['seven'])
    assert.equal((await epochsStored()).at(-1), 5)
    await until(() => epochsHeldBy(ben()).includes(5), 'Ben has the new key')
    assert.ok(!epochsHeldBy(dov()).includes(5))
    const given = await ada().rooms().federation.granting.agreed(agreements.get(dov())?.id ?? '')
    assert.equal(!given.ok && given.failure.code, 'no-node', 'its agreement stands, and no node of it may have keys')
  })
})
