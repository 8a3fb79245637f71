import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex, cidOfText, hex } from '../../src/base/index.ts'
import { agreementBytes, decodeBody, keyProofBytes, proposalId, signTransaction, transactionBody } from '../../src/core/ledger/index.ts'
import { cityNamed, FOUNDED_MS, valueOf } from './identity.fixture.ts'
import { chainOf } from './ledger.fixture.ts'

/** Made by a second implementation in another language, which knows nothing of this one but the rules. */
const vectors = JSON.parse(readFileSync('test/vectors/ledger.json', 'utf8')) as {
  readonly cities: readonly string[]
  readonly federation: string
  readonly genesisRoot: string
  readonly transaction: {
    readonly operations: readonly string[], readonly certificate: string, readonly sequence: number, readonly notAfterMs: number,
    readonly signBytes: string, readonly signature: string, readonly id: string, readonly envelope: string
  }
  readonly block: { readonly height: number, readonly timeMs: number, readonly body: string, readonly bodyRoot: string, readonly stateRoot: string }
  readonly signBytes: {
    readonly agreement: { readonly commit: string, readonly startMs: number, readonly endMs: number, readonly bytes: string }
    readonly key: { readonly key: string, readonly bytes: string }
    readonly proposal: { readonly sequence: number, readonly index: number, readonly id: string }
  }
}

function bytes (text: string): Uint8Array {
  const read = bytesOfHex(text)
  assert.ok(read !== undefined)
  return read
}

describe('ledger vectors', () => {
  const founders = vectors.cities.map(cityNamed)
  const [a, b] = founders
  assert.ok(a !== undefined && b !== undefined)

  it('agree about the genesis state', () => {
    const chain = chainOf(founders)
    assert.equal(chain.charter.federation.toString(), vectors.federation)
    assert.equal(hex(chain.ledger.genesis.stateRoot), vectors.genesisRoot)
  })

  it('agree about a transaction: what is signed, its id and envelope', () => {
    const { transaction } = vectors
    const chain = chainOf(founders)
    const certificate = cidOfText(transaction.certificate)
    assert.ok(certificate !== undefined)
    const fields = {
      federation: chain.charter.federation, author: a.did, sequence: transaction.sequence, notAfterMs: transaction.notAfterMs,
      operations: transaction.operations.map(bytes), certificate
    }
    assert.equal(hex(transactionBody(fields)), transaction.signBytes)
    assert.equal(hex(signTransaction(fields, a.node)), transaction.envelope)
    const admitted = chain.ledger.admit(chain.state, bytes(transaction.envelope))
    assert.deepEqual([admitted?.id, hex(admitted?.signature ?? new Uint8Array(0))], [transaction.id, transaction.signature])
  })

  it('agree about a block: its body, the root over it and the state after it', () => {
    const { block, transaction } = vectors
    const chain = chainOf(founders)
    assert.deepEqual(decodeBody(bytes(block.body))?.map(hex), [transaction.envelope])
    const context = chain.context({ height: block.height, timeMs: block.timeMs })
    const executed = valueOf(chain.ledger.execute(chain.state, context, bytes(block.body), () => undefined))
    assert.equal(hex(executed.bodyRoot), block.bodyRoot)
    assert.equal(hex(executed.stateRoot), block.stateRoot)
    assert.deepEqual(executed.ids, [transaction.id])
    assert.equal(block.timeMs, FOUNDED_MS + 60_000)
  })

  it('agree about what parties and new keys sign, and how proposals are named', () => {
    const { agreement, key, proposal } = vectors.signBytes
    const { federation } = chainOf(founders).charter
    const { startMs, endMs } = agreement
    assert.equal(hex(agreementBytes(federation, { commit: bytes(agreement.commit), provider: a.did, consumer: b.did, startMs, endMs })), agreement.bytes)
    assert.equal(hex(keyProofBytes({ federation, author: a.did }, 'govern', bytes(key.key))), key.bytes)
    assert.equal(hex(proposalId(federation, a.root.publicKey, proposal.sequence, proposal.index)), proposal.id)
  })
})
