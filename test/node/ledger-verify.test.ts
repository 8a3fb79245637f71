import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { decodeBlock, decodeFinalityProof, encodeBlock, makeBlock, SEAL, type Block, type FinalityProof } from '../../src/core/finality/index.ts'
import { encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import { checkLedger, type LedgerSource } from '../../src/node/ledger/index.ts'
import type { LedgerCheck } from '../../src/node/index.ts'
import { finalBlockKey, finalityKey, metaKey } from '../../src/node/rows/index.ts'
import { connected, found, ledgerAtRest, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { heldBy, publish, tableOf } from '../support/publications.ts'

const BODY_BYTES_MAX = 1_048_576
const PATIENCE_MS = 30_000

describe('the check of the whole ledger', function () {
  this.timeout(120_000)
  let cities: City[] = []
  let city: City
  let charter: Uint8Array
  let blocks: readonly Block[]
  let proof: FinalityProof

  before(async () => {
    cities = []
    for (const name of ['Constance', 'Bregenz', 'Lindau', 'Rorschach']) cities.push(await makeCity(name))
    const [first] = cities
    assert.ok(first !== undefined)
    city = first
    await found(cities)
    await connected(cities)
    await publish(city.node, tableOf('stops', ['a,b\n']))
    await until(() => cities.every(({ node }) => heldBy(node, 'stops')?.state === 'final'), 'something is final everywhere')
    const rotated = await city.node.rotateKey(PATIENCE_MS)
    assert.ok(rotated.ok, JSON.stringify(rotated))
    await until(() => cities.every(({ node }) => (node.ledger()?.epoch ?? 0) > 0), 'a second epoch began')
    const notice = encodeOperation(OPERATIONS.datasetPut, { dataset: 'boats', feeds: [], schemaHash: null, licenceHash: null, isRetired: false })
    const put = await city.node.author([notice], PATIENCE_MS)
    assert.ok(put.ok && put.value.state === 'final', JSON.stringify(put))
    await until(() => cities.every(({ node }) => node.status().alarms.length === 0), 'all is well')
    await ledgerAtRest(cities)
    charter = await kept(metaKey('charter'))
    const height = city.node.ledger()?.height ?? 0
    blocks = await Promise.all(Array.from({ length: height }, async (_, at) => blockOf(await kept(finalBlockKey(at + 1)))))
    const decoded = decodeFinalityProof(await kept(finalityKey(height)))
    assert.ok(decoded.ok)
    proof = decoded.value
  })

  after(async () => { await removeCities(cities) })

  async function kept (key: Uint8Array): Promise<Uint8Array> {
    const read = await city.store.get(key)
    assert.equal(read.state, 'found')
    return read.state === 'found' ? read.value : new Uint8Array(0)
  }

  function blockOf (bytes: Uint8Array): Block {
    const block = decodeBlock(bytes, BODY_BYTES_MAX)
    assert.ok(block.ok)
    return block.value
  }

  /** The kept ledger, with some blocks or proofs other than they are. */
  async function checked (changed: ReadonlyMap<number, Block | undefined>, lastProof?: FinalityProof): Promise<LedgerCheck> {
    const source: LedgerSource = {
      block: async height => changed.has(height) ? changed.get(height) : blocks[height - 1],
      proof: async height => {
        if (height === blocks.length) return lastProof ?? proof
        const read = decodeFinalityProof(await kept(finalityKey(height)))
        assert.ok(read.ok)
        return read.value
      },
      seals: () => Promise.resolve([])
    }
    return checkLedger(charter, source, blocks.length)
  }

  const failing = ({ checks }: LedgerCheck): readonly string[] => checks.filter(({ ok }) => !ok).map(({ name }) => name)

  /** The same block with other content, by somebody who can hash and cannot sign. */
  function remade (height: number, changes: Partial<Parameters<typeof makeBlock>[0]>): ReadonlyMap<number, Block> {
    const block = blocks[height - 1]
    assert.ok(block !== undefined)
    const { header, just, evidence, body } = block
    const { justDigest: _justDigest, evidenceRoot: _evidenceRoot, ...fields } = header
    return new Map([[height, makeBlock({ ...fields, just, evidence, body, ...changes })]])
  }

  it('finds all in order on every node, over an epoch\'s end', async () => {
    for (const { node } of cities) {
      const check = await node.verifyLedger()
      assert.deepEqual(check?.checks.filter(({ ok }) => !ok), [])
      assert.equal(check?.verified, true)
      assert.ok((check?.height ?? 0) >= blocks.length)
    }
    const check = await checked(new Map())
    assert.deepEqual([check.verified, check.fromHeight, check.height], [true, 1, blocks.length])
    assert.match(check.checks.find(({ name }) => name === 'finality')?.detail ?? '', /^1 seals/)
  })

  it('tells what is missing', async () => {
    const check = await checked(new Map([[2, undefined]]))
    assert.deepEqual([failing(check), check.height], [['hashes'], 1])
    assert.equal(check.checks.find(({ name }) => name === 'hashes')?.detail, 'block 2 is not here')
  })

  it('finds a block that was exchanged for another', async () => {
    assert.deepEqual(failing(await checked(new Map([[2, blocks[2]]]))), ['hashes'])
    assert.deepEqual(failing(await checked(remade(2, { parent: new Uint8Array(32) }))), ['hashes'])
    assert.deepEqual(failing(await checked(remade(2, { logRoot: new Uint8Array(32) }))), ['hashes'])
    assert.deepEqual(failing(await checked(remade(2, { timeMs: (blocks[1]?.header.timeMs ?? 0) + 1 }))), ['execution'], 'the state knows the time')
  })

  it('finds a justification without a quorum behind it', async () => {
    const at = blocks.findIndex(({ just }) => just.parentCert !== null)
    const block = blocks[at]
    assert.ok(block !== undefined && block.just.parentCert !== null)
    const signatures = block.just.parentCert.signatures.with(3, (block.just.parentCert.signatures[3] ?? 0) ^ 1)
    const just = { ...block.just, parentCert: { ...block.just.parentCert, signatures } }
    assert.deepEqual(failing(await checked(remade(at + 1, { just }))), ['certificates'])
  })

  it('finds a state or a transaction that does not follow', async () => {
    const at = blocks.findIndex(({ body }) => body.length > 0)
    const stateRoot = blocks[at]?.header.stateRoot ?? new Uint8Array(32)
    assert.deepEqual(failing(await checked(remade(at + 1, { stateRoot: stateRoot.with(0, (stateRoot[0] ?? 0) ^ 1) }))), ['execution'])
    const body = blocks[at]?.body ?? new Uint8Array(0)
    assert.deepEqual(failing(await checked(remade(at + 1, { body: body.with(body.length - 1, (body.at(-1) ?? 0) ^ 1) }))), ['execution'])
    assert.deepEqual(failing(await checked(remade(at + 1, { body: new Uint8Array(0) }))), ['execution'])
  })

  it('finds a newest block that nobody finalised', async () => {
    const { signatures } = proof.cert
    const bent = { ...proof, cert: { ...proof.cert, signatures: signatures.with(5, (signatures[5] ?? 0) ^ 1) } }
    assert.deepEqual(failing(await checked(new Map(), bent)), ['finality'])
    const seal = blocks.find(({ header }) => header.type === SEAL)
    const older = decodeFinalityProof(await kept(finalityKey(seal?.header.height ?? 0)))
    assert.ok(older.ok)
    assert.deepEqual(failing(await checked(new Map(), older.value)), ['finality'])
  })

  it('finds what was changed in the store of a node', async () => {
    const key = finalBlockKey(1)
    const before = await kept(key)
    const [forged] = remade(1, { timeMs: (blocks[0]?.header.timeMs ?? 0) + 1 }).values()
    assert.ok(forged !== undefined && hex(forged.digest) !== hex(blocks[0]?.digest ?? new Uint8Array(0)))
    await city.store.commit([{ type: 'put', key, value: encodeBlock(forged) }])
    try {
      const check = await city.node.verifyLedger()
      assert.equal(check?.verified, false)
    } finally {
      await city.store.commit([{ type: 'put', key, value: before }])
    }
    assert.equal((await city.node.verifyLedger())?.verified, true)
  })
})
