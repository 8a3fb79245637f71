import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import {
  concat, encodeCanonical, equalBytes, isProtectedKeystore, KEYSTORE_NONCE_SIZE_BYTES, KEYSTORE_SALT_SIZE_BYTES, openKeystore, sealKeystore, utf8
} from '../../src/base/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { mutated } from './mutate.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const secret = utf8('thirty-two bytes, more or less.')
const passphrase = utf8('four words that match not')
const protection = { passphrase, salt: new Uint8Array(KEYSTORE_SALT_SIZE_BYTES).fill(1), nonce: new Uint8Array(KEYSTORE_NONCE_SIZE_BYTES).fill(2) }

describe('keystore', () => {
  it('gives back what was sealed, with the passphrase and without one', () => {
    const sealed = sealKeystore(secret, protection)
    const opened = openKeystore(sealed, passphrase)
    assert.ok(opened.ok && equalBytes(opened.value, secret))
    assert.deepEqual(isProtectedKeystore(sealed), { ok: true, value: true })
    assert.equal(Buffer.from(sealed).includes(Buffer.from(secret)), false)
    const open = sealKeystore(secret, undefined)
    const read = openKeystore(open, undefined)
    assert.ok(read.ok && equalBytes(read.value, secret))
    assert.deepEqual(isProtectedKeystore(open), { ok: true, value: false })
  })

  it('stays closed without the passphrase and with another', () => {
    const sealed = sealKeystore(secret, protection)
    assert.deepEqual(openKeystore(sealed, undefined), { ok: false, failure: { code: 'needs-passphrase' } })
    assert.deepEqual(openKeystore(sealed, utf8('four words that match')), { ok: false, failure: { code: 'not-opened' } })
  })

  it('sees every changed, missing and added byte', () => {
    const open = sealKeystore(secret, undefined)
    const sealed = sealKeystore(secret, protection)
    fc.assert(fc.property(fc.nat(open.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      assert.equal(openKeystore(open.map((byte, index) => index === at ? byte ^ change : byte), undefined).ok, false)
      assert.equal(openKeystore(open.slice(0, at), undefined).ok, false)
      assert.equal(openKeystore(concat([open, Uint8Array.of(change)]), undefined).ok, false)
    }))
    // Each try costs the work of the derivation, so a few places of each part must do.
    for (const at of [10, 30, 50, sealed.length - 1, sealed.length - 20]) {
      assert.equal(openKeystore(sealed.map((byte, index) => index === at ? byte ^ 1 : byte), passphrase).ok, false, `byte ${at}`)
    }
  })

  it('binds the header: another salt, nonce or version does not open the same body', () => {
    const header = (v: number, n: number): Uint8Array =>
      encodeCanonical({ v, kind: 'keystore', kdf: { name: 'scrypt', n, r: 8, p: 1, salt: protection.salt, nonce: protection.nonce } })
    const file = (v: number, n: number): Uint8Array => encodeCanonical({ header: header(v, n), body: new Uint8Array(48) })
    assert.deepEqual(openKeystore(file(2, 2 ** 17), passphrase), { ok: false, failure: { code: 'newer-version' } })
    assert.deepEqual(openKeystore(file(0, 2 ** 17), passphrase), { ok: false, failure: { code: 'malformed' } })
    assert.deepEqual(openKeystore(file(1, 2 ** 17), passphrase), { ok: false, failure: { code: 'not-opened' } })
  })

  it('refuses a key derivation that would cost too much, before it begins', () => {
    for (const [n, r, p, code] of [[2 ** 20, 8, 1, 'too-costly'], [2 ** 17, 64, 1, 'too-costly'], [2 ** 17, 8, 5, 'too-costly'], [3, 8, 1, 'malformed'], [1, 8, 1, 'malformed'], [2, 0, 1, 'malformed']] as const) {
      const header = encodeCanonical({ v: 1, kind: 'keystore', kdf: { name: 'scrypt', n, r, p, salt: protection.salt, nonce: protection.nonce } })
      const file = encodeCanonical({ header, body: new Uint8Array(48) })
      // Without a passphrase nothing can be derived: it is refused for its cost before that is missed.
      for (const given of [undefined, passphrase]) assert.deepEqual(openKeystore(file, given), { ok: false, failure: { code } })
    }
  })

  it('refuses any other bytes without failing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      assert.equal(openKeystore(bytes, passphrase).ok, false)
      assert.equal(isProtectedKeystore(bytes).ok, false)
    }))
  })

  it('opens no mutated file, with a passphrase or without', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const files = [sealKeystore(secret, undefined), sealKeystore(secret, protection)]
    const random = randomFrom(SEED)
    for (let round = 0; round < framesOf(); round++) {
      const mutant = mutated(files[round % 2] ?? secret, random)
      isProtectedKeystore(mutant)
      // Without the passphrase, whose work would be the test: what is read before it is what a mutant can reach.
      assert.equal(openKeystore(mutant, undefined).ok, false, `seed ${SEED}, mutant ${round}`)
    }
  })
})
