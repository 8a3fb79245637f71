import { strict as assert } from 'node:assert'
import { equalBytes, u64 } from '../../src/base/index.ts'
import { decodeLightProof, verifyLightProof, type LightProof } from '../../src/core/light/index.ts'
import type { FinalityProof } from '../../src/core/finality/index.ts'
import { Feed } from '../../src/node/feeds/index.ts'
import { Proving, type ProvingOptions } from '../../src/node/ledger/index.ts'
import { finalDigestKey } from '../../src/node/rows/index.ts'
import { federationOf, valueOf } from '../core/identity.fixture.ts'
import { operations } from '../core/ledger.fixture.ts'
import { FinalChain, publishedFeed } from '../core/light.fixture.ts'

/** A chain of `epochs` epochs; one block of the first anchors a feed, and blocks before and after it hold something else. */
function story (epochs: number): { readonly final: FinalChain, readonly feed: Feed, readonly stored: readonly Uint8Array[], readonly anchorHeight: number } {
  const final = new FinalChain(4)
  const { chain } = final
  const [city, other] = chain.founders
  assert.ok(city !== undefined && other !== undefined)
  const published = publishedFeed(chain, city, [2, 5])
  final.add([chain.byNode(city, [published.datasetPut])])
  const anchor = final.add([chain.byNode(other, [operations.datasetPut('noise', [])]), chain.byNode(city, [published.anchor(2)])])
  for (let i = 0; i < 5; i++) final.add([chain.byNode(other, [operations.datasetPut(`noise-${i}`, [])])])
  final.rotate(epochs)
  final.add([chain.byNode(other, [operations.datasetPut('last', [])])])
  const { declaration, segments } = published
  const feed = new Feed({ number: 1, id: declaration.id, declaration, statement: declaration.statement.envelope, role: 'writer' })
  for (const { leafData } of segments) feed.append(leafData)
  return { final, feed, stored: segments.map(({ bytes }) => bytes), anchorHeight: anchor.header.height }
}

/** `provenHeights`: blocks that became final with a certificate of their own; all others with the next of them. */
function provingOf ({ final, stored, anchorHeight }: ReturnType<typeof story>, provenHeights: readonly number[], lostHeights: readonly number[] = []): Proving {
  const { chain, blocks, seals } = final
  const newest = blocks.at(-1)
  assert.ok(newest !== undefined)
  const proof = async (height: number): Promise<FinalityProof | undefined> => {
    const proven = provenHeights.find(each => each >= height)
    const last = blocks[(proven ?? 0) - 1]
    if (last === undefined) return undefined
    const own = seals.find(({ headers: [seal] }) => seal !== undefined && equalBytes(seal, last.bytes)) ?? final.proofOf(last)
    return { headers: [...blocks.slice(height - 1, last.header.height - 1).map(({ bytes }) => bytes), ...own.headers], cert: own.cert }
  }
  const consensus: ProvingOptions['consensus'] = {
    federation: chain.charter.federation, state: chain.state,
    // Of a view, only where the ledger stands is asked for here.
    view: { height: newest.header.height, epoch: newest.header.epoch } as ProvingOptions['consensus']['view'],
    block: async height => lostHeights.includes(height) ? undefined : blocks[height - 1], proof, seals: async from => seals.slice(from)
  }
  return new Proving({
    consensus, anchors: { covering: async () => ({ length: 2, height: anchorHeight, transaction: 1, operation: 0 }) },
    feeds: { segment: async (_, index) => stored[index] }, keyring: { keyOf: () => undefined }, members: { current: federationOf(chain.founders) },
    store: {
      entries: async function * () {
        for (const { digest, header: { height } } of blocks) {
          if (!lostHeights.includes(height)) yield { key: finalDigestKey(digest), read: { state: 'found', value: u64(height) } }
        }
      }
    }
  })
}

describe('making light proofs', () => {
  async function proofOf (told: ReturnType<typeof story>, provenHeights: readonly number[], lostHeights: readonly number[] = []): Promise<LightProof> {
    const made = await provingOf(told, provenHeights, lostHeights).record(told.feed, 4)
    assert.ok(made.ok, JSON.stringify(made))
    const facts = valueOf(verifyLightProof(told.final.chain.charter, made.value))
    assert.ok(facts.kind === 'record' && facts.number === 4 && facts.height === told.anchorHeight)
    return valueOf(decodeLightProof(made.value))
  }

  it('takes the certificate of the block itself where it has one', async () => {
    const told = story(0)
    const { subject, finality } = await proofOf(told, [told.anchorHeight, told.final.blocks.length])
    assert.ok(subject.kind === 'record' && subject.older === null)
    assert.equal(finality.headers.length, 1)
  })

  it('leads over the log of the next certified block, and carries no header between', async () => {
    const told = story(0)
    const { subject, finality } = await proofOf(told, [told.anchorHeight + 4, told.final.blocks.length])
    assert.ok(subject.kind === 'record' && subject.older !== null)
    assert.equal(finality.headers.length, 1)
    assert.ok(subject.older.path.length <= 4)
  })

  it('needs no seal of later epochs', async () => {
    const told = story(3)
    const sealHeights = told.final.blocks.filter(({ header }) => header.seal !== null).map(({ header }) => header.height)
    const { seals } = await proofOf(told, [...sealHeights, told.final.blocks.length])
    assert.equal(told.final.seals.length, 3)
    assert.equal(seals.length, 0)
  })

  it('says why there is none: blocks that are not here, a feed that is shorter than its anchor', async () => {
    const told = story(0)
    const lost = await provingOf(told, [told.final.blocks.length], [told.anchorHeight]).record(told.feed, 4)
    assert.ok(!lost.ok && lost.failure.code === 'not-ready')
    const gap = await provingOf(told, [told.final.blocks.length], [1]).record(told.feed, 4)
    assert.ok(!gap.ok && gap.failure.code === 'not-ready')
    told.feed.truncate(1)
    const short = await provingOf(told, [told.final.blocks.length]).record(told.feed, 0)
    assert.ok(!short.ok && short.failure.code === 'incomplete')
    const beyond = await provingOf(told, [told.final.blocks.length]).record(told.feed, 4)
    assert.ok(!beyond.ok && beyond.failure.code === 'incomplete')
  })
})
