/**
 * The scenarios of the public conformance kit (eclipse-dataspacetck/dsp-tck), played against the machines in memory: what the kit
 * says is written here by hand, message by message, from the sequence each of its tests documents. The scenarios of its
 * metadata and catalogue are about answers of a server and are not played here.
 */
import { strict as assert } from 'node:assert'
import {
  CONSUMER_NEGOTIATIONS, CONSUMER_TRANSFERS, decodeNegotiationMessage, decodeTransferMessage, openNegotiation, openTransfer, PROVIDER_NEGOTIATIONS,
  PROVIDER_TRANSFERS, requestNegotiation, requestTransfer, scripted, scriptStrategy, stepNegotiation, stepTransfer,
  type JsonObject, type Negotiation, type NegotiationInput, type NegotiationMove, type ProcessEffect, type Transfer, type TransferInput, type TransferMove
} from '../../src/core/agreement/index.ts'
import {
  agreementOf, CONSUMER_ADDRESS, counter, NOW_MS, policyOf, PROVIDER_ADDRESS, schemaNamed, schemaOf, SCHEMAS_ARE_PRESENT, type Complaint
} from './agreement.fixture.ts'
import { SCENARIOS as ALL_SCENARIOS } from '../dsp/scenarios.ts'
import { valueOf } from './identity.fixture.ts'

/** Those that are about the order of messages. */
const SCENARIOS = Object.fromEntries(Object.entries(ALL_SCENARIOS).filter(([, script]) => script !== ''))

/** The kit sends constraints that are empty, ids that are no IRIs and more members than it need to. */
const TERMS = { permission: [{ action: 'use', constraint: [] }] }
const KIT_ADDRESS = { '@type': 'DataAddress', 'endpoint': 'http://example.com', 'endpointType': 'https://w3id.org/idsa/v4.1/HTTP' }
const KIT_PID = '8f1c2f0e-kit'
const OUR_PID = 'urn:uuid:ours'
const NEGOTIATION_TYPES = [
  'ContractRequestMessage', 'ContractOfferMessage', 'ContractAgreementMessage', 'ContractAgreementVerificationMessage',
  'ContractNegotiationEventMessage', 'ContractNegotiationTerminationMessage'
] as const
const TRANSFER_TYPES = [
  'TransferRequestMessage', 'TransferStartMessage', 'TransferCompletionMessage', 'TransferSuspensionMessage', 'TransferTerminationMessage'
] as const

function kitMessage (say: string, isTransfer: boolean, isKitProvider: boolean, name: string, id: string): JsonObject {
  const pids = isKitProvider ? { providerPid: KIT_PID, consumerPid: OUR_PID } : { providerPid: OUR_PID, consumerPid: KIT_PID }
  const offer = { '@type': 'Offer', '@id': `CD123:${name}:456`, ...TERMS, 'target': name }
  const parts: Readonly<Record<string, JsonObject>> = isTransfer
    ? {
        request: {
          '@type': 'TransferRequestMessage', 'consumerPid': KIT_PID, 'agreementId': name, 'format': 'HttpData-PULL', 'callbackAddress': CONSUMER_ADDRESS
        },
        start: {
          '@type': 'TransferStartMessage', ...pids,
          ...isKitProvider ? { dataAddress: KIT_ADDRESS } : {}
        },
        complete: { '@type': 'TransferCompletionMessage', ...pids },
        suspend: { '@type': 'TransferSuspensionMessage', ...pids, 'code': '1' },
        terminate: { '@type': 'TransferTerminationMessage', ...pids, 'code': '1' }
      }
    : {
        request: { '@type': 'ContractRequestMessage', 'consumerPid': KIT_PID, offer, 'callbackAddress': CONSUMER_ADDRESS },
        counter: { '@type': 'ContractRequestMessage', ...pids, 'offer': { ...offer, assigner: 'a', assignee: 'b' } },
        offer: { '@type': 'ContractOfferMessage', ...pids, 'offer': { ...offer, assigner: 'a', assignee: 'b', target: 'TCK_PARTICIPANT' } },
        accept: { '@type': 'ContractNegotiationEventMessage', ...pids, 'eventType': 'ACCEPTED' },
        agree: {
          '@type': 'ContractAgreementMessage', ...pids,
          'agreement': { ...offer, '@type': 'Agreement', 'timestamp': '2026-08-12T08:59:34.123456789Z', 'assigner': 'a', 'assignee': 'b' },
          'callbackAddress': PROVIDER_ADDRESS
        },
        verify: { '@type': 'ContractAgreementVerificationMessage', ...pids },
        finalize: { '@type': 'ContractNegotiationEventMessage', ...pids, 'eventType': 'FINALIZED' },
        terminate: { '@type': 'ContractNegotiationTerminationMessage', ...pids, 'code': '1' }
      }
  return { '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'], '@id': id, ...parts[say] ?? assert.fail(`the kit says no ${say}`) }
}

/** What we said, in the word of the scenarios. */
function wordOf (path: string, body: JsonObject): string {
  const event = body['eventType'] === 'ACCEPTED' ? 'accept' : 'finalize'
  const words: Readonly<Record<string, string>> = {
    offers: 'offer', agreement: 'agree', verification: 'verify', events: event, termination: 'terminate', start: 'start', suspension: 'suspend',
    completion: 'complete', request: path.split('/').length > 3 ? 'counter' : 'request'
  }
  return words[path.split('/').at(-1) ?? ''] ?? path
}

type Sut<P, I> = {
  readonly start: (() => { readonly state: P, readonly effects: readonly ProcessEffect<string>[] }) | undefined
  readonly open: (json: JsonObject) => { readonly state: P, readonly effects: readonly ProcessEffect<string>[] }
  readonly take: (json: JsonObject) => I
  readonly step: (process: P, input: I) => { readonly state: P, readonly effects: readonly ProcessEffect<string>[] }
  readonly decide: (process: P) => I
  readonly acknowledge: (messageId: string) => I
}

/** Plays one scenario; complains where the kit would. */
function play<P extends { readonly state: string | null }, I> (id: string, name: string, sut: Sut<P, I>, complaintOf: (json: JsonObject) => string): void {
  const fresh = counter('kit')
  const said: string[] = []
  let process: P | undefined
  const perform = ({ state, effects }: { readonly state: P, readonly effects: readonly ProcessEffect<string>[] }): number => {
    process = state
    let status = 0
    for (const effect of effects) {
      if (effect.type === 'answer') {
        assert.equal(complaintOf(effect.body), '', `${id}: ${JSON.stringify(effect.body)}`)
        status = effect.status
      }
      if (effect.type === 'send') {
        assert.equal(complaintOf(effect.body), '', `${id}: ${JSON.stringify(effect.body)}`)
        said.push(wordOf(effect.path, effect.body))
        perform(sut.step(process, sut.acknowledge(effect.messageId)))
      }
      if (effect.type === 'decide') perform(sut.step(process, sut.decide(process)))
    }
    return status
  }
  if (sut.start !== undefined) perform(sut.start())
  for (const step of SCENARIOS[id]?.split(' ') ?? []) {
    const label = `${id} at ${step}`
    if (step.startsWith('<')) {
      assert.equal(said.shift(), step.slice(1), label)
    } else if (step.startsWith('=')) {
      assert.equal(process?.state, step.slice(1), label)
    } else {
      const say = step.replace('!', '')
      // The kit tries an unexpected error three times over, and so it does an expected one here.
      for (let attempt = 0; attempt < (step.startsWith('!') ? 3 : 1); attempt++) {
        const json = kitMessage(say, id.startsWith('TP'), id.includes('_C'), name, fresh())
        const status = perform(process === undefined ? sut.open(json) : sut.step(process, sut.take(json)))
        assert.equal(status >= 400, step.startsWith('!'), `${label}: ${status}`)
      }
    }
  }
  assert.deepEqual(said, [], `${id}: nothing more is said than was waited for`)
}

function negotiating (name: string, isConsumer: boolean): Sut<Negotiation, NegotiationInput> {
  const fresh = counter('ours')
  const script = (isConsumer ? CONSUMER_NEGOTIATIONS : PROVIDER_NEGOTIATIONS)[name] ?? assert.fail(`no script ${name}`)
  const offer = { id: `CD123:${name}:456`, target: name, policy: policyOf() }
  return {
    start: isConsumer
      ? () => requestNegotiation({
          peer: 'TCK', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: OUR_PID, offer, messageId: fresh(), nowMs: NOW_MS
        })
      : undefined,
    open: json => {
      const message = valueOf(decodeNegotiationMessage(json, ['ContractRequestMessage']))
      return openNegotiation({ peer: 'TCK', peerAddress: CONSUMER_ADDRESS, ownPid: OUR_PID, message, nowMs: NOW_MS })
    },
    take: json => ({ type: 'message', message: valueOf(decodeNegotiationMessage(json, NEGOTIATION_TYPES)), nowMs: NOW_MS }),
    step: stepNegotiation,
    acknowledge: messageId => ({ type: 'acknowledged', messageId, pid: KIT_PID, nowMs: NOW_MS }),
    decide: ({ role, state, requested, offered, visits }) => {
      const step = scriptStrategy(script)({
        role, state: state ?? assert.fail('a state'), dataset: name, offered: offered?.policy ?? null, requested: requested?.policy ?? null, findings: [],
        decision: null, faults: [], isSigned: true, history: visits
      })
      const move = ((): NegotiationMove => {
        switch (step.do) {
          case 'offer':
          case 'counter': return { do: step.do, offer: { ...offer, policy: step.offer } }
          case 'agree': return { do: 'agree', agreement: agreementOf(NOW_MS) }
          case 'verify': return { do: 'verify', countersignature: null }
          case 'accept':
          case 'finalize':
          case 'terminate':
          case 'ask':
          case 'wait': return step
        }
      })()
      return { type: 'decided', move, messageId: fresh(), nowMs: NOW_MS }
    }
  }
}

function transferring (name: string, isConsumer: boolean): Sut<Transfer, TransferInput> {
  const fresh = counter('ours')
  const script = (isConsumer ? CONSUMER_TRANSFERS : PROVIDER_TRANSFERS)[name] ?? assert.fail(`no script ${name}`)
  return {
    start: isConsumer
      ? () => requestTransfer({
          peer: 'TCK', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: OUR_PID, agreementId: name, format: 'HttpData-PULL',
          dataAddress: null, messageId: fresh(), nowMs: NOW_MS
        })
      : undefined,
    open: json => {
      const message = valueOf(decodeTransferMessage(json, ['TransferRequestMessage']))
      return openTransfer({ peer: 'TCK', peerAddress: CONSUMER_ADDRESS, ownPid: OUR_PID, message, nowMs: NOW_MS })
    },
    take: json => ({ type: 'message', message: valueOf(decodeTransferMessage(json, TRANSFER_TYPES)), nowMs: NOW_MS }),
    step: stepTransfer,
    acknowledge: messageId => ({ type: 'acknowledged', messageId, pid: KIT_PID, nowMs: NOW_MS }),
    decide: ({ state, visits }) => {
      const step = scripted(script, state ?? assert.fail('a state'), visits) ?? 'wait'
      const move = ((): TransferMove => {
        if (step === 'start') return { do: step, dataAddress: isConsumer ? null : { endpointType: 'urn:x', endpoint: 'https://a.example', properties: [] } }
        return step === 'suspend' || step === 'terminate' ? { do: step, code: 'script', reason: [] } : { do: step }
      })()
      return { type: 'decided', move, messageId: fresh(), nowMs: NOW_MS }
    }
  }
}

describe('the public conformance kit, in memory', () => {
  let schema: ((path: string) => Complaint) | undefined
  before(() => {
    if (SCHEMAS_ARE_PRESENT) schema = schemaNamed()
  })
  const complaintOf = (json: JsonObject): string => schema === undefined ? '' : schema(schemaOf(json))(json)

  for (const id of Object.keys(SCENARIOS)) {
    it(id, () => {
      const [collection, numbers = ''] = id.split(':')
      const name = `A${collection?.replace('_', '') ?? ''}${numbers.replace('-', '')}`
      if (id.startsWith('CN')) play(id, name, negotiating(name, id.includes('_C')), complaintOf)
      else play(id, name, transferring(name, id.includes('_C')), complaintOf)
    })
  }

  it('has 15, 16, 16 and 16 scenarios for the two machines in two roles', () => {
    const count = (prefix: string): number => Object.keys(SCENARIOS).filter(id => id.startsWith(prefix)).length
    assert.deepEqual(['CN:', 'CN_C:', 'TP:', 'TP_C:'].map(count), [15, 16, 16, 16])
  })
})
