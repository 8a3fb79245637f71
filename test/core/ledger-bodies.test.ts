import { strict as assert } from 'node:assert'
import { decode } from '@ipld/dag-cbor'
import { encodeCanonical, hex, sha256, utf8, type Value } from '../../src/base/index.ts'
import {
  agreementBytes, decodeOperationProof, decodePayload, decodeTransaction,
  encodeBody, encodeOperation, encodeOperationProof, encodePayload, makeOperationProof, OPERATIONS,
  PROPOSAL_KINDS, readOperation, type LedgerTransaction, type Payload
} from '../../src/core/ledger/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { certificateOf, cityNamed, codeOf, valueOf } from './identity.fixture.ts'
import { ledgerCodecs } from './ledger-codecs.fixture.ts'
import { bodyOf, feedNamed, foundedChain, operations, type Chain } from './ledger.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'
const digest = sha256(utf8('some'))

/** One valid operation of each code. */
function everyOperation (chain: Chain): readonly Uint8Array[] {
  const [a, b] = chain.founders
  assert.ok(a !== undefined && b !== undefined)
  const { federation } = chain.charter
  const agreement = { commit: digest, provider: a.did, consumer: b.did, startMs: 1, endMs: 2 }
  const key = cityNamed('key').node
  return [
    ...everyPayload(chain).map(payload => operations.open(payload, chain.timeMs + 60_000)),
    operations.ballot(digest, true), operations.leave(), operations.nodePut(chain, a),
    encodeOperation(OPERATIONS.catalogueSet, { feed: feedNamed('catalogue'), supersedes: null }),
    operations.bind(chain, a, 'role', key), operations.rotate(chain, a, 'role', key, key),
    encodeOperation(OPERATIONS.keyRevoke, { revoked: ['key', digest], reason: 1, sinceMs: 1 }),
    encodeOperation(OPERATIONS.validatorReady, { epoch: 0, height: 0, stateRoot: digest, key: digest, version: 1 }),
    encodeOperation(OPERATIONS.validatorUnpark, {}),
    operations.datasetPut('air', [feedNamed('air')]), operations.anchor([[feedNamed('air'), 1]]),
    encodeOperation(OPERATIONS.policyVersion, { dataset: 'air', version: 1, commit: digest, fromHeight: 100 }),
    encodeOperation(OPERATIONS.agreementCommit, {
      ...agreement, certificate: sha256(certificateOf(b, federation).envelope), signature: b.node.sign(agreementBytes(federation, agreement))
    }),
    encodeOperation(OPERATIONS.agreementRevoke, { commit: digest, effectiveMs: chain.timeMs + 1e9, reason: 1 }),
    encodeOperation(OPERATIONS.receiptsRoot, { period: 1, root: digest, count: 1 }),
    encodeOperation(OPERATIONS.feedFork, { declaration: digest, proof: digest })
  ]
}

function everyPayload (chain: Chain): readonly Payload[] {
  const member = chain.founders[0]?.did ?? ''
  return [
    { kind: 'join', member: cityNamed('x').did, classCode: 'municipality', seat: true }, { kind: 'remove', member }, { kind: 'park', member },
    { kind: 'params', params: [['readyMs', 600_000]] }, { kind: 'charter', votesAbove: { parts: 1, of: 2 } },
    { kind: 'rebind', member, root: cityNamed('y').did }, { kind: 'protocol', version: 2, notBeforeHeight: 9, releaseDigest: digest }
  ]
}

/** The value with each of its texts, one after the other, put in place of `text`. */
function withTexts (value: Value, text: string): Value[] {
  if (typeof value === 'string') return [text]
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    const list: readonly Value[] = value
    return list.flatMap((each, at) => withTexts(each, text).map(changed => list.map((item, index) => index === at ? changed : item)))
  }
  if ('asCID' in value) return []
  return Object.entries(value as { readonly [key: string]: Value })
    .flatMap(([name, each]) => withTexts(each, text).map((changed): Value => ({ ...value as { readonly [key: string]: Value }, [name]: changed })))
}

const FREE_TEXTS = ['Jane Doe, 12 Harbour Road', 'jane doe', 'Jürgen', 'jane@example.org', 'a'.repeat(300), '+49 421 123456', '']

describe('operations of the ledger', () => {
  it('have no field for free text, in which a person could be named', () => {
    const chain = foundedChain(4)
    const list = everyOperation(chain)
    const codes = new Set(list.map(each => (decode(each) as readonly unknown[])[0]))
    assert.deepEqual(codes, new Set(Object.values(OPERATIONS).map(({ code }) => code)), 'each operation is looked at')
    let looked = 0
    for (const operation of list) {
      assert.ok(readOperation(chain.ledger.registry, operation) !== undefined)
      for (const text of FREE_TEXTS) {
        for (const changed of withTexts(decode<Value>(operation), text)) {
          looked++
          assert.equal(readOperation(chain.ledger.registry, encodeCanonical(changed)), undefined, `${JSON.stringify(decode(operation))}: ${text}`)
        }
      }
    }
    const payloads = everyPayload(chain)
    assert.deepEqual(new Set(payloads.map(({ kind }) => kind)), new Set(PROPOSAL_KINDS))
    for (const payload of payloads) {
      for (const text of FREE_TEXTS) {
        for (const changed of withTexts(decode<Value>(encodePayload(payload)), text)) {
          looked++
          assert.equal(decodePayload(payload.kind, encodeCanonical(changed)).ok, false, `${payload.kind}: ${text}`)
        }
      }
    }
    assert.ok(looked > 100)
  })

  it('give back the fields that were written', () => {
    const random = randomFrom(SEED)
    for (let round = 0; round < 50; round++) for (const each of Object.values(ledgerCodecs)) each.assertRoundTrip(random)
  })

  it('are read from exactly one encoding, and one more field or code is none', () => {
    const chain = foundedChain(4)
    for (const operation of everyOperation(chain)) {
      const [code, ...fields] = decode<readonly Value[]>(operation)
      const read = readOperation(chain.ledger.registry, operation)
      assert.equal(read?.code, code)
      assert.equal(readOperation(chain.ledger.registry, encodeCanonical([code ?? 0, ...fields, 0])), undefined)
      assert.equal(readOperation(chain.ledger.registry, encodeCanonical([99, ...fields])), undefined)
      assert.equal(readOperation(chain.ledger.registry, new Uint8Array([...operation, 0])), undefined)
    }
  })
})

describe('bodies of blocks', () => {
  it('mutated in any way are executed to a state or refused, never thrown at, and never half', () => {
    const random = randomFrom(SEED)
    const chain = foundedChain(4)
    const [a, b] = chain.founders
    assert.ok(a !== undefined && b !== undefined)
    const body = bodyOf([
      chain.byNode(a, [operations.datasetPut('air', [feedNamed('air')]), operations.anchor([[feedNamed('air'), 1]])]),
      chain.byRoot(b, [operations.open({ kind: 'remove', member: a.did }, chain.timeMs + 60_000_000)])
    ])
    const context = chain.context()
    const before = hex(chain.state.map.root)
    assert.ok(chain.ledger.execute(chain.state, context, body, () => undefined).ok)
    for (let frame = 0; frame < framesOf(2_000); frame++) {
      const bytes = mutated(body, random)
      const executed = chain.ledger.execute(chain.state, context, bytes, () => undefined)
      // Every byte of a body is signed or hashed, so nothing but the same transactions can pass.
      if (executed.ok) assert.ok(executed.value.ids.length < 2, `seed ${SEED} frame ${frame}`)
    }
    assert.equal(hex(chain.state.map.root), before)
  }).timeout(FRAMES_TIMEOUT_MS)

  it('with other operations under the id of a known transaction are refused', () => {
    const chain = foundedChain(4)
    const honest = signed(chain, 0, operations.datasetPut('air', []))
    const forged = encodeCanonical({ ...decode<{ readonly [key: string]: Value }>(honest.bytes), ops: [operations.datasetPut('bad', [])] })
    const executed = chain.ledger.execute(chain.state, chain.context(), encodeBody([forged]), id => id === honest.id ? honest : undefined)
    assert.equal(codeOf(executed), 'transaction')
    assert.ok(chain.ledger.execute(chain.state, chain.context(), encodeBody([honest.bytes]), () => undefined).ok)
  })

  it('of signed but mutated operations are executed or refused, as the proposer says', () => {
    const random = randomFrom(SEED)
    const chain = foundedChain(4)
    const list = everyOperation(chain)
    const { registry } = chain.ledger
    for (let frame = 0; frame < framesOf(2_000); frame++) {
      const city = chain.founders[frame % 4]
      const good = list[Math.floor(random() * list.length)]
      assert.ok(city !== undefined && good !== undefined)
      const operation = random() < 0.3 ? good : mutated(good, random)
      if (readOperation(registry, operation) === undefined) continue
      const transaction = signed(chain, frame, operation)
      const context = chain.context()
      const proposed = chain.ledger.propose(chain.state, context, [transaction], 1_048_576)
      const executed = chain.ledger.execute(chain.state, context, bodyOf([transaction]), id => id === transaction.id ? transaction : undefined)
      assert.equal(proposed !== null, executed.ok, `seed ${SEED} frame ${frame}`)
      assert.equal(chain.ledger.includable(chain.state, context.timeMs, [transaction]), executed.ok)
      const unknown = chain.ledger.execute(chain.state, context, bodyOf([transaction]), () => undefined)
      assert.deepEqual(unknown.ok && hex(unknown.value.stateRoot), executed.ok && hex(executed.value.stateRoot))
      chain.forget(frame % 8 < 4 ? city.node : city.root)
    }
  }).timeout(FRAMES_TIMEOUT_MS)

  it('mutated as envelopes and proofs are read or refused', () => {
    const random = randomFrom(SEED)
    const chain = foundedChain(4)
    const { registry } = chain.ledger
    const transaction = signed(chain, 0, operations.datasetPut('air', []))
    const proof = makeOperationProof(bodyOf([transaction]), 0, 0)
    assert.ok(proof !== undefined)
    for (let frame = 0; frame < framesOf(); frame++) {
      const envelope = mutated(transaction.bytes, random)
      const read = decodeTransaction(registry, envelope)
      if (read.ok) assert.deepEqual(read.value.bytes, envelope)
      const decoded = decodeOperationProof(mutated(encodeOperationProof(proof), random))
      if (decoded.ok) valueOf(decodeOperationProof(encodeOperationProof(decoded.value)))
      decodePayload(PROPOSAL_KINDS[frame % PROPOSAL_KINDS.length] ?? 'join', mutated(encodePayload(everyPayload(chain)[frame % 7] ?? { kind: 'remove', member: '' }), random))
    }
  }).timeout(FRAMES_TIMEOUT_MS)
})

function signed (chain: Chain, frame: number, operation: Uint8Array): LedgerTransaction {
  const city = chain.founders[frame % 4]
  assert.ok(city !== undefined)
  return frame % 8 < 4 ? chain.byNode(city, [operation]) : chain.byRoot(city, [operation])
}
