import { strict as assert } from 'node:assert'
import { cutMap, equalBytes, hex, openMapChunk, openMapManifest, sha256, utf8, type MapEntry } from '../../src/base/index.ts'
import {
  bodyRootOf, createLedger, decodeBody, decodeOperation, decodeOperationProof, encodeOperationProof, LedgerIndex, makeOperationProof, membershipFacts, OPERATIONS,
  proveRow, stateOfRows, verifyOperationProof, verifyRow, type OperationProof
} from '../../src/core/ledger/index.ts'
import { codeOf, valueOf } from './identity.fixture.ts'
import { bodyOf, feedNamed, foundedChain, operations, type Chain } from './ledger.fixture.ts'

/** A block of 9 transactions with 5 operations each. */
function filled (): { readonly chain: Chain, readonly body: Uint8Array, readonly bodyRoot: Uint8Array } {
  const chain = foundedChain(4)
  const transactions = Array.from({ length: 9 }, (_, at) => {
    const city = chain.founders[at % 4]
    assert.ok(city !== undefined)
    return chain.byNode(city, Array.from({ length: 5 }, (__, each) => operations.datasetPut(`d-${at}-${each}`, [feedNamed(`${at} ${each}`)])))
  })
  const body = bodyOf(transactions)
  const { bodyRoot } = valueOf(chain.ledger.execute(chain.state, chain.context(), body, () => undefined))
  chain.run(transactions)
  return { chain, body, bodyRoot }
}

describe('proofs of operations', () => {
  it('lead from every operation of a block to its body root', () => {
    const { body, bodyRoot } = filled()
    for (let index = 0; index < 9; index++) {
      for (let opIndex = 0; opIndex < 5; opIndex++) {
        const proof = makeOperationProof(body, index, opIndex)
        assert.ok(proof !== undefined)
        const proven = valueOf(verifyOperationProof(bodyRoot, valueOf(decodeOperationProof(encodeOperationProof(proof)))))
        assert.equal(decodeOperation(OPERATIONS.datasetPut, proven.operation)?.dataset, `d-${index}-${opIndex}`)
      }
    }
    assert.equal(makeOperationProof(body, 9, 0), undefined)
    assert.equal(makeOperationProof(body, 0, 5), undefined)
    assert.equal(makeOperationProof(utf8('no body'), 0, 0), undefined)
  })

  it('break with any part of them', () => {
    const { body, bodyRoot } = filled()
    const proof = makeOperationProof(body, 4, 2)
    assert.ok(proof !== undefined)
    const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => at === bytes.length - 1 ? byte ^ 1 : byte)
    const changes: readonly Partial<OperationProof>[] = [
      { operation: flipped(proof.operation) }, { opIndex: 1 }, { opPath: proof.opPath.slice(1) }, { index: 3 }, { count: 4 }, { signature: flipped(proof.signature) },
      { path: proof.path.map(flipped) }, { cert: feedNamed('other') }, { path: [...proof.path, ...proof.path] }
    ]
    for (const change of changes) assert.notEqual(codeOf(verifyOperationProof(bodyRoot, { ...proof, ...change })), 'ok', Object.keys(change).join(' '))
    assert.equal(codeOf(verifyOperationProof(sha256(utf8('other')), proof)), 'transaction-path')
  })

  it('stand on the ids of transactions', () => {
    const { chain, body, bodyRoot } = filled()
    const read = (decodeBody(body) ?? []).flatMap(each => chain.ledger.admit(chain.ledger.genesis.state, each)?.idBytes ?? [])
    assert.equal(read.length, 0, 'certificates are not in the genesis state')
    const ids = (decodeBody(body) ?? []).map((_, index) => {
      const proof = makeOperationProof(body, index, 0)
      assert.ok(proof !== undefined)
      return valueOf(verifyOperationProof(bodyRoot, proof)).transactionId
    })
    assert.equal(hex(bodyRootOf(ids)), hex(bodyRoot))
  })
})

describe('proofs of state', () => {
  it('show a row and that there is none', () => {
    const { chain } = filled()
    const [city] = chain.founders
    assert.ok(city !== undefined)
    const root = chain.state.map.root
    const held = proveRow(chain.state, 'dataset', city.did, 'd-0-0')
    assert.ok(held.value !== undefined && verifyRow(root, held))
    assert.equal(verifyRow(root, { ...held, value: utf8('other') }), false)
    assert.equal(verifyRow(root, { ...held, value: undefined }), false)
    const absent = proveRow(chain.state, 'dataset', city.did, 'none')
    assert.ok(absent.value === undefined && verifyRow(root, absent))
    assert.equal(verifyRow(chain.ledger.genesis.stateRoot, held), false)
  })
})

describe('a snapshot', () => {
  const CHUNK_BYTES = 2_048

  it('of chunks, each checked when it comes, is the state again and executes on', () => {
    const { chain } = filled()
    const { manifest, chunks } = cutMap(chain.state.map, CHUNK_BYTES)
    assert.ok(chunks.length > 8)
    const wanted = valueOf(openMapManifest(manifest, chain.state.map.root))
    const encoded = new Map(chunks.map(({ hash, encode }) => [hex(hash), encode()]))
    const entries: MapEntry[] = wanted.toReversed().flatMap(hash => valueOf(openMapChunk(encoded.get(hex(hash)) ?? new Uint8Array(0), hash)))
    const state = stateOfRows(entries.map(([key, value]) => ({ key, value })))
    assert.equal(hex(state.map.root), hex(chain.state.map.root))
    const [a, b] = [chain.state, state].map(each => valueOf(chain.ledger.execute(each, chain.context(), new Uint8Array(0), () => undefined)).stateRoot)
    assert.equal(hex(a ?? new Uint8Array(0)), hex(b ?? new Uint8Array(1)))
  })

  it('from a liar is refused chunk by chunk (snapshotFromLiar)', () => {
    const { chain } = filled()
    const root = chain.state.map.root
    const { manifest, chunks } = cutMap(chain.state.map, CHUNK_BYTES)
    const wanted = valueOf(openMapManifest(manifest, root))
    for (const [at, { encode }] of chunks.entries()) {
      const honest = encode()
      const hash = wanted[at] ?? root
      const lies: readonly Uint8Array[] = [
        honest.map((byte, each) => each === honest.length - 1 ? byte ^ 1 : byte), honest.slice(0, -1), new Uint8Array(0),
        chunks[(at + 1) % chunks.length]?.encode() ?? honest, new Uint8Array([...honest, ...honest])
      ]
      for (const lie of lies) assert.notEqual(codeOf(openMapChunk(lie, hash)), 'ok')
      assert.ok(openMapChunk(honest, hash).ok)
    }
    // A liar's own state with itself as the only member has another root, so its manifest does not fit.
    const liar = createLedger({ charter: foundedChain(1).charter })
    assert.equal(codeOf(openMapManifest(cutMap(liar.genesis.state.map).manifest, root)), 'root')
    assert.notEqual(codeOf(openMapManifest(manifest.slice(0, -1), root)), 'ok')
  })
})

describe('an index of the ledger', () => {
  it('that followed block by block says what one says that reads all of it', () => {
    const chain = foundedChain(4)
    const index = new LedgerIndex()
    assert.equal(index.follow(chain.ledger.genesis.state), true)
    assert.equal(index.follow(chain.state), true)
    const [city] = chain.founders
    assert.ok(city !== undefined)
    for (let block = 0; block < 5; block++) {
      chain.run([chain.byNode(city, [operations.datasetPut(`d-${block}`, [feedNamed(`${block}`)])])])
      assert.equal(index.follow(chain.state), false)
    }
    assert.deepEqual(index.datasets().map(({ dataset }) => dataset).toSorted(), ['d-0', 'd-1', 'd-2', 'd-3', 'd-4'])
    assert.equal(index.feeds().length, 5)
    assert.deepEqual(index.membershipFacts(), membershipFacts(chain.state))
    assert.equal(index.membershipFacts().certificates.length, 4)
    assert.ok(index.membershipFacts().members.every(({ nodes }) => nodes.every(({ certificate }) => certificate !== null)))
    const id = chain.open(city, { kind: 'remove', member: chain.founders[3]?.did ?? '' })
    chain.run(chain.founders.slice(0, 3).map(each => chain.byRoot(each, [operations.ballot(id, true)])))
    assert.equal(index.follow(chain.state), true)
    assert.deepEqual(index.membershipFacts().members.map(({ state }) => state), ['active', 'active', 'active', 'removed'])
    const fresh = new LedgerIndex()
    fresh.follow(chain.state)
    assert.deepEqual(new Set(fresh.datasets().map(({ dataset }) => dataset)), new Set(index.datasets().map(({ dataset }) => dataset)))
    assert.ok(equalBytes(fresh.state.map.root, chain.state.map.root))
  })
})
