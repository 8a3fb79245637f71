import { strict as assert } from 'node:assert'
import { digestOf, hex, sha256, utf8 } from '../../src/base/index.ts'
import { admitGrant, makeGrant, openGrant, type EpochKey } from '../../src/core/grants/index.ts'
import { signStatement } from '../../src/core/identity/index.ts'
import type { Store } from '../../src/host/index.ts'
import { Keyring, wrappingKeyOf, type HeldGrant } from '../../src/node/keyring/index.ts'
import { ownEpochKey, receivedGrantKey, rowsOf } from '../../src/node/rows/index.ts'
import { ada, ben, membership, NOW_MS, speaker } from '../core/feed.fixture.ts'
import { certificateOf, valueOf } from '../core/identity.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const federation = membership.federation
const AGREEMENTS = ['urn:uuid:0d6a1c9e-8a3f-4f0e-9b4b-3f1d2a5c7e10', 'urn:uuid:0d6a1c9e-8a3f-4f0e-9b4b-3f1d2a5c7e11'] as const

/** Bytes that are never the same twice. */
function counting (): { bytes (sizeBytes: number): Uint8Array } {
  let drawn = 0
  return { bytes: sizeBytes => sha256(utf8(`drawn ${drawn++}`)).slice(0, sizeBytes) }
}

const wrappingKey = wrappingKeyOf(sha256(utf8('encryption seed')))

function load (signer: Store, random = counting(), changes: { readonly wrappingKey?: Uint8Array, readonly self?: string } = {}): Promise<Keyring> {
  return Keyring.load({ signer, random, wrappingKey, self: ben.did, ...changes })
}

function heldGrant (agreementId: string, first: number, count: number): HeldGrant {
  const keys = Array.from({ length: count }, (_, at): EpochKey => ({ epoch: first + at, key: sha256(utf8(`key of ada ${first + at}`)) }))
  const body = valueOf(makeGrant({
    subject: { federation, publisher: ada.did, consumer: ben.did, datasetId: 'traffic', class: 'restricted', agreementId },
    keys, recipientKey: ben.encryptionKey, ephemeralSecret: sha256(utf8(agreementId)), timeMs: NOW_MS
  }))
  const { envelope } = signStatement(body, certificateOf(ada, federation).id, ada.node)
  const grant = valueOf(admitGrant(envelope, { federation, speaker }))
  return { grant, keys: valueOf(openGrant(grant, sha256(utf8(`${ben.name} encryption`)))) }
}

async function bytesIn (signer: Store): Promise<string> {
  const found: string[] = []
  for (const kind of ['ownEpoch', 'receivedGrant'] as const) {
    for await (const { key, read } of signer.entries(rowsOf(kind))) found.push(hex(key), read.state === 'found' ? hex(read.value) : '')
  }
  return found.join(' ')
}

describe('keyring: own epochs', () => {
  it('counts from 1, keeps each key, and finds all of them again', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    assert.equal(keyring.newest('traffic', 'restricted'), undefined)
    const first = await keyring.begin('traffic', 'restricted', NOW_MS, 0)
    const second = await keyring.begin('traffic', 'restricted', NOW_MS + 1, 1)
    const other = await keyring.begin('traffic', 'restricted:plates', NOW_MS, 0)
    assert.deepEqual([first.epoch, second.epoch, other.epoch], [1, 2, 1])
    for (const each of [keyring, await load(signer)]) {
      assert.deepEqual(each.newest('traffic', 'restricted'), second)
      assert.deepEqual(each.epochsOf('traffic', 'restricted'), [first, second])
      assert.deepEqual(each.epochsOf('traffic', 'restricted:plates'), [other])
      assert.deepEqual(each.epochsOf('trafficr', 'restricted'), [])
      assert.deepEqual(each.keyOf({ publisher: ben.did, datasetId: 'traffic', class: 'restricted', epoch: 1 }), first.key)
      assert.equal(each.keyOf({ publisher: ada.did, datasetId: 'traffic', class: 'restricted', epoch: 1 }), undefined)
      assert.equal(each.unreadable, 0)
    }
  })

  it('shows a key only when it is on the disk, and gives two that begin together two numbers', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    const both = await Promise.all([keyring.begin('traffic', 'restricted', 0, 0), keyring.begin('traffic', 'restricted', 0, 0)])
    assert.deepEqual(both.map(({ epoch }) => epoch), [1, 2])
    signer.failWrites()
    await assert.rejects(keyring.begin('traffic', 'restricted', 0, 0))
    assert.equal(keyring.newest('traffic', 'restricted')?.epoch, 2)
  })

  it('never uses a number again: not one that was destroyed, damaged, or only a head still names', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    await keyring.begin('traffic', 'restricted', 0, 0)
    await keyring.begin('traffic', 'restricted', 0, 0)
    await keyring.destroy('traffic', 'restricted', [2])
    assert.equal(keyring.newest('traffic', 'restricted'), undefined, 'nothing is sealed under the one before')
    assert.equal((await keyring.begin('traffic', 'restricted', 0, 2)).epoch, 3)
    signer.damage(ownEpochKey('traffic', 'restricted', 3))
    const later = await load(signer)
    assert.equal(later.unreadable, 1)
    assert.equal(later.newest('traffic', 'restricted'), undefined)
    assert.deepEqual(later.epochsOf('traffic', 'restricted').map(({ epoch }) => epoch), [1])
    assert.equal((await later.begin('traffic', 'restricted', 0, 3)).epoch, 4)
    assert.equal((await (await load(openMemoryStore())).begin('traffic', 'restricted', 0, 7)).epoch, 8)
  })

  it('destroys keys for good, on the disk too, and no others', async () => {
    const signer = openMemoryStore()
    const compacted: string[] = []
    const watching: Store = { ...signer, compact: range => { compacted.push(hex(range.from)); return signer.compact(range) } }
    const keyring = await load(watching)
    const kept = await keyring.begin('traffic', 'restricted', 0, 0)
    await keyring.begin('traffic', 'restricted', 0, 0)
    await keyring.destroy('traffic', 'restricted', [2])
    assert.deepEqual(compacted, [hex(rowsOf('ownEpoch').from)])
    assert.equal((await signer.get(ownEpochKey('traffic', 'restricted', 2))).state, 'absent')
    for (const each of [keyring, await load(signer)]) {
      assert.equal(each.keyOf({ publisher: ben.did, datasetId: 'traffic', class: 'restricted', epoch: 2 }), undefined)
      assert.deepEqual(each.epochsOf('traffic', 'restricted'), [kept])
    }
  })
})

describe('keyring: received grants', () => {
  const wanted = { publisher: ada.did, datasetId: 'traffic', class: 'restricted' } as const

  it('opens what was granted, after a start too, and nothing beside', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    const held = heldGrant(AGREEMENTS[0], 3, 2)
    await keyring.keep(held)
    await keyring.keep(held)
    for (const each of [keyring, await load(signer)]) {
      assert.deepEqual(each.grants(), [held])
      assert.deepEqual([2, 3, 4, 5].map(epoch => each.keyOf({ ...wanted, epoch }) !== undefined), [false, true, true, false])
      assert.deepEqual(each.keyOf({ ...wanted, epoch: 4 }), held.keys[1]?.key)
      assert.equal(each.keyOf({ ...wanted, epoch: 4, class: 'restricted:plates' }), undefined)
      assert.equal(each.keyOf({ ...wanted, epoch: 4, datasetId: 'other' }), undefined)
      assert.equal(each.keyOf({ ...wanted, epoch: 4, publisher: ben.did }), undefined)
    }
  })

  it('keeps a key as long as one grant holds it', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    const [one, other] = [heldGrant(AGREEMENTS[0], 3, 2), heldGrant(AGREEMENTS[1], 4, 2)]
    await keyring.keep(one)
    await keyring.keep(other)
    await keyring.drop([one.grant.statement.id])
    for (const each of [keyring, await load(signer)]) {
      assert.deepEqual([3, 4, 5].map(epoch => each.keyOf({ ...wanted, epoch }) !== undefined), [false, true, true])
    }
    await keyring.drop([other.grant.statement.id])
    assert.equal(await bytesIn(signer), '')
  })
})

describe('keyring: on the disk', () => {
  it('shows no key to whoever has the database without the keystore', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    const own = await keyring.begin('traffic', 'restricted', 0, 0)
    const held = heldGrant(AGREEMENTS[0], 3, 2)
    await keyring.keep(held)
    const bytes = await bytesIn(signer)
    for (const { key } of [own, ...held.keys]) assert.ok(!bytes.includes(hex(key)))
    const stranger = await load(signer, counting(), { wrappingKey: wrappingKeyOf(sha256(utf8('another seed'))) })
    assert.deepEqual([stranger.unreadable, stranger.grants(), stranger.epochsOf('traffic', 'restricted')], [2, [], []])
    assert.equal((await stranger.begin('traffic', 'restricted', 0, 0)).epoch, 2, 'the number stays taken')
  })

  it('takes no row that stands under another key, was changed or is damaged', async () => {
    const signer = openMemoryStore()
    const keyring = await load(signer)
    await keyring.begin('traffic', 'restricted', 0, 0)
    const held = heldGrant(AGREEMENTS[0], 3, 2)
    await keyring.keep(held)
    const [ownRow, grantRow] = [ownEpochKey('traffic', 'restricted', 1), receivedGrantKey(digestOf(held.grant.statement.id))]
    const [own, grant] = [await signer.get(ownRow), await signer.get(grantRow)]
    assert.ok(own.state === 'found' && grant.state === 'found')
    await signer.commit([
      { type: 'put', key: ownEpochKey('traffic', 'restricted', 2), value: own.value },
      { type: 'put', key: ownEpochKey('other', 'restricted', 1), value: own.value.with(40, 1 ^ (own.value[40] ?? 0)) },
      { type: 'put', key: receivedGrantKey(sha256(utf8('x'))), value: grant.value },
      { type: 'put', key: Uint8Array.of(...ownRow, 0), value: own.value }
    ])
    const later = await load(signer)
    assert.equal(later.unreadable, 4)
    assert.deepEqual([later.grants(), later.epochsOf('traffic', 'restricted').length, later.epochsOf('other', 'restricted')], [[held], 1, []])
  })
})
