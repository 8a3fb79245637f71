import { strict as assert } from 'node:assert'
import {
  agreedTerms, ANSWERED_MAX, decodeNegotiation, encodeNegotiation, NEGOTIATION_IDLE_MS_MAX, negotiationKey, REFUSALS_MAX, RETRY_FOR_MS_MAX, RETRY_MS_MAX,
  RETRY_MS_MIN, SILENCE_MS_MAX, stepNegotiation, transferKey, VISITS_MAX, type NegotiationEffect, type NegotiationInput, type NegotiationMessage,
  type NegotiationStep
} from '../../src/core/agreement/index.ts'
import { agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_PID } from './agreement.fixture.ts'
import {
  acked, answerOf, decided, EVENT, failed, FIRST, got, kinds, offered, offering, opened, PIDS, requested, TERMINATION, TRANSFER
} from './agreement-process.fixture.ts'
import { valueOf } from './identity.fixture.ts'

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

/** Effects without rows, whose policies may name other positions of the text they came from. */
function texts (effects: readonly NegotiationEffect[]): string {
  return JSON.stringify(effects.filter(({ type }) => type !== 'persist'))
}
