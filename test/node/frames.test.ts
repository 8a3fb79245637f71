import { deepEqual, equal, ok } from 'node:assert/strict'
import { cidOf, concat, encodeCanonical, hex, utf8, writeVarint } from '../../src/base/index.ts'
import { carDecode } from '../../src/node/bundle/index.ts'
import { decodeFileEntry, encodeFileEntry, FileWalk } from '../../src/node/files/index.ts'
import {
  decodeFeedRow, decodeFileRow, decodeGuardRow, decodeLeafRow, encodeFeedRow, encodeFileRow, encodeGuardRow, encodeLeafRow
} from '../../src/node/rows/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { MIB, pieces } from './files.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const root = cidOf('raw', utf8('leaf'))

/** What a decoder makes of a frame, encoded again; undefined where it refuses. */
type Target = { readonly frame: Uint8Array, readonly again: (frame: Uint8Array) => Uint8Array | undefined }

function target<T> (value: T, encode: (value: T) => Uint8Array, decode: (frame: Uint8Array) => T | undefined): Target {
  return {
    frame: encode(value),
    again: frame => {
      const decoded = decode(frame)
      return decoded === undefined ? undefined : encode(decoded)
    }
  }
}

const targets: Readonly<Record<string, Target>> = {
  'file entry': target({ name: 'a.laz', mediaType: 'application/vnd.las', sizeBytes: 10, root, cipher: null }, encodeFileEntry, frame => {
    const decoded = decodeFileEntry(frame)
    return decoded.ok ? decoded.value : undefined
  }),
  'leaf row': target({ leafData: new Uint8Array(80).fill(3), sizeBytes: 300, state: 'present' }, encodeLeafRow, decodeLeafRow),
  'feed row': target({ declaration: new Uint8Array(200), role: 'reader' }, encodeFeedRow, decodeFeedRow),
  'file row': target({ fileNo: 3, blocks: 9, complete: true }, encodeFileRow, decodeFileRow),
  'guard row': target({ length: 9, mmrRoot: new Uint8Array(32), head: new Uint8Array(300) }, encodeGuardRow, decodeGuardRow)
}

describe('mutated frames of a node', () => {
  for (const [name, { frame, again }] of Object.entries(targets)) {
    it(`are refused or read as the one ${name} they are`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      deepEqual(again(frame), frame, 'the frame itself')
      const random = randomFrom(SEED)
      for (let round = 0; round < framesOf(); round++) {
        const mutant = mutated(frame, random)
        const encoded = again(mutant)
        if (encoded !== undefined) equal(hex(encoded), hex(mutant), `seed ${SEED}, mutant ${round}`)
      }
    })
  }

  it('are refused as nodes of a file, or ask for no other blocks than a file of that size has', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const node = nodeOf(3)
    ok(new FileWalk(cidOf('dagPb', node)).take(node))
    const random = randomFrom(SEED)
    let taken = 0
    for (let round = 0; round < framesOf(); round++) {
      const mutant = mutated(node, random)
      const walk = new FileWalk(cidOf('dagPb', mutant))
      if (!walk.take(mutant)) continue
      taken++
      // Only hashes may differ: all else is determined by the size.
      equal(mutant.length, node.length, `seed ${SEED}, mutant ${round}`)
      ok(walk.next !== undefined)
    }
    ok(taken > 0, 'mutants with another hash are nodes too')
  })

  it('are refused as a CAR file, or hold no more blocks than bytes', async function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const blocks = ['one', 'two', 'three'].map(text => utf8(text))
    const header = encodeCanonical({ roots: [cidOf('raw', blocks[0] ?? utf8(''))], version: 1 })
    const file = concat([header, ...blocks.map(block => concat([cidOf('raw', block).bytes, block]))].map(section => concat([varint(section.length), section])))
    equal(await sizeOf(file), 11)
    const random = randomFrom(SEED)
    for (let round = 0; round < framesOf(); round++) {
      const mutant = mutated(file, random)
      ok(await sizeOf(mutant) <= mutant.length, `seed ${SEED}, mutant ${round}`)
    }
  })
})

/** Bytes of the blocks that come before a fault; a fault of ours is not caught. */
async function sizeOf (file: Uint8Array): Promise<number> {
  let size = 0
  try {
    for await (const section of carDecode(pieces(file, 17))) size += section.bytes.length
  } catch (error) {
    if (!(error instanceof Error) || error.constructor.name !== 'BundleFault') throw error
  }
  return size
}

/** The node of a file of so many whole leaves: dag-pb and UnixFS written out by hand. */
function nodeOf (leaves: number): Uint8Array {
  const links = Array.from({ length: leaves }, (_, at) =>
    field(0x12, concat([field(0x0a, cidOf('raw', utf8(`${at}`)).bytes), field(0x12, new Uint8Array(0)), Uint8Array.of(0x18), varint(MIB)])))
  const sizes = links.map(() => concat([Uint8Array.of(0x20), varint(MIB)]))
  return concat([...links, field(0x0a, concat([Uint8Array.of(8, 2, 0x18), varint(leaves * MIB), ...sizes]))])
}

function varint (value: number): Uint8Array {
  const bytes = new Uint8Array(9)
  return bytes.slice(0, writeVarint(bytes, 0, value))
}

function field (tag: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(tag), varint(bytes.length), bytes])
}
