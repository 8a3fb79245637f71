import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { encodeCanonical, utf8 } from '../../src/base/index.ts'
import {
  applicantRequest, applicantStep, charterSignature, checkHello, decodeAnswer, decodeApplicant, decodeFounding, decodeTicket, draftCharter,
  encodeAnswer, encodeApplicant, encodeFounding, encodeHello, encodeTicket, foundingStep, INSTANCE_SIZE_BYTES, peerIdOfKey, revocationBody,
  revocationSignature, RULES, sealRevocation, signRequest, startApplicant, startFounding,
  type Applicant, type ApplicantOutcome, type Charter, type CharterFields, type Founding, type FoundingStep, type Membership, type Ticket
} from '../../src/core/identity/index.ts'
import { certificateOf, cities, cityNamed, codeOf, DAY_MS, federationOf, FOUNDED_MS, nodeOf, someCid, valueOf, type City } from './identity.fixture.ts'

const NONCE = new Uint8Array(16).fill(1)
const ADDRESSES = ['/ip4/192.168.1.5/tcp/4001']
const [ada, ben, cyd] = cities(3) as [City, City, City]
const stranger = cityNamed('Stranger')

function ticketFor (founders: number, changes: Partial<Parameters<typeof encodeTicket>[0]> = {}, inviter = ada): Ticket {
  return encodeTicket({
    federation: null, name: 'Test Hanse', addresses: ADDRESSES, expiresMs: FOUNDED_MS + DAY_MS, nonce: NONCE, founders, ...changes
  }, inviter.root)
}

describe('identity: hello', () => {
  const held = federationOf([ada, ben])
  const peerId = peerIdOfKey(ada.transport.publicKey)
  const certificate = certificateOf(ada, held.federation)
  const hello = (envelope: Uint8Array, federation = held.federation): Uint8Array => encodeHello({
    federation, certificate: envelope, protocols: { '/hanse/sync/1': 0 }, features: [], epoch: 0, height: 0,
    instance: new Uint8Array(INSTANCE_SIZE_BYTES).fill(9)
  })
  const check = (message: Uint8Array, nowMs = FOUNDED_MS, membership: Membership = held, from = peerId): string =>
    codeOf(checkHello(membership, from, message, nowMs))

  it('welcomes a member, also with a certificate and transport key not seen before', () => {
    const judged = valueOf(checkHello(held, peerId, hello(certificate.envelope), FOUNDED_MS))
    assert.equal(judged.member, ada.did)
    assert.deepEqual(judged.instance, new Uint8Array(16).fill(9))
    const box = cityNamed('box')
    const renewed = certificateOf(ada, held.federation, { nodeKey: box.node.publicKey, transportKey: box.transport.publicKey })
    assert.equal(check(hello(renewed.envelope), FOUNDED_MS, held, peerIdOfKey(box.transport.publicKey)), 'ok')
  })

  it('gives a wrong clock 24 hours and no more', () => {
    const expiredMs = certificate.notAfterMs + DAY_MS
    assert.equal(check(hello(certificate.envelope), expiredMs), 'ok')
    assert.equal(check(hello(certificate.envelope), expiredMs + 1), 'expired')
    const late = certificateOf(ada, held.federation, { notBeforeMs: FOUNDED_MS + DAY_MS + 1, notAfterMs: FOUNDED_MS + 3 * DAY_MS })
    assert.equal(check(hello(late.envelope)), 'certificate')
  })

  it('refuses other federations, strangers, borrowed and damaged certificates, and noise', () => {
    assert.equal(check(hello(certificate.envelope, someCid)), 'federation')
    assert.equal(check(hello(certificateOf(ada, someCid).envelope)), 'certificate')
    assert.equal(check(hello(certificateOf(stranger, held.federation).envelope)), 'certificate')
    assert.equal(check(hello(certificate.envelope), FOUNDED_MS, held, peerIdOfKey(ben.transport.publicKey)), 'certificate')
    assert.equal(check(hello(certificate.envelope.with(300, 0))), 'certificate')
    const squat = certificateOf(ben, held.federation, { transportKey: ada.transport.publicKey })
    assert.equal(check(hello(squat.envelope)), 'certificate')
    for (const noise of [new Uint8Array(0), utf8('hello'), encodeCanonical({}), new Uint8Array(9000)]) assert.equal(check(noise), 'malformed')
  })

  it('takes at most 32 protocols', () => {
    const many = (count: number): Uint8Array => encodeHello({
      federation: held.federation, certificate: certificate.envelope, features: [], epoch: 0, height: 0, instance: new Uint8Array(16),
      protocols: Object.fromEntries(Array.from({ length: count }, (_, at) => [`/p/${at}`, 0]))
    })
    assert.equal(check(many(32)), 'ok')
    assert.equal(check(many(33)), 'malformed')
  })

  it('refuses a revoked member and a revoked certificate, whichever of them was known first', () => {
    const revoke = (id: typeof certificate.id | null): Membership => {
      const body = revocationBody({ federation: held.federation, member: ada.did, certificate: id, timeMs: FOUNDED_MS })
      return valueOf(held.withRevocation(sealRevocation(body, [revocationSignature(body, ada.root)])))
    }
    assert.equal(check(hello(certificate.envelope), FOUNDED_MS, revoke(null)), 'revoked')
    assert.equal(check(hello(certificate.envelope), FOUNDED_MS, revoke(certificate.id)), 'revoked')
    const unseen = certificateOf(ada, held.federation, { transportKey: cityNamed('box').transport.publicKey })
    assert.equal(
      check(hello(unseen.envelope), FOUNDED_MS, revoke(unseen.id), peerIdOfKey(cityNamed('box').transport.publicKey)), 'revoked'
    )
  })
})

describe('identity: ticket', () => {
  const ticket = ticketFor(3)

  it('is one short string that survives mail and capitals', () => {
    assert.match(ticket.text, /^hanse1[a-z2-7]+$/)
    assert.ok(ticket.text.length < 700, `${ticket.text.length} characters`)
    const forms = [ticket.text, ticket.text.toUpperCase(), `  ${ticket.text.replaceAll(/.{60}/g, '$&\r\n')}\n`]
    for (const form of forms) assert.deepEqual(valueOf(decodeTicket(form, FOUNDED_MS)), ticket)
  })

  it('invites to a federation that exists, too', () => {
    const member = ticketFor(0, { federation: someCid })
    assert.equal(valueOf(decodeTicket(member.text, FOUNDED_MS)).role, 'member')
    assert.throws(() => ticketFor(3, { federation: someCid }), { code: 'assertion' })
    assert.throws(() => ticketFor(0), { code: 'assertion' })
    assert.throws(() => ticketFor(32), { code: 'assertion' })
  })

  it('tells what is no ticket, what was damaged and what is too old', () => {
    const code = (text: string, nowMs = FOUNDED_MS): string => codeOf(decodeTicket(text, nowMs))
    for (const other of ['', 'hanse', 'https://example.org', ticket.text.slice(1), 'x'.repeat(100_000)]) {
      assert.equal(code(other), 'not-a-ticket', other.slice(0, 20))
    }
    for (const other of ['hanse1', ticket.text.slice(0, -1), `${ticket.text}a`, `${ticket.text}!`, `hanse1${'a'.repeat(100_000)}`, ticket.text + ' '.repeat(100_000)]) {
      assert.equal(code(other), 'damaged', other.slice(0, 20))
    }
    for (let at = 'hanse1'.length; at < ticket.text.length; at += 7) {
      const other = ticket.text[at] === 'a' ? 'b' : 'a'
      assert.equal(code(ticket.text.slice(0, at) + other + ticket.text.slice(at + 1)), 'damaged', `character ${at}`)
    }
    assert.equal(code(ticket.text, ticket.expiresMs), 'ok')
    assert.equal(code(ticket.text, ticket.expiresMs + 1), 'expired')
  })
})

describe('identity: founding', () => {
  const start = (ticket: Ticket, convener = ada): FoundingStep => valueOf(startFounding({
    ticket, nonce: NONCE, name: convener.name, ...nodeOf(convener, ADDRESSES)
  }, FOUNDED_MS))
  const applicantOf = (ticket: Ticket, city: City, changes: Partial<Parameters<typeof startApplicant>[0]> = {}): Applicant =>
    startApplicant({
      ticket, name: city.name, ...nodeOf(city, ADDRESSES), nonce: NONCE, ...changes
    }, city.root)
  const ask = (state: Founding, request: Uint8Array, nowMs = FOUNDED_MS): FoundingStep => foundingStep(state, { type: 'request', request, nowMs })
  const answerOf = (step: FoundingStep): { readonly state: string, readonly code?: string } => valueOf(decodeAnswer(step.answer ?? assert.fail()))
  const refusal = (step: FoundingStep): string => answerOf(step).code ?? answerOf(step).state
  const sealed = (step: FoundingStep): Charter | undefined => step.effects.find(effect => effect.type === 'founded')?.charter
  const signOwn = (step: FoundingStep, key = ada.root): FoundingStep => {
    const effect = step.effects.find(each => each.type === 'sign') ?? assert.fail('nothing to sign')
    return foundingStep(step.state, { type: 'signature', signature: charterSignature(effect.body, key) })
  }

  it('founds a federation of one at once', () => {
    const charter = sealed(signOwn(start(ticketFor(1)))) ?? assert.fail()
    assert.equal(charter.name, 'Test Hanse')
    assert.equal(charter.foundedMs, FOUNDED_MS)
    assert.deepEqual(charter.founders.map(({ member }) => member), [ada.did])
  })

  it('founds with any number, in any order of messages, each sent again, with restarts on both sides', () => {
    const runs = fc.tuple(fc.integer({ min: 2, max: 6 }), fc.array(fc.nat(100), { minLength: 30, maxLength: 30 }))
    fc.assert(fc.property(runs, ([founders, choices]) => {
      const ticket = ticketFor(founders)
      const members = cities(founders)
      let step = start(ticket)
      let state = step.state
      const others = members.slice(1).map(city => ({ city, applicant: applicantOf(ticket, city), outcome: undefined as ApplicantOutcome | undefined }))
      const turn = (other: typeof others[number], isRestarted: boolean): void => {
        state = decodeFounding(encodeFounding(state)) ?? assert.fail('the convener does not find its state again')
        if (isRestarted) {
          step = foundingStep(state, { type: 'resume' })
          if (step.effects.some(({ type }) => type === 'sign')) state = signOwn(step).state
        }
        const request = applicantRequest(other.applicant, other.city.root)
        for (let sent = 0; sent < 2; sent++) {
          step = ask(state, request)
          state = step.state
          const kept = decodeApplicant(encodeApplicant(other.applicant)) ?? assert.fail('an applicant does not find its state again')
          const next = applicantStep(kept, step.answer ?? assert.fail())
          other.applicant = next.state
          other.outcome = next.outcome
          assert.ok(next.outcome.type !== 'refused' && next.outcome.type !== 'distrust', JSON.stringify(next.outcome))
        }
      }
      for (const choice of choices) turn(others[choice % others.length] ?? assert.fail(), choice % 3 === 0)
      // However seldom chance came to somebody: what is left to say is said in four more rounds.
      for (let round = 0; round < 4; round++) for (const other of others) turn(other, true)
      const charter = state.charter ?? assert.fail('not founded')
      for (const other of others) {
        assert.equal(other.outcome?.type, 'founded')
        assert.ok(other.outcome.type === 'founded' && other.outcome.charter.federation.equals(charter.federation))
      }
      assert.equal(charter.founders[0]?.member, ada.did)
      assert.deepEqual(charter.founders.map(({ member }) => member).toSorted(), members.map(({ did }) => did).toSorted())
    }), { numRuns: 8 })
  })

  it('says how many have applied and how many have signed', () => {
    const ticket = ticketFor(3)
    let state = start(ticket).state
    const applicant = applicantOf(ticket, ben)
    const applied = ask(state, applicantRequest(applicant, ben.root))
    const knows = applicantStep(applicant, applied.answer ?? assert.fail())
    const asked = (): ApplicantOutcome =>
      applicantStep(knows.state, ask(state, applicantRequest(knows.state, ben.root)).answer ?? assert.fail()).outcome
    state = applied.state
    assert.deepEqual(asked(), { type: 'wait', for: 'applications', have: 2, want: 3 })
    const last = ask(state, applicantRequest(applicantOf(ticket, cyd), cyd.root))
    state = signOwn(last).state
    const drafted = applicantStep(knows.state, ask(state, applicantRequest(knows.state, ben.root)).answer ?? assert.fail())
    assert.equal(drafted.outcome.type, 'next')
    const signed = ask(state, applicantRequest(drafted.state, ben.root))
    assert.deepEqual(applicantStep(drafted.state, signed.answer ?? assert.fail()).outcome, { type: 'wait', for: 'signatures', have: 2, want: 3 })
  })

  it('takes signatures once, and names again after a restart what may not have been done', () => {
    const ticket = ticketFor(2)
    const opened = start(ticket).state
    assert.deepEqual(foundingStep(opened, { type: 'resume' }).effects, [])
    const drafted = ask(opened, applicantRequest(applicantOf(ticket, ben), ben.root))
    assert.deepEqual(drafted.effects.map(({ type }) => type), ['persist', 'sign'])
    assert.deepEqual(foundingStep(drafted.state, { type: 'resume' }).effects.map(({ type }) => type), ['sign'])
    assert.throws(() => signOwn(drafted, ben.root), { code: 'assertion' })
    const own = signOwn(drafted)
    assert.deepEqual(own.effects.map(({ type }) => type), ['persist'])
    const signature = charterSignature(drafted.state.draft?.body ?? assert.fail(), ada.root)
    assert.deepEqual(foundingStep(own.state, { type: 'signature', signature }), { state: own.state, answer: undefined, effects: [] })
    const applied = applicantStep(applicantOf(ticket, ben), drafted.answer ?? assert.fail())
    const bound = applicantStep(applied.state, ask(own.state, applicantRequest(applied.state, ben.root)).answer ?? assert.fail())
    const founded = ask(own.state, applicantRequest(bound.state, ben.root))
    assert.deepEqual(founded.effects.map(({ type }) => type), ['persist', 'founded'])
    const again = ask(founded.state, applicantRequest(bound.state, ben.root))
    assert.equal(answerOf(again).state, 'founded')
    assert.deepEqual(again.effects, [])
    assert.deepEqual(foundingStep(founded.state, { type: 'resume' }).effects.map(({ type }) => type), ['founded'])
  })

  it('does not send in circles, and does not find a state again that belongs to another ticket', () => {
    const ticket = ticketFor(2)
    const applicant = applicantOf(ticket, ben)
    const applied = encodeAnswer({ v: 1, state: 'applied', application: someCid })
    const first = applicantStep(applicant, applied)
    assert.equal(first.outcome.type, 'next')
    assert.equal(applicantStep(first.state, applied).outcome.type, 'wait')
    assert.deepEqual(decodeApplicant(encodeApplicant(first.state)), first.state)
    const other = ticketFor(2, { nonce: NONCE.with(0, 2) })
    assert.equal(decodeApplicant(encodeApplicant({ ...first.state, ticket: other })), undefined)
    const member = ticketFor(0, { federation: someCid })
    assert.throws(() => applicantOf(member, ben), { code: 'assertion' })
    const { envelope: apply } = signRequest({
      v: 1, kind: 'apply', ticket: member.id, member: ben.did, name: 'B', ...nodeOf(ben, []), nonce: NONCE
    }, ben.root)
    assert.equal(decodeApplicant(encodeApplicant({ ...first.state, ticket: member, apply })), undefined)
  })

  it('refuses what does not belong, with a code, and changes nothing', () => {
    const ticket = ticketFor(3)
    const opened = start(ticket).state
    const applyOf = (city: City, changes = {}, on = ticket): Uint8Array => applicantRequest(applicantOf(on, city, changes), city.root)
    const one = ask(opened, applyOf(ben)).state
    const full = ask(one, applyOf(cyd)).state
    const id = one.applications[0]?.id ?? assert.fail()
    const forged = { v: 1, kind: 'apply', ticket: ticket.id, member: cyd.did, name: 'C', ...nodeOf(cyd, []) } as const
    const zero: Uint8Array = new Uint8Array(64)
    const signAs = (city: City, signature = zero): Uint8Array =>
      signRequest({ v: 1, kind: 'sign', ticket: ticket.id, application: id, signature }, city.root).envelope
    const cases: readonly [state: Founding, request: Uint8Array, code: string, nowMs?: number][] = [
      [opened, utf8('noise'), 'malformed'],
      [opened, new Uint8Array(20_000), 'malformed'],
      [opened, applyOf(ben, {}, ticketFor(3, { nonce: NONCE.with(0, 2) })), 'foreign-ticket'],
      [opened, applyOf(ben), 'expired', ticket.expiresMs + 1],
      [opened, signRequest({ ...forged, nonce: NONCE }, ben.root).envelope, 'signature'],
      [opened, applyOf(ben, { transportKey: new Uint8Array(32).fill(2) }), 'key'],
      [opened, applyOf(ben, { transportKey: ada.transport.publicKey }), 'key-taken'],
      [opened, applyOf(ben, { consensusKey: new Uint8Array(32).fill(2) }), 'key'],
      [opened, applyOf(ben, { consensusKey: ada.consensus.publicKey }), 'key-taken'],
      [opened, applyOf(ben, { consensusKey: ben.transport.publicKey }), 'key-taken'],
      [opened, applyOf(ben, { consensusKey: ben.root.publicKey }), 'key-taken'],
      [opened, applyOf(ada, { transportKey: ben.transport.publicKey }), 'key-taken'],
      [one, applyOf(cyd, { transportKey: ben.transport.publicKey }), 'key-taken'],
      [one, applyOf(ben, { name: 'Another name' }), 'already-applied'],
      [one, applyOf(ben, { nonce: NONCE.with(0, 2) }), 'applied'],
      [one, applyOf(ben), 'applied', ticket.expiresMs + 1],
      [one, signAs(ben), 'not-drafted'],
      [one, signRequest({ v: 1, kind: 'ask', ticket: ticket.id, application: someCid }, ben.root).envelope, 'unknown-application'],
      [one, signRequest({ v: 1, kind: 'ask', ticket: ticket.id, application: id }, cyd.root).envelope, 'signature'],
      [full, applyOf(stranger), 'closed'],
      [full, signAs(ben), 'signature'],
      [full, signAs(cyd, charterSignature(full.draft?.body ?? zero, ben.root)), 'signature'],
      [full, signAs(ben, charterSignature(full.draft?.body ?? zero, cyd.root)), 'signature']
    ]
    for (const [state, request, code, nowMs] of cases) {
      const step = ask(state, request, nowMs)
      assert.equal(refusal(step), code)
      assert.deepEqual(step.effects, [])
      assert.equal(step.state, state)
    }
  })

  it('refuses an application whose charter would not fit into a message', () => {
    const ticket = ticketFor(31)
    const long = Array.from({ length: 4 }, (_, at) => `/dns4/${'x'.repeat(110)}/tcp/${at}`)
    let state = start(ticket).state
    const codes = cities(31).slice(1).map(city => {
      const step = ask(state, applicantRequest(applicantOf(ticket, city, { addresses: long }), city.root))
      state = step.state
      return refusal(step)
    })
    assert.equal(codes[0], 'applied')
    assert.equal(codes.at(-1), 'too-large')
    const founders = cities(31)
    state = start(ticket).state
    for (const city of founders.slice(1)) state = ask(state, applicantRequest(applicantOf(ticket, city), city.root)).state
    assert.equal(state.draft?.founders.length, 31, 'with usual addresses 31 founders fit')
    assert.equal(encodeFounding(decodeFounding(encodeFounding(state)) ?? assert.fail()).length, encodeFounding(state).length)
  })

  it('signs only the charter that the ticket promised, and only one', () => {
    const ticket = ticketFor(2)
    const applicant = applicantStep(applicantOf(ticket, ben), encodeAnswer({ v: 1, state: 'applied', application: someCid })).state
    const founder = (city: City): CharterFields['founders'][number] =>
      ({ member: city.did, name: city.name, nodes: [nodeOf(city, ADDRESSES)] })
    const good: CharterFields = { name: 'Test Hanse', foundedMs: FOUNDED_MS, nonce: NONCE, founders: [founder(ada), founder(ben)], rules: RULES }
    const judge = (changes: Partial<CharterFields>, state = applicant): string => {
      const { body } = valueOf(draftCharter({ ...good, ...changes }))
      const { outcome } = applicantStep(state, encodeAnswer({ v: 1, state: 'sign', body }))
      return outcome.type === 'distrust' ? outcome.code : outcome.type
    }
    assert.equal(judge({}), 'next')
    assert.equal(judge({ name: 'Other Hanse' }), 'name')
    assert.equal(judge({ rules: { votesAbove: { parts: 1, of: 2 } } }), 'rules')
    assert.equal(judge({ founders: [founder(ada), founder(ben), founder(cyd)] }), 'founders')
    assert.equal(judge({ founders: [founder(ben), founder(ada)] }), 'convener')
    assert.equal(judge({ founders: [founder(ada), founder(cyd)] }), 'own-entry')
    assert.equal(judge({ founders: [founder(ada), { ...founder(ben), name: 'Benn' }] }), 'own-entry')
    assert.equal(judge({ founders: [founder(ada), { ...founder(ben), nodes: founder(cyd).nodes }] }), 'own-entry')
    const { body } = valueOf(draftCharter(good))
    const bound = applicantStep(applicant, encodeAnswer({ v: 1, state: 'sign', body })).state
    assert.equal(judge({ nonce: NONCE.with(0, 2) }, bound), 'changed')
    assert.equal(judge({}, bound), 'wait', 'the same draft again must not keep us sending')
    assert.equal(judge({}, decodeApplicant(encodeApplicant(bound))), 'wait')
    const noise = applicantStep(bound, encodeAnswer({ v: 1, state: 'founded', charter: utf8('noise') })).outcome
    assert.deepEqual(noise, { type: 'distrust', code: 'malformed' })
  })
})
