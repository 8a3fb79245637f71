import { strict as assert } from 'node:assert'
import { encodeCanonical, equalBytes, hex, sha256, utf8 } from '../../src/base/index.ts'
import {
  decodeOffer, decodeSeals, decodeSnapshotRequest, encodeOffer, encodeSeals, encodeSnapshotRequest, type SnapshotRequest
} from '../../src/node/snapshots/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const FRAMES = framesOf(1_000)
const CREDIT_BYTES = 262_144
const hash = sha256(utf8('a state'))

const requests: readonly SnapshotRequest[] = [
  { kind: 'offer', aboveHeight: 12 }, { kind: 'seals', fromEpoch: 3 }, { kind: 'manifest', stateRoot: hash }, { kind: 'chunk', hash }
]

const targets: readonly { readonly name: string, readonly frames: readonly Uint8Array[], readonly decode: (frame: Uint8Array) => Uint8Array | undefined }[] = [
  {
    name: 'request', frames: requests.map(request => encodeSnapshotRequest(request, CREDIT_BYTES)),
    decode: frame => {
      const read = decodeSnapshotRequest(frame)
      return read.ok ? encodeSnapshotRequest(read.value, 'creditBytes' in read.value ? Number(read.value.creditBytes) : CREDIT_BYTES) : undefined
    }
  },
  {
    name: 'offer', frames: [1, 2, 64].map(count => encodeOffer({ height: 7, proof: utf8('proof'), peaks: Array.from({ length: count }, () => hash) })),
    decode: frame => {
      const read = decodeOffer(frame)
      return read && encodeOffer(read)
    }
  },
  {
    name: 'seals', frames: [[], [utf8('one')], [utf8('one'), utf8('two')]].map(proofs => encodeSeals(proofs)),
    decode: frame => {
      const read = decodeSeals(frame)
      return read && encodeSeals(read)
    }
  }
]

describe(`snapshots: ${FRAMES} mutated frames a decoder (HANSE_SEED=${SEED})`, () => {
  for (const target of targets) {
    it(`${target.name}: never throw, and what is accepted encodes to the same bytes`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const random = randomFrom(SEED ^ target.name.length)
      for (const frame of target.frames) assert.equal(hex(target.decode(frame) ?? utf8('refused')), hex(frame), 'the valid frame is accepted')
      let refused = 0
      for (let at = 0; at < FRAMES; at++) {
        const frame = mutated(target.frames[Math.floor(random() * target.frames.length)] ?? assert.fail(), random)
        const again = target.decode(frame)
        if (again === undefined) refused++
        assert.ok(again === undefined || equalBytes(again, frame), `HANSE_SEED=${SEED}, frame ${at}: encodes differently: ${hex(frame)}`)
      }
      assert.ok(refused > 0, 'nothing was refused: the frames were not changed')
    })
  }

  it('an offer with half a peak is none', () => {
    const offer = { v: 1, height: 7, proof: utf8('proof'), peaks: new Uint8Array(48) }
    assert.equal(decodeOffer(encodeCanonical(offer)), undefined)
    assert.equal(decodeOffer(encodeCanonical({ ...offer, peaks: new Uint8Array(64) }))?.peaks.length, 2)
  })
})
