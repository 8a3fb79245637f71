import { strict as assert } from 'node:assert'
import { decode } from '@ipld/dag-cbor'
import { encodeCanonical, equalBytes, hex, utf8, type Value } from '../../src/base/index.ts'
import {
  admitKey, applicantRequest, applicantStep, charterSignature, checkHello, decodeAnswer, decodeApplicant, decodeCertificate, decodeCharter,
  decodeFounding, decodeHello, decodeRequest, decodeRevocation, decodeStatement, decodeTicket, encodeAnswer, encodeApplicant, encodeFounding,
  encodeHello, encodeTicket, foundingStep, peerIdOfKey, revocationBody, revocationSignature, sealRevocation, signStatement,
  startApplicant, startFounding
} from '../../src/core/identity/index.ts'
import { certificateOf, charterOf, cities, federationOf, FOUNDED_MS, nodeOf, someCid, valueOf, type City } from './identity.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { SEED } from '../support/chance.ts'

const FRAMES = framesOf(1_000)

/** A frame that is valid, and what the decoder makes of a frame: bytes encoded again when it accepts. */
type Target = {
  readonly name: string
  readonly frames: readonly Uint8Array[]
  readonly decode: (frame: Uint8Array) => Uint8Array | undefined
  /** Whose key signs `{body, signature}` anew after the body was changed, so that changes get behind the signature. */
  readonly signer?: City
}

function random (start: number): (below: number) => number {
  let state = start >>> 0
  return below => {
    // mulberry32
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function mutateBytes (frame: Uint8Array, below: (limit: number) => number): Uint8Array {
  let bytes = new Uint8Array(frame)
  for (let times = below(3); times >= 0; times--) {
    const at = below(bytes.length + 1)
    switch (below(5)) {
      case 0: bytes = bytes.slice(0, at); break
      case 1: bytes = new Uint8Array([...bytes.subarray(0, at), below(256), ...bytes.subarray(at)]); break
      case 2: bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + below(8))]); break
      default: if (at < bytes.length) bytes[at] = below(4) === 0 ? [0, 0x5f, 0x9f, 0xff][below(4)] ?? 0 : (bytes[at] ?? 0) ^ (1 << below(8))
    }
  }
  return bytes
}

/** A canonical value beside the given one: one part of it exchanged, left out or doubled. */
function mutateValue (value: Value, below: (limit: number) => number): Value {
  if (value instanceof Uint8Array) return below(2) === 0 ? mutateBytes(value, below) : odd(below)
  if (typeof value === 'number') return [0, value + 1, Math.max(0, value - 1), -1, Number.MAX_SAFE_INTEGER, 1.5][below(6)] ?? 0
  if (typeof value === 'string') return [value.slice(1), `${value}x`, '', value.toUpperCase(), `${value}\u202e`][below(5)] ?? ''
  if (Array.isArray(value)) {
    const list: readonly Value[] = value
    const at = below(list.length + 1)
    if (at === list.length) return [...list, ...list]
    return below(4) === 0 ? list.filter((_, each) => each !== at) : list.map((item, each) => each === at ? mutateValue(item, below) : item)
  }
  if (typeof value !== 'object' || value === null || 'asCID' in value) return odd(below)
  const entries = Object.entries(value)
  const at = below(entries.length + 1)
  if (at === entries.length) return Object.fromEntries([...entries, ['extra', odd(below)]])
  const changed = entries.flatMap(([key, item], each): [string, Value][] =>
    each !== at ? [[key, item]] : below(6) === 0 ? [] : [[key, mutateValue(item, below)]])
  return Object.fromEntries(changed)
}

function odd (below: (limit: number) => number): Value {
  return [null, true, 0, '', new Uint8Array(0), new Uint8Array(64), [], {}, someCid, 'a'.repeat(300)][below(10)] ?? null
}

function mutate (target: Target, frame: Uint8Array, below: (limit: number) => number): Uint8Array {
  if (below(2) === 0) return mutateBytes(frame, below)
  try {
    const value = decode<Value>(frame)
    if (target.signer === undefined || typeof value !== 'object' || value === null || !('body' in value)) {
      return encodeCanonical(mutateValue(value, below))
    }
    if (!(value.body instanceof Uint8Array)) return frame
    const body = encodeCanonical(mutateValue(decode<Value>(value.body), below))
    return encodeCanonical({ ...value, body, signature: target.signer.root.sign(body) })
  } catch {
    return mutateBytes(frame, below)
  }
}

function targets (): readonly Target[] {
  const [ada, ben, cyd] = cities(3) as [City, City, City]
  const held = federationOf([ada, ben, cyd])
  const charter = charterOf([ada, ben, cyd])
  const certificate = certificateOf(ada, held.federation)
  const peerId = peerIdOfKey(ada.transport.publicKey)
  const revocation = revocationBody({ federation: held.federation, member: ada.did, certificate: certificate.id, timeMs: FOUNDED_MS })
  const hello = encodeHello({
    federation: held.federation, certificate: certificate.envelope, protocols: { '/hanse/sync/1': 1, '/hanse/live/1': 0 }, features: ['a'],
    epoch: 0, height: 0, instance: new Uint8Array(16)
  })
  const nonce = new Uint8Array(16)
  const ticket = encodeTicket({
    federation: null, name: 'Hanse', addresses: ['/ip4/127.0.0.1/tcp/1'], expiresMs: FOUNDED_MS + 1, nonce, founders: 2
  }, ada.root)
  const opened = valueOf(startFounding({ ticket, nonce, name: 'A', ...nodeOf(ada, []) }, FOUNDED_MS)).state
  const applicant = startApplicant({ ticket, name: 'B', ...nodeOf(ben, []), nonce }, ben.root)
  const apply = applicantRequest(applicant, ben.root)
  const drafted = foundingStep(opened, { type: 'request', request: apply, nowMs: FOUNDED_MS })
  const body = drafted.state.draft?.body ?? assert.fail()
  const signed = foundingStep(drafted.state, { type: 'signature', signature: charterSignature(body, ada.root) }).state
  const applied = applicantStep(applicant, drafted.answer ?? assert.fail()).state
  const bound = applicantStep(applied, encodeAnswer({ v: 1, state: 'sign', body })).state
  return [
    {
      name: 'statement', frames: [signStatement(utf8('body'), someCid, ada.node).envelope],
      decode: frame => {
        const read = decodeStatement(frame, 4096)
        return read.ok ? encodeCanonical({ body: read.value.body, cert: read.value.certificate, signature: read.value.signature }) : undefined
      }
    },
    {
      name: 'certificate', signer: ada, frames: [certificate.envelope],
      decode: frame => {
        held.withCertificate(frame, FOUNDED_MS)
        const read = decodeCertificate(frame)
        if (!read.ok) return undefined
        const { federation, member, nodeKey, transportKey, encryptionKey, notBeforeMs, notAfterMs } = read.value
        const again = encodeCanonical({
          v: 1, federation, kind: 'certificate', member, nodeKey: nodeKey.bytes, transportKey, encryptionKey, notBeforeMs, notAfterMs
        })
        return encodeCanonical({ body: again, signature: ada.root.sign(again) })
      }
    },
    {
      name: 'charter', frames: [charter.envelope],
      decode: frame => {
        const read = decodeCharter(frame)
        if (!read.ok) return undefined
        const { name, foundedMs, nonce: drawn, founders, rules, signatures } = read.value
        return encodeCanonical({ body: encodeCanonical({ v: 1, kind: 'charter', name, foundedMs, nonce: drawn, founders, rules }), signatures })
      }
    },
    {
      name: 'revocation', frames: [
        sealRevocation(revocation, [revocationSignature(revocation, ada.root)]),
        sealRevocation(revocation, [ben, cyd].map(city => revocationSignature(revocation, city.root)))
      ],
      decode: frame => {
        held.withRevocation(frame)
        const read = decodeRevocation(frame)
        return read.ok ? sealRevocation(revocationBody(read.value), read.value.signatures) : undefined
      }
    },
    {
      name: 'hello', frames: [hello],
      decode: frame => {
        checkHello(held, peerId, frame, FOUNDED_MS)
        const read = decodeHello(frame)
        return read.ok ? encodeHello(read.value) : undefined
      }
    },
    {
      name: 'ticket', signer: ada, frames: [ticket.envelope],
      decode: frame => {
        const read = decodeTicket(ticketText(frame), FOUNDED_MS)
        return read.ok ? read.value.envelope : undefined
      }
    },
    {
      name: 'ticket text', frames: [utf8(ticket.text)],
      decode: frame => {
        const text = new TextDecoder().decode(frame)
        const read = decodeTicket(text, FOUNDED_MS)
        if (!read.ok) return undefined
        assert.equal(read.value.text, text.replaceAll(/\s/g, '').toLowerCase())
        return frame
      }
    },
    {
      name: 'request', signer: ben, frames: [apply, applicantRequest(applied, ben.root), applicantRequest(bound, ben.root)],
      decode: frame => {
        foundingStep(opened, { type: 'request', request: frame, nowMs: FOUNDED_MS })
        foundingStep(signed, { type: 'request', request: frame, nowMs: FOUNDED_MS })
        const read = decodeRequest(frame)
        return read.ok ? encodeCanonical({ body: encodeCanonical(read.value.request), signature: read.value.signature }) : undefined
      }
    },
    {
      name: 'answer', frames: [
        { v: 1, state: 'applied', application: someCid } as const,
        { v: 1, state: 'waiting', for: 'signatures', have: 1, want: 2 } as const,
        { v: 1, state: 'sign', body } as const,
        { v: 1, state: 'founded', charter: charter.envelope } as const,
        { v: 1, state: 'refused', code: 'closed' } as const
      ].map(encodeAnswer),
      decode: frame => {
        applicantStep(applied, frame)
        const read = decodeAnswer(frame)
        return read.ok ? encodeAnswer(read.value) : undefined
      }
    },
    {
      name: 'founding', frames: [opened, drafted.state, signed].map(encodeFounding),
      decode: frame => {
        const read = decodeFounding(frame)
        return read === undefined ? undefined : encodeFounding(read)
      }
    },
    {
      name: 'applicant', frames: [applicant, applied, bound].map(encodeApplicant),
      decode: frame => {
        const read = decodeApplicant(frame)
        return read === undefined ? undefined : encodeApplicant(read)
      }
    },
    {
      name: 'key', frames: [ada.root.publicKey],
      decode: frame => {
        const read = admitKey(frame)
        return read.ok ? read.value.bytes : undefined
      }
    }
  ]
}

function ticketText (envelope: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  const bits = [...envelope].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return `hanse1${groups.map(group => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')}`
}

describe(`identity: ${FRAMES} mutated frames a decoder (HANSE_SEED=${SEED})`, () => {
  const all = targets()
  for (const target of all) {
    it(`${target.name}: never throw, and what is accepted encodes to the same bytes`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const below = random(SEED ^ target.name.length)
      for (const frame of target.frames) assert.deepEqual(target.decode(frame), frame, 'the valid frame is accepted')
      let accepted = 0
      for (let at = 0; at < FRAMES; at++) {
        const frame = mutate(target, target.frames[below(target.frames.length)] ?? assert.fail(), below)
        let again: Uint8Array | undefined
        try {
          again = target.decode(frame)
        } catch (cause) {
          throw new Error(`HANSE_SEED=${SEED}, frame ${at}: threw on ${hex(frame)}`, { cause })
        }
        if (again !== undefined) accepted++
        assert.ok(again === undefined || equalBytes(again, frame), `HANSE_SEED=${SEED}, frame ${at}: encodes differently: ${hex(frame)}`)
      }
      assert.ok(accepted < FRAMES, 'nothing was refused: the mutator no longer mutates')
    })
  }
})
