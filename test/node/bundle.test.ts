import { deepEqual, equal, match, ok } from 'node:assert/strict'
import {
  cidOf, codecOf, concat, decodeCanonical, encodeCanonical, equalBytes, hex, isCid, MerkleLog, sha256, type CID, type Value
} from '../../src/base/index.ts'
import { decodeForkProof, leafDataOf, leafHashOf, verifyForkProof } from '../../src/core/feed/index.ts'
import { revocationBody, revocationSignature, sealRevocation } from '../../src/core/identity/index.ts'
import {
  carDecode, decodeProofFile, encodeProofFile, inspectBundle, makeBundle, makeProof, openBundle, verifyProof
} from '../../src/node/bundle/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { ada, ben, cyd, feedOf, membership, NOW_MS, recordsOf, speaker } from '../core/feed.fixture.ts'
import { charterOf, cities, codeOf, FOUNDED_MS, valueOf } from '../core/identity.fixture.ts'
import { bundleOf, hold, published, SET, town, wrongIn, type Published } from './bundle.fixture.ts'
import { collect, MIB, pieces } from './files.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const MUTANTS = Number(process.env['HANSE_MUTANTS'] ?? 2_500)

async function sectionsOf (bundle: Uint8Array): Promise<readonly { readonly cid: CID, readonly bytes: Uint8Array }[]> {
  const sections: { cid: CID, bytes: Uint8Array }[] = []
  for await (const { cid, bytes } of carDecode(pieces(bundle))) sections.push({ cid, bytes: bytes.slice() })
  return sections
}

describe('bundles', () => {
  let small: Published
  let bundle: Uint8Array

  before(async () => {
    small = await published(5_000)
    bundle = await bundleOf(small)
  })

  it('carry feeds and files to a member that never met the publisher, once', async () => {
    const from = await published(3 * MIB + 100)
    const carried = await bundleOf(from)
    const to = await town()
    const report = valueOf(await openBundle(pieces(carried, 70_001), to))
    deepEqual(
      { ...report, bytes: 0 },
      {
        federation: membership.federation.toString(), federationName: 'Test Hanse', feeds: 3, segments: 8, records: 5 + 60 + 1, bytes: 0, files: 1,
        added: 9, datasets: [`${ada.did}/counts`, `${ada.did}/scan`], names: ['City 1/counts', 'City 1/scan']
      }
    )
    equal(await wrongIn(to, from), undefined)
    for (const feed of from.feeds) {
      const held = to.feeds.get(feed.declaration.id)
      equal(held?.length, feed.segments.length)
      ok(held?.isComplete)
    }
    ok(equalBytes(await collect(to.files.read(from.root, 0, from.file.length)), from.file))
    equal(valueOf(await openBundle(pieces(carried), to)).added, 0)
    const restarted = await town(membership.charter, to.store.reopen())
    equal(valueOf(await openBundle(pieces(carried), restarted)).added, 0)
  })

  it('leave the same rows as the feeds they were made from', async () => {
    const to = await town()
    valueOf(await openBundle(pieces(bundle), to))
    for (const prefix of ['s', 'l', 'h']) {
      const range = { from: Buffer.from(prefix), to: Buffer.from(String.fromCharCode(prefix.charCodeAt(0) + 1)) }
      const [mine, theirs]: [string[], string[]] = [[], []]
      for await (const key of to.store.keys(range)) mine.push(hex(key))
      for await (const key of small.town.store.keys(range)) theirs.push(hex(key))
      deepEqual(mine, theirs)
    }
  })

  it('bring only what is new, and extend what is held', async () => {
    const to = await town()
    const counts = small.feeds[1]
    ok(counts !== undefined)
    await hold(to, counts, 2)
    equal(valueOf(await openBundle(pieces(bundle), to)).added, 7)
    equal(await wrongIn(to, small), undefined)
    const older = { town: await town(), wishes: [{ feed: await hold(await town(), counts, 3), fileRoots: [] }] }
    const source = await town()
    const held = await hold(source, counts, 3)
    equal(valueOf(await openBundle(pieces(await bundleOf({ ...older, town: source, wishes: [{ feed: held, fileRoots: [] }] })), to)).added, 0)
    equal(to.feeds.get(counts.declaration.id)?.length, 5)
  })

  it('say what is in them without a node, and all is checked from the charter', async () => {
    const report = valueOf(await inspectBundle(pieces(bundle)))
    equal(report.added, 0)
    equal(report.records, 66)
    equal(report.federation, membership.federation.toString())
    equal(valueOf(await inspectBundle(pieces(bundle), membership.charter)).segments, 8)
    equal(codeOf(await inspectBundle(pieces(bundle), charterOf(cities(2), 'Other'))), 'other-federation')
  })

  it('of another federation are refused before anything is stored', async () => {
    const to = await town(charterOf([ada, ben, cyd], 'Other Hanse'))
    equal(codeOf(await openBundle(pieces(bundle), to)), 'other-federation')
    equal(to.feeds.size, 0)
    for await (const key of to.store.keys({ from: Uint8Array.of(1), to: Uint8Array.of(255) })) throw new Error(`a row: ${hex(key)}`)
  })

  it('cut anywhere give what stands before the cut, and the next opening brings the rest', async () => {
    const from = await published(2 * MIB + 5, 20)
    const carried = await bundleOf(from)
    let most = 0
    for (let part = 0; part < 50; part++) {
      const cut = Math.floor(carried.length * part / 50)
      const to = await town()
      const opened = await openBundle(pieces(carried.subarray(0, cut), 9_000), to)
      equal(codeOf(opened), 'cut-short', `cut at ${cut}`)
      equal(await wrongIn(to, from), undefined, `cut at ${cut}`)
      const held = [...to.feeds.all()].reduce((sum, feed) => sum + feed.log.length - feed.missing.reduce((gap, [a, b]) => gap + b - a, 0), 0)
      ok(held >= most, 'a longer piece gives no less')
      most = held
      const again = await town(membership.charter, to.store.reopen())
      const { added } = valueOf(await openBundle(pieces(carried), again))
      equal(added, 23 + 1 - held, `cut at ${cut}`)
      ok(again.files.has(from.root))
    }
    equal(most, 23)
  })

  it(`with a changed byte are refused, and nothing wrong is taken: ${MUTANTS.toLocaleString('en')} mutants`, async () => {
    const random = randomFrom(SEED)
    const codes = new Map<string, number>()
    for (let mutant = 0; mutant < MUTANTS; mutant++) {
      const changed = bundle.slice()
      const at = Math.floor(random() * changed.length)
      changed[at] = (changed[at] ?? 0) ^ (1 + Math.floor(random() * 255))
      const to = await town()
      const code = codeOf(await openBundle(pieces(changed, 65_536), to))
      ok(['tampered', 'malformed', 'cut-short', 'other-federation'].includes(code), `seed ${SEED}, byte ${at}: ${code}`)
      equal(await wrongIn(to, small), undefined, `seed ${SEED}, byte ${at}`)
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    ok((codes.get('tampered') ?? 0) > MUTANTS / 2, JSON.stringify([...codes]))
  }).timeout(300_000)

  it('mutated at will never crash the reader and never bring in anything wrong', async () => {
    const random = randomFrom(SEED)
    for (let mutant = 0; mutant < framesOf(1_000); mutant++) {
      const changed = mutated(bundle, random)
      const to = await town()
      await openBundle(pieces(changed, 65_536), to)
      equal(await wrongIn(to, small), undefined, `seed ${SEED}, mutant ${mutant}`)
    }
  }).timeout(FRAMES_TIMEOUT_MS)

  it('with blocks exchanged, left out or added are refused', async () => {
    const sections = await sectionsOf(bundle)
    const { encodeHeader, sectionPrefix } = await import('../../src/node/bundle/car.ts')
    const root = sections[0]?.cid
    ok(root !== undefined)
    const car = (blocks: readonly { readonly cid: CID, readonly bytes: Uint8Array }[]): Uint8Array =>
      concat([encodeHeader(root), ...blocks.flatMap(({ cid, bytes }) => [sectionPrefix(cid, bytes.length), bytes])])
    deepEqual(car(sections), bundle)
    for (let at = 1; at + 1 < sections.length; at++) {
      const to = await town()
      const exchanged = [...sections.slice(0, at), ...sections.slice(at, at + 2).toReversed(), ...sections.slice(at + 2)]
      equal(codeOf(await openBundle(pieces(car(exchanged)), to)), 'tampered', `exchanged ${at}`)
      equal(codeOf(await openBundle(pieces(car(sections.toSpliced(at, 1))), to)), 'tampered', `without ${at}`)
      equal(await wrongIn(to, small), undefined)
    }
    const [last] = sections.slice(-1)
    ok(last !== undefined)
    equal(codeOf(await openBundle(pieces(car([...sections, last])), await town())), 'tampered')
    equal(codeOf(await openBundle(pieces(car(sections.slice(0, -1))), await town())), 'cut-short')
  })

  it('declare no length that the reader would believe', async () => {
    const { encodeHeader } = await import('../../src/node/bundle/car.ts')
    const header = encodeHeader(membership.federation)
    let taken = 0
    const endless = (async function * () {
      yield concat([header, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)])
      for (;; taken++) yield new Uint8Array(MIB)
    })()
    equal(codeOf(await openBundle(endless, await town())), 'malformed')
    equal(taken, 0)
    equal(codeOf(await openBundle(pieces(Uint8Array.of(0xff, 0x7f)), await town())), 'malformed')
    equal(codeOf(await openBundle(pieces(new Uint8Array(0)), await town())), 'cut-short')
  })

  it('refuse files that are not here, feeds for few, and more than a volume', async () => {
    const hidden = feedOf(ada, [recordsOf(1)], { datasetId: 'hidden', class: 'restricted' })
    const feed = await hold(small.town, hidden)
    equal(codeOf(await makeBundle(small.town, [{ feed, fileRoots: [] }], NOW_MS, SET)), 'refused')
    const [wish] = small.wishes
    ok(wish !== undefined)
    equal(codeOf(await makeBundle(small.town, [{ ...wish, fileRoots: [membership.federation] }], NOW_MS, SET)), 'not-found')
    const before = wish.feed.storedBytes
    wish.feed.storedBytes = 4 * 2 ** 30
    equal(codeOf(await makeBundle(small.town, [wish], NOW_MS, SET)), 'too-large')
    wish.feed.storedBytes = before
  })

  it('with a file that no record names are refused, and the file is not taken', async () => {
    const [catalogue] = small.wishes
    ok(catalogue !== undefined)
    const forged = await bundleOf({ town: small.town, wishes: [{ ...catalogue, fileRoots: [small.root] }] })
    const to = await town()
    equal(codeOf(await openBundle(pieces(forged), to)), 'tampered')
    deepEqual(to.files.roots(), [])
  })

  it('bring revocations, and what the revoked signed later is refused', async () => {
    const from = await published(100)
    const certificate = membership.certificatesOf(ada.did)[0]?.id ?? null
    const revoke = (timeMs: number): Uint8Array => {
      const body = revocationBody({ federation: membership.federation, member: ada.did, certificate, timeMs })
      return sealRevocation(body, [revocationSignature(body, ada.root)])
    }
    valueOf(await from.town.members.addRevocation(revoke(NOW_MS + 1)))
    const to = await town()
    valueOf(await openBundle(pieces(await bundleOf(from)), to))
    equal((await to.members.revocations()).length, 1)
    valueOf(await from.town.members.addRevocation(revoke(FOUNDED_MS + 10)))
    const late = await openBundle(pieces(await bundleOf(from)), await town())
    equal(codeOf(late), 'tampered')
    match(late.ok ? '' : late.failure.reason, /revoked/)
  })

  it('convict a publisher who signed two histories', async () => {
    for (const [lengthHere, lengthThere] of [[3, 3], [2, 4], [4, 2]] as const) {
      const one = feedOf(ben, Array.from({ length: lengthHere }, (_, at) => recordsOf(3, `one-${at}`)), { datasetId: 'twice' })
      const two = feedOf(ben, Array.from({ length: lengthThere }, (_, at) => recordsOf(3, `two-${at}`)), { datasetId: 'twice' })
      const [here, there] = [await town(), await town()]
      const held = await hold(here, one)
      const carried = await bundleOf({ town: there, wishes: [{ feed: await hold(there, two), fileRoots: [] }] })
      equal(valueOf(await openBundle(pieces(carried), here)).added, 0)
      equal(held.status, 'frozen')
      equal(held.length, lengthHere)
      ok(verifyForkProof(valueOf(decodeForkProof(held.fork ?? new Uint8Array(0))), one.declaration, speaker).ok)
    }
  })
})

describe('proofs of records', () => {
  it('tell from their charter alone who published what and when it was signed, and no mutated one tells anything else', async () => {
    const { town: ours, wishes } = await published(100)
    const feed = wishes[1]?.feed
    ok(feed !== undefined)
    const held = { ...ours, keyring: { keyOf: () => undefined } }
    const file = valueOf(await makeProof(held, feed, 17))
    const report = valueOf(verifyProof(file))
    equal(report.publisher.name, ada.name)
    equal(report.datasetId, 'counts')
    equal(report.record.number, 17)
    equal(Buffer.from(report.record.key).toString(), 'counter-1/7')
    equal(report.headSignedMs, NOW_MS)
    valueOf(verifyProof(file, membership.federation))
    equal(codeOf(verifyProof(file, charterOf(cities(2), 'Other').federation)), 'other-federation')
    equal(codeOf(await makeProof(held, feed, 60)), 'incomplete')
    deepEqual(encodeProofFile(valueOf(decodeProofFile(file))), file)
    const random = randomFrom(SEED)
    for (let mutant = 0; mutant < framesOf(1_000); mutant++) {
      const verdict = verifyProof(mutated(file, random), membership.federation)
      ok(!verdict.ok || hex(sha256(verdict.value.record.body)) === hex(sha256(report.record.body)), `seed ${SEED}, mutant ${mutant}`)
    }
  }).timeout(FRAMES_TIMEOUT_MS)
})

describe('bundles forged with care, every hash right', () => {
  /** Says other things in the manifest or the blocks, and puts all hashes right again. */
  async function forged (from: Published, forge: (blocks: Map<string, Uint8Array>, manifest: Loose) => void): Promise<Uint8Array> {
    const { encodeHeader, sectionPrefix } = await import('../../src/node/bundle/car.ts')
    const [first, ...rest] = await sectionsOf(await bundleOf(from))
    ok(first !== undefined)
    const manifest = looselyOf<Loose>(first.bytes)
    const blocks = new Map(rest.map(({ cid, bytes }) => [cid.toString(), bytes]))
    forge(blocks, manifest)
    const sections = rest.filter(({ cid }) => blocks.has(cid.toString())).map(({ cid }) => {
      const bytes = blocks.get(cid.toString()) ?? new Uint8Array(0)
      return { before: cid, cid: cidOf(codecOf(cid) ?? 'raw', bytes), bytes }
    })
    const renamed = new Map(sections.map(({ before, cid }) => [before.toString(), cid]))
    const body = encodeCanonical(withNames(manifest, renamed))
    const root = cidOf('dagCbor', body)
    return concat([
      encodeHeader(root), sectionPrefix(root, body.length), body, ...sections.flatMap(({ cid, bytes }) => [sectionPrefix(cid, bytes.length), bytes])
    ])
  }

  const edit = (blocks: Map<string, Uint8Array>, id: unknown, change: (value: Edited) => void): void => {
    const value = looselyOf<Edited>(blocks.get(String(id)) ?? new Uint8Array(0))
    change(value)
    blocks.set(String(id), encodeCanonical(withNames(value, new Map())))
  }
  const counts = ({ feeds }: Loose): Loose['feeds'][number] => {
    const [, second] = feeds
    ok(second !== undefined)
    return second
  }
  const flip = (bytes: unknown): void => {
    ok(bytes instanceof Uint8Array)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  }

  const forgeries: Record<string, readonly [code: string, forge: (blocks: Map<string, Uint8Array>, manifest: Loose) => void]> = {
    'a leaf that was not signed': ['tampered', (blocks, manifest) => edit(blocks, counts(manifest).pages[0], page => { flip(page.leafData) })],
    'a leaf page in another place': ['tampered', (blocks, manifest) => edit(blocks, counts(manifest).pages[0], page => { page.from += 1; page.to += 1 })],
    'a cover that is longer': ['tampered', (blocks, manifest) => edit(blocks, counts(manifest).pages[0], page => { page.left = [new Uint8Array(32)] })],
    'a head that its publisher did not sign': ['tampered', (blocks, manifest) => edit(blocks, counts(manifest).head, head => { flip(head.signature) })],
    'a declaration that its publisher did not sign': ['tampered', (blocks, manifest) => edit(blocks, counts(manifest).feed, each => { flip(each.signature) })],
    'a charter that not all founders signed': ['tampered', (blocks, { statements }) => edit(blocks, statements[0], charter => { flip(charter.signatures[1]) })],
    'a certificate that its member did not sign': ['malformed', (blocks, { statements }) => edit(blocks, statements[1], each => { flip(each.signature) })],
    'no certificate': ['tampered', (blocks, manifest) => { blocks.delete(String(manifest.statements.splice(1, 1)[0])) }],
    'the head of another feed': ['tampered', (_blocks, manifest) => { counts(manifest).head = manifest.feeds[0]?.head }],
    'ranges beyond the head': ['malformed', (_blocks, manifest) => { counts(manifest).ranges = [[0, 9]] }],
    'ranges that overlap': ['malformed', (_blocks, manifest) => { counts(manifest).ranges = [[0, 3], [2, 5]] }],
    'fewer pages than leaves': ['malformed', (_blocks, manifest) => { counts(manifest).pages = [] }],
    'a second volume': ['malformed', (_blocks, manifest) => { manifest.volume = [1, 2] }],
    'an unknown version': ['malformed', (_blocks, manifest) => { manifest.v = 2 }],
    'another segment': ['tampered', (blocks, _manifest) => { for (const [id, bytes] of blocks) if (id.startsWith('bafkrei')) blocks.set(id, Uint8Array.of(...bytes, 0)) }]
  }
  for (const [name, [code, forge]] of Object.entries(forgeries)) {
    it(`are refused: ${name}`, async () => {
      const from = await published(700)
      const bundle = await forged(from, forge)
      const to = await town()
      const opened = await openBundle(pieces(bundle), to)
      equal(codeOf(opened), code, opened.ok ? '' : opened.failure.reason)
      equal(codeOf(await inspectBundle(pieces(bundle))), code)
      equal(await wrongIn(to, from), undefined)
    })
  }

  it('are the bundle itself where nothing is forged', async () => {
    const from = await published(700)
    deepEqual(await forged(from, () => {}), await bundleOf(from))
  })

  it('are refused: a tree of records that is not that of the records, by who looks at records', async () => {
    const good = feedOf(ada, [recordsOf(3)], { datasetId: 'wrong' })
    const [segment] = good.segments
    ok(segment !== undefined)
    const leafData = leafDataOf({ ...segment.leaf, recordsRoot: new Uint8Array(32) })
    const log = new MerkleLog()
    log.append(leafHashOf(leafData))
    const wrong = { ...good, log, segments: [{ ...segment, leafData }], head: () => good.head(1, { mmrRoot: log.root() }) }
    const from = await town()
    const bundle = await bundleOf({ town: from, wishes: [{ feed: await hold(from, wrong), fileRoots: [] }] })
    equal(codeOf(await inspectBundle(pieces(bundle))), 'tampered')
  })
})

/** Loose on purpose: forgers keep to no schema. */
type Loose = {
  v: number, volume: number[], statements: unknown[], files: unknown[],
  feeds: { feed: unknown, head: unknown, ranges: number[][], pages: unknown[] }[]
}
type Edited = { from: number, to: number, left: Uint8Array[], leafData: Uint8Array, signature: Uint8Array, signatures: Uint8Array[] }

function looselyOf<T> (bytes: Uint8Array): T {
  return valueOf(decodeCanonical<T>(bytes, value => ({ ok: true, value: value as T }), bytes.length))
}

function withNames (value: unknown, renamed: ReadonlyMap<string, CID>): Value {
  if (isCid(value)) return renamed.get(value.toString()) ?? value
  if (Array.isArray(value)) return value.map(each => withNames(each, renamed))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as Value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withNames(each, renamed)]))
}
