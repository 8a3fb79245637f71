import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { textOf } from '../../src/base/index.ts'
import { decodeCharter, type Charter } from '../../src/core/identity/index.ts'
import { decodeLightProof, verifyLightProof, type LightFacts } from '../../src/core/light/index.ts'
import { encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import { metaKey } from '../../src/node/rows/index.ts'
import { valueOf } from '../core/identity.fixture.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, heldBy, publish, streamOf, tableOf } from '../support/publications.ts'

const KIB = 1024
const PATIENCE_MS = 30_000

type RecordFacts = Extract<LightFacts, { readonly kind: 'record' }>

describe('light proofs of a node', function () {
  this.timeout(120_000)
  let cities: City[] = []
  let publisher: City
  let other: City
  let charter: Charter

  before(async () => {
    cities = []
    for (const name of ['Constance', 'Bregenz', 'Lindau', 'Rorschach']) cities.push(await makeCity(name))
    const [first, second] = cities
    assert.ok(first !== undefined && second !== undefined)
    ;[publisher, other] = [first, second]
    await found(cities)
    await connected(cities)
    await publish(publisher.node, tableOf('stops', ['a,b\n', '1,2\n', '3,4\n']))
    await publish(publisher.node, streamOf('air'))
    await append(publisher.node, 'air', ['{"no2":1}', '{"no2":2}'])
    await until(() => cities.every(({ node }) => heldBy(node, 'stops')?.state === 'final'), 'the table is final everywhere')
    charter = await charterIn(other)
  })

  after(async () => { await removeCities(cities) })

  async function proved (city: City, reference: string, record: number): Promise<{ readonly bytes: Uint8Array, readonly facts: RecordFacts }> {
    let proof = await city.node.ledgerProof(reference, record)
    await until(async () => {
      proof = await city.node.ledgerProof(reference, record)
      return proof.ok || proof.failure.code !== 'not-ready'
    }, 'the newest block is kept')
    assert.ok(proof.ok, JSON.stringify(proof))
    const facts = valueOf(verifyLightProof(charter, proof.value))
    assert.ok(facts.kind === 'record')
    return { bytes: proof.value, facts }
  }

  it('show a record to whoever has the charter, from the publisher and from any member that holds it', async () => {
    for (const city of cities) {
      const { bytes, facts } = await proved(city, 'stops', 1)
      assert.equal(textOf(facts.record.body), '1,2\n')
      assert.equal(facts.publisher, publisher.node.status().member.did)
      const anchor = city.node.anchor('stops')
      assert.deepEqual([facts.height, facts.timeMs, facts.epoch], [anchor?.height, anchor?.timeMs, anchor?.epoch])
      assert.ok(bytes.length <= 16 * KIB, `${bytes.length} bytes`)
    }
  })

  it('are verified in a process of their own that has two files', async () => {
    const { bytes } = await proved(other, 'stops', 2)
    const [charterPath, proofPath] = [join(other.folder, 'charter.bin'), join(other.folder, 'proof.bin')]
    await writeFile(charterPath, charter.envelope)
    await writeFile(proofPath, bytes)
    const output = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['scripts/verifier.ts', charterPath, proofPath], (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(stderr))
      })
    })
    const said = JSON.parse(output) as { readonly number: number, readonly record: { readonly body: string } }
    assert.equal(said.number, 2)
    assert.equal(Buffer.from(said.record.body, 'base64').toString(), '3,4\n')
  })

  it('go on proving an old record by a certificate of its time, also after a restart', async () => {
    const before = await proved(publisher, 'stops', 0)
    for (let i = 0; i < 3; i++) {
      const put = await publisher.node.author([notice(`notice-${i}`)], PATIENCE_MS)
      assert.ok(put.ok && put.value.state === 'final', JSON.stringify(put))
    }
    await restart(other)
    await until(() => heldBy(other.node, 'stops')?.state === 'final', 'it knows the anchor again')
    const after = await proved(other, 'stops', 0)
    assert.deepEqual(after.facts, before.facts)
    await until(() => after.facts.height < (other.node.ledger()?.height ?? 0), 'the ledger went on')
    assert.ok(after.bytes.length <= 16 * KIB)
  })

  it('are refused where there is nothing to prove, with the reason', async () => {
    const tooFar = await publisher.node.ledgerProof('stops', 3)
    assert.ok(!tooFar.ok && tooFar.failure.code === 'not-found')
    const nobody = await publisher.node.ledgerProof('nothing', 0)
    assert.ok(!nobody.ok && nobody.failure.code === 'not-found')
    await append(publisher.node, 'air', ['{"no2":3}'])
    const fresh = await publisher.node.ledgerProof('air', 2)
    assert.ok(!fresh.ok && fresh.failure.code === 'not-anchored', JSON.stringify(fresh))
  })

  it('show records of a member that was admitted by vote, with its place among the members', async () => {
    const late = await makeCity('Late')
    cities.push(late)
    const ticket = await publisher.node.invite({ federationName: '', want: 1, validMs: 3_600_000 })
    assert.ok(ticket.ok, JSON.stringify(ticket))
    const joined = await late.node.join(ticket.value.ticket)
    assert.ok(joined.ok, JSON.stringify(joined))
    const { did } = late.node.status().member
    await until(() => publisher.node.applications().some(each => each.did === did), 'the application is there')
    const opened = await publisher.node.propose({ kind: 'join', member: did, seat: false }, PATIENCE_MS)
    assert.ok(opened.ok && opened.value.state === 'final', JSON.stringify(opened))
    for (const { node } of cities.slice(1, 3)) {
      await until(() => node.proposals().some(({ id }) => id === opened.value.proposal), 'the proposal is known')
      const voted = await node.vote(opened.value.proposal, true, PATIENCE_MS)
      assert.ok(voted.ok && voted.value.state === 'final', JSON.stringify(voted))
    }
    await until(() => late.node.status().state === 'ready' && late.node.ledgerMembers().some(each => each.did === did), 'it belongs and knows it')
    await publish(late.node, tableOf('boats', ['x\n', 'y\n']))
    await until(() => cities.every(({ node }) => heldBy(node, 'boats')?.state === 'final'), 'its dataset is final everywhere')
    for (const city of [late, other]) {
      const { bytes, facts } = await proved(city, 'boats', 1)
      assert.equal(facts.publisher, did)
      assert.equal(textOf(facts.record.body), 'y\n')
      const { subject } = valueOf(decodeLightProof(bytes))
      assert.ok(subject.kind === 'record' && subject.member !== null)
    }
  })
})

async function charterIn (city: City): Promise<Charter> {
  const read = await city.store.get(metaKey('charter'))
  assert.equal(read.state, 'found')
  return valueOf(decodeCharter(read.state === 'found' ? read.value : new Uint8Array(0)))
}

/** A dataset of no feed: something to decide. */
function notice (dataset: string): Uint8Array {
  return encodeOperation(OPERATIONS.datasetPut, { dataset, feeds: [], schemaHash: null, licenceHash: null, isRetired: false })
}
