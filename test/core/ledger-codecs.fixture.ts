import { strict as assert } from 'node:assert'
import { cidOf, fail, ok, type CID } from '../../src/base/index.ts'
import { didOfKey, signingKeyOfSeed, type Did } from '../../src/core/identity/index.ts'
import {
  CLASSES, decodeOperation, decodeOperationProof, decodePayload, encodeBody, encodeOperation, encodeOperationProof, encodePayload, makeOperationProof, OPERATIONS,
  PARAMETER_RANGES, PROPOSAL_KINDS, PURPOSES, signTransaction, type OperationFields, type OperationName, type ParameterName, type Payload, type ProposalKind
} from '../../src/core/ledger/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { codecCase, listOf, pick, someUint, type CodecCase, type Random } from './codecs.fixture.ts'

const hash = (random: Random): Uint8Array => randomBytes(random, 32)
const signature = (random: Random): Uint8Array => randomBytes(random, 64)
const some = <T>(make: (random: Random) => T) => (random: Random): T | null => random() < 0.5 ? null : make(random)
const feed = (random: Random): CID => cidOf('dagCbor', randomBytes(random, 8))
const yes = (random: Random): boolean => random() < 0.5
const did = (random: Random): Did => didOfKey(hash(random))
const dataset = (random: Random): string => `data-${someUint(random)}`

const PAYLOADS: { readonly [K in ProposalKind]: (random: Random) => Payload } = {
  join: random => ({ kind: 'join', member: did(random), classCode: pick(random, CLASSES), seat: yes(random) }),
  remove: random => ({ kind: 'remove', member: did(random) }),
  park: random => ({ kind: 'park', member: did(random) }),
  params: random => {
    // Names come from the table of ranges.
    const names = (Object.keys(PARAMETER_RANGES) as ParameterName[]).toSorted().filter(() => random() < 0.5)
    return { kind: 'params', params: [...names, ...(names.length === 0 ? ['readyMs' as const] : [])].map(name => [name, pick(random, PARAMETER_RANGES[name])] as const) }
  },
  charter: random => ({ kind: 'charter', votesAbove: { parts: 1 + someUint(random, 98), of: 2 + someUint(random, 98) } }),
  rebind: random => ({ kind: 'rebind', member: did(random), root: did(random) }),
  protocol: random => ({ kind: 'protocol', version: 1 + someUint(random, 65_534), notBeforeHeight: someUint(random), releaseDigest: hash(random) })
}

const FIELDS: { readonly [N in OperationName]: (random: Random) => OperationFields<N> } = {
  proposalOpen: random => {
    const payload = PAYLOADS[pick(random, PROPOSAL_KINDS)](random)
    return { kind: payload.kind, payload: encodePayload(payload), notAfterMs: someUint(random) }
  },
  ballot: random => ({ proposal: hash(random), yes: yes(random) }),
  memberLeave: () => ({}),
  nodePut: random => ({
    certificate: some(each => randomBytes(each, 1 + someUint(each, 500)))(random), transportKey: hash(random),
    addresses: listOf(random, 8, each => `/ip4/10.0.0.1/tcp/${someUint(each, 65_535)}`)
  }),
  catalogueSet: random => ({ feed: feed(random), supersedes: some(feed)(random) }),
  keyBind: random => ({ purpose: pick(random, PURPOSES), key: hash(random), proof: signature(random) }),
  keyRotate: random => ({ purpose: pick(random, PURPOSES), old: hash(random), key: hash(random), proof: signature(random) }),
  keyRevoke: random => ({ revoked: [pick(random, ['key', 'certificate'] as const), hash(random)], reason: someUint(random, 255), sinceMs: someUint(random) }),
  validatorReady: random => ({
    epoch: someUint(random), height: someUint(random), stateRoot: hash(random), key: hash(random), version: 1 + someUint(random, 65_534)
  }),
  validatorUnpark: () => ({}),
  datasetPut: random => ({
    dataset: dataset(random), feeds: listOf(random, 16, feed), schemaHash: some(hash)(random), licenceHash: some(hash)(random), isRetired: yes(random)
  }),
  datasetAnchor: random => ({
    heads: [...listOf(random, 3, feed), feed(random)].map(each => [each, someUint(random), hash(random), hash(random)] as const)
  }),
  policyVersion: random => ({ dataset: dataset(random), version: someUint(random), commit: hash(random), fromHeight: someUint(random) }),
  agreementCommit: random => ({
    commit: hash(random), provider: did(random), consumer: did(random), startMs: someUint(random), endMs: someUint(random),
    certificate: hash(random), signature: signature(random)
  }),
  agreementRevoke: random => ({ commit: hash(random), effectiveMs: someUint(random), reason: someUint(random, 255) }),
  receiptsRoot: random => ({ period: someUint(random), root: hash(random), count: someUint(random) }),
  feedFork: random => ({ declaration: randomBytes(random, 1 + someUint(random, 999)), proof: randomBytes(random, 1 + someUint(random, 999)) })
}

function operationCase<N extends OperationName> (name: N): CodecCase {
  const operation = OPERATIONS[name]
  return codecCase<OperationFields<N>>(
    // Fields and operation are of one name.
    fields => encodeOperation(operation as never, fields as never),
    encoded => {
      const fields: unknown = decodeOperation(operation as never, encoded)
      return fields === undefined ? fail({ code: 'operation' }) : ok(fields as OperationFields<N>)
    },
    FIELDS[name]
  )
}

const signer = signingKeyOfSeed(new Uint8Array(32).fill(7))

function someEnvelope (random: Random): Uint8Array {
  const operations = [encodeOperation(OPERATIONS.datasetPut, FIELDS.datasetPut(random)), ...listOf(random, 2, each => encodeOperation(OPERATIONS.ballot, FIELDS.ballot(each)))]
  return signTransaction({
    federation: feed(random), author: did(random), sequence: 1 + someUint(random), notAfterMs: someUint(random), operations,
    certificate: random() < 0.5 ? feed(random) : undefined
  }, signer)
}

/** Every kind that the ledger reads and writes. Transactions are read by a registry, so they are only written here. */
export const ledgerCodecs: Readonly<Record<string, CodecCase>> = {
  ...Object.fromEntries((Object.keys(OPERATIONS) as OperationName[]).map(name => [OPERATIONS[name].name, operationCase(name)])),
  ...Object.fromEntries(PROPOSAL_KINDS.map(kind => [`payload of ${kind}`, codecCase(encodePayload, encoded => decodePayload(kind, encoded), PAYLOADS[kind])])),
  'transaction': { example: someEnvelope, again: null, assertRoundTrip: () => {} },
  'operation proof': codecCase(encodeOperationProof, decodeOperationProof, random =>
    makeOperationProof(encodeBody([someEnvelope(random), ...listOf(random, 3, someEnvelope)]), 0, 0) ?? assert.fail('a proof'))
}
