import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { utf8, type Result } from '../../src/base/index.ts'
import {
  decodeCatalog, decodeCatalogRequest, decodeContractNegotiation, decodeDataset, decodeError, decodeNegotiationMessage, decodeTransferMessage,
  decodeTransferProcess, encodeCatalog, encodeCatalogRequest, encodeContractNegotiation, encodeDataset, encodeError, encodeNegotiationMessage,
  encodeTransferMessage, encodeTransferProcess, MESSAGE_BYTES_MAX, NEGOTIATION_STATES, parseMessage, SIGNATURE_MEMBERS, textOfTime, TRANSFER_STATES,
  type Catalog, type JsonObject, type MessageFailure, type NegotiationMessage, type TransferMessage
} from '../../src/core/agreement/index.ts'
import { cidOf } from '../../src/base/index.ts'
import {
  agreementOf, CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_PID, publishedExamples, schemaOf, schemaNamed,
  SCHEMAS_ARE_PRESENT, WITHOUT_SCHEMAS
} from './agreement.fixture.ts'
import { valueOf } from './identity.fixture.ts'

const CONTEXT = ['https://w3id.org/dspace/2025/1/context.jsonld']
const PIDS = { id: 'urn:uuid:1', providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID }
const SIGNED = { certificate: cidOf('dagCbor', utf8('certificate')), signature: new Uint8Array(64).fill(7) }
const COUNTERSIGNED = { ...SIGNED, ledgerSignature: new Uint8Array(64).fill(8) }
const NEGOTIATION_TYPES = [
  'ContractRequestMessage', 'ContractOfferMessage', 'ContractAgreementMessage', 'ContractAgreementVerificationMessage',
  'ContractNegotiationEventMessage', 'ContractNegotiationTerminationMessage'
] as const
const TRANSFER_TYPES = [
  'TransferRequestMessage', 'TransferStartMessage', 'TransferCompletionMessage', 'TransferSuspensionMessage', 'TransferTerminationMessage'
] as const

const NEGOTIATION_MESSAGES: readonly NegotiationMessage[] = [
  { type: 'ContractRequestMessage', id: 'urn:uuid:1', consumerPid: CONSUMER_PID, providerPid: null, offer: OFFER, callbackAddress: CONSUMER_ADDRESS },
  { type: 'ContractRequestMessage', ...PIDS, offer: OTHER_OFFER, callbackAddress: null },
  { type: 'ContractRequestMessage', ...PIDS, offer: { ...OFFER, target: null }, callbackAddress: null },
  { type: 'ContractOfferMessage', id: 'urn:uuid:1', providerPid: PROVIDER_PID, consumerPid: null, offer: OFFER, callbackAddress: CONSUMER_ADDRESS },
  { type: 'ContractOfferMessage', ...PIDS, offer: OTHER_OFFER, callbackAddress: null },
  { type: 'ContractAgreementMessage', ...PIDS, agreement: agreementOf(NOW_MS) },
  { type: 'ContractAgreementMessage', ...PIDS, agreement: { ...agreementOf(NOW_MS + 7), salt: new Uint8Array(32).fill(3), providerSignature: SIGNED } },
  { type: 'ContractAgreementVerificationMessage', ...PIDS, countersignature: null },
  { type: 'ContractAgreementVerificationMessage', ...PIDS, countersignature: COUNTERSIGNED },
  { type: 'ContractNegotiationEventMessage', ...PIDS, eventType: 'ACCEPTED' },
  { type: 'ContractNegotiationEventMessage', ...PIDS, eventType: 'FINALIZED' },
  { type: 'ContractNegotiationTerminationMessage', ...PIDS, code: 'terms', reason: ['Schöne Grüße', 'b'] },
  { type: 'ContractNegotiationTerminationMessage', ...PIDS, code: null, reason: [] }
]

const ADDRESS = { endpointType: 'https://w3id.org/idsa/v4.1/HTTP', endpoint: 'https://a.example', properties: [{ name: 'authType', value: 'bearer' }] }
const TRANSFER_MESSAGES: readonly TransferMessage[] = [
  {
    type: 'TransferRequestMessage', id: 'urn:uuid:1', providerPid: null, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:2', format: 'HttpData-PULL',
    callbackAddress: CONSUMER_ADDRESS, dataAddress: null
  },
  {
    type: 'TransferRequestMessage', id: 'urn:uuid:1', providerPid: null, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:2', format: 'HttpData-PUSH',
    callbackAddress: CONSUMER_ADDRESS, dataAddress: ADDRESS
  },
  { type: 'TransferStartMessage', ...PIDS, dataAddress: ADDRESS },
  { type: 'TransferStartMessage', ...PIDS, dataAddress: { endpointType: 'urn:hanse:endpoint:sync:1', endpoint: null, properties: [] } },
  { type: 'TransferStartMessage', ...PIDS, dataAddress: null },
  { type: 'TransferCompletionMessage', ...PIDS },
  { type: 'TransferSuspensionMessage', ...PIDS, code: null, reason: [] },
  { type: 'TransferTerminationMessage', ...PIDS, code: 'revoked', reason: ['The agreement was revoked.'] }
]

const CATALOG: Catalog = {
  id: 'urn:hanse:catalog:1', participantId: 'did:key:z6Mk', services: [{ id: 'urn:s', endpointURL: 'https://a.example/dsp' }],
  datasets: [{
    id: 'urn:hanse:dataset:bins', offers: [{ ...OFFER, target: null }],
    distributions: [
      { format: 'HttpData-PULL', accessService: 'urn:s' },
      { format: 'urn:hanse:format:sync:1', accessService: { id: 'urn:t', endpointURL: 'libp2p://12D3/dsp' } }
    ]
  }]
}

function first (failed: Result<unknown, MessageFailure>): { readonly position: string, readonly reason: string } {
  assert.ok(!failed.ok, 'a refusal')
  return failed.failure
}

function without (json: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([each]) => each !== name))
}

describe('messages of the Dataspace Protocol', () => {
  it('read back as what was written', () => {
    for (const message of NEGOTIATION_MESSAGES) {
      const again = valueOf(decodeNegotiationMessage(JSON.parse(JSON.stringify(encodeNegotiationMessage(message))), NEGOTIATION_TYPES))
      assert.deepEqual(encodeNegotiationMessage(again), encodeNegotiationMessage(message), message.type)
    }
    for (const message of TRANSFER_MESSAGES) assert.deepEqual(valueOf(decodeTransferMessage(encodeTransferMessage(message), TRANSFER_TYPES)), message)
    for (const state of NEGOTIATION_STATES) {
      const ack = { providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, state }
      assert.deepEqual(valueOf(decodeContractNegotiation(encodeContractNegotiation(ack))), ack)
    }
    for (const state of TRANSFER_STATES) {
      const ack = { providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, state }
      assert.deepEqual(valueOf(decodeTransferProcess(encodeTransferProcess(ack))), ack)
    }
    assert.deepEqual(encodeCatalog(valueOf(decodeCatalog(encodeCatalog(CATALOG)))), encodeCatalog(CATALOG))
    for (const dataset of CATALOG.datasets) assert.deepEqual(encodeDataset(valueOf(decodeDataset(encodeDataset(dataset)))), encodeDataset(dataset))
  })

  it('keep signatures, salt and times as they were', () => {
    const agreed = NEGOTIATION_MESSAGES.flatMap(message => message.type === 'ContractAgreementMessage' ? [message] : [])
    for (const message of agreed) {
      const { agreement } = valueOf(decodeNegotiationMessage(encodeNegotiationMessage(message), ['ContractAgreementMessage']))
      assert.deepEqual({ ...agreement, policy: null }, { ...message.agreement, policy: null })
      assert.ok(agreement.policy.policyCid.equals(message.agreement.policy.policyCid))
    }
    const verified = NEGOTIATION_MESSAGES.flatMap(message => message.type === 'ContractAgreementVerificationMessage' ? [message] : [])
    for (const message of verified) {
      const again = valueOf(decodeNegotiationMessage(encodeNegotiationMessage(message), ['ContractAgreementVerificationMessage']))
      assert.deepEqual(again.countersignature, message.countersignature)
    }
  })

  it('are valid by the published schemas, each of them', function () {
    if (!SCHEMAS_ARE_PRESENT) return skip(this, WITHOUT_SCHEMAS)
    const schema = schemaNamed()
    const errors = [
      encodeError({ type: 'ContractNegotiationError', providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, code: 'transition', reason: ['No.'] }),
      encodeError({ type: 'TransferError', providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, code: 'transition', reason: [] }),
      encodeError({ type: 'CatalogError', code: 'filter', reason: ['No.'] })
    ]
    const acks = [
      ...NEGOTIATION_STATES.map(state => encodeContractNegotiation({ providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, state })),
      ...TRANSFER_STATES.map(state => encodeTransferProcess({ providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID, state }))
    ]
    const catalogues = [encodeCatalog(CATALOG), encodeCatalog({ ...CATALOG, services: [], datasets: [] }), ...CATALOG.datasets.map(encodeDataset)]
    const sent = [
      ...NEGOTIATION_MESSAGES.map(encodeNegotiationMessage), ...TRANSFER_MESSAGES.map(encodeTransferMessage),
      encodeCatalogRequest(), ...errors, ...acks, ...catalogues
    ]
    for (const json of sent) assert.equal(schema(schemaOf(json))(json), '', JSON.stringify(json))
  })

  it('are read as the specification gives them by example', function () {
    if (!SCHEMAS_ARE_PRESENT) return skip(this, WITHOUT_SCHEMAS)
    const examples = publishedExamples()
    assert.ok(examples.length >= 20, `${examples.length} examples`)
    const failures = examples.flatMap(({ name, json }) => {
      const read = readAny(json)
      return read === undefined || read.ok ? [] : [`${name}: ${JSON.stringify(read.failure)}`]
    })
    // Two members that only differ in their unit of time, and one catalogue of catalogues, whose id is no IRI: none is refused.
    assert.deepEqual(failures, [])
  })

  it('agree with the published schemas about what is broken: one member less, or another kind of value', function () {
    if (!SCHEMAS_ARE_PRESENT) return skip(this, WITHOUT_SCHEMAS)
    const schema = schemaNamed()
    let broken = 0
    for (const message of [...NEGOTIATION_MESSAGES.map(encodeNegotiationMessage), ...TRANSFER_MESSAGES.map(encodeTransferMessage)]) {
      const complaint = schema(schemaOf(message))
      for (const name of Object.keys(message)) {
        for (const json of [without(message, name), { ...message, [name]: [] }, { ...message, [name]: 7 }]) {
          if (complaint(json) === '') continue
          broken++
          assert.equal(readAny(json)?.ok, false, JSON.stringify(json))
        }
      }
    }
    assert.ok(broken > 150, `${broken} broken messages`)
  })

  it('are first or later, never both and never neither', () => {
    for (const message of NEGOTIATION_MESSAGES.filter(({ type }) => type === 'ContractRequestMessage' || type === 'ContractOfferMessage')) {
      const json = encodeNegotiationMessage(message)
      const pid = message.type === 'ContractRequestMessage' ? 'providerPid' : 'consumerPid'
      assert.ok(decodeNegotiationMessage(json, NEGOTIATION_TYPES).ok)
      const both = { ...json, [pid]: 'urn:uuid:9', callbackAddress: 'https://x.example' }
      assert.match(first(decodeNegotiationMessage(both, NEGOTIATION_TYPES)).reason, /either callbackAddress/)
      const neither = without(without(json, pid), 'callbackAddress')
      assert.match(first(decodeNegotiationMessage(neither, NEGOTIATION_TYPES)).reason, /either callbackAddress/)
    }
  })

  it('have a context that is an array with the URL of the protocol in it', () => {
    const json = encodeContractNegotiationMessage()
    for (const context of [CONTEXT[0], [], ['https://other.example'], [{}], null]) {
      const refused = first(decodeNegotiationMessage({ ...json, '@context': context }, NEGOTIATION_TYPES))
      assert.equal(refused.position.startsWith('/@context'), true, refused.position)
    }
    assert.ok(decodeNegotiationMessage({ ...json, '@context': ['https://other.example', ...CONTEXT] }, NEGOTIATION_TYPES).ok)
  })

  it('name the place and the reason of what is wrong', () => {
    const [message] = NEGOTIATION_MESSAGES
    assert.ok(message !== undefined)
    const json = encodeNegotiationMessage(message)
    const place = (changed: JsonObject): string => first(decodeNegotiationMessage({ ...json, ...changed }, NEGOTIATION_TYPES)).position
    assert.equal(place({ '@type': 'dspace:ContractRequestMessage' }), '/@type')
    assert.equal(place({ consumerPid: '' }), '/consumerPid')
    assert.equal(place({ consumerPid: 'x'.repeat(257) }), '/consumerPid')
    assert.equal(place({ consumerPid: 'a b' }), '/consumerPid')
    assert.equal(place({ offer: { '@id': 'urn:o', '@type': 'Set' } }), '/offer/@type')
    assert.match(place({ offer: { '@id': 'urn:o', '@type': 'Offer', 'permission': [] } }), /^\/offer/)
    assert.match(place({ offer: { '@id': 'urn:o', '@type': 'Offer', 'permission': [{ action: 7 }] } }), /^\/offer\/permission\/0/)
  })

  it('come with what the public kit sends: empty constraints, assigner and assignee, a callback address in an agreement, bare ids', () => {
    const offer = {
      '@type': 'Offer', '@id': 'CD123:ACN0101:456', 'permission': [{ action: 'use', constraint: [] }], 'target': 'ACN0101',
      'assignee': 'TCK', 'assigner': 'x'
    }
    const pids = { providerPid: '0cd1', consumerPid: '9e27' }
    const offered = { '@context': CONTEXT, '@type': 'ContractOfferMessage', '@id': '5', ...pids, offer }
    assert.ok(valueOf(decodeNegotiationMessage(offered, ['ContractOfferMessage'])).offer.policy.policyCid.equals(OFFER.policy.policyCid))
    const agreement = {
      ...offer, '@type': 'Agreement', 'timestamp': '2026-08-12T08:59:34.123456789Z'
    }
    const agreed = { '@context': CONTEXT, '@type': 'ContractAgreementMessage', '@id': '6', ...pids, agreement, 'callbackAddress': 'https://x.example' }
    const read = valueOf(decodeNegotiationMessage(agreed, ['ContractAgreementMessage']))
    assert.equal(textOfTime(read.agreement.timestampMs ?? 0), '2026-08-12T08:59:34.123Z')
    const ended = { '@context': CONTEXT, '@type': 'ContractNegotiationTerminationMessage', ...pids, 'code': '1', 'reason': [{ message: 'no' }] }
    assert.deepEqual(valueOf(decodeNegotiationMessage(ended, ['ContractNegotiationTerminationMessage'])).reason, ['{"message":"no"}'])
    assert.equal(valueOf(decodeCatalogRequest({ '@context': CONTEXT, '@type': 'CatalogRequestMessage', 'filter': [] })).filters, 0)
  })

  it('without signatures of ours, or with half of them, are from a foreign connector', () => {
    const json = encodeNegotiationMessage({ type: 'ContractAgreementVerificationMessage', ...PIDS, countersignature: COUNTERSIGNED })
    const half = without(json, SIGNATURE_MEMBERS.ledgerSignature)
    assert.equal(valueOf(decodeNegotiationMessage(half, ['ContractAgreementVerificationMessage'])).countersignature, null)
    for (const bad of ['', 'AA', `${'A'.repeat(85)}B`, 7]) {
      const refused = first(decodeNegotiationMessage({ ...json, [SIGNATURE_MEMBERS.consumerSignature]: bad }, NEGOTIATION_TYPES))
      assert.equal(refused.position, `/${SIGNATURE_MEMBERS.consumerSignature}`)
    }
  })

  it('say who refused and why', () => {
    assert.deepEqual(decodeError(encodeError({ type: 'CatalogError', code: 'filter', reason: ['No filters.'] })), { code: 'filter', reason: ['No filters.'] })
    assert.equal(decodeError(encodeCatalogRequest()), undefined)
    assert.equal(decodeError('x'), undefined)
  })

  it('never throw on any JSON, and never take what is too large', () => {
    fc.assert(fc.property(fc.jsonValue(), json => {
      for (const changed of [json, { '@context': CONTEXT, '@type': 'ContractRequestMessage', 'offer': json }]) readAny(changed)
    }), { numRuns: 2000 })
    const types = [...NEGOTIATION_MESSAGES.map(encodeNegotiationMessage), ...TRANSFER_MESSAGES.map(encodeTransferMessage), encodeCatalog(CATALOG)]
    fc.assert(fc.property(fc.constantFrom(...types), fc.nat(), fc.jsonValue(), (json, at, value) => {
      const names = Object.keys(json)
      readAny({ ...json, [names[at % names.length] ?? '']: value })
    }), { numRuns: 5000 })
    assert.match(first(parseMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1))).reason, /at most/)
    assert.match(first(parseMessage(new Uint8Array([0x22, 0xff, 0x22]))).reason, /UTF-8/)
    assert.match(first(parseMessage(utf8('{"a":['))).reason, /JSON/)
    const nested = (depth: number): Uint8Array => utf8(`${'['.repeat(depth)}"[\\"["${']'.repeat(depth)}`)
    assert.ok(parseMessage(nested(64)).ok)
    assert.match(first(parseMessage(nested(65))).reason, /deep/)
    assert.match(first(parseMessage(nested(20_000))).reason, /deep/)
  })

  it('write and read times of all years as the calendar has them', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), timeMs => {
      const text = textOfTime(timeMs)
      assert.equal(text, new Date(timeMs).toISOString())
      const message = encodeNegotiationMessage({ type: 'ContractAgreementMessage', ...PIDS, agreement: agreementOf(timeMs) })
      assert.equal(valueOf(decodeNegotiationMessage(message, ['ContractAgreementMessage'])).agreement.timestampMs, timeMs)
    }))
    const timestamp = (text: string): number | null | undefined => {
      const message = encodeNegotiationMessage({ type: 'ContractAgreementMessage', ...PIDS, agreement: agreementOf(NOW_MS) })
      const agreement = { ...message['agreement'] as JsonObject, timestamp: text }
      const read = decodeNegotiationMessage({ ...message, agreement }, ['ContractAgreementMessage'])
      return read.ok ? read.value.agreement.timestampMs : undefined
    }
    assert.equal(timestamp('2026-02-28T23:30:00+01:00'), Date.parse('2026-02-28T22:30:00Z'))
    assert.equal(timestamp('2026-02-28T23:30:00'), Date.parse('2026-02-28T23:30:00Z'))
    for (const wrong of ['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '1969-12-31T23:59:59Z', '2026-01-01', '']) {
      assert.equal(timestamp(wrong), undefined, wrong)
    }
  })
})

function encodeContractNegotiationMessage (): JsonObject {
  return encodeNegotiationMessage({ type: 'ContractNegotiationEventMessage', ...PIDS, eventType: 'ACCEPTED' })
}

/** By its own type; undefined for types that are only ever written. */
function readAny (json: unknown): Result<unknown, MessageFailure> | undefined {
  const named = typeof json === 'object' && json !== null ? new Map<string, unknown>(Object.entries(json)).get('@type') : ''
  const type = typeof named === 'string' ? named : ''
  if (type === 'Catalog') return decodeCatalog(json)
  if (type === 'Dataset') return decodeDataset(json)
  if (type === 'CatalogRequestMessage') return decodeCatalogRequest(json)
  if (type === 'ContractNegotiation') return decodeContractNegotiation(json)
  if (type === 'TransferProcess') return decodeTransferProcess(json)
  if (type.endsWith('Error') || type === 'DatasetRequestMessage') return undefined
  return type.startsWith('Transfer') ? decodeTransferMessage(json, TRANSFER_TYPES) : decodeNegotiationMessage(json, NEGOTIATION_TYPES)
}

function skip (test: Mocha.Context, why: string): void {
  console.log(`      ${why}`)
  test.skip()
}
