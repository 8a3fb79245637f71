import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { cidOfDigest, encodeCanonical, hex, sha256, type CID } from '../../src/base/index.ts'
import { followSeals, genesisAnchor, realScheme } from '../../src/core/finality/index.ts'
import {
  decodeLightProof, encodeLightProof, memberProof, olderBlock, stateProof, verifyLightProof, type LightFacts, type LightProof
} from '../../src/core/light/index.ts'
import { decodeTransaction, proveRow, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { certificateOf, charterOf, cities, cityNamed, codeOf, valueOf } from './identity.fixture.ts'
import { feedNamed, operations } from './ledger.fixture.ts'
import { FinalChain, placeIn, publishedFeed, recordNamed, recordOf, recordProofOf, type PublishedFeed } from './light.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const KIB = 1024

/** Four validators, a feed of many segments anchored in a full block, and five epochs after it. */
function longStory (): { readonly final: FinalChain, readonly feed: PublishedFeed, readonly proof: LightProof, readonly bodyBytes: number } {
  const final = new FinalChain(4)
  const [publisher, ...others] = final.chain.founders
  assert.ok(publisher !== undefined)
  const { chain } = final
  const feed = publishedFeed(chain, publisher, [3, 700, ...Array.from({ length: 60 }, () => 2)])
  const names = Array.from({ length: 15 }, (_, i) => feedNamed(`feed ${i}`))
  final.add([chain.byNode(publisher, [feed.datasetPut, operations.datasetPut('others', names)])])
  const anchor = feed.anchor(62, ...names.map(name => [name, 3] as const))
  const block = final.add([
    ...others.map(city => chain.byNode(city, [operations.datasetPut('noise', [])])), chain.byNode(publisher, [operations.datasetPut('more', []), anchor])
  ])
  final.rotate(5)
  for (let i = 0; i < 20; i++) final.add([])
  const newest = final.add([])
  const record = recordOf(feed, 1, 500, 62)
  const proof = recordProofOf(final, feed, block, placeIn(block, others.length, 1), record, newest)
  return { final, feed, proof, bodyBytes: record.record.body.length }
}

type RecordFacts = Extract<LightFacts, { readonly kind: 'record' }>

describe('light proof', () => {
  const { final, feed, proof, bodyBytes } = longStory()
  const { charter } = final.chain
  const encoded = encodeLightProof(proof)

  it('proves a record from the charter alone, over five epochs, in 16 KiB beside its body', () => {
    const facts = valueOf(verifyLightProof(charter, encoded)) as RecordFacts
    assert.equal(proof.seals.length, 5)
    assert.equal(facts.publisher, feed.city.did)
    assert.equal(facts.feed.toString(), feed.declaration.id.toString())
    assert.deepEqual([facts.datasetId, facts.number, facts.height, facts.epoch], ['traffic', 503, 3, 0])
    assert.deepEqual(facts.record, recordNamed('record 503'))
    assert.equal(facts.timeMs, final.blocks[2]?.header.timeMs)
    assert.ok(encoded.length - bodyBytes <= 16 * KIB, `${encoded.length} bytes`)
  })

  it('is verified by a program that knows base and core alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hanse-light-'))
    try {
      await writeFile(join(folder, 'charter'), charter.envelope)
      await writeFile(join(folder, 'proof'), encoded)
      await writeFile(join(folder, 'bent'), encoded.with(encoded.length - 90, (encoded[encoded.length - 90] ?? 0) ^ 1))
      const good = await run(join(folder, 'charter'), join(folder, 'proof'))
      assert.equal(good.code, 0, good.stderr)
      const facts = JSON.parse(good.stdout) as { readonly publisher: string, readonly number: number, readonly height: number, readonly record: { readonly body: string } }
      assert.deepEqual([facts.publisher, facts.number, facts.height], [feed.city.did, 503, 3])
      assert.equal(Buffer.from(facts.record.body, 'base64').toString(), '{"name":"record 503"}')
      const bent = await run(join(folder, 'charter'), join(folder, 'bent'))
      assert.equal(bent.code, 1)
      assert.match(bent.stderr, /the proof does not hold/)
      const imports = [...(await readFile('scripts/verifier.ts', 'utf8')).matchAll(/from '([^']+)'/g)].map(([, from]) => from)
      assert.ok(imports.every(from => from?.startsWith('node:') === true || /^\.\.\/src\/(base|core)\//.test(from ?? '')), imports.join())
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('proves the same from an anchor, where the member is shown by the state', () => {
    const anchor = valueOf(followSeals(genesisAnchor(charter), realScheme, proof.seals.slice(0, 3)))
    const member = memberProof(final.chain.state, feed.city.did)
    assert.ok(proof.subject.kind === 'record')
    const later: LightProof = { ...proof, seals: proof.seals.slice(3), subject: { ...proof.subject, member } }
    const facts = valueOf(verifyLightProof(anchor, encodeLightProof(later))) as RecordFacts
    assert.equal(facts.number, 503)
    assert.equal(codeOf(verifyLightProof(anchor, encodeLightProof({ ...later, subject: proof.subject }))), 'member')
    assert.equal(codeOf(verifyLightProof(charter, encodeLightProof(later))), 'finality')
    assert.equal(codeOf(verifyLightProof(charter, encodeLightProof({ ...proof, subject: later.subject }))), 'member')
  })

  it('proves a record of a member that was admitted later', () => {
    const joined = new FinalChain(4)
    const { chain } = joined
    const [first, ...others] = chain.founders
    const late = cityNamed('Late')
    assert.ok(first !== undefined)
    const id = chain.idOfNext(first)
    joined.add([chain.byRoot(first, [operations.open({ kind: 'join', member: late.did, classCode: 'municipality', seat: false }, chain.timeMs + 86_400_000)])])
    joined.add([first, ...others].map(city => chain.byRoot(city, [operations.ballot(id, true)])).slice(0, 3))
    const published = publishedFeed(chain, late, [2])
    joined.add([chain.byNode(late, [operations.nodePut(chain, late), published.datasetPut])])
    const block = joined.add([chain.byNode(late, [published.anchor(1)])])
    const good = recordProofOf(joined, published, block, placeIn(block, 0, 0), recordOf(published, 0, 1, 1), block, false)
    const facts = valueOf(verifyLightProof(chain.charter, encodeLightProof(good))) as RecordFacts
    assert.deepEqual([facts.publisher, facts.number, facts.height], [late.did, 1, 5])
    assert.ok(good.subject.kind === 'record')
    assert.equal(codeOf(verifyLightProof(chain.charter, encodeLightProof({ ...good, subject: { ...good.subject, member: null } }))), 'member')
    const other = memberProof(chain.state, first.did)
    assert.equal(codeOf(verifyLightProof(chain.charter, encodeLightProof({ ...good, subject: { ...good.subject, member: other } }))), 'member')
  })

  it('proves any operation, and rows of the state that are there or not', () => {
    const newest = final.blocks.at(-1)
    const block = final.blocks[2]
    assert.ok(newest !== undefined && block !== undefined && proof.subject.kind === 'record')
    const base = { seals: final.seals, finality: final.proofOf(newest) }
    const place = placeIn(block, 1, 0)
    const older = olderBlock(block.bytes, 3, newest.header.height, final.log)
    const operation = valueOf(verifyLightProof(charter, encodeLightProof({ ...base, subject: { kind: 'operation', older, place } })))
    assert.ok(operation.kind === 'operation')
    assert.deepEqual([operation.author, hex(operation.operation), operation.height], [final.chain.founders[2]?.did, hex(place.operation), 3])
    for (const [did, isThere] of [[feed.city.did, true], [cityNamed('Nobody').did, false]] as const) {
      const state = stateProof(proveRow(final.chain.state, 'member', did))
      const facts = valueOf(verifyLightProof(charter, encodeLightProof({ ...base, subject: { kind: 'state', state } })))
      assert.ok(facts.kind === 'state' && (facts.value !== null) === isThere)
      const lie = { ...state, value: isThere ? null : new Uint8Array([0xa0]) }
      assert.equal(codeOf(verifyLightProof(charter, encodeLightProof({ ...base, subject: { kind: 'state', state: lie } }))), 'state')
    }
  })

  it('says what is wrong with a proof whose parts do not belong together', () => {
    const { subject } = proof
    assert.ok(subject.kind === 'record' && subject.older !== null)
    const refusal = (changes: Partial<LightProof>): string => codeOf(verifyLightProof(charter, encodeLightProof({ ...proof, ...changes })))
    const withSubject = (changes: Partial<typeof subject>): string => refusal({ subject: { ...subject, ...changes } })
    const newest = final.blocks.at(-1)
    const other = final.blocks[1]
    const [, second] = final.chain.founders
    assert.ok(newest !== undefined && other !== undefined && second !== undefined)
    const foreign = certificateOf(second, charter.federation).envelope
    assert.equal(refusal({ seals: proof.seals.slice(1) }), 'finality')
    assert.equal(refusal({ seals: proof.seals.slice(0, 4) }), 'finality')
    assert.equal(refusal({ seals: [...proof.seals, ...proof.seals.slice(4)] }), 'finality')
    assert.equal(codeOf(verifyLightProof(charterOf(cities(4), 'Another Hanse'), encoded)), 'finality')
    assert.equal(withSubject({ older: null }), 'transaction')
    assert.equal(withSubject({ older: olderBlock(other.bytes, 3, newest.header.height, final.log) }), 'block')
    assert.equal(withSubject({ place: { ...subject.place, index: 0 } }), 'operation')
    assert.equal(withSubject({ place: { ...subject.place, bodyPath: { ...subject.place.bodyPath, turns: 0 } } }), 'transaction')
    const { bodyPath } = subject.place
    const another = { ...bodyPath, turns: bodyPath.turns + 2 ** bodyPath.siblings.length }
    assert.equal(withSubject({ place: { ...subject.place, bodyPath: another } }), 'transaction')
    assert.equal(withSubject({ place: placeIn(final.blocks[2] ?? other, 3, 0) }), 'anchor')
    assert.equal(withSubject({ place: placeIn(final.blocks[2] ?? other, 0, 0), certificates: [foreign, ...subject.certificates] }), 'author')
    assert.equal(withSubject({ certificates: [...subject.certificates, ...subject.certificates] }), 'certificates')
    assert.equal(withSubject({ certificates: [foreign] }), 'unknown-certificate')
    assert.equal(withSubject({ record: { ...subject.record, position: 499 } }), 'record')
    assert.equal(withSubject({ record: { ...subject.record, record: { ...subject.record.record, timeMs: 1 } } }), 'record')
    assert.equal(withSubject({ record: { ...subject.record, index: 2 } }), 'anchor')
    assert.equal(withSubject({ declaration: publishedFeed(final.chain, second, [1]).declaration.statement.envelope }), 'unknown-certificate')
  })

  it('does not take the word of validators for what the publisher never signed', () => {
    const lying = new FinalChain(4)
    const { chain } = lying
    const [publisher] = chain.founders
    assert.ok(publisher !== undefined)
    const published = publishedFeed(chain, publisher, [2])
    lying.add([chain.byNode(publisher, [published.datasetPut])])
    const signed = chain.byNode(publisher, [published.anchor(1)])
    const signature = signed.signature.with(0, (signed.signature[0] ?? 0) ^ 1)
    const { cert, ops } = readParts(signed)
    const forged = valueOf(decodeTransaction(chain.ledger.registry, encodeCanonical({ body: signed.body, cert, signature, ops })))
    const block = lying.add([], [forged])
    const made = recordProofOf(lying, published, block, placeIn(block, 0, 0), recordOf(published, 0, 1, 1), block)
    assert.equal(codeOf(verifyLightProof(chain.charter, encodeLightProof(made))), 'author')
  })

  it('has one form, which is frozen', async () => {
    const frozen = JSON.parse(await readFile('test/vectors/light.json', 'utf8')) as { readonly sha256: string, readonly bytes: number }
    assert.deepEqual({ sha256: hex(sha256(encoded)), bytes: encoded.length }, frozen)
    const decoded = valueOf(decodeLightProof(encoded))
    assert.equal(hex(encodeLightProof(decoded)), hex(encoded))
  })

  it('refuses every mutated proof', () => {
    const seed = 20_261_126
    const random = randomFrom(seed)
    const frames = framesOf(1_000)
    for (let frame = 0; frame < frames; frame++) {
      assert.ok(!verifyLightProof(charter, mutated(encoded, random)).ok, `seed ${seed}, frame ${frame}`)
    }
  }).timeout(FRAMES_TIMEOUT_MS)

  it('refuses every proof of which one bit is turned within what it shows', () => {
    const seed = 20_261_127
    const random = randomFrom(seed)
    const frames = framesOf(500)
    for (let frame = 0; frame < frames; frame++) {
      const bit = Math.floor(random() * encoded.length * 8)
      const at = bit >> 3
      const bent = encoded.with(at, (encoded[at] ?? 0) ^ (1 << (bit & 7)))
      assert.ok(!verifyLightProof(charter, bent).ok, `seed ${seed}, bit ${bit}`)
    }
  }).timeout(FRAMES_TIMEOUT_MS)
})

function readParts ({ signedBy, operationBytes }: LedgerTransaction): { readonly cert: CID, readonly ops: readonly Uint8Array[] } {
  return { cert: cidOfDigest('dagCbor', signedBy.digest), ops: operationBytes }
}

async function run (charter: string, proof: string): Promise<{ readonly code: number, readonly stdout: string, readonly stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, ['scripts/verifier.ts', charter, proof], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
