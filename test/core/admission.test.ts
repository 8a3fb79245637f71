import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { encodeCanonical, equalBytes, utf8 } from '../../src/base/index.ts'
import {
  APPLICATIONS_MAX, candidateRequest, candidateStep, decodeAdmissionAnswer, decodeCandidate, decodeReception, encodeAdmissionAnswer, encodeCandidate,
  encodePresent, encodeReception, openReception, outstandingUntilMs, receptionStep, signAdmissionRequest, startCandidate, withTicket,
  type AdmissionAnswer, type Candidate, type CandidateOutcome, type Reception, type ReceptionContext, type ReceptionStep, type Standing
} from '../../src/core/admission/index.ts'
import { encodeTicket, type Ticket } from '../../src/core/identity/index.ts'
import { certificateOf, charterOf, cities, cityNamed, DAY_MS, FOUNDED_MS, someCid, valueOf, type City } from './identity.fixture.ts'

const [ada, ben, cyd] = cities(3) as [City, City, City]
const [dor, eli] = [cityNamed('Dor'), cityNamed('Eli')]
const charter = charterOf([ada, ben, cyd])
const NONCE = new Uint8Array(16).fill(1)
const PROPOSAL = new Uint8Array(32).fill(7)
const CHECKPOINT = utf8('where the ledger stands')
const NONE: Standing = { type: 'none' }
const MEMBER: Standing = { type: 'member' }
const introduced = { member: ada.did, transportKey: ada.transport.publicKey, addresses: ['/ip4/127.0.0.1/tcp/4001'] }

function ticketOf (changes: Partial<Parameters<typeof encodeTicket>[0]> = {}): Ticket {
  return encodeTicket({
    federation: charter.federation, name: 'Test Hanse', addresses: ['/ip4/127.0.0.1/tcp/4002'], expiresMs: FOUNDED_MS + DAY_MS, nonce: NONCE,
    founders: 0, ...changes
  }, ada.root)
}

const ticket = ticketOf()
const opened = withTicket(openReception(charter.federation), ticket, FOUNDED_MS)

function candidateOf (city: City, changes: Partial<Parameters<typeof startCandidate>[0]> = {}): Candidate {
  return startCandidate({
    ticket, name: city.name, certificate: certificateOf(city, charter.federation), consensusKey: city.consensus.publicKey,
    addresses: [`/dns4/${city.name.toLowerCase()}/tcp/4001`], ...changes
  }, city.root)
}

const applyOf = (city: City, changes: Partial<Parameters<typeof startCandidate>[0]> = {}): Uint8Array =>
  candidateRequest(candidateOf(city, changes), city.root)

function ask (state: Reception, request: Uint8Array, standing: Standing = NONE, changes: Partial<ReceptionContext> = {}): ReceptionStep {
  return receptionStep(state, request, {
    nowMs: FOUNDED_MS, standingOf: () => standing, memberOfTransport: () => undefined,
    welcome: () => ({ charter: charter.envelope, checkpoint: CHECKPOINT, members: [introduced] }), ...changes
  })
}

const answerOf = ({ answer }: ReceptionStep): AdmissionAnswer => valueOf(decodeAdmissionAnswer(answer))
const codeIn = (step: ReceptionStep): string => {
  const answer = answerOf(step)
  return answer.state === 'refused' ? answer.code : answer.state
}

describe('admission: from a ticket to membership', () => {
  it('hears an application, tells how it stands, and gives an admitted member what it begins with', () => {
    const applied = ask(opened, applyOf(dor))
    assert.ok(applied.isChanged)
    assert.equal(applied.certificate, undefined)
    const { state: asking, outcome } = candidateStep(candidateOf(dor), applied.answer)
    assert.equal(outcome.type, 'next')
    const request = candidateRequest(asking, dor.root)
    const told = (standing: Standing): CandidateOutcome => candidateStep(asking, ask(applied.state, request, standing).answer).outcome
    assert.deepEqual(told(NONE), { type: 'wait', isVoting: false })
    assert.deepEqual(told({ type: 'voting', proposal: PROPOSAL }), { type: 'wait', isVoting: true })
    assert.deepEqual(told({ type: 'rejected', proposal: PROPOSAL }), { type: 'rejected' })
    const admitted = told(MEMBER)
    assert.ok(admitted.type === 'admitted')
    assert.ok(admitted.charter.federation.equals(charter.federation))
    assert.deepEqual([admitted.checkpoint, admitted.members], [CHECKPOINT, [introduced]])
    assert.deepEqual(ask(applied.state, request, MEMBER).certificate, certificateOf(dor, charter.federation).envelope, 'so that it may connect')
    assert.equal(ask(applied.state, request, { type: 'voting', proposal: PROPOSAL }).certificate, undefined)
  })

  it('comes to the same with every message sent again, and restarts on both sides', () => {
    fc.assert(fc.property(fc.array(fc.nat(5), { minLength: 4, maxLength: 24 }), fc.nat(20), (choices, admittedAt) => {
      let state = opened
      let candidate = candidateOf(dor)
      let outcome: CandidateOutcome | undefined
      const turn = (choice: number, standing: Standing): void => {
        if (choice === 0) state = decodeReception(encodeReception(state)) ?? assert.fail('the inviter does not find its state again')
        if (choice === 1) candidate = decodeCandidate(encodeCandidate(candidate)) ?? assert.fail('the applicant does not find its state again')
        const request = candidateRequest(candidate, dor.root)
        const step = ask(state, request, standing)
        assert.deepEqual(ask(step.state, request, standing).answer, step.answer, 'the same answer again')
        state = step.state
        // Some answers are lost.
        if (choice === 2) return
        const next = candidateStep(candidate, step.answer)
        candidate = next.state
        outcome = next.outcome
      }
      for (const [at, choice] of choices.entries()) turn(choice, at < admittedAt ? NONE : MEMBER)
      turn(3, MEMBER)
      turn(3, MEMBER)
      assert.equal(outcome?.type, 'admitted')
      assert.equal(state.applications.length, 1)
    }), { numRuns: 50 })
  })

  it('takes an application anew that the inviter lost', () => {
    const applied = ask(opened, applyOf(dor))
    const { state: asking } = candidateStep(candidateOf(dor), applied.answer)
    const lost = ask(opened, candidateRequest(asking, dor.root))
    assert.equal(codeIn(lost), 'unknown-application')
    const again = candidateStep(asking, lost.answer)
    assert.equal(again.outcome.type, 'wait')
    assert.deepEqual(candidateRequest(again.state, dor.root), asking.apply)
    assert.equal(candidateStep({ ...asking, application: undefined }, lost.answer).outcome.type, 'refused', 'but does not send in circles')
  })

  it('keeps of each applicant the newest application', () => {
    const first = ask(opened, applyOf(dor)).state
    const second = ask(first, applyOf(dor, { addresses: ['/dns4/elsewhere/tcp/1'] })).state
    assert.deepEqual(second.applications.map(({ addresses }) => addresses), [['/dns4/elsewhere/tcp/1']])
  })

  it('needs no ticket for whom the members vote on or have admitted', () => {
    const bare = openReception(charter.federation)
    assert.equal(codeIn(ask(bare, applyOf(dor))), 'foreign-ticket')
    assert.equal(codeIn(ask(bare, applyOf(dor), { type: 'voting', proposal: PROPOSAL })), 'applied')
    const back = ask(bare, applyOf(dor), MEMBER)
    assert.equal(codeIn(back), 'applied')
    assert.deepEqual(back.certificate, certificateOf(dor, charter.federation).envelope)
  })

  it('refuses what does not belong, with a code, and changes nothing', () => {
    const one = ask(opened, applyOf(eli)).state
    const id = one.applications[0]?.id ?? assert.fail()
    const forged = { v: 1, kind: 'member-apply', federation: charter.federation, ticket: ticket.id, member: dor.did, name: 'D', addresses: [] } as const
    const rest = { certificate: certificateOf(dor, charter.federation).envelope, consensusKey: dor.consensus.publicKey }
    const askAs = (city: City, application = id): Uint8Array =>
      signAdmissionRequest({ v: 1, kind: 'member-ask', federation: charter.federation, application }, city.root).envelope
    const old = certificateOf(dor, charter.federation, { notAfterMs: FOUNDED_MS + 1_000 })
    const late = certificateOf(dor, charter.federation, { notBeforeMs: FOUNDED_MS + 2 * DAY_MS })
    const cases: readonly [request: Uint8Array, code: string, changes?: Partial<ReceptionContext>][] = [
      [utf8('noise'), 'malformed'],
      [new Uint8Array(20_000), 'malformed'],
      [signAdmissionRequest({ ...forged, ...rest, federation: someCid }, dor.root).envelope, 'federation'],
      [signAdmissionRequest({ ...forged, ...rest }, eli.root).envelope, 'signature'],
      [signAdmissionRequest({ ...forged, ...rest, ticket: someCid }, dor.root).envelope, 'foreign-ticket'],
      [applyOf(dor), 'expired', { nowMs: ticket.expiresMs + 1 }],
      [signAdmissionRequest({ ...forged, ...rest, certificate: certificateOf(eli, charter.federation).envelope }, dor.root).envelope, 'certificate'],
      [signAdmissionRequest({ ...forged, ...rest, certificate: certificateOf(dor, someCid).envelope }, dor.root).envelope, 'certificate'],
      [signAdmissionRequest({ ...forged, ...rest, certificate: utf8('none') }, dor.root).envelope, 'certificate'],
      [applyOf(dor, { certificate: late }), 'certificate'],
      [applyOf(dor, { certificate: old }), 'certificate', { nowMs: FOUNDED_MS + 1_001 }],
      [applyOf(dor, { consensusKey: new Uint8Array(32).fill(2) }), 'key'],
      [applyOf(dor, { consensusKey: dor.transport.publicKey }), 'key-taken'],
      [applyOf(dor, { consensusKey: dor.root.publicKey }), 'key-taken'],
      [applyOf(dor, { consensusKey: eli.consensus.publicKey }), 'key-taken'],
      [applyOf(dor, { certificate: certificateOf(dor, charter.federation, { transportKey: eli.transport.publicKey }) }), 'key-taken'],
      [applyOf(dor, { certificate: certificateOf(dor, charter.federation, { nodeKey: eli.consensus.publicKey }) }), 'key-taken'],
      [applyOf(dor), 'key-taken', { memberOfTransport: () => ben.did }],
      [askAs(eli, someCid), 'unknown-application'],
      [askAs(dor), 'signature']
    ]
    for (const [at, [request, code, changes]] of cases.entries()) {
      const step = ask(one, request, NONE, changes)
      assert.equal(codeIn(step), code, `case ${at}`)
      assert.equal(step.state, one)
      assert.equal(step.isChanged, false)
      assert.equal(step.certificate, undefined)
    }
    assert.equal(codeIn(ask(one, applyOf(dor), NONE, { memberOfTransport: () => dor.did })), 'applied', 'its own node is no other\'s')
  })

  it('keeps 64 open applications, and makes room where one is decided or forgotten', () => {
    let full = opened
    const applicants = Array.from({ length: APPLICATIONS_MAX }, (_, at) => cityNamed(`Applicant ${at}`))
    for (const city of applicants) full = ask(full, applyOf(city, { addresses: [] })).state
    assert.equal(full.applications.length, APPLICATIONS_MAX)
    assert.equal(codeIn(ask(full, applyOf(dor))), 'full')
    assert.equal(codeIn(ask(full, applyOf(applicants[3] ?? dor, { addresses: ['/dns4/new/tcp/1'] }))), 'applied', 'one of them applies anew')
    const decided = ask(full, applyOf(dor), NONE, { standingOf: did => did === applicants[5]?.did ? { type: 'rejected', proposal: PROPOSAL } : NONE })
    assert.equal(codeIn(decided), 'applied')
    assert.equal(decided.state.applications.length, APPLICATIONS_MAX)
    assert.ok(!decided.state.applications.some(({ member }) => member === applicants[5]?.did))
    const later = FOUNDED_MS + 31 * DAY_MS
    const renewed = withTicket(full, ticketOf({ expiresMs: later + 1 }), later)
    assert.deepEqual(renewed.tickets.length, 1, 'the ticket that is past goes')
    assert.equal(codeIn(ask(renewed, applyOf(dor, { ticket: renewed.tickets[0] ?? ticket }), NONE, { nowMs: later })), 'applied')
    assert.ok(encodeReception(full).length < 100_000)
    assert.deepEqual(decodeReception(encodeReception(full)), full)
  })

  it('says until when somebody may come', () => {
    assert.equal(outstandingUntilMs(openReception(charter.federation)), 0)
    assert.equal(outstandingUntilMs(opened), ticket.expiresMs)
    assert.equal(outstandingUntilMs(ask(opened, applyOf(dor)).state), FOUNDED_MS + 30 * DAY_MS)
  })

  it('takes a new certificate of a member, and of nobody else', () => {
    const shown = (envelope: Uint8Array, standing: Standing, nowMs = FOUNDED_MS): readonly [string, boolean] => {
      const step = ask(opened, encodePresent(charter.federation, envelope), standing, { nowMs })
      return [codeIn(step), step.certificate !== undefined && equalBytes(step.certificate, envelope)]
    }
    const { envelope, notAfterMs } = certificateOf(ben, charter.federation)
    assert.deepEqual(shown(envelope, MEMBER), ['known', true])
    assert.deepEqual(shown(envelope, NONE), ['unknown', false])
    assert.deepEqual(shown(envelope, MEMBER, notAfterMs + 1), ['unknown', false])
    assert.deepEqual(shown(certificateOf(ben, someCid).envelope, MEMBER), ['unknown', false])
    assert.deepEqual(shown(envelope.with(300, 0), MEMBER), ['unknown', false])
    assert.equal(codeIn(ask(opened, encodePresent(someCid, envelope), MEMBER)), 'federation')
  })

  it('trusts no charter but the one of its ticket, and no answer that is none', () => {
    const candidate = candidateOf(dor)
    const told = (answer: AdmissionAnswer): CandidateOutcome => candidateStep(candidate, encodeAdmissionAnswer(answer)).outcome
    const other = charterOf([ada, ben], 'Other Hanse')
    assert.deepEqual(told({ v: 1, state: 'admitted', charter: other.envelope, checkpoint: null, members: [] }), { type: 'distrust', code: 'charter' })
    assert.deepEqual(told({ v: 1, state: 'admitted', charter: utf8('none'), checkpoint: null, members: [] }), { type: 'distrust', code: 'charter' })
    const applied = candidateStep(candidate, encodeAdmissionAnswer({ v: 1, state: 'applied', application: someCid }))
    const circle = candidateStep(applied.state, encodeAdmissionAnswer({ v: 1, state: 'applied', application: someCid }))
    assert.deepEqual(circle, { state: applied.state, outcome: { type: 'wait', isVoting: false } }, 'nor is it sent in circles')
    assert.deepEqual(told({ v: 1, state: 'known' }), { type: 'distrust', code: 'malformed' })
    assert.deepEqual(candidateStep(candidate, utf8('noise')).outcome, { type: 'distrust', code: 'malformed' })
    assert.deepEqual(candidateStep(candidate, encodeCanonical({ v: 2, state: 'pending' })).outcome, { type: 'distrust', code: 'malformed' })
  })

  it('finds no state again that belongs to another ticket or federation', () => {
    const candidate = candidateOf(dor)
    assert.deepEqual(decodeCandidate(encodeCandidate(candidate)), candidate)
    assert.equal(decodeCandidate(encodeCandidate({ ...candidate, ticket: ticketOf({ nonce: NONCE.with(0, 2) }) })), undefined)
    assert.equal(decodeCandidate(encodeCandidate({ ...candidate, apply: candidateRequest({ ...candidate, application: someCid }, dor.root) })), undefined)
    const founding = encodeTicket({ federation: null, name: 'T', addresses: [], expiresMs: FOUNDED_MS, nonce: NONCE, founders: 2 }, ada.root)
    assert.throws(() => candidateOf(dor, { ticket: founding }), { code: 'assertion' })
    assert.throws(() => candidateOf(dor, { certificate: certificateOf(dor, someCid) }), { code: 'assertion' })
  })
})
