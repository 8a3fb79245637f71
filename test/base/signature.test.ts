import { strict as assert } from 'node:assert'
import { isKeyForm, isSignatureForm } from '../../src/base/index.ts'

const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n

/** Little-endian, 32 bytes. */
function bytesOf (value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
}

const signature = (r: bigint, s: bigint): Uint8Array => new Uint8Array([...bytesOf(r), ...bytesOf(s)])

describe('the form of a signature', () => {
  it('has S below the group order', () => {
    for (const s of [0n, 1n, L - 1n]) assert.ok(isSignatureForm(signature(5n, s)), String(s))
    for (const s of [L, L + 1n, 2n * L, 2n ** 256n - 1n]) assert.ok(!isSignatureForm(signature(5n, s)), String(s))
  })

  it('has an R that is not the identity, and 64 bytes', () => {
    assert.ok(!isSignatureForm(signature(1n, 5n)))
    assert.ok(isSignatureForm(signature(1n + 2n ** 8n, 5n)))
    for (const size of [0, 32, 63]) assert.ok(!isSignatureForm(signature(5n, 5n).slice(0, size)))
    assert.ok(!isSignatureForm(new Uint8Array(65)))
  })
})

describe('the form of a key', () => {
  it('has a coordinate below the order of the field, whatever its sign, and is not the identity', () => {
    for (const y of [0n, 2n, P - 1n]) for (const sign of [0n, 2n ** 255n]) assert.ok(isKeyForm(bytesOf(y + sign)), String(y))
    for (const y of [P, P + 1n, 2n ** 255n - 1n]) for (const sign of [0n, 2n ** 255n]) assert.ok(!isKeyForm(bytesOf(y + sign)), String(y))
    assert.ok(!isKeyForm(bytesOf(1n)))
    assert.ok(!isKeyForm(new Uint8Array(31)))
  })
})
