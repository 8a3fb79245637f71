import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { bytesOfHex, concat, equalBytes, hex, utf8 } from '../../src/base/index.ts'
import { admitKey, didOfKey, encryptionKeyOfSeed, keyOfDid, peerIdOfKey, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { codeOf, valueOf } from './identity.fixture.ts'

const VECTORS = join(process.env['HANSE_VECTORS'] ?? '../shared/vectors', 'ed25519-zip215.json')
const { Point } = ed25519
const L = Point.Fn.ORDER
const IDENTITY = bytesOf('0100000000000000000000000000000000000000000000000000000000000000')
/** A point of order 8. */
const TORSION = Point.fromBytes(bytesOf('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'))

function bytesOf (text: string): Uint8Array {
  const bytes = bytesOfHex(text)
  assert.ok(bytes)
  return bytes
}

function littleEndian (bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes.toReversed())}`)
}

function scalarBytes (scalar: bigint): Uint8Array {
  return bytesOf(scalar.toString(16).padStart(64, '0')).reverse()
}

function challenge (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return littleEndian(createHash('sha512').update(concat([r, key, message])).digest()) % L
}

/** The rule in plain arithmetic: R must be the one encoding of [S]B - [k]A. */
function referenceVerify (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= L || equalBytes(r, IDENTITY)) return false
  const k = challenge(r, key, message)
  const a = Point.fromBytes(key)
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
}

function referenceAdmit (key: Uint8Array): boolean {
  try {
    const point = Point.fromBytes(key)
    return equalBytes(point.toBytes(), key) && !point.is0() && point.multiplyUnsafe(L - 1n).add(point).is0()
  } catch {
    return false
  }
}

/** Signs with chosen secret scalar, nonce scalar and torsion in R, as an attacker may. */
function craft (secret: bigint, nonce: bigint, torsion: number, message: Uint8Array, extra: bigint): { key: Uint8Array, signature: Uint8Array } {
  const key = Point.BASE.multiplyUnsafe(secret).toBytes()
  const r = Point.BASE.multiplyUnsafe(nonce).add(TORSION.multiplyUnsafe(BigInt(torsion))).toBytes()
  const s = (nonce + challenge(r, key, message) * secret) % L
  return { key, signature: concat([r, scalarBytes(s + extra * L)]) }
}

describe('identity: keys', () => {
  const key = signingKeyOfSeed(new Uint8Array(32).fill(7))
  const message = utf8('a message')

  it('signs as RFC 8032 says (test 2)', () => {
    const rfc = signingKeyOfSeed(bytesOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
    assert.equal(hex(rfc.publicKey), '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    assert.equal(hex(rfc.sign(new Uint8Array([0x72]))), '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00')
  })

  it('verifies what was signed and nothing else', () => {
    const admitted = valueOf(admitKey(key.publicKey))
    const signature = key.sign(message)
    assert.ok(admitted.verify(message, signature))
    assert.ok(!admitted.verify(utf8('another message'), signature))
    for (let at = 0; at < 64; at++) {
      assert.ok(!admitted.verify(message, signature.with(at, (signature[at] ?? 0) ^ 1)), `byte ${at}`)
    }
    for (const size of [0, 32, 63, 65]) assert.ok(!admitted.verify(message, concat([signature, signature]).slice(0, size)))
  })

  it('refuses keys that verifiers could read differently, and says why', () => {
    const mixed = Point.fromBytes(key.publicKey).add(TORSION).toBytes()
    const cases: readonly [bytes: Uint8Array, code: string][] = [
      [new Uint8Array(31), 'length'],
      [new Uint8Array(33), 'length'],
      [new Uint8Array(32).fill(2), 'not-a-point'],
      [IDENTITY, 'identity'],
      [IDENTITY.with(31, 0x80), 'not-canonical'],
      [bytesOf('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'), 'not-canonical'],
      [TORSION.toBytes(), 'torsion'],
      [mixed, 'torsion']
    ]
    for (const [bytes, code] of cases) assert.equal(codeOf(admitKey(bytes)), code, hex(bytes))
  })

  const present = existsSync(VECTORS)
  const missing = present ? '' : ` [not run: ${VECTORS} is missing; set HANSE_VECTORS to the folder of the public vectors]`
  const whenPresent = present ? it : it.skip
  whenPresent(`accepts none of the 196 public ZIP-215 vectors${missing}`, () => {
    const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as readonly { readonly vk_bytes: string, readonly sig_bytes: string }[]
    assert.equal(vectors.length, 196)
    const zcash = utf8('Zcash')
    for (const { vk_bytes: bytes, sig_bytes: signature } of vectors) {
      const admitted = admitKey(bytesOf(bytes))
      assert.equal(admitted.ok, referenceAdmit(bytesOf(bytes)), bytes)
      assert.ok(!(admitted.ok && admitted.value.verify(zcash, bytesOf(signature))), signature)
    }
  })

  it('agrees with plain arithmetic on crafted signatures and keys', () => {
    const scalar = fc.bigInt({ min: 1n, max: L - 1n })
    let accepted = 0
    fc.assert(fc.property(
      scalar, fc.oneof(scalar, fc.constant(0n)), fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7), fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(0n, 0n, 0n, 0n, 1n, 2n), fc.option(fc.tuple(fc.nat(63), fc.integer({ min: 1, max: 255 })), { freq: 1 }),
      (secret, nonce, torsion, said, extra, flip) => {
        const crafted = craft(secret, nonce, torsion, said, extra)
        const signature = flip === null ? crafted.signature : crafted.signature.with(flip[0], (crafted.signature[flip[0]] ?? 0) ^ flip[1])
        const admitted = valueOf(admitKey(crafted.key))
        const verdict = admitted.verify(said, signature)
        if (verdict) accepted++
        assert.equal(verdict, referenceVerify(crafted.key, said, signature))
        assert.equal(codeOf(admitKey(Point.fromBytes(crafted.key).add(TORSION.multiplyUnsafe(BigInt(torsion))).toBytes())),
          torsion === 0 ? 'ok' : 'torsion')
      }
    ), { numRuns: 400 })
    assert.ok(accepted > 10, `only ${accepted} accepted: the test no longer reaches the valid side`)
  })

  it('admits random bytes exactly when plain arithmetic does', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), bytes => {
      assert.equal(admitKey(bytes).ok, referenceAdmit(bytes))
    }), { numRuns: 200 })
  })

  it('writes a did:key and reads it back, and no other spelling', () => {
    // The first test vector of the did:key method's specification for Ed25519.
    const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'
    const bytes = keyOfDid(did)
    assert.equal(bytes && hex(bytes), '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29')
    assert.equal(bytes && didOfKey(bytes), did)
    const others = [
      '', 'did:key:', did.slice(0, -1), `${did}1`, did.replace('key', 'web'), did.replace('z6', 'Z6'), did.replace('z6Mk', 'z6LS'),
      `${did}#key-1`, ` ${did}`, did.replace('W', '0'), did.toLowerCase(), `did:key:z${'1'.repeat(47)}`
    ]
    for (const other of others) assert.equal(keyOfDid(other), undefined, other)
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), each => {
      assert.deepEqual(keyOfDid(didOfKey(each)), each)
    }))
  })

  it('gives the PeerId that libp2p gives', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), seed => {
      const { publicKey } = signingKeyOfSeed(seed)
      assert.equal(peerIdOfKey(publicKey), peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString())
    }), { numRuns: 50 })
  })

  it('makes the X25519 public key that plain arithmetic makes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), seed => {
      assert.deepEqual(encryptionKeyOfSeed(seed), x25519.getPublicKey(seed))
    }), { numRuns: 50 })
  })
})
