import { strict as assert } from 'node:assert'
import { cidOf, encodeCanonical, type CID, type CodecFailure, type Result } from '../../src/base/index.ts'
import {
  agreementRevocationBody, AGREEMENT_REVOCATION_CODES, decodeAgreementRevocation, decodeEmergency, decodeEmergencyEnd, decodeErasureNotice,
  decodeGrant, decodeReceipt, EMERGENCY_KINDS, EMERGENCY_LIFETIME_MS_MAX, emergencyBody, emergencyEndBody, ERASURE_BASES, erasureNoticeBody,
  makeGrant, rangesOf, receiptBody,
  type AgreementRevocationFields, type EmergencyEndFields, type EmergencyFields, type ErasureNoticeFields, type GrantSubject, type ReceiptFields, type Span
} from '../../src/core/grants/index.ts'
import { didOfKey, encryptionKeyOfSeed, type Statement } from '../../src/core/identity/index.ts'
import { EPOCH_MAX } from '../../src/core/sealing/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { listOf, pick, someUint, type CodecCase, type Random } from './codecs.fixture.ts'
import { valueOf } from './identity.fixture.ts'

export const CELLS: readonly string[] = ['85283473fffffff', '8928308280fffff', '87283472bffffff', '86283472fffffff']

const someStatementId = (random: Random): CID => cidOf('dagCbor', randomBytes(random, 8))
const someSpan = (random: Random, min = 0, max = 2 ** 48): Span => {
  const from = Math.max(min, someUint(random, max))
  return [from, Math.min(max, from + someUint(random, 5))]
}

function someAgreementId (random: Random): string {
  const hexOf = (size: number): string => Buffer.from(randomBytes(random, size)).toString('hex')
  return `urn:uuid:${hexOf(4)}-${hexOf(2)}-4${hexOf(2).slice(1)}-${pick(random, ['8', '9', 'a', 'b'])}${hexOf(2).slice(1)}-${hexOf(6)}`
}

function someSubject (random: Random): GrantSubject {
  return {
    federation: someStatementId(random), publisher: didOfKey(randomBytes(random, 32)), consumer: didOfKey(randomBytes(random, 32)),
    datasetId: pick(random, ['traffic', 'a', 'waste-2026']), class: pick(random, ['restricted', 'restricted:plates'] as const),
    agreementId: someAgreementId(random)
  }
}

function someGrant (random: Random): Uint8Array {
  const first = 1 + someUint(random, EPOCH_MAX - 10)
  const keys = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => ({ epoch: first + at, key: randomBytes(random, 32) }))
  return valueOf(makeGrant({
    subject: someSubject(random), keys, recipientKey: encryptionKeyOfSeed(randomBytes(random, 32)), ephemeralSecret: randomBytes(random, 32),
    timeMs: someUint(random)
  }))
}

function someRevocation (random: Random): AgreementRevocationFields {
  return {
    federation: someStatementId(random), agreementId: someAgreementId(random), effectiveMs: someUint(random),
    code: pick(random, AGREEMENT_REVOCATION_CODES), timeMs: someUint(random)
  }
}

function someNotice (random: Random): ErasureNoticeFields {
  const ranges = (min: number, max: number): readonly Span[] => rangesOf([min, ...listOf(random, 4, () => Math.max(min, someUint(random, max)))])
  const timeMs = someUint(random)
  return {
    federation: someStatementId(random), feed: someStatementId(random), basis: pick(random, ERASURE_BASES), timeMs, deadlineMs: timeMs + someUint(random),
    scope: pick(random, [() => ({ epochs: ranges(1, EPOCH_MAX) }), () => ({ segments: ranges(0, 2 ** 48) }), () => ({ records: ranges(0, 2 ** 48) })])()
  }
}

function someReceipt (random: Random): ReceiptFields {
  const base = { federation: someStatementId(random), datasetId: 'traffic', timeMs: someUint(random) }
  const agreementId = someAgreementId(random)
  const maybe = <T>(make: () => T): T | null => random() < 0.5 ? null : make()
  const [first, last] = someSpan(random)
  const from = { feed: someStatementId(random), segments: { first, last, root: randomBytes(random, 32) } }
  return pick<() => ReceiptFields>(random, [
    () => ({
      ...base, ...from, act: 'deleted', agreementId: maybe(() => agreementId), epochs: maybe(() => someSpan(random, 1, EPOCH_MAX)),
      method: pick(random, ['key-destroyed', 'unlinked', 'both']), notice: maybe(() => someStatementId(random)), backupsUntilMs: maybe(() => someUint(random))
    }),
    () => ({ ...base, ...from, act: 'received', agreementId: maybe(() => agreementId) }),
    () => ({ ...base, ...from, act: 'summarised', agreementId, derivedDatasetId: 'hourly', recipe: someStatementId(random), minGroupSize: 1 + someUint(random, 1_000) }),
    () => ({
      ...base, act: 'reported-use', agreementId, purpose: 'urn:hanse:purpose:1:waste.collection', fromMs: someUint(random), untilMs: someUint(random),
      requests: someUint(random), records: someUint(random)
    }),
    () => ({ ...base, act: 'published', agreementId, publication: cidOf(pick(random, ['raw', 'dagPb', 'dagCbor']), randomBytes(random, 8)) })
  ])()
}

function someEmergency (random: Random): EmergencyFields {
  const declaredAtMs = someUint(random)
  const some = <T extends string>(from: readonly T[]): readonly T[] => [...new Set([pick(random, from), ...listOf(random, 3, () => pick(random, from))])].toSorted()
  return {
    federation: someStatementId(random), id: 'rhine-2026-11', kinds: some(EMERGENCY_KINDS), area: some(CELLS), declaredAtMs,
    expiresAtMs: declaredAtMs + 1 + someUint(random, EMERGENCY_LIFETIME_MS_MAX - 1), supersedes: random() < 0.5 ? null : someStatementId(random)
  }
}

function someEnd (random: Random): EmergencyEndFields {
  return { federation: someStatementId(random), emergency: someStatementId(random), timeMs: someUint(random) }
}

/** A statement with this body. Nobody signed it: decoding does not look. */
export function statementWith (body: Uint8Array): Statement {
  return { envelope: body, id: cidOf('dagCbor', body), body, certificate: cidOf('dagCbor', body), signature: new Uint8Array(64) }
}

function bodyCase<F extends object> (
  write: (fields: F) => Uint8Array, decode: (statement: Statement) => Result<F & { readonly statement: Statement }, CodecFailure>, some: (random: Random) => F
): CodecCase {
  return {
    example: random => write(some(random)),
    again: body => {
      const decoded = decode(statementWith(body))
      return decoded.ok ? write(decoded.value) : undefined
    },
    assertRoundTrip: random => {
      const fields = some(random)
      const { statement: _statement, ...read } = valueOf(decode(statementWith(write(fields))))
      assert.deepEqual(read, fields)
    }
  }
}

/** Bodies of all statements of core/grants. */
export const grantsCodecs: Readonly<Record<string, CodecCase>> = {
  'grant': {
    example: someGrant,
    again: body => {
      const decoded = decodeGrant(statementWith(body))
      if (!decoded.ok) return undefined
      const { statement: _statement, ...fields } = decoded.value
      return encodeCanonical({ v: 1, kind: 'grant', ...fields })
    },
    assertRoundTrip: random => { assert.ok(decodeGrant(statementWith(someGrant(random))).ok) }
  },
  'agreement revocation': bodyCase(agreementRevocationBody, decodeAgreementRevocation, someRevocation),
  'erasure notice': bodyCase(erasureNoticeBody, decodeErasureNotice, someNotice),
  'receipt': bodyCase<ReceiptFields>(receiptBody, decodeReceipt, someReceipt),
  'emergency': bodyCase(emergencyBody, decodeEmergency, someEmergency),
  'emergency end': bodyCase(emergencyEndBody, decodeEmergencyEnd, someEnd)
}
