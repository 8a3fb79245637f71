import { strict as assert } from 'node:assert'
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import {
  base32Text, base58, bytesOfBase32, bytesOfBase58, bytesOfHex, cidOf, cidOfBytes, cidOfDigest, cidOfText, codecOf, compareBytes,
  concat, digestOf, equalBytes, hex, hmacSha256, INTEGER_MAX, isOurCid, plain, readUint, readVarint, sha256, sha256Into, textOf,
  u16, u32, u64, utf8, varintSize, writeUint, writeVarint
} from '../../src/base/index.ts'

const anyBytes = (maxLength = 80): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const anyUint = (): fc.Arbitrary<number> => fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.nat(53).map(bits => 2 ** bits - 1))

describe('bytes', () => {
  it('reads text of valid UTF-8 only', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => { assert.equal(textOf(utf8(text)), text) }))
    for (const bad of ['80', 'c080', 'eda080', 'f4908080', 'ff', 'e282']) assert.equal(textOf(bytesOfHex(bad) ?? u16(0)), undefined, bad)
    assert.equal(textOf(utf8('\ufeffa')), '\ufeffa', 'a mark at the start belongs to the text')
  })

  it('reads back hex, base 32 and base 58, and refuses other letters', () => {
    fc.assert(fc.property(anyBytes(), bytes => {
      assert.deepEqual(bytesOfHex(hex(bytes)), bytes)
      assert.deepEqual(bytesOfBase32(base32Text(bytes)), bytes)
      assert.deepEqual(bytesOfBase58(base58(bytes)), bytes)
    }))
    for (const bad of ['0', '0G', 'AB', 'zz', '0x00', ' 00']) assert.equal(bytesOfHex(bad), undefined, bad)
    assert.equal(bytesOfBase32('a1'), undefined)
    assert.equal(bytesOfBase58('0OIl'), undefined)
  })

  it('orders bytes as LevelDB does', () => {
    fc.assert(fc.property(anyBytes(6), anyBytes(6), (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Math.sign(Buffer.compare(a, b)))
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0)
      assert.deepEqual(concat([a, b, a]), new Uint8Array([...a, ...b, ...a]))
    }))
  })

  it('reads back unsigned integers below 2^53', () => {
    fc.assert(fc.property(anyUint(), fc.nat(5), (value, at) => {
      const target = new Uint8Array(at + 9)
      writeUint(target, at, 8, value)
      assert.equal(readUint(target, at, 8), value)
      assert.deepEqual(u64(value), target.slice(at, at + 8))
      assert.equal(target[at + 8], 0, 'nothing beyond is touched')
      assert.equal(readUint(u32(value % 2 ** 32), 0, 4), value % 2 ** 32)
      assert.equal(readUint(u16(value % 65_536), 0, 2), value % 65_536)
    }))
    assert.equal(readUint(new Uint8Array(8).fill(255), 0, 8), undefined, 'above 2^53')
    assert.equal(readUint(u64(INTEGER_MAX), 0, 8), INTEGER_MAX)
    assert.equal(readUint(u32(1), 1, 4), undefined, 'beyond the end')
    assert.equal(readUint(u32(1), -1, 4), undefined, 'before the start')
    for (const [size, value] of [[1, 256], [2, 65_536], [4, 2 ** 32], [8, 2 ** 53], [4, -1], [4, 1.5]] as const) {
      assert.throws(() => { writeUint(new Uint8Array(8), 0, size, value) }, { code: 'assertion' })
    }
  })

  it('reads back varints and refuses every longer form', () => {
    fc.assert(fc.property(anyUint(), fc.nat(3), (value, at) => {
      const target = new Uint8Array(at + 9)
      const end = writeVarint(target, at, value)
      assert.equal(end - at, varintSize(value))
      assert.deepEqual(readVarint(target, at), { value, end })
      const longer = target.slice(0, end + 1)
      longer[end - 1] = (longer[end - 1] ?? 0) | 128
      assert.equal(readVarint(longer, at), undefined)
      assert.equal(readVarint(target.slice(0, end - 1), at), undefined, 'cut short')
    }))
    const read = (text: string): number | undefined => readVarint(bytesOfHex(text) ?? u16(0), 0)?.value
    assert.equal(read('00'), 0)
    assert.equal(read('8001'), 128)
    assert.equal(read('ffffffffffffff0f'), INTEGER_MAX)
    assert.equal(read('ffffffffffffff1f'), undefined, 'above 2^53')
    assert.equal(read('808080808080808001'), undefined, 'nine bytes')
  })
})

describe('hashes and CIDs', () => {
  it('hashes as node:crypto does, whatever the parts', () => {
    fc.assert(fc.property(anyBytes(300), anyBytes(70), (a, b) => {
      const expected = new Uint8Array(createHash('sha256').update(a).update(b).digest())
      assert.deepEqual(sha256(a, b), expected)
      assert.deepEqual(sha256(concat([a, b])), expected)
      const target = new Uint8Array(40).fill(7)
      sha256Into(target, 3, concat([a, b]))
      assert.deepEqual(target, concat([new Uint8Array(3).fill(7), expected, new Uint8Array(5).fill(7)]))
    }))
  })

  it('makes HMACs as RFC 2104 says, for keys of any length, again and again', () => {
    fc.assert(fc.property(anyBytes(130), fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 5 }), (key, messages) => {
      const hmac = hmacSha256(key, 4)
      for (const message of messages) {
        const target = new Uint8Array(33)
        hmac(target, 1, message)
        assert.deepEqual(target.slice(1), new Uint8Array(createHmac('sha256', key).update(message).digest()))
      }
    }))
    for (const size of [64, 65, 131]) {
      const [key, target] = [new Uint8Array(size).fill(0xaa), new Uint8Array(32)]
      hmacSha256(key, 4)(target, 0, u32(7))
      assert.deepEqual(target, new Uint8Array(createHmac('sha256', key).update(u32(7)).digest()), `a key of ${size} bytes`)
    }
    assert.throws(() => { hmacSha256(u32(1), 4)(new Uint8Array(32), 0, u16(1)) }, { code: 'assertion' })
  })

  it('knows CIDs of 36 bytes with our hash and codecs, and no others', () => {
    for (const codec of ['raw', 'dagCbor', 'dagPb'] as const) {
      const cid = cidOf(codec, utf8('hanse'))
      assert.ok(isOurCid(cid))
      assert.equal(codecOf(cid), codec)
      assert.deepEqual(digestOf(cid), sha256(utf8('hanse')))
      assert.ok(cidOfBytes(cid.bytes)?.equals(cid))
      assert.ok(cidOfText(cid.toString())?.equals(cid))
      assert.ok(cidOfDigest(codec, sha256(utf8('hanse'))).equals(cid))
    }
    assert.equal(cidOf('raw', utf8('hello')).toString(), 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq')
    const good = cidOf('raw', utf8('a')).bytes
    const forms: readonly [number, number][] = [[0, 2], [1, 0x51], [2, 0x13], [3, 20]]
    for (const [at, value] of forms) {
      const bad = good.slice()
      bad[at] = value
      assert.equal(cidOfBytes(bad), undefined)
    }
    assert.equal(cidOfBytes(good.slice(0, 35)), undefined)
    assert.equal(cidOfBytes(concat([good, u16(0)])), undefined)
    const text = cidOf('raw', utf8('a')).toString()
    for (const bad of [`z${base58(good)}`, text.toUpperCase(), `${text}a`, 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', '', 'z'.repeat(60)]) {
      assert.equal(cidOfText(bad), undefined, bad)
    }
  })

  it('lets no Buffer out', () => {
    assert.equal(plain(Buffer.from('a')).constructor, Uint8Array)
    assert.equal(sha256(Buffer.from('a')).constructor, Uint8Array)
  })
})
