import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { bytesOfHex, concat, hex, sha256, utf8 } from '../../src/base/index.ts'
import {
  chunksOf, fileKeyOf, openChunk, PLAIN_CHUNK_SIZE_BYTES, sealChunk, sealedFileSizeBytes, type ChunkPlace
} from '../../src/core/sealing/index.ts'

type Vectors = {
  readonly file: {
    readonly epochKey: string, readonly salt: string, readonly fileKey: string
    readonly chunks: readonly {
      readonly name: string, readonly chunk: number, readonly isLast: boolean, readonly plain?: string, readonly plainSizeBytes?: number
      readonly sealed?: string, readonly sealedSizeBytes: number, readonly sealedSha256: string
    }[]
  }
}
const { file } = JSON.parse(readFileSync('test/vectors/sealed.json', 'utf8')) as Vectors
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')

describe('sealing: files', () => {
  const salt = unhex(file.salt)
  const fileKey = fileKeyOf(unhex(file.epochKey), salt)

  it('derives the frozen key of a file', () => {
    assert.equal(hex(fileKey), file.fileKey)
  })

  for (const { name, chunk, isLast, plain, plainSizeBytes = 0, sealed, sealedSizeBytes, sealedSha256 } of file.chunks) {
    it(`seals into the frozen bytes ${name}`, () => {
      const plaintext = plain === undefined ? Uint8Array.from({ length: plainSizeBytes }, (_, at) => at % 256) : unhex(plain)
      const made = sealChunk(fileKey, { salt, chunk, isLast }, plaintext)
      assert.equal(made.length, sealedSizeBytes)
      assert.equal(hex(sha256(made)), sealedSha256)
      if (sealed !== undefined) assert.equal(hex(made), sealed)
      assert.deepEqual(hex(openChunk(fileKey, { salt, chunk, isLast }, made) ?? assert.fail('not opened')), hex(plaintext))
    })
  }

  it('makes of a full chunk exactly one leaf of 1 MiB, and counts chunks and bytes of any file', () => {
    assert.equal(sealChunk(fileKey, { salt, chunk: 0, isLast: false }, new Uint8Array(PLAIN_CHUNK_SIZE_BYTES)).length, 1_048_576)
    const one = PLAIN_CHUNK_SIZE_BYTES
    assert.deepEqual([0, 1, one, one + 1, 2 * one].map(chunksOf), [1, 1, 1, 2, 2])
    assert.deepEqual([0, 1, one, one + 1].map(sealedFileSizeBytes), [16, 17, 1_048_576, 1_048_576 + 17])
  })

  it('opens nothing in another place, of another file, cut or changed', () => {
    const place: ChunkPlace = { salt, chunk: 3, isLast: true }
    const sealed = sealChunk(fileKey, place, utf8('the end'))
    const otherSalt = sha256(salt)
    const wrong: readonly [string, Uint8Array, ChunkPlace, Uint8Array][] = [
      ['another chunk', fileKey, { ...place, chunk: 2 }, sealed], ['not the last', fileKey, { ...place, isLast: false }, sealed],
      ['another salt', fileKey, { ...place, salt: otherSalt }, sealed], ['another file', fileKeyOf(unhex(file.epochKey), otherSalt), place, sealed],
      ['another epoch', fileKeyOf(otherSalt, salt), place, sealed], ['a byte more', fileKey, place, concat([sealed, new Uint8Array(1)])],
      ['no tag', fileKey, place, new Uint8Array(15)]
    ]
    for (const [name, key, at, bytes] of wrong) assert.equal(openChunk(key, at, bytes), undefined, name)
    fc.assert(fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      assert.equal(openChunk(fileKey, place, sealed.with(at, (sealed[at] ?? 0) ^ change)), undefined)
    }))
  })

  it('asks for full chunks before the last, and for none larger', () => {
    assert.throws(() => sealChunk(fileKey, { salt, chunk: 0, isLast: false }, utf8('short')), { code: 'assertion' })
    assert.throws(() => sealChunk(fileKey, { salt, chunk: 0, isLast: true }, new Uint8Array(PLAIN_CHUNK_SIZE_BYTES + 1)), { code: 'assertion' })
  })
})
