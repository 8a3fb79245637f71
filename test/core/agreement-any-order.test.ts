import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import {
  decodeNegotiation, decodeTransfer, encodeNegotiation, NEGOTIATION_IDLE_MS_MAX, NEGOTIATION_STATES, openTransfer, stepNegotiation, stepTransfer,
  TRANSFER_STATES, type NegotiationInput, type NegotiationMessage, type NegotiationMove, type TransferInput, type TransferMessage, type TransferMove
} from '../../src/core/agreement/index.ts'
import { agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_PID } from './agreement.fixture.ts'
import { FIRST, opened, PIDS, requested, TRANSFER } from './agreement-process.fixture.ts'
import { valueOf } from './identity.fixture.ts'

describe('any inputs in any order', () => {
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
    }), { numRuns: 3000 })
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
    }), { numRuns: 3000 })
  })
})
