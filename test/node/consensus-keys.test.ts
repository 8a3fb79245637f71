import { strict as assert } from 'node:assert'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { ConsensusKeys } from '../../src/node/consensus/index.ts'
import { consensusSecretKey } from '../../src/node/rows/index.ts'
import { openMemoryStore } from '../support/memory-store.ts'

describe('consensus: keys', () => {
  const counting = (): { bytes (sizeBytes: number): Uint8Array } => {
    let drawn = 0
    return { bytes: sizeBytes => new Uint8Array(sizeBytes).fill(++drawn) }
  }

  it('begins with one key, however often it is asked, and finds it again', async () => {
    const signer = openMemoryStore()
    const keys = await ConsensusKeys.load(signer, counting())
    const [first, again] = await Promise.all([keys.first(), keys.first()])
    assert.deepEqual(first.publicKey, again.publicKey)
    const later = await ConsensusKeys.load(signer, counting())
    assert.deepEqual((await later.first()).publicKey, first.publicKey)
    assert.equal(later.all().size, 1)
    assert.deepEqual(later.get(first.publicKey)?.sign(Uint8Array.of(1)), first.sign(Uint8Array.of(1)))
  })

  it('tells no key before its seed is on the disk', async () => {
    const [signer, random] = [openMemoryStore(), counting()]
    const keys = await ConsensusKeys.load(signer, random)
    const { publicKey } = await keys.create()
    const read = await signer.get(consensusSecretKey(publicKey))
    assert.ok(read.state === 'found')
    assert.deepEqual(signingKeyOfSeed(read.value).publicKey, publicKey)
    signer.failWrites()
    const broken = await ConsensusKeys.load(signer, random)
    await assert.rejects(broken.create())
    assert.equal(broken.all().size, 1, 'the one from before, and not the one that could not be kept')
  })

  it('erases a key for good, and takes no seed that stands under another key', async () => {
    const signer = openMemoryStore()
    const keys = await ConsensusKeys.load(signer, counting())
    const [gone, kept] = [await keys.create(), await keys.create()]
    await keys.erase(gone.publicKey)
    assert.equal(keys.get(gone.publicKey), undefined)
    await signer.commit([{ type: 'put', key: consensusSecretKey(gone.publicKey), value: new Uint8Array(32).fill(9) }])
    const later = await ConsensusKeys.load(signer, counting())
    assert.deepEqual([...later.all().values()].map(({ publicKey }) => publicKey), [kept.publicKey])
  })
})
