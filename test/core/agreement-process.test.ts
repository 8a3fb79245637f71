import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import {
  agreedTerms, ANSWERED_MAX, decodeNegotiation, decodeTransfer, encodeNegotiation, isFlowing, NEGOTIATION_IDLE_MS_MAX, NEGOTIATION_STATES, negotiationKey,
  openNegotiation,
  openTransfer, REFUSALS_MAX, requestNegotiation, requestTransfer, RETRY_FOR_MS_MAX, RETRY_MS_MAX, RETRY_MS_MIN, SILENCE_MS_MAX, stepNegotiation, stepTransfer,
  TRANSFER_STATES, transferKey, VISITS_MAX,
  type ContractRequestMessage, type Negotiation, type NegotiationEffect, type NegotiationInput, type NegotiationMessage, type NegotiationMove,
  type NegotiationStep, type TransferInput, type TransferMessage, type TransferMove
} from '../../src/core/agreement/index.ts'
import { agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_ADDRESS, PROVIDER_PID } from './agreement.fixture.ts'
import { valueOf } from './identity.fixture.ts'

const PIDS = { providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID }
const FIRST: ContractRequestMessage = {
  type: 'ContractRequestMessage', id: 'urn:uuid:first', consumerPid: CONSUMER_PID, providerPid: null, offer: OFFER, callbackAddress: CONSUMER_ADDRESS
}
const kinds = ({ effects }: { readonly effects: readonly { readonly type: string }[] }): string => effects.map(({ type }) => type).join(' ')

function opened (): NegotiationStep {
  return openNegotiation({ peer: 'did:web:consumer.example', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: FIRST, nowMs: NOW_MS })
}

function requested (): NegotiationStep {
  return requestNegotiation({
    peer: 'did:web:provider.example', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, offer: OFFER,
    messageId: 'urn:uuid:first', nowMs: NOW_MS
  })
}

function decided (negotiation: Negotiation, move: NegotiationMove, messageId = 'urn:uuid:m', nowMs = NOW_MS): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'decided', move, messageId, nowMs })
}

function acked (negotiation: Negotiation, messageId = 'urn:uuid:m'): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'acknowledged', messageId, pid: 'urn:uuid:of-the-peer', nowMs: NOW_MS })
}

function got (negotiation: Negotiation, message: NegotiationMessage): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'message', message, nowMs: NOW_MS })
}

function failed (negotiation: Negotiation, how: 'refused' | 'unreachable', nowMs: number, jitter = 0.5, messageId = 'urn:uuid:m'): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'failed', messageId, how, nowMs, jitter })
}

function answerOf (step: NegotiationStep): { readonly status: number, readonly state: unknown } {
  const answer = step.effects.flatMap(each => each.type === 'answer' ? [each] : [])[0]
  return { status: answer?.status ?? 0, state: answer?.body['state'] }
}

const offering = (): Negotiation => decided(opened().state, { do: 'offer', offer: OTHER_OFFER }).state
const offered = (): Negotiation => acked(offering()).state
const EVENT = { type: 'ContractNegotiationEventMessage', ...PIDS } as const
const TERMINATION: NegotiationMessage = { type: 'ContractNegotiationTerminationMessage', id: 'urn:uuid:t', ...PIDS, code: 'x', reason: [] }

describe('a process', () => {
  it('writes the intent, then sends, and changes when the message is known to have arrived', () => {
    const step = decided(opened().state, { do: 'offer', offer: OTHER_OFFER })
    assert.equal(kinds(step), 'persist send wake')
    assert.equal(step.state.state, 'REQUESTED')
    const row = step.effects.flatMap(each => each.type === 'persist' ? [each.row] : [])[0]
    assert.equal(valueOf(decodeNegotiation(row ?? new Uint8Array(0))).outgoing?.target, 'OFFERED')
    const sent = step.effects.flatMap(each => each.type === 'send' ? [each] : [])[0]
    assert.deepEqual([sent?.address, sent?.path], [CONSUMER_ADDRESS, `/negotiations/${CONSUMER_PID}/offers`])
    const after = acked(step.state)
    assert.equal(kinds(after), 'persist decide wake')
    assert.equal(after.state.state, 'OFFERED')
    assert.equal(kinds(acked(after.state)), '', 'an answer that comes twice changes nothing')
  })

  it('answers before it decides, and sends nothing by itself', () => {
    assert.equal(kinds(opened()), 'persist answer decide wake')
    assert.deepEqual(answerOf(opened()), { status: 201, state: 'REQUESTED' })
  })

  it('learns the pid of its peer from the answer, and encodes it into paths', () => {
    const { state } = stepNegotiation(requested().state, { type: 'acknowledged', messageId: 'urn:uuid:first', pid: 'a/b?c', nowMs: NOW_MS })
    assert.deepEqual([state.providerPid, state.state], ['a/b?c', 'REQUESTED'])
    const step = decided(state, { do: 'terminate', code: 'x', reason: [] })
    assert.ok(step.effects.some(each => each.type === 'send' && each.path === '/negotiations/a%2Fb%3Fc/termination'))
  })

  it('gives a message that it answered the same answer again, the last 16 of them', () => {
    const accept: NegotiationMessage = { ...EVENT, id: 'urn:uuid:accept', eventType: 'ACCEPTED' }
    const accepted = got(offered(), accept)
    assert.deepEqual(answerOf(accepted), { status: 200, state: 'ACCEPTED' })
    const agreed = acked(decided(accepted.state, { do: 'agree', agreement: agreementOf(NOW_MS) }).state)
    const again = got(agreed.state, accept)
    assert.deepEqual([answerOf(again), again.state], [{ status: 200, state: 'ACCEPTED' }, agreed.state])
    const withoutId = got(agreed.state, { ...accept, id: null })
    assert.equal(answerOf(withoutId).status, 400, 'what has no id cannot be known again')

    let { state } = { state: opened().state }
    for (let round = 0; round < 40; round++) {
      state = acked(decided(state, { do: 'offer', offer: OFFER }, `urn:uuid:o${round}`).state, `urn:uuid:o${round}`).state
      state = got(state, { type: 'ContractRequestMessage', id: `urn:uuid:r${round}`, ...PIDS, offer: OFFER, callbackAddress: null }).state
    }
    assert.deepEqual([state.answered.length, state.visits.length], [ANSWERED_MAX, VISITS_MAX])
    assert.equal(answerOf(got(state, { type: 'ContractRequestMessage', id: 'urn:uuid:r24', ...PIDS, offer: OFFER, callbackAddress: null })).status, 200)
    assert.equal(answerOf(got(state, { type: 'ContractRequestMessage', id: 'urn:uuid:r23', ...PIDS, offer: OFFER, callbackAddress: null })).status, 400)
  })

  it('does not remember what it refused: it may be right later', () => {
    const accept: NegotiationMessage = { ...EVENT, id: 'urn:uuid:accept', eventType: 'ACCEPTED' }
    const early = got(opened().state, accept)
    assert.equal(answerOf(early).status, 400)
    const later = acked(decided(early.state, { do: 'offer', offer: OTHER_OFFER }).state)
    assert.equal(answerOf(got(later.state, accept)).status, 200)
  })

  it('is met again by a first message that comes twice, also under another id', () => {
    const again = got(offered(), { ...FIRST, id: 'urn:uuid:else' })
    assert.deepEqual([answerOf(again), again.state], [{ status: 201, state: 'OFFERED' }, offered()])
    assert.equal(negotiationKey('p', FIRST), negotiationKey('p', { ...FIRST, id: 'urn:uuid:else' }))
    assert.notEqual(negotiationKey('p', FIRST), negotiationKey('q', FIRST))
    assert.notEqual(negotiationKey('p', FIRST), negotiationKey('p', { ...FIRST, offer: OTHER_OFFER }))
    assert.notEqual(transferKey('p', { ...TRANSFER, consumerPid: 'urn:uuid:1' }), transferKey('p', { ...TRANSFER, consumerPid: 'urn:uuid:2' }))
  })

  it('takes for an answer what nobody could send who had not got the message', () => {
    const implied = got(offering(), { ...EVENT, id: 'urn:uuid:accept', eventType: 'ACCEPTED' })
    assert.deepEqual([implied.state.state, implied.state.outgoing, implied.state.offered?.id], ['ACCEPTED', null, OTHER_OFFER.id])
    const early = got(requested().state, { type: 'ContractOfferMessage', id: 'urn:uuid:o', ...PIDS, offer: OFFER, callbackAddress: null })
    assert.deepEqual([early.state.state, early.state.providerPid], ['OFFERED', PROVIDER_PID])
    assert.equal(answerOf(got(offering(), { ...EVENT, id: 'urn:uuid:f', eventType: 'FINALIZED' })).status, 400)
  })

  it('asks after a message that was not answered before it sends it again, and takes the state it leads to for the answer', () => {
    const waiting = failed(offering(), 'unreachable', NOW_MS)
    assert.equal(kinds(waiting), 'persist wake')
    const dueMs = waiting.state.outgoing?.nextMs ?? 0
    assert.equal(kinds(stepNegotiation(waiting.state, { type: 'timer', nowMs: dueMs - 1, messageId: 'urn:uuid:t' })), 'wake')
    const looking = stepNegotiation(waiting.state, { type: 'timer', nowMs: dueMs, messageId: 'urn:uuid:t' })
    assert.equal(kinds(looking), 'look wake')
    assert.ok(looking.effects.some(each => each.type === 'look' && each.path === `/negotiations/${CONSUMER_PID}`))
    const stands = (state: string | null): NegotiationStep => stepNegotiation(looking.state, { type: 'standing', messageId: 'urn:uuid:m', state, nowMs: dueMs })
    assert.deepEqual([kinds(stands('OFFERED')), stands('OFFERED').state.state], ['persist decide wake', 'OFFERED'])
    for (const other of ['REQUESTED', null, 'nonsense']) assert.equal(kinds(stands(other)), 'send wake', String(other))
    assert.deepEqual([kinds(stands('TERMINATED')), stands('TERMINATED').state.ended?.by], ['persist final', 'peer'])
    const first = failed(requested().state, 'unreachable', NOW_MS, 0.5, 'urn:uuid:first')
    const resent = stepNegotiation(first.state, { type: 'timer', nowMs: first.state.outgoing?.nextMs ?? 0, messageId: 'urn:uuid:t' })
    assert.equal(kinds(resent), 'send wake', 'whose pid is not known cannot be asked')
  })

  it('does not take the state where the peer was before for an answer', () => {
    const again = got(offered(), { type: 'ContractRequestMessage', id: 'urn:uuid:r2', ...PIDS, offer: OFFER, callbackAddress: null })
    const second = decided(again.state, { do: 'offer', offer: OTHER_OFFER }, 'urn:uuid:m2')
    const standing: NegotiationInput = { type: 'standing', messageId: 'urn:uuid:m2', state: 'OFFERED', nowMs: NOW_MS }
    assert.equal(kinds(stepNegotiation(second.state, standing)), 'send wake')
    const refused = failed(second.state, 'refused', NOW_MS, 0.5, 'urn:uuid:m2')
    assert.equal(stepNegotiation(refused.state, standing).state.state, 'OFFERED', 'who refused it has got it')
  })

  it('tries again after 1 s, doubling to 1 h with jitter, for 7 d, and then ends here', () => {
    let { state } = { state: offering() }
    let nowMs = NOW_MS
    const waits: number[] = []
    while (state.outgoing !== null) {
      const step = failed(state, 'unreachable', nowMs, 0)
      state = step.state
      if (state.outgoing === null) break
      waits.push(state.outgoing.nextMs - nowMs)
      nowMs = state.outgoing.nextMs
    }
    assert.deepEqual(waits.slice(0, 5), [1, 2, 4, 8, 16].map(factor => factor * RETRY_MS_MIN / 2))
    assert.equal(Math.max(...waits), RETRY_MS_MAX / 2)
    assert.ok(nowMs - NOW_MS >= RETRY_FOR_MS_MAX && nowMs - NOW_MS < RETRY_FOR_MS_MAX + RETRY_MS_MAX)
    assert.deepEqual([state.state, state.ended], ['TERMINATED', { by: 'us', code: 'unreachable', reason: [] }])
    const late = failed(offering(), 'unreachable', NOW_MS, 0.999)
    assert.ok((late.state.outgoing?.nextMs ?? 0) - NOW_MS > 0.99 * RETRY_MS_MIN)
  })

  it('gives up what is refused five times, and is where it was; a first message ends with it', () => {
    let { state } = { state: offering() }
    for (let refusal = 1; refusal < REFUSALS_MAX; refusal++) state = failed(state, 'refused', NOW_MS).state
    const last = failed(state, 'refused', NOW_MS)
    assert.deepEqual([kinds(last), last.state.state, last.state.outgoing], ['persist given-up wake', 'REQUESTED', null])
    let { state: first } = requested()
    for (let refusal = 1; refusal <= REFUSALS_MAX; refusal++) first = failed(first, 'refused', NOW_MS, 0.5, 'urn:uuid:first').state
    assert.deepEqual([first.state, first.ended?.code], ['TERMINATED', 'refused'])
    let ending = decided(opened().state, { do: 'terminate', code: 'x', reason: [] }).state
    for (let refusal = 1; refusal <= 2 * REFUSALS_MAX; refusal++) ending = failed(ending, 'refused', NOW_MS).state
    assert.ok(ending.outgoing !== null, 'a termination is said until it is heard')
  })

  it('ends after 30 d without a change, and says so', () => {
    const { state } = opened()
    const early = stepNegotiation(state, { type: 'timer', nowMs: NOW_MS + NEGOTIATION_IDLE_MS_MAX - 1, messageId: 'urn:uuid:t' })
    assert.deepEqual(early.effects, [{ type: 'wake', atMs: NOW_MS + NEGOTIATION_IDLE_MS_MAX }])
    const due = stepNegotiation(state, { type: 'timer', nowMs: NOW_MS + NEGOTIATION_IDLE_MS_MAX, messageId: 'urn:uuid:t' })
    assert.ok(due.effects.some(each => each.type === 'send' && each.body['code'] === 'timeout'))
    assert.deepEqual(acked(due.state, 'urn:uuid:t').state.ended, { by: 'us', code: 'timeout', reason: [] })
  })

  it('looks after a message of which nothing is heard at all', () => {
    const step = decided(opened().state, { do: 'offer', offer: OTHER_OFFER })
    assert.ok(step.effects.some(each => each.type === 'wake' && each.atMs === NOW_MS + SILENCE_MS_MAX))
    assert.equal(kinds(stepNegotiation(step.state, { type: 'timer', nowMs: NOW_MS + SILENCE_MS_MAX, messageId: 'urn:uuid:t' })), 'look wake')
  })

  it('asks a person once, again after a restart, and no more when something moved', () => {
    const asked = decided(opened().state, { do: 'ask' })
    assert.equal(kinds(asked), 'persist ask wake')
    assert.equal(kinds(decided(asked.state, { do: 'ask' })), '')
    assert.equal(kinds(stepNegotiation(valueOf(decodeNegotiation(encodeNegotiation(asked.state))), { type: 'resumed', nowMs: NOW_MS })), 'ask wake')
    assert.equal(got(asked.state, TERMINATION).state.isAsked, false)
    assert.equal(kinds(decided(got(asked.state, TERMINATION).state, { do: 'ask' })), 'declined')
    assert.equal(kinds(decided(asked.state, { do: 'wait' })), '')
  })

  it('takes one decision at a time, but an end goes before what is under way', () => {
    assert.deepEqual(decided(offering(), { do: 'agree', agreement: agreementOf(NOW_MS) }, 'urn:uuid:n').effects, [{ type: 'declined', code: 'busy' }])
    assert.deepEqual(decided(offered(), { do: 'agree', agreement: agreementOf(NOW_MS) }, 'urn:uuid:n').effects, [{ type: 'declined', code: 'not-now' }])
    const ending = decided(offering(), { do: 'terminate', code: 'x', reason: [] }, 'urn:uuid:n')
    assert.equal(ending.state.outgoing?.target, 'TERMINATED')
    assert.deepEqual(decided(requested().state, { do: 'terminate', code: 'x', reason: [] }).effects, [{ type: 'declined', code: 'busy' }])
  })

  it('lets the heavier of two crossing messages win', () => {
    const agreed = acked(decided(opened().state, { do: 'agree', agreement: agreementOf(NOW_MS) }).state).state
    const verified = got(agreed, { type: 'ContractAgreementVerificationMessage', id: 'urn:uuid:v', ...PIDS, countersignature: null }).state
    const finalizing = decided(verified, { do: 'finalize' }).state
    assert.equal(answerOf(got(finalizing, TERMINATION)).status, 400, 'an agreement that may be in force already is not ended by crossing it')
    assert.equal(acked(got(finalizing, TERMINATION).state).state.state, 'FINALIZED')
    const ending = decided(verified, { do: 'terminate', code: 'x', reason: [] }).state
    assert.deepEqual([answerOf(got(ending, TERMINATION)), got(ending, TERMINATION).state.outgoing], [{ status: 200, state: 'TERMINATED' }, null])
  })

  it('goes on from any row as it would have gone on', () => {
    const inputs: readonly NegotiationInput[] = [
      { type: 'decided', move: { do: 'offer', offer: OTHER_OFFER }, messageId: 'urn:uuid:1', nowMs: NOW_MS },
      { type: 'acknowledged', messageId: 'urn:uuid:1', pid: CONSUMER_PID, nowMs: NOW_MS },
      { type: 'message', message: { ...EVENT, id: 'urn:uuid:a', eventType: 'ACCEPTED' }, nowMs: NOW_MS },
      { type: 'decided', move: { do: 'agree', agreement: agreementOf(NOW_MS) }, messageId: 'urn:uuid:2', nowMs: NOW_MS },
      { type: 'failed', messageId: 'urn:uuid:2', how: 'unreachable', nowMs: NOW_MS, jitter: 0 },
      { type: 'acknowledged', messageId: 'urn:uuid:2', pid: CONSUMER_PID, nowMs: NOW_MS },
      { type: 'message', message: { type: 'ContractAgreementVerificationMessage', id: 'urn:uuid:v', ...PIDS, countersignature: null }, nowMs: NOW_MS },
      { type: 'decided', move: { do: 'finalize' }, messageId: 'urn:uuid:3', nowMs: NOW_MS },
      { type: 'acknowledged', messageId: 'urn:uuid:3', pid: CONSUMER_PID, nowMs: NOW_MS }
    ]
    let straight = opened()
    let broken = opened()
    for (const input of inputs) {
      straight = stepNegotiation(straight.state, input)
      const row = broken.effects.flatMap(each => each.type === 'persist' ? [each.row] : [])[0]
      broken = stepNegotiation(row === undefined ? broken.state : valueOf(decodeNegotiation(row)), input)
      assert.deepEqual(texts(broken.effects), texts(straight.effects))
    }
    assert.equal(straight.state.state, 'FINALIZED')
    assert.deepEqual(encodeNegotiation(broken.state), encodeNegotiation(straight.state))
    assert.equal(kinds(stepNegotiation(broken.state, { type: 'resumed', nowMs: NOW_MS })), 'final', 'what follows from the end may not have been done')
    assert.equal(kinds(stepNegotiation(offering(), { type: 'resumed', nowMs: NOW_MS })), 'look wake')
    assert.equal(kinds(stepNegotiation(requested().state, { type: 'resumed', nowMs: NOW_MS })), 'send wake')
    assert.equal(kinds(stepNegotiation(offered(), { type: 'resumed', nowMs: NOW_MS })), 'decide wake')
  })

  it('keeps what was asked, offered, agreed and signed', () => {
    const agreement = agreementOf(NOW_MS)
    const agreed = acked(decided(opened().state, { do: 'agree', agreement }).state).state
    assert.deepEqual([agreed.requested?.id, agreed.agreement?.id], [OFFER.id, agreement.id])
    const countersignature = { certificate: OFFER.policy.policyCid, signature: new Uint8Array(64), ledgerSignature: new Uint8Array(64) }
    const verified = got(agreed, { type: 'ContractAgreementVerificationMessage', id: 'urn:uuid:v', ...PIDS, countersignature }).state
    assert.deepEqual(verified.agreement?.consumerSignature, countersignature)
    assert.equal(agreedTerms(agreed)?.id, OFFER.id)
    assert.equal(agreedTerms(got(offered(), { ...EVENT, id: 'urn:uuid:a', eventType: 'ACCEPTED' }).state)?.id, OTHER_OFFER.id)
  })
})

const TRANSFER: Extract<TransferMessage, { type: 'TransferRequestMessage' }> = {
  type: 'TransferRequestMessage', id: 'urn:uuid:first', providerPid: null, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
  callbackAddress: CONSUMER_ADDRESS, dataAddress: null
}

describe('a transfer', () => {
  it('flows while it is started and nothing is under way that would stop it, from where the provider says', () => {
    const dataAddress = { endpointType: 'https://w3id.org/idsa/v4.1/HTTP', endpoint: 'https://a.example', properties: [] }
    const { state: requestedTransfer } = requestTransfer({
      peer: 'p', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
      dataAddress: null, messageId: 'urn:uuid:first', nowMs: NOW_MS
    })
    const started = stepTransfer(requestedTransfer, {
      type: 'message', message: { type: 'TransferStartMessage', id: 'urn:uuid:s', ...PIDS, dataAddress }, nowMs: NOW_MS
    }).state
    assert.deepEqual([isFlowing(requestedTransfer), isFlowing(started), started.source], [false, true, dataAddress])
    const stopping = stepTransfer(started, { type: 'decided', move: { do: 'suspend', code: 'x', reason: [] }, messageId: 'urn:uuid:m', nowMs: NOW_MS }).state
    assert.equal(isFlowing(stopping), false, 'before the other side has heard of it')
  })

  it('that both sides suspend at once is suspended, whoever is heard first, and starts again', () => {
    const opening = openTransfer({ peer: 'c', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: TRANSFER, nowMs: NOW_MS }).state
    const run = (input: TransferInput, from: typeof opening): typeof opening => stepTransfer(from, input).state
    const move = (chosen: TransferMove, messageId: string): TransferInput => ({ type: 'decided', move: chosen, messageId, nowMs: NOW_MS })
    const ack = (messageId: string): TransferInput => ({ type: 'acknowledged', messageId, pid: CONSUMER_PID, nowMs: NOW_MS })
    const started = run(ack('urn:uuid:1'), run(move({ do: 'start', dataAddress: null }, 'urn:uuid:1'), opening))
    const suspending = run(move({ do: 'suspend', code: 'x', reason: [] }, 'urn:uuid:2'), started)
    const theirs: TransferInput = {
      type: 'message', message: { type: 'TransferSuspensionMessage', id: 'urn:uuid:s', ...PIDS, code: null, reason: [] }, nowMs: NOW_MS
    }
    const both = run(theirs, suspending)
    assert.deepEqual([both.state, both.outgoing?.target], ['SUSPENDED', 'SUSPENDED'])
    const settled = run(ack('urn:uuid:2'), both)
    assert.deepEqual([settled.state, settled.outgoing], ['SUSPENDED', null])
    const oursFirst = stepTransfer(run(ack('urn:uuid:2'), suspending), theirs)
    assert.deepEqual([oursFirst.state.state, oursFirst.effects.some(each => each.type === 'answer' && each.status === 200)], ['SUSPENDED', true])
    const twice = stepTransfer(oursFirst.state, {
      ...theirs, message: { type: 'TransferSuspensionMessage', id: 'urn:uuid:s2', ...PIDS, code: null, reason: [] }
    })
    assert.equal(twice.effects.some(each => each.type === 'answer' && each.status === 400), true, 'once: after that it has heard ours')
    assert.equal(run(ack('urn:uuid:3'), run(move({ do: 'start', dataAddress: null }, 'urn:uuid:3'), settled)).state, 'STARTED')
  })
})

describe('any inputs in any order', () => {
  const seed = Number(process.env['HANSE_SEED'] ?? 4)
  const id = fc.constantFrom('urn:uuid:1', 'urn:uuid:2', 'urn:uuid:3', 'urn:uuid:4')
  const nowMs = fc.integer({ min: NOW_MS, max: NOW_MS + 2 * NEGOTIATION_IDLE_MS_MAX })
  const common = [
    fc.record({ type: fc.constant('acknowledged' as const), messageId: id, pid: fc.constantFrom(CONSUMER_PID, PROVIDER_PID), nowMs }),
    fc.record({
      type: fc.constant('failed' as const), messageId: id, how: fc.constantFrom('refused' as const, 'unreachable' as const), nowMs,
      jitter: fc.double({ min: 0, max: 0.999, noNaN: true })
    }),
    fc.record({ type: fc.constant('standing' as const), messageId: id, state: fc.constantFrom(null, 'x', ...NEGOTIATION_STATES, ...TRANSFER_STATES), nowMs }),
    fc.record({ type: fc.constant('timer' as const), messageId: id, nowMs }),
    fc.record({ type: fc.constant('resumed' as const), nowMs })
  ]
  const pids = fc.constantFrom(PIDS, PIDS, PIDS, { ...PIDS, consumerPid: 'urn:uuid:other' })

  it('never throw, never leave the table and always leave a row that reads back', () => {
    const offer = fc.constantFrom(OFFER, OTHER_OFFER)
    const messages: fc.Arbitrary<NegotiationMessage> = fc.tuple(fc.option(id), pids, offer, fc.nat({ max: 7 })).map(([messageId, both, chosen, which]) => {
      const head = { id: messageId, ...both }
      const all: readonly NegotiationMessage[] = [
        { ...FIRST, id: messageId, offer: chosen },
        { type: 'ContractRequestMessage', ...head, offer: chosen, callbackAddress: null },
        { type: 'ContractOfferMessage', ...head, offer: chosen, callbackAddress: null },
        { type: 'ContractAgreementMessage', ...head, agreement: agreementOf(NOW_MS) },
        { type: 'ContractAgreementVerificationMessage', ...head, countersignature: null },
        { type: 'ContractNegotiationEventMessage', ...head, eventType: 'ACCEPTED' },
        { type: 'ContractNegotiationEventMessage', ...head, eventType: 'FINALIZED' },
        { type: 'ContractNegotiationTerminationMessage', ...head, code: null, reason: ['\ud800'] }
      ]
      return all[which] ?? FIRST
    })
    const moves: fc.Arbitrary<NegotiationMove> = fc.constantFrom<NegotiationMove>(
      { do: 'offer', offer: OFFER }, { do: 'counter', offer: OFFER }, { do: 'accept' }, { do: 'agree', agreement: agreementOf(NOW_MS) },
      { do: 'verify', countersignature: null }, { do: 'finalize' }, { do: 'terminate', code: 'x', reason: [] }, { do: 'ask' }, { do: 'wait' }
    )
    const inputs: fc.Arbitrary<NegotiationInput> = fc.oneof(
      fc.record({ type: fc.constant('message' as const), message: messages, nowMs }),
      fc.record({ type: fc.constant('message' as const), message: messages, nowMs }),
      fc.record({ type: fc.constant('decided' as const), move: moves, messageId: id, nowMs }),
      fc.record({ type: fc.constant('decided' as const), move: moves, messageId: id, nowMs }), ...common
    )
    fc.assert(fc.property(fc.boolean(), fc.array(inputs, { maxLength: 40 }), (isProvider, list) => {
      let { state } = isProvider ? opened() : requested()
      for (const input of list) {
        const step = stepNegotiation(state, input)
        const isEnd = state.state === 'FINALIZED' || state.state === 'TERMINATED'
        if (isEnd) assert.equal(step.state.state, state.state, 'an end is an end')
        const rows = step.effects.flatMap(each => each.type === 'persist' ? [each.row] : [])
        const [row] = rows
        if (row !== undefined) assert.deepEqual(encodeNegotiation(valueOf(decodeNegotiation(row))), row)
        if (step.state.state !== state.state) assert.equal(step.effects[0]?.type, 'persist', 'a change is written first')
        const sends = step.effects.findIndex(each => each.type === 'send')
        if (sends > 0 && input.type === 'decided') assert.equal(step.effects[0]?.type, 'persist', 'an intent is written before it is sent')
        state = step.state
      }
    }), { numRuns: 3000, seed })
  })

  it('never throw in a transfer either', () => {
    const messages: fc.Arbitrary<TransferMessage> = fc.tuple(fc.option(id), pids, fc.nat({ max: 4 })).map(([messageId, both, which]) => {
      const head = { id: messageId, ...both }
      const all: readonly TransferMessage[] = [
        { ...TRANSFER, id: messageId }, { type: 'TransferStartMessage', ...head, dataAddress: null }, { type: 'TransferCompletionMessage', ...head },
        { type: 'TransferSuspensionMessage', ...head, code: null, reason: [] }, { type: 'TransferTerminationMessage', ...head, code: null, reason: [] }
      ]
      return all[which] ?? TRANSFER
    })
    const moves = fc.constantFrom<TransferMove>(
      { do: 'start', dataAddress: null }, { do: 'suspend', code: 'x', reason: [] }, { do: 'complete' }, { do: 'terminate', code: 'x', reason: [] },
      { do: 'ask' }
    )
    const inputs: fc.Arbitrary<TransferInput> = fc.oneof(
      fc.record({ type: fc.constant('message' as const), message: messages, nowMs }),
      fc.record({ type: fc.constant('decided' as const), move: moves, messageId: id, nowMs }),
      ...common
    )
    fc.assert(fc.property(fc.array(inputs, { maxLength: 40 }), list => {
      let { state } = openTransfer({ peer: 'c', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: TRANSFER, nowMs: NOW_MS })
      for (const input of list) {
        const step = stepTransfer(state, input)
        const row = step.effects.flatMap(each => each.type === 'persist' ? [each.row] : [])[0]
        if (row !== undefined) assert.deepEqual(valueOf(decodeTransfer(row)), step.state)
        state = step.state
      }
    }), { numRuns: 3000, seed })
  })
})

/** Effects without rows, whose policies may name other positions of the text they came from. */
function texts (effects: readonly NegotiationEffect[]): string {
  return JSON.stringify(effects.filter(({ type }) => type !== 'persist'))
}
