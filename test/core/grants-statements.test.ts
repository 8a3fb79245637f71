import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { getRes0Cells, cellToChildren, isValidCell, latLngToCell } from 'h3-js'
import { cidOf, encodeCanonical, hex, utf8, type Value } from '../../src/base/index.ts'
import {
  admitAgreementRevocation, admitEmergency, admitEmergencyEnd, admitErasureNotice, admitReceipt, agreementRevocationBody, AGREEMENT_REVOCATION_CODES,
  decodeAgreementRevocation, decodeEmergency, decodeErasureNotice, decodeReceipt, EMERGENCY_CELLS_MAX, EMERGENCY_LIFETIME_MS_MAX, emergencyBody,
  emergencyEndBody, ERASURE_RANGES_MAX, erasureNoticeBody, isWithin, rangesOf, receiptBody,
  type AgreementRevocationFields, type EmergencyFields, type ErasureNoticeFields, type PartiesOf, type ReceiptFields
} from '../../src/core/grants/index.ts'
import { decodeRevocation, signStatement } from '../../src/core/identity/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { framesOf, FRAMES_TIMEOUT_MS } from '../support/fuzz.ts'
import { ada, ben, cyd, declarationOf, membership, NOW_MS, speaker } from './feed.fixture.ts'
import { CELLS, grantsCodecs, statementWith } from './grants-codecs.fixture.ts'
import { certificateOf, cityNamed, codeOf, DAY_MS, valueOf, type City } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const federation = membership.federation
const hearing = { federation, speaker }
const agreementId = 'urn:uuid:0d6a1c9e-8a3f-4f0e-9b4b-3f1d2a5c7e10'
const otherId = cidOf('dagCbor', utf8('another statement'))
const partiesOf: PartiesOf = id => id === agreementId ? { provider: ada.did, consumer: ben.did } : undefined

function saidBy (city: City, body: Uint8Array): Uint8Array {
  return signStatement(body, certificateOf(city, federation).id, city.node).envelope
}

/** The code of a body with other fields than a good one. */
function codeWith (
  decode: (statement: ReturnType<typeof statementWith>) => Parameters<typeof codeOf>[0], kind: string, fields: object, changes: { readonly [key: string]: Value }
): string {
  return codeOf(decode(statementWith(encodeCanonical({ v: 1, kind, ...fields, ...changes }))))
}

describe('grants: the end of an agreement', () => {
  const fields: AgreementRevocationFields = { federation, agreementId, effectiveMs: NOW_MS + DAY_MS, code: 'breach', timeMs: NOW_MS }
  const body = agreementRevocationBody(fields)

  it('is said by either side, and by nobody else', () => {
    const admitted = (city: City): ReturnType<typeof admitAgreementRevocation> => admitAgreementRevocation(saidBy(city, body), hearing, partiesOf)
    assert.equal(valueOf(admitted(ada)).by, 'provider')
    assert.equal(valueOf(admitted(ben)).by, 'consumer')
    assert.equal(valueOf(admitted(ada)).revocation.effectiveMs, NOW_MS + DAY_MS)
    assert.equal(codeOf(admitted(cyd)), 'not-theirs')
    assert.equal(codeOf(admitted(cityNamed('Stranger'))), 'unknown-certificate')
    assert.equal(codeOf(admitAgreementRevocation(saidBy(ada, body), hearing, () => undefined)), 'unknown-agreement')
    assert.equal(codeOf(admitAgreementRevocation(saidBy(ada, agreementRevocationBody({ ...fields, federation: otherId })), hearing, partiesOf)), 'federation')
  })

  it('keeps each code in its place, because the ledger knows it by number', () => {
    assert.deepEqual(AGREEMENT_REVOCATION_CODES, ['ended', 'retired', 'breach', 'unconfirmed', 'compromised', 'order'])
  })

  it('refuses words of people, and is not taken for the end of a certificate', () => {
    for (const wrong of [{ code: 'they are rude' }, { agreementId: 'urn:uuid:1' }, { note: 'x' }, { effectiveMs: -1 }, { kind: 'erasure' }]) {
      assert.equal(codeWith(decodeAgreementRevocation, 'revocation', fields, wrong), 'schema', JSON.stringify(wrong))
    }
    assert.ok(!decodeRevocation(saidBy(ada, body)).ok)
    assert.throws(() => agreementRevocationBody({ ...fields, agreementId: 'urn:uuid:1' }), { code: 'assertion' })
  })
})

describe('grants: erasure notices', () => {
  const declaration = declarationOf(ada, { class: 'restricted' })
  const fields: ErasureNoticeFields = {
    federation, feed: declaration.id, scope: { records: [[3, 3], [7, 20]] }, basis: 'request', timeMs: NOW_MS, deadlineMs: NOW_MS + DAY_MS
  }
  const declared = (feed: typeof declaration.id): typeof declaration | undefined => feed.equals(declaration.id) ? declaration : undefined

  it('is the word of the publisher of the feed alone', () => {
    const body = erasureNoticeBody(fields)
    assert.deepEqual(valueOf(admitErasureNotice(saidBy(ada, body), hearing, declared)).scope, fields.scope)
    assert.equal(codeOf(admitErasureNotice(saidBy(ben, body), hearing, declared)), 'not-theirs')
    assert.equal(codeOf(admitErasureNotice(saidBy(ada, erasureNoticeBody({ ...fields, feed: otherId })), hearing, declared)), 'unknown-feed')
  })

  it('names epochs, segments or records, as the fewest ranges in order', () => {
    for (const scope of [{ epochs: [[1, 1]] }, { segments: [[0, 0], [2, 9]] }, { records: [[0, 2 ** 53 - 1]] }]) {
      assert.equal(codeWith(decodeErasureNotice, 'erasure', fields, { scope }), 'ok', JSON.stringify(scope))
    }
    const wrong: readonly Value[] = [
      { epochs: [[0, 1]] }, { epochs: [[1, 2 ** 32]] }, { segments: [] }, { segments: [[2, 1]] }, { records: [[0, 1], [2, 3]] }, { records: [[4, 5], [0, 1]] },
      { records: [[0, 3], [3, 5]] }, { records: [[1]] }, { epochs: [[1, 1]], segments: [[1, 1]] }, {}, [[1, 1]], null,
      { records: Array.from({ length: ERASURE_RANGES_MAX + 1 }, (_, at) => [2 * at, 2 * at]) }
    ]
    for (const scope of wrong) assert.equal(codeWith(decodeErasureNotice, 'erasure', fields, { scope }), 'schema', JSON.stringify(scope))
  })

  it('gives a deadline that is not past already, and a reason by code', () => {
    assert.equal(codeWith(decodeErasureNotice, 'erasure', fields, { deadlineMs: NOW_MS }), 'ok')
    for (const wrong of [{ deadlineMs: NOW_MS - 1 }, { basis: 'because' }]) assert.equal(codeWith(decodeErasureNotice, 'erasure', fields, wrong), 'schema')
  })

  it('has room for as many ranges as it may name', () => {
    const records = Array.from({ length: ERASURE_RANGES_MAX }, (_, at): [number, number] => [2 ** 53 - 5_000 + 2 * at, 2 ** 53 - 5_000 + 2 * at])
    assert.ok(admitErasureNotice(saidBy(ada, erasureNoticeBody({ ...fields, scope: { records } })), hearing, declared).ok)
  })

  it('makes of any numbers ranges that hold exactly these', () => {
    fc.assert(fc.property(fc.array(fc.nat(60)), numbers => {
      const ranges = rangesOf(numbers)
      const within = Array.from({ length: 70 }, (_, at) => at).filter(at => isWithin(ranges, at))
      assert.deepEqual(within, [...new Set(numbers)].toSorted((a, b) => a - b))
      if (numbers.length > 0) assert.equal(codeWith(decodeErasureNotice, 'erasure', fields, { scope: { records: ranges } }), 'ok')
    }))
  })
})

describe('grants: receipts', () => {
  const deleted: Extract<ReceiptFields, { act: 'deleted' }> = {
    federation, act: 'deleted', agreementId, datasetId: 'traffic', feed: declarationOf(ada).id, segments: { first: 2, last: 9, root: new Uint8Array(32) },
    epochs: [1, 3], method: 'both', notice: null, backupsUntilMs: NOW_MS + 7 * DAY_MS, timeMs: NOW_MS
  }

  it('is the word of the consumer under an agreement, and of any holder without one', () => {
    const body = receiptBody(deleted)
    assert.equal(valueOf(admitReceipt(saidBy(ben, body), hearing, partiesOf)).by, ben.did)
    for (const other of [ada, cyd]) assert.equal(codeOf(admitReceipt(saidBy(other, body), hearing, partiesOf)), 'not-theirs')
    assert.equal(codeOf(admitReceipt(saidBy(ben, body), hearing, () => undefined)), 'unknown-agreement')
    assert.equal(valueOf(admitReceipt(saidBy(cyd, receiptBody({ ...deleted, agreementId: null })), hearing, partiesOf)).by, cyd.did)
    assert.equal(codeOf(admitReceipt(saidBy(cityNamed('Stranger'), body), hearing, partiesOf)), 'unknown-certificate')
  })

  it('has for each act the fields of that act alone', () => {
    assert.equal(codeWith(decodeReceipt, 'receipt', deleted, {}), 'ok')
    const wrong: readonly { readonly [key: string]: Value }[] = [
      { act: 'received' }, { act: 'burnt' }, { method: 'shredded' }, { epochs: [3, 1] }, { epochs: [0, 1] }, { segments: { first: 9, last: 2, root: new Uint8Array(32) } },
      { segments: { first: 1, last: 2 } }, { notice: cidOf('raw', utf8('x')) }, { more: null }
    ]
    for (const change of wrong) assert.equal(codeWith(decodeReceipt, 'receipt', deleted, change), 'schema', JSON.stringify(change))
    const { notice: _notice, ...absent } = deleted
    assert.equal(codeWith(decodeReceipt, 'receipt', absent, {}), 'schema', 'null, never absent')
    const reported = { federation, act: 'reported-use', agreementId: null, datasetId: 'a', purpose: 'urn:x', fromMs: 0, untilMs: 1, requests: 0, records: 0, timeMs: 0 }
    assert.equal(codeWith(decodeReceipt, 'receipt', reported, {}), 'schema', 'use is reported under an agreement')
    assert.equal(codeWith(decodeReceipt, 'receipt', reported, { agreementId }), 'ok')
  })
})

describe('grants: emergencies', () => {
  const fields: EmergencyFields = {
    federation, id: 'rhine-2026-11', kinds: ['fire', 'flood'], area: [...CELLS].toSorted(), declaredAtMs: NOW_MS, expiresAtMs: NOW_MS + DAY_MS, supersedes: null
  }
  const codeOfArea = (area: readonly string[]): string => codeWith(decodeEmergency, 'emergency', fields, { area })

  it('is declared by any member, and withdrawn by the one that declared it', () => {
    const { emergency, declaredBy } = valueOf(admitEmergency(saidBy(cyd, emergencyBody(fields)), hearing))
    assert.equal(declaredBy, cyd.did)
    assert.deepEqual([emergency.id, emergency.kinds], ['rhine-2026-11', ['fire', 'flood']])
    assert.equal(codeOf(admitEmergency(saidBy(cityNamed('Stranger'), emergencyBody(fields)), hearing)), 'unknown-certificate')
    const { id } = emergency.statement
    const end = emergencyEndBody({ federation, emergency: id, timeMs: NOW_MS + 1 })
    const declarerOf = (of: typeof id): string | undefined => of.equals(id) ? cyd.did : undefined
    assert.deepEqual(valueOf(admitEmergencyEnd(saidBy(cyd, end), hearing, declarerOf)).emergency, id)
    assert.equal(codeOf(admitEmergencyEnd(saidBy(ada, end), hearing, declarerOf)), 'not-theirs')
    assert.equal(codeOf(admitEmergencyEnd(saidBy(cyd, emergencyEndBody({ federation, emergency: otherId, timeMs: 0 })), hearing, declarerOf)), 'outside')
    assert.equal(codeOf(admitEmergencyEnd(saidBy(cyd, emergencyEndBody({ federation, emergency: otherId, timeMs: NOW_MS })), hearing, declarerOf)), 'unknown-emergency')
  })

  it('lasts 72 hours at most, and not less than an instant', () => {
    const codeUntil = (expiresAtMs: number): string => codeWith(decodeEmergency, 'emergency', fields, { expiresAtMs })
    assert.equal(codeUntil(NOW_MS + EMERGENCY_LIFETIME_MS_MAX), 'ok')
    assert.equal(codeUntil(NOW_MS + 1), 'ok')
    for (const wrong of [NOW_MS + EMERGENCY_LIFETIME_MS_MAX + 1, NOW_MS, NOW_MS - 1]) assert.equal(codeUntil(wrong), 'schema')
  })

  it('names kinds and cells in order and once each, and an incident without words', () => {
    const wrong: readonly { readonly [key: string]: Value }[] = [
      { kinds: [] }, { kinds: ['flood', 'fire'] }, { kinds: ['fire', 'fire'] }, { kinds: ['war'] }, { area: [] }, { area: [...fields.area].toReversed() },
      { area: [CELLS[0] ?? '', CELLS[0] ?? ''] }, { id: 'The big one' }, { id: '' }, { supersedes: cidOf('raw', utf8('x')) }, { v: 2 }
    ]
    for (const change of wrong) assert.equal(codeWith(decodeEmergency, 'emergency', fields, change), 'schema', JSON.stringify(change))
  })

  it('takes exactly the cells that H3 knows, of resolution 5 to 9', () => {
    fc.assert(fc.property(fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -180, max: 180, noNaN: true }), fc.nat(15), (latitude, longitude, resolution) => {
      const cell = latLngToCell(latitude, longitude, resolution)
      assert.equal(codeOfArea([cell]), resolution >= 5 && resolution <= 9 ? 'ok' : 'schema', cell)
    }))
    const seed = 20_261_207
    const random = randomFrom(seed)
    for (let i = 0; i < 20_000; i++) {
      const cell = CELLS[i % CELLS.length] ?? ''
      const at = Math.floor(random() * 15)
      const changed = cell.slice(0, at) + '0123456789abcdef'.charAt(Math.floor(random() * 16)) + cell.slice(at + 1)
      const resolution = Number.parseInt(changed.charAt(1), 16)
      const expected = changed.startsWith('8') && isValidCell(changed) && resolution >= 5 && resolution <= 9
      assert.equal(codeOfArea([changed]), expected ? 'ok' : 'schema', `seed ${seed}: ${changed}`)
    }
    // Around the poles of the grid: twelve base cells are pentagons and lack one child each.
    for (const base of getRes0Cells()) {
      const [child = ''] = cellToChildren(base, 5)
      assert.equal(codeOfArea([child]), 'ok', child)
      const deleted = (BigInt(`0x${child}`) | 1n << 42n).toString(16)
      assert.equal(codeOfArea([deleted]), isValidCell(deleted) ? 'ok' : 'schema', deleted)
    }
    for (const wrong of ['', '8928308280FFFFF', '08928308280fffff', '8928308280ffff', ' 8928308280fffff']) assert.equal(codeOfArea([wrong]), 'schema', wrong)
  })

  it('has room for as many cells as it may name', () => {
    const area = cellToChildren(CELLS[0] ?? '', 9).slice(0, EMERGENCY_CELLS_MAX).toSorted()
    const more = cellToChildren(CELLS[0] ?? '', 9).slice(0, EMERGENCY_CELLS_MAX + 1).toSorted()
    assert.equal(area.length, EMERGENCY_CELLS_MAX)
    assert.ok(admitEmergency(saidBy(ada, emergencyBody({ ...fields, area })), hearing).ok)
    assert.equal(codeOfArea(more), 'schema')
  })
})

describe('grants: every statement', () => {
  for (const [name, { example, again, assertRoundTrip }] of Object.entries(grantsCodecs)) {
    it(`reads back what it wrote: ${name}`, () => {
      const random = randomFrom(20_261_208)
      for (let i = 0; i < 300; i++) assertRoundTrip(random)
    })

    it(`survives mutated bodies, and writes what it reads of them into the same bytes: ${name}`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const seed = 20_261_209
      const random = randomFrom(seed)
      let frame = example(random)
      for (let i = 0; i < framesOf(2_000); i++) {
        if (i % 16 === 0) frame = example(random)
        const mutant = mutated(frame, random)
        const read = again?.(mutant)
        if (read !== undefined) assert.deepEqual(hex(read), hex(mutant), `seed ${seed}, mutant ${i}`)
      }
    })
  }

  it('survives mutated envelopes, and hears none of them', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_210
    const random = randomFrom(seed)
    const fields: EmergencyFields = {
      federation, id: 'a', kinds: ['fire'], area: [CELLS[0] ?? ''], declaredAtMs: NOW_MS, expiresAtMs: NOW_MS + 1, supersedes: null
    }
    const envelope = saidBy(ada, emergencyBody(fields))
    for (let i = 0; i < framesOf(2_000); i++) assert.ok(!admitEmergency(mutated(envelope, random), hearing).ok, `seed ${seed}, mutant ${i}`)
  })
})
