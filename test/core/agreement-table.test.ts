import { strict as assert } from 'node:assert'
import {
  decodeNegotiation, decodeNegotiationMessage, decodeTransfer, encodeNegotiation, encodeTransfer, NEGOTIATION_STATES, openNegotiation, openTransfer,
  requestNegotiation, requestTransfer, stepNegotiation, stepTransfer, TRANSFER_STATES,
  type Negotiation, type NegotiationEffect, type NegotiationMessage, type NegotiationMove, type NegotiationState, type Role, type Transfer,
  type TransferEffect, type TransferMessage, type TransferMove, type TransferState
} from '../../src/core/agreement/index.ts'
import {
  agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_ADDRESS, PROVIDER_PID
} from './agreement.fixture.ts'

const PIDS = { providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID }
const SIDES: readonly Role[] = ['provider', 'consumer']

/** As the note on interoperability has it: who takes what in which state, and where it leads. `-`: nothing is there yet. */
const NEGOTIATION_RECEIVES: Readonly<Record<Role, Readonly<Record<string, Readonly<Record<string, NegotiationState>>>>>> = {
  provider: {
    'first request': { '-': 'REQUESTED' },
    'request': { OFFERED: 'REQUESTED' },
    'accept': { OFFERED: 'ACCEPTED' },
    'verify': { AGREED: 'VERIFIED' },
    'terminate': { REQUESTED: 'TERMINATED', OFFERED: 'TERMINATED', ACCEPTED: 'TERMINATED', AGREED: 'TERMINATED', VERIFIED: 'TERMINATED' }
  },
  consumer: {
    'first offer': { '-': 'OFFERED' },
    'offer': { REQUESTED: 'OFFERED', OFFERED: 'OFFERED' },
    'agree': { REQUESTED: 'AGREED', ACCEPTED: 'AGREED' },
    'finalize': { VERIFIED: 'FINALIZED' },
    'terminate': { REQUESTED: 'TERMINATED', OFFERED: 'TERMINATED', ACCEPTED: 'TERMINATED', AGREED: 'TERMINATED', VERIFIED: 'TERMINATED' }
  }
}
const TRANSFER_RECEIVES: Readonly<Record<Role, Readonly<Record<string, Readonly<Record<string, TransferState>>>>>> = {
  provider: {
    'first request': { '-': 'REQUESTED' },
    'start': { SUSPENDED: 'STARTED' },
    'complete': { STARTED: 'COMPLETED' },
    'suspend': { STARTED: 'SUSPENDED' },
    'terminate': { REQUESTED: 'TERMINATED', STARTED: 'TERMINATED', SUSPENDED: 'TERMINATED' }
  },
  consumer: {
    start: { REQUESTED: 'STARTED', SUSPENDED: 'STARTED' },
    complete: { STARTED: 'COMPLETED' },
    suspend: { STARTED: 'SUSPENDED' },
    terminate: { REQUESTED: 'TERMINATED', STARTED: 'TERMINATED', SUSPENDED: 'TERMINATED' }
  }
}

const ID = { id: 'urn:uuid:message' }
const NEGOTIATION_MESSAGES: Readonly<Record<string, NegotiationMessage>> = {
  'first request': { type: 'ContractRequestMessage', ...ID, consumerPid: CONSUMER_PID, providerPid: null, offer: OFFER, callbackAddress: CONSUMER_ADDRESS },
  'request': { type: 'ContractRequestMessage', ...ID, ...PIDS, offer: OTHER_OFFER, callbackAddress: null },
  'first offer': { type: 'ContractOfferMessage', ...ID, providerPid: PROVIDER_PID, consumerPid: null, offer: OFFER, callbackAddress: PROVIDER_ADDRESS },
  'offer': { type: 'ContractOfferMessage', ...ID, ...PIDS, offer: OTHER_OFFER, callbackAddress: null },
  'accept': { type: 'ContractNegotiationEventMessage', ...ID, ...PIDS, eventType: 'ACCEPTED' },
  'agree': { type: 'ContractAgreementMessage', ...ID, ...PIDS, agreement: agreementOf(NOW_MS) },
  'verify': { type: 'ContractAgreementVerificationMessage', ...ID, ...PIDS, countersignature: null },
  'finalize': { type: 'ContractNegotiationEventMessage', ...ID, ...PIDS, eventType: 'FINALIZED' },
  'terminate': { type: 'ContractNegotiationTerminationMessage', ...ID, ...PIDS, code: null, reason: [] }
}
const TRANSFER_MESSAGES: Readonly<Record<string, TransferMessage>> = {
  'first request': {
    type: 'TransferRequestMessage', ...ID, providerPid: null, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
    callbackAddress: CONSUMER_ADDRESS, dataAddress: null
  },
  'start': { type: 'TransferStartMessage', ...ID, ...PIDS, dataAddress: null },
  'complete': { type: 'TransferCompletionMessage', ...ID, ...PIDS },
  'suspend': { type: 'TransferSuspensionMessage', ...ID, ...PIDS, code: null, reason: [] },
  'terminate': { type: 'TransferTerminationMessage', ...ID, ...PIDS, code: null, reason: [] }
}

/** Ours to send, by the same table seen from the other side: an offer never to who holds one. */
const NEGOTIATION_MOVES: Readonly<Record<string, NegotiationMove>> = {
  request: { do: 'counter', offer: OTHER_OFFER }, offer: { do: 'offer', offer: OTHER_OFFER }, accept: { do: 'accept' },
  agree: { do: 'agree', agreement: agreementOf(NOW_MS) }, verify: { do: 'verify', countersignature: null }, finalize: { do: 'finalize' },
  terminate: { do: 'terminate', code: 'test', reason: [] }
}
const TRANSFER_MOVES: Readonly<Record<string, TransferMove>> = {
  start: { do: 'start', dataAddress: null }, complete: { do: 'complete' }, suspend: { do: 'suspend', code: 'test', reason: [] },
  terminate: { do: 'terminate', code: 'test', reason: [] }
}

function negotiationIn (role: Role, state: NegotiationState | null): Negotiation {
  return {
    role, peer: 'did:web:peer.example', peerAddress: PROVIDER_ADDRESS, ...PIDS, state, visits: state === null ? [] : [state], movedBy: null, outgoing: null,
    answered: [], isAsked: false, changedMs: NOW_MS, ended: null, requested: OFFER, offered: OFFER, agreement: agreementOf(NOW_MS)
  }
}

function transferIn (role: Role, state: TransferState | null): Transfer {
  return {
    role, peer: 'did:web:peer.example', peerAddress: PROVIDER_ADDRESS, ...PIDS, state, visits: state === null ? [] : [state], movedBy: null, outgoing: null,
    answered: [], isAsked: false, changedMs: NOW_MS, ended: null, agreementId: 'urn:uuid:a', format: 'HttpData-PULL', destination: null, source: null
  }
}

type Effects = readonly (NegotiationEffect | TransferEffect)[]
const statusOf = (effects: Effects): number => effects.flatMap(each => each.type === 'answer' ? [each.status] : [])[0] ?? 0
const kinds = (effects: Effects): string => effects.map(({ type }) => type).join(' ')

describe('the table of transitions', () => {
  for (const role of SIDES) {
    it(`lets the ${role} of a negotiation take each message where it belongs and refuse it everywhere else`, () => {
      let refusals = 0
      for (const [name, message] of Object.entries(NEGOTIATION_MESSAGES)) {
        for (const state of [null, ...NEGOTIATION_STATES]) {
          const before = negotiationIn(role, state)
          const after = stepNegotiation(before, { type: 'message', message, nowMs: NOW_MS + 1 })
          const to = NEGOTIATION_RECEIVES[role][name]?.[state ?? '-']
          const opens = name === (role === 'provider' ? 'first request' : 'first offer')
          const label = `${name} in ${state ?? 'no state'}: ${JSON.stringify(after.effects)}`
          if (to !== undefined) {
            assert.equal(after.state.state, to, label)
            assert.equal(statusOf(after.effects), opens ? 201 : 200, label)
            assert.match(kinds(after.effects), /^persist answer (decide wake|final)$/, label)
          } else if (opens && state !== null) {
            assert.deepEqual([after.state, statusOf(after.effects)], [before, 201], `a repeated first message meets its process: ${label}`)
          } else {
            refusals++
            assert.deepEqual([after.state, kinds(after.effects), statusOf(after.effects)], [before, 'answer', 400], label)
          }
        }
      }
      assert.ok(refusals > 40, `${refusals} refusals`)
    })

    it(`lets the ${role} of a transfer take each message where it belongs and refuse it everywhere else`, () => {
      for (const [name, message] of Object.entries(TRANSFER_MESSAGES)) {
        for (const state of [null, ...TRANSFER_STATES]) {
          const before = transferIn(role, state)
          const after = stepTransfer(before, { type: 'message', message, nowMs: NOW_MS + 1 })
          const to = TRANSFER_RECEIVES[role][name]?.[state ?? '-']
          const opens = role === 'provider' && name === 'first request'
          const label = `${name} in ${state ?? 'no state'}: ${JSON.stringify(after.effects)}`
          if (to !== undefined) {
            assert.deepEqual([after.state.state, statusOf(after.effects)], [to, opens ? 201 : 200], label)
          } else if (opens && state !== null) {
            assert.deepEqual([after.state, statusOf(after.effects)], [before, 201], label)
          } else {
            assert.deepEqual([after.state, kinds(after.effects), statusOf(after.effects)], [before, 'answer', 400], label)
          }
        }
      }
    })

    it(`lets the ${role} send what the other side would take, and declines the rest`, () => {
      const other = role === 'provider' ? 'consumer' : 'provider'
      for (const [name, move] of Object.entries(NEGOTIATION_MOVES)) {
        for (const state of NEGOTIATION_STATES) {
          const before = negotiationIn(role, state)
          const after = stepNegotiation(before, { type: 'decided', move, messageId: 'urn:uuid:m', nowMs: NOW_MS })
          const to = NEGOTIATION_RECEIVES[other][name]?.[state]
          assert.equal(kinds(after.effects), to === undefined || to === state ? 'declined' : 'persist send wake', `${name} in ${state}`)
          assert.equal(after.state.state, state, 'the state changes when the message has arrived')
          if (to === undefined || to === state) continue
          const acked = stepNegotiation(after.state, { type: 'acknowledged', messageId: 'urn:uuid:m', pid: 'urn:uuid:any', nowMs: NOW_MS })
          assert.deepEqual([acked.state.state, acked.state.outgoing], [to, null], `${name} in ${state}`)
        }
      }
      for (const [name, move] of Object.entries(TRANSFER_MOVES)) {
        for (const state of TRANSFER_STATES) {
          const after = stepTransfer(transferIn(role, state), { type: 'decided', move, messageId: 'urn:uuid:m', nowMs: NOW_MS })
          const to = TRANSFER_RECEIVES[other][name]?.[state]
          assert.equal(kinds(after.effects), to === undefined ? 'declined' : 'persist send wake', `${name} in ${state}`)
          if (to === undefined) continue
          const acked = stepTransfer(after.state, { type: 'acknowledged', messageId: 'urn:uuid:m', pid: 'urn:uuid:any', nowMs: NOW_MS })
          assert.equal(acked.state.state, to, `${name} in ${state}`)
        }
      }
    })
  }

  it('refuses a message that names another process', () => {
    const message: NegotiationMessage = { type: 'ContractNegotiationEventMessage', ...ID, ...PIDS, eventType: 'ACCEPTED' }
    for (const wrong of [{ providerPid: 'urn:uuid:other' }, { consumerPid: 'urn:uuid:other' }]) {
      const { effects } = stepNegotiation(negotiationIn('provider', 'OFFERED'), { type: 'message', message: { ...message, ...wrong }, nowMs: NOW_MS })
      assert.equal(statusOf(effects), 400)
    }
  })

  it('is kept in rows that read back as the process they are of', () => {
    for (const role of SIDES) {
      for (const state of [null, ...NEGOTIATION_STATES]) {
        const process = negotiationIn(role, state)
        for (const move of Object.values(NEGOTIATION_MOVES)) {
          const { state: moved } = stepNegotiation(process, { type: 'decided', move, messageId: 'urn:uuid:m', nowMs: NOW_MS })
          const again = decodeNegotiation(encodeNegotiation(moved))
          assert.ok(again.ok, JSON.stringify(again))
          assert.deepEqual(encodeNegotiation(again.value), encodeNegotiation(moved))
        }
      }
      for (const state of [null, ...TRANSFER_STATES]) {
        const process = { ...transferIn(role, state), ended: { by: 'us', code: 'x', reason: ['\ud800'] } as const }
        assert.deepEqual(decodeTransfer(encodeTransfer(process)), { ok: true, value: process })
      }
    }
    assert.equal(decodeNegotiation(new Uint8Array([0xa0])).ok, false)
    assert.equal(decodeTransfer(encodeNegotiation(negotiationIn('provider', 'OFFERED'))).ok, false)
  })

  it('opens with what a first message says, as its receiver and as its sender', () => {
    const { state: consumer, effects } = requestNegotiation({
      peer: 'p', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, offer: OFFER, messageId: 'urn:uuid:m', nowMs: NOW_MS
    })
    assert.deepEqual([consumer.state, kinds(effects)], [null, 'persist send wake'])
    const sent = effects.flatMap(each => each.type === 'send' ? [each] : [])[0]
    assert.deepEqual([sent?.address, sent?.path], [PROVIDER_ADDRESS, '/negotiations/request'])
    const message = decodeNegotiationMessage(sent?.body, ['ContractRequestMessage'])
    assert.ok(message.ok)
    const opened = openNegotiation({ peer: 'c', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: message.value, nowMs: NOW_MS })
    assert.deepEqual([opened.state.role, opened.state.state, statusOf(opened.effects)], ['provider', 'REQUESTED', 201])
    const transfer = requestTransfer({
      peer: 'p', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
      dataAddress: null, messageId: 'urn:uuid:m', nowMs: NOW_MS
    })
    assert.equal(kinds(transfer.effects), 'persist send wake')
    const [first] = Object.values(TRANSFER_MESSAGES)
    assert.ok(first?.type === 'TransferRequestMessage')
    const taken = openTransfer({ peer: 'c', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: first, nowMs: NOW_MS })
    assert.deepEqual([taken.state.state, statusOf(taken.effects)], ['REQUESTED', 201])
  })
})
