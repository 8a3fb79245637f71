import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOfHex, cidOfBytes, hex, utf8 } from '../../src/base/index.ts'
import { encodeRecordProof, makeRecordProof, makeSegmentProof, openSegment } from '../../src/core/feed/index.ts'
import { encodeLightProof, verifyLightProof } from '../../src/core/light/index.ts'
import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { encodeProofFile, verifyProof } from '../../src/node/bundle/index.ts'
import { finalBlock, isSigned, kindOf, nextAnchor, verify, type Anchor, type Step } from '../../src/web/proofs/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { ada, ben, cyd, feedOf, recordsOf } from '../core/feed.fixture.ts'
import { certificateOf, charterOf, cities, cityNamed, valueOf } from '../core/identity.fixture.ts'
import { operations } from '../core/ledger.fixture.ts'
import { FinalChain, placeIn, publishedFeed, recordOf, recordProofOf } from '../core/light.fixture.ts'
import { randomFrom } from '../support/chance.ts'

/** The same that a browser has. */
const { subtle } = globalThis.crypto
const FRAMES = Number(process.env['HANSE_FRAMES'] ?? 150)
const ED25519_VECTORS = join(process.env['HANSE_VECTORS'] ?? '../shared/vectors', 'ed25519-zip215.json')

async function judged (file: Uint8Array, charter: Uint8Array | null): Promise<{ readonly holds: boolean, readonly steps: readonly Step[], readonly number: number | undefined }> {
  const steps: Step[] = []
  const { holds, shown } = await verify(subtle, file, charter, step => { steps.push(step) })
  return { holds, steps, number: shown?.number }
}

const bytesOf = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('hex')

describe('proofs in the browser: of a publisher', () => {
  const charter = charterOf([ada, ben, cyd])
  const feed = feedOf(ada, [recordsOf(5), recordsOf(90, 'gauge')])
  const certificate = certificateOf(ada, charter.federation).envelope
  const closed = feed.segments[1] ?? assert.fail('two segments')
  const segment = makeSegmentProof(feed.head(), feed.log, 1, closed.leafData)
  const proof = encodeRecordProof(makeRecordProof(segment, valueOf(openSegment(closed.bytes)), 40, [certificate]))
  const file = { charter: charter.envelope, certificates: [certificate], revocations: [], declaration: feed.declaration.statement.envelope, proof }
  const encoded = encodeProofFile(file)

  it('holds, and tells each check', async () => {
    const { holds, steps, number } = await judged(encoded, null)
    assert.deepEqual([kindOf(encoded), holds, number], ['proof', true, 45])
    assert.deepEqual(steps.map(({ name }) => name), ['charter', 'certificate', 'declaration', 'head', 'segment', 'record'])
  })

  it('refuses what does not belong together, at the check that shows it', async () => {
    const at = async (changes: Partial<typeof file>): Promise<string | undefined> => (await judged(encodeProofFile({ ...file, ...changes }), null)).steps.find(({ ok }) => !ok)?.name
    assert.equal(await at({ charter: charterOf([ada, ben, cyd], 'Another').envelope }), 'certificate')
    assert.equal(await at({ certificates: [certificateOf(ben, charter.federation).envelope] }), 'certificate')
    assert.equal(await at({ declaration: feedOf(ben, [recordsOf(1)]).declaration.statement.envelope }), 'certificate')
    assert.equal(await at({ proof: encodeRecordProof(makeRecordProof({ ...segment, index: 0 }, valueOf(openSegment(closed.bytes)), 40, [certificate])) }), 'segment')
  })

  it('refuses every mutated proof, as the node does', async () => {
    const random = randomFrom(20_261_129)
    for (let frame = 0; frame < FRAMES; frame++) {
      const bent = mutated(encoded, random)
      assert.equal((await judged(bent, null)).holds, verifyProof(bent).ok, `frame ${frame}: ${hex(bent)}`)
    }
  })
})

describe('proofs in the browser: of the ledger', () => {
  const final = new FinalChain(4)
  const { chain } = final
  const [publisher] = chain.founders
  assert.ok(publisher !== undefined)
  const feed = publishedFeed(chain, publisher, [3, 70, 2])
  final.add([chain.byNode(publisher, [feed.datasetPut])])
  const block = final.add([chain.byNode(publisher, [operations.datasetPut('more', []), feed.anchor(3)])])
  final.rotate(2)
  const newest = final.add([])
  const proof = recordProofOf(final, feed, block, placeIn(block, 0, 1), recordOf(feed, 1, 50, 3), newest)
  const encoded = encodeLightProof(proof)
  const { charter } = chain

  it('leads from the charter over changes of validators to the record', async () => {
    const { holds, steps, number } = await judged(encoded, charter.envelope)
    assert.deepEqual([kindOf(encoded), kindOf(charter.envelope), holds, number], ['light-proof', 'charter', true, 53])
    assert.deepEqual(steps.map(({ name }) => name), ['charter', 'seals', 'finality', 'block', 'transaction', 'declaration', 'author', 'anchor', 'segment', 'record', 'member'])
    assert.equal(steps.find(({ name }) => name === 'seals')?.values['count'], 2)
  })

  it('proves nothing without a charter, or from another', async () => {
    assert.deepEqual((await judged(encoded, null)).steps.map(({ name, ok }) => [name, ok]), [['charter', false]])
    assert.equal((await judged(encoded, charterOf(cities(4), 'Another Hanse').envelope)).holds, false)
  })

  it('shows by the state that a publisher was admitted later', async () => {
    const joined = new FinalChain(4)
    const [first, ...others] = joined.chain.founders
    assert.ok(first !== undefined)
    const late = cityNamed('Late')
    const id = joined.chain.idOfNext(first)
    joined.add([joined.chain.byRoot(first, [operations.open({ kind: 'join', member: late.did, classCode: 'municipality', seat: false }, joined.chain.timeMs + 86_400_000)])])
    joined.add([first, ...others].map(city => joined.chain.byRoot(city, [operations.ballot(id, true)])).slice(0, 3))
    const published = publishedFeed(joined.chain, late, [2])
    joined.add([joined.chain.byNode(late, [operations.nodePut(joined.chain, late), published.datasetPut])])
    const anchored = joined.add([joined.chain.byNode(late, [published.anchor(1)])])
    const good = recordProofOf(joined, published, anchored, placeIn(anchored, 0, 0), recordOf(published, 0, 1, 1), anchored, false)
    assert.equal((await judged(encodeLightProof(good), joined.chain.charter.envelope)).holds, true)
    assert.ok(good.subject.kind === 'record')
    assert.equal((await judged(encodeLightProof({ ...good, subject: { ...good.subject, member: null } }), joined.chain.charter.envelope)).holds, false)
  })

  it('judges every mutated proof as the node does', async () => {
    const random = randomFrom(20_261_130)
    for (let frame = 0; frame < FRAMES; frame++) {
      const bent = mutated(encoded, random)
      assert.equal((await judged(bent, charter.envelope)).holds, verifyLightProof(charter, bent).ok, `frame ${frame}`)
    }
  })
})

type Vectors = {
  readonly anchor: { readonly federation: string, readonly epoch: number, readonly validators: readonly { readonly member: string, readonly node: string, readonly key: string }[], readonly base: string, readonly baseHeight: number, readonly timeMs: number }
  readonly proofs: readonly { readonly name: string, readonly hex: string, readonly expect: string }[]
  readonly seals: Vectors['proofs']
}

describe('proofs in the browser: frozen vectors', () => {
  const { anchor: { federation, validators, base, ...rest }, proofs, seals } = JSON.parse(readFileSync('test/vectors/finality.json', 'utf8')) as Vectors
  const anchor: Anchor = {
    ...rest, federation: cidOfBytes(bytesOf(federation)) ?? assert.fail('a federation'), base: bytesOf(base),
    validators: validators.map(({ member, node, key }) => [member, bytesOf(node), bytesOf(key)] as const)
  }

  for (const [kind, cases] of [['proof', proofs], ['seal', seals]] as const) {
    for (const { name, hex: text, expect } of cases) {
      it(`judges a ${kind} ${name}: ${expect}`, async () => {
        const judging = kind === 'proof' ? finalBlock(subtle, 'finality', anchor, bytesOf(text)) : nextAnchor(subtle, anchor, bytesOf(text))
        assert.equal(await judging.then(() => true, () => false), expect === 'ok')
      })
    }
  }

  it('holds signatures to the rule of the node', async function () {
    const key = signingKeyOfSeed(new Uint8Array(32).fill(7))
    const [message, signature] = [utf8('a head'), key.sign(utf8('a head'))]
    assert.ok(await isSigned(subtle, key.publicKey, message, signature))
    for (const at of [0, 31, 32, 63]) assert.ok(!await isSigned(subtle, key.publicKey, message, signature.with(at, (signature[at] ?? 0) ^ 1)), `byte ${at}`)
    // S + L: the same signature to a lax verifier.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const raised = BigInt(`0x${hex(signature.subarray(32).toReversed())}`) + order
    const lax = new Uint8Array([...signature.subarray(0, 32), ...bytesOf(raised.toString(16).padStart(64, '0')).toReversed()])
    assert.ok(!await isSigned(subtle, key.publicKey, message, lax))
    assert.ok(!await isSigned(subtle, Uint8Array.from({ length: 32 }, (_, at) => at === 0 ? 1 : 0), message, signature))
  })

  const has = existsSync(ED25519_VECTORS)
  ;(has ? it : it.skip)(`takes no public ZIP-215 vector that is not of the rule${has ? '' : ` [not run: ${ED25519_VECTORS} is missing]`}`, async () => {
    const vectors = JSON.parse(readFileSync(ED25519_VECTORS, 'utf8')) as readonly { readonly vk_bytes: string, readonly sig_bytes: string }[]
    const taken: string[] = []
    for (const { vk_bytes: key, sig_bytes: signature } of vectors) if (await isSigned(subtle, bytesOf(key), utf8('Zcash'), bytesOf(signature))) taken.push(key)
    assert.equal(vectors.length, 196)
    assert.deepEqual(taken, [])
  })
})
