import { strict as assert } from 'node:assert'
import { decode } from '@ipld/dag-cbor'
import { encodeCanonical, equalBytes, hex, type Value } from '../../src/base/index.ts'
import {
  candidateRequest, candidateStep, decodeAdmissionAnswer, decodeAdmissionRequest, decodeCandidate, decodeReception, encodeAdmissionAnswer, encodeCandidate,
  encodePresent, encodeReception, openReception, receptionStep, startCandidate, withTicket, type ReceptionContext
} from '../../src/core/admission/index.ts'
import { encodeTicket } from '../../src/core/identity/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { certificateOf, charterOf, cities, cityNamed, FOUNDED_MS, someCid, type City } from './identity.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const FRAMES = framesOf(1_000)
const [ada, ben] = cities(2) as [City, City]
const dor = cityNamed('Dor')
const charter = charterOf([ada, ben])
const { federation } = charter

const ticket = encodeTicket({
  federation, name: 'Hanse', addresses: ['/ip4/127.0.0.1/tcp/1'], expiresMs: FOUNDED_MS + 1, nonce: new Uint8Array(16), founders: 0
}, ada.root)
const context: ReceptionContext = {
  nowMs: FOUNDED_MS, standingOf: () => ({ type: 'member' }), memberOfTransport: () => undefined,
  welcome: () => ({ charter: charter.envelope, checkpoint: null, members: [] })
}
const candidate = startCandidate({ ticket, name: 'Dor', certificate: certificateOf(dor, federation), consensusKey: dor.consensus.publicKey, addresses: ['/a/b'] }, dor.root)
const applied = receptionStep(withTicket(openReception(federation), ticket, FOUNDED_MS), candidate.apply, context)
const asking = candidateStep(candidate, applied.answer).state

type Target = { readonly name: string, readonly frames: readonly Uint8Array[], readonly decode: (frame: Uint8Array) => Uint8Array | undefined }

const targets: readonly Target[] = [
  {
    name: 'request', frames: [candidate.apply, candidateRequest(asking, dor.root), encodePresent(federation, certificateOf(ben, federation).envelope)],
    decode: frame => {
      receptionStep(applied.state, frame, context)
      const read = decodeAdmissionRequest(frame)
      if (!read.ok) return undefined
      return 'envelope' in read.value
        ? encodeCanonical({ body: encodeCanonical(read.value.request), signature: read.value.signature })
        : encodePresent(read.value.request.federation, read.value.request.certificate)
    }
  },
  {
    name: 'answer',
    frames: [applied.answer, receptionStep(applied.state, candidateRequest(asking, dor.root), context).answer, ...([
      { v: 1, state: 'pending' }, { v: 1, state: 'voting', proposal: new Uint8Array(32) }, { v: 1, state: 'known' }, { v: 1, state: 'refused', code: 'full' },
      { v: 1, state: 'admitted', charter: charter.envelope, checkpoint: new Uint8Array(9), members: [{ member: ada.did, transportKey: ada.transport.publicKey, addresses: ['/a'] }] }
    ] as const).map(encodeAdmissionAnswer)],
    decode: frame => {
      candidateStep(asking, frame)
      const read = decodeAdmissionAnswer(frame)
      return read.ok ? encodeAdmissionAnswer(read.value) : undefined
    }
  },
  {
    name: 'reception', frames: [openReception(federation), applied.state].map(encodeReception),
    decode: frame => {
      const read = decodeReception(frame)
      return read === undefined ? undefined : encodeReception(read)
    }
  },
  {
    name: 'candidate', frames: [candidate, asking, { ...asking, application: someCid }].map(encodeCandidate),
    decode: frame => {
      const read = decodeCandidate(frame)
      return read === undefined ? undefined : encodeCandidate(read)
    }
  }
]

/** Half of the changes get behind the applicant's signature. */
function changed (frame: Uint8Array, random: () => number): Uint8Array {
  if (random() < 0.5) return mutated(frame, random)
  const value = decode<Value>(frame)
  if (typeof value !== 'object' || value === null || !('body' in value) || !(value.body instanceof Uint8Array)) return mutated(frame, random)
  const body = mutated(value.body, random)
  return encodeCanonical({ body, signature: dor.root.sign(body) })
}

describe(`admission: ${FRAMES} mutated frames a decoder (HANSE_SEED=${SEED})`, () => {
  for (const target of targets) {
    it(`${target.name}: never throw, and what is accepted encodes to the same bytes`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const random = randomFrom(SEED ^ target.name.length)
      for (const frame of target.frames) assert.deepEqual(target.decode(frame), frame, 'the valid frame is accepted')
      let refused = 0
      for (let at = 0; at < FRAMES; at++) {
        const frame = changed(target.frames[Math.floor(random() * target.frames.length)] ?? assert.fail(), random)
        let again: Uint8Array | undefined
        try {
          again = target.decode(frame)
        } catch (cause) {
          throw new Error(`HANSE_SEED=${SEED}, frame ${at}: threw on ${hex(frame)}`, { cause })
        }
        if (again === undefined) refused++
        assert.ok(again === undefined || equalBytes(again, frame), `HANSE_SEED=${SEED}, frame ${at}: encodes differently: ${hex(frame)}`)
      }
      assert.ok(refused > 0, 'nothing was refused: the frames were not changed')
    })
  }
})
