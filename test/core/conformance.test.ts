/**
 * Notices when the wire changes: of each kind of signed structure and message, examples by seed are encoded and hashed, and the
 * hash is frozen in test/conformance.json. A difference means that old and new nodes no longer read each other: raise the
 * protocol version, or undo it. A room adds its kinds to the table below and their hashes to the file.
 */
import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { concat, equalBytes, hex, readUint, sha256, u32, utf8 } from '../../src/base/index.ts'
import { finalityCodecs, type CodecCase } from './codecs.fixture.ts'
import { catalogueCodecs } from './catalogue-codecs.fixture.ts'
import { consensusCodecs } from './consensus.examples.ts'
import { grantsCodecs } from './grants-codecs.fixture.ts'
import { ledgerCodecs } from './ledger-codecs.fixture.ts'
import { lightCodecs } from './light-codecs.fixture.ts'
import { sqlCodecs } from './sql-codecs.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const EXAMPLES = 1_024

const ROOMS: Readonly<Record<string, Readonly<Record<string, CodecCase>>>> = {
  catalogue: catalogueCodecs,
  consensus: consensusCodecs,
  finality: finalityCodecs,
  grants: grantsCodecs,
  ledger: ledgerCodecs,
  light: lightCodecs,
  sql: sqlCodecs
}

const codecs = Object.entries(ROOMS).flatMap(([room, kinds]) => Object.entries(kinds).map(([kind, each]) => [`${room}: ${kind}`, each] as const))

function examplesOf (name: string, { example }: CodecCase): readonly Uint8Array[] {
  const random = randomFrom(readUint(sha256(utf8(name)), 0, 4) ?? assert.fail('a seed'))
  return Array.from({ length: EXAMPLES }, () => example(random))
}

describe('conformance', () => {
  const frozen = JSON.parse(readFileSync('test/conformance.json', 'utf8')) as Readonly<Record<string, string>>

  it('has a frozen hash for every kind, and none of kinds that are gone', () => {
    assert.deepEqual(Object.keys(frozen).toSorted(), codecs.map(([name]) => name).toSorted())
  })

  for (const [name, each] of codecs) {
    it(`still encodes as it did: ${name}`, () => {
      const examples = examplesOf(name, each)
      assert.equal(hex(sha256(concat(examples.flatMap(encoded => [u32(encoded.length), encoded])))), frozen[name], 'the wire format changed')
    })

    it(`still reads what it wrote: ${name}`, () => {
      if (each.again === null) return
      for (const encoded of examplesOf(name, each).slice(0, 64)) assert.ok(equalBytes(each.again(encoded) ?? new Uint8Array(0), encoded))
    })
  }
})
