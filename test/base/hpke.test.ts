import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  bytesOfHex, concat, equalBytes, hex, hkdfSha256, hpkeOpen, hpkeSeal, openAes256Gcm, sealAes256Gcm, type Hpke
} from '../../src/base/index.ts'
import { encryptionKeyOfSeed } from '../../src/core/identity/index.ts'
import { framesOf, FRAMES_TIMEOUT_MS } from '../support/fuzz.ts'
import { mutated, randomBytes } from './mutate.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type Vectors = {
  readonly rfc9180: {
    readonly info: string, readonly skRm: string, readonly skEm: string, readonly pkRm: string, readonly enc: string, readonly key: string
    readonly encryptions: readonly { readonly aad: string, readonly ct: string, readonly nonce: string, readonly pt: string }[]
  }
  readonly rfc5869: readonly {
    readonly name: string, readonly ikm: string, readonly salt: string, readonly info: string, readonly sizeBytes: number, readonly okm: string
  }[]
  readonly refusedKeys: readonly { readonly name: string, readonly key: string }[]
}
const { rfc9180, rfc5869, refusedKeys } = JSON.parse(readFileSync('test/vectors/hpke.json', 'utf8')) as Vectors
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')

describe('hpke', () => {
  const info = unhex(rfc9180.info)
  const recipientSecret = unhex(rfc9180.skRm)
  const recipientKey = unhex(rfc9180.pkRm)
  const ephemeralSecret = unhex(rfc9180.skEm)
  const [first = assert.fail('no vector'), ...later] = rfc9180.encryptions
  const aad = unhex(first.aad)
  const plaintext = unhex(first.pt)
  const made: Hpke = { enc: unhex(rfc9180.enc), sealed: unhex(first.ct) }

  it('encrypts as RFC 9180 shows for its suite, and opens that', () => {
    assert.deepEqual(hpkeSeal({ recipientKey, ephemeralSecret, info, aad, plaintext }), { ok: true, value: made })
    assert.deepEqual(hpkeOpen({ recipientSecret, info, aad, ...made }), { ok: true, value: plaintext })
  })

  it('uses AES-256-GCM as the later messages of that context show', () => {
    for (const { aad: with_, ct, nonce, pt } of later) {
      assert.equal(hex(sealAes256Gcm(unhex(rfc9180.key), unhex(nonce), unhex(with_), unhex(pt))), ct)
      assert.equal(hex(openAes256Gcm(unhex(rfc9180.key), unhex(nonce), unhex(with_), unhex(ct)) ?? assert.fail('not opened')), pt)
    }
  })

  for (const { name, ikm, salt, info: with_, sizeBytes, okm } of rfc5869) {
    it(`derives keys as RFC 5869 ${name} shows`, () => {
      assert.equal(hex(hkdfSha256(unhex(ikm), unhex(salt), unhex(with_), sizeBytes)), okm)
    })
  }

  for (const { name, key } of refusedKeys) {
    it(`refuses a key that leaves no secret: ${name}`, () => {
      const refused = { ok: false, failure: { code: 'key' } }
      assert.deepEqual(hpkeSeal({ recipientKey: unhex(key), ephemeralSecret, info, aad, plaintext }), refused)
      assert.deepEqual(hpkeOpen({ recipientSecret, info, aad, ...made, enc: unhex(key) }), refused)
    })
  }

  it('opens for nobody else, and under no other info, aad or key', () => {
    const notOpened = { ok: false, failure: { code: 'not-opened' } }
    const more = new Uint8Array([0])
    assert.deepEqual(hpkeOpen({ recipientSecret: ephemeralSecret, info, aad, ...made }), notOpened)
    assert.deepEqual(hpkeOpen({ recipientSecret, info: concat([info, more]), aad, ...made }), notOpened)
    assert.deepEqual(hpkeOpen({ recipientSecret, info, aad: concat([aad, more]), ...made }), notOpened)
    assert.deepEqual(hpkeOpen({ recipientSecret, info, aad, ...made, enc: recipientKey }), notOpened)
    for (let size = 0; size < made.sealed.length; size++) {
      assert.deepEqual(hpkeOpen({ recipientSecret, info, aad, ...made, sealed: made.sealed.slice(0, size) }), notOpened)
    }
  })

  it('gives back whatever was encrypted, to keys as certificates name them', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(fc.property(seed, seed, bytes, bytes, bytes, (own, ephemeral, text, info_, aad_) => {
      const sealed = hpkeSeal({ recipientKey: encryptionKeyOfSeed(own), ephemeralSecret: ephemeral, info: info_, aad: aad_, plaintext: text })
      assert.ok(sealed.ok)
      assert.deepEqual(sealed.value.enc, encryptionKeyOfSeed(ephemeral))
      const opened = hpkeOpen({ recipientSecret: own, info: info_, aad: aad_, ...sealed.value })
      assert.ok(opened.ok)
      assert.deepEqual(hex(opened.value), hex(text))
    }), { numRuns: 50 })
  })

  it('hands out plain bytes, never a Buffer', () => {
    const opened = hpkeOpen({ recipientSecret, info, aad, ...made })
    assert.ok(opened.ok && opened.value.constructor === Uint8Array)
    assert.equal(hkdfSha256(plaintext, aad, info, 32).constructor, Uint8Array)
  })

  it('survives mutated messages and opens none of them', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_130
    const random = randomFrom(seed)
    for (let i = 0; i < framesOf(500); i++) {
      const whole = concat([made.enc, made.sealed])
      const mutant = i % 2 === 0 ? mutated(whole, random) : concat([randomBytes(random, 32), made.sealed])
      const message = { enc: mutant.slice(0, 32), sealed: mutant.slice(32) }
      // X25519 does not look at the highest bit of a key, but the schedule does.
      const opened = hpkeOpen({ recipientSecret, info, aad, ...message })
      assert.ok(!opened.ok || (equalBytes(message.enc, made.enc) && equalBytes(message.sealed, made.sealed)), `seed ${seed}, mutant ${i}`)
    }
  })
})
