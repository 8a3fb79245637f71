import { strict as assert } from 'node:assert'
import {
  decodeNegotiation, decodeNegotiationMessage, decodeTransfer, decodeTransferMessage, NEGOTIATION_TABLE, openNegotiation, openTransfer, requestNegotiation,
  requestTransfer, stepNegotiation, stepTransfer, TRANSFER_TABLE,
  type Negotiation, type NegotiationMessage, type NegotiationMove, type Role, type Transfer, type TransferMessage, type TransferMove
} from '../../src/core/agreement/index.ts'
import { agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_ADDRESS, PROVIDER_PID } from './agreement.fixture.ts'
import { playWire, type Kind, type Played, type WireOptions } from './agreement-wire.fixture.ts'
import type { Random } from './codecs.fixture.ts'
import { valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const RUNS = Number(process.env['HANSE_WIRES'] ?? 400)
const DAY_MS = 86_400_000

const NEGOTIATION_TYPES = [
  'ContractRequestMessage', 'ContractOfferMessage', 'ContractAgreementMessage', 'ContractAgreementVerificationMessage',
  'ContractNegotiationEventMessage', 'ContractNegotiationTerminationMessage'
] as const
const TRANSFER_TYPES = [
  'TransferRequestMessage', 'TransferStartMessage', 'TransferCompletionMessage', 'TransferSuspensionMessage', 'TransferTerminationMessage'
] as const

/** Decides anything the table lets it, by chance, and seldom to end it. Terms do not matter here. */
function negotiationKind (random: Random): Kind<Negotiation, NegotiationMessage> {
  const going: readonly NegotiationMove[] = [
    { do: 'offer', offer: OTHER_OFFER }, { do: 'counter', offer: OTHER_OFFER }, { do: 'accept' }, { do: 'agree', agreement: agreementOf(NOW_MS) },
    { do: 'verify', countersignature: null }, { do: 'finalize' }
  ]
  const moves: readonly NegotiationMove[] = [...going, ...going, ...going, ...going, { do: 'terminate', code: 'chance', reason: [] }]
  return {
    step: stepNegotiation,
    decide: (process, messageId, nowMs) => stepNegotiation(process, { type: 'decided', move: pick(random, moves), messageId, nowMs }),
    open: (message, nowMs) => message.type === 'ContractRequestMessage' && message.callbackAddress !== null
      ? openNegotiation({ peer: 'consumer', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message, nowMs })
      : undefined,
    decodeRow: row => valueOf(decodeNegotiation(row)),
    decodeMessage: body => valueOf(decodeNegotiationMessage(body, NEGOTIATION_TYPES)),
    start: nowMs => requestNegotiation({
      peer: 'provider', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, offer: OFFER, messageId: 'urn:uuid:first', nowMs
    })
  }
}

function transferKind (random: Random): Kind<Transfer, TransferMessage> {
  const going: readonly TransferMove[] = [{ do: 'start', dataAddress: null }, { do: 'suspend', code: 'chance', reason: [] }]
  const moves: readonly TransferMove[] = [
    ...going, ...going, ...going, ...going, ...going, { do: 'complete' }, { do: 'terminate', code: 'chance', reason: [] }
  ]
  return {
    step: stepTransfer,
    decide: (process, messageId, nowMs) => stepTransfer(process, { type: 'decided', move: pick(random, moves), messageId, nowMs }),
    open: (message, nowMs) => message.type === 'TransferRequestMessage'
      ? openTransfer({ peer: 'consumer', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message, nowMs })
      : undefined,
    decodeRow: row => valueOf(decodeTransfer(row)),
    decodeMessage: body => valueOf(decodeTransferMessage(body, TRANSFER_TYPES)),
    start: nowMs => requestTransfer({
      peer: 'provider', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a',
      format: 'HttpData-PULL', dataAddress: null, messageId: 'urn:uuid:first', nowMs
    })
  }
}

function pick<T> (random: Random, list: readonly T[]): T {
  const found = list[Math.floor(random() * list.length)]
  assert.ok(found !== undefined)
  return found
}

function optionsOf (random: Random, more: Partial<WireOptions> = {}): WireOptions {
  return { random, lossRate: random() * 0.5, duplicateRate: random() * 0.5, delayMsMax: 1 + random() * 7000, crashAfter: {}, untilMs: 20 * DAY_MS, ...more }
}

const standing = ({ provider, consumer }: Played<Negotiation | Transfer>): string =>
  `${provider?.state ?? '-'}${provider?.outgoing == null ? '' : '+'} ${consumer?.state ?? '-'}${consumer?.outgoing == null ? '' : '+'}`

/** Whatever a side went through is a path through the table, or the end of what could not be delivered. */
function assertPaths ({ states }: Played<Negotiation | Transfer>, table: typeof NEGOTIATION_TABLE | typeof TRANSFER_TABLE): void {
  const edges: ReadonlyArray<{ readonly from: string | null, readonly to: string }> = table.transitions
  for (const { role, from, to } of states) {
    const isEdge = edges.some(edge => edge.from === from && edge.to === to)
    // In one step two edges at most: our own message, whose answer was lost, and the one that shows it arrived.
    const isTwo = edges.some(edge => edge.from === from && edges.some(next => next.from === edge.to && next.to === to))
    assert.ok(isEdge || isTwo || to === 'TERMINATED' || to === null, `${role}: ${from} -> ${to}`)
  }
}

function assertOneOutcome (played: Played<Negotiation | Transfer>, label: string): void {
  const [provider, consumer] = standing(played).split(' ')
  assert.equal(provider, consumer, `${label}: ${JSON.stringify(played.states)}`)
  assert.doesNotMatch(provider ?? '', /\+/, `${label}: nothing is left under way`)
}

describe('two machines over a bad wire', () => {
  it('end a negotiation alike, whatever is lost, doubled or late', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = randomFrom(seed)
      const played = playWire(negotiationKind(random), optionsOf(random))
      assertOneOutcome(played, `seed ${seed}`)
      assertPaths(played, NEGOTIATION_TABLE)
      ends.set(standing(played), (ends.get(standing(played)) ?? 0) + 1)
    }
    console.log(`      ${JSON.stringify([...ends])}`)
  })

  it('end a transfer alike, whatever is lost, doubled or late', () => {
    const ends = new Map<string, number>()
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = randomFrom(seed)
      const played = playWire(transferKind(random), optionsOf(random))
      assertOneOutcome(played, `seed ${seed}`)
      assertPaths(played, TRANSFER_TABLE)
      ends.set(standing(played), (ends.get(standing(played)) ?? 0) + 1)
    }
    console.log(`      ${JSON.stringify([...ends])}`)
  })

  it('end alike when either side crashes at any effect and goes on from its row', () => {
    let crashes = 0
    for (const role of ['provider', 'consumer'] as const satisfies readonly Role[]) {
      for (let after = 0; after < 24; after++) {
        for (let seed = 1; seed <= Math.ceil(RUNS / 40); seed++) {
          const random = randomFrom(seed * 1000 + after)
          const options = optionsOf(random, { crashAfter: { [role]: after }, lossRate: seed % 2 === 0 ? 0 : 0.2 })
          const negotiated = playWire(negotiationKind(random), options)
          assertOneOutcome(negotiated, `negotiation, ${role} after ${after}, seed ${seed}`)
          const transferred = playWire(transferKind(random), options)
          assertOneOutcome(transferred, `transfer, ${role} after ${after}, seed ${seed}`)
          crashes += negotiated.crashes + transferred.crashes
        }
      }
    }
    assert.ok(crashes > 200, `${crashes} crashes`)
  })
})
