import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { importer } from 'ipfs-unixfs-importer'
import { cidOf, concat, digestOf, equalBytes, hex, sha256, writeVarint, type CID } from '../../src/base/index.ts'
import { decodeFileEntry, encodeFileEntry, FileFault, FileWalk, type Files } from '../../src/node/files/index.ts'
import { codeOf, valueOf } from '../core/identity.fixture.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { collect, content, manyLeaves, MIB, pieces, shelf } from './files.fixture.ts'
import { loopback } from './loopback.fixture.ts'

/** Made by an implementation in another language. */
type Vector = { readonly name: string, readonly input: { readonly sizeBytes: number }, readonly output: { readonly root: string, readonly sha256: string } }
const vectors = JSON.parse(readFileSync('test/vectors/unixfs.json', 'utf8')) as readonly Vector[]

const never = new AbortController().signal

async function cidByImporter (bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const store = { put: async (cid: unknown) => cid as never }
  for await (const { cid } of importer([{ content: bytes }], store, { profile: 'unixfs-v1-2025' })) return cid.toString()
  throw new Error('nothing imported')
}

const varint = (value: number): Uint8Array => {
  const bytes = new Uint8Array(9)
  return bytes.slice(0, writeVarint(bytes, 0, value))
}
const field = (tag: number, bytes: Uint8Array): Uint8Array => concat([Uint8Array.of(tag), varint(bytes.length), bytes])

type Made = { readonly cid: CID, readonly sizeBytes: number, readonly dagBytes: number }

/** The protobufs of dag-pb and UnixFS, written out by hand. */
function nodeOf (below: readonly Made[]): Made & { readonly block: Uint8Array } {
  const sizeBytes = below.reduce((sum, each) => sum + each.sizeBytes, 0)
  const links = below.map(({ cid, dagBytes }) =>
    field(0x12, concat([field(0x0a, cid.bytes), field(0x12, new Uint8Array(0)), Uint8Array.of(0x18), varint(dagBytes)])))
  const sizes = below.map(each => concat([Uint8Array.of(0x20), varint(each.sizeBytes)]))
  const block = concat([...links, field(0x0a, concat([Uint8Array.of(8, 2, 0x18), varint(sizeBytes), ...sizes]))])
  return { block, cid: cidOf('dagPb', block), sizeBytes, dagBytes: block.length + below.reduce((sum, each) => sum + each.dagBytes, 0) }
}

async function cidByHand (bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let row: Made[] = []
  for await (const leaf of bytes) row.push({ cid: cidOf('raw', leaf), sizeBytes: leaf.length, dagBytes: leaf.length })
  if (row.length === 0) row = [{ cid: cidOf('raw', new Uint8Array(0)), sizeBytes: 0, dagBytes: 0 }]
  while (row.length > 1) row = Array.from({ length: Math.ceil(row.length / 1_024) }, (_, at) => nodeOf(row.slice(at * 1_024, (at + 1) * 1_024)))
  return row[0]?.cid.toString() ?? ''
}

const bytesOf = ({ input: { sizeBytes } }: Vector): AsyncIterable<Uint8Array> =>
  sizeBytes > 16 * MIB ? manyLeaves(sizeBytes / MIB) : pieces(content(sizeBytes), MIB)

describe('files', () => {
  it('give the CIDs of the vectors, as the public importer and a DAG made by hand do', async function () {
    equal(vectors.length, 6)
    for (const vector of vectors) {
      const { name, input: { sizeBytes }, output } = vector
      const { files } = await shelf(withoutLargeBlocks())
      const added = await files.add(bytesOf(vector))
      equal(added.root.toString(), output.root, name)
      equal(added.sizeBytes, sizeBytes, name)
      equal(hex(added.sha256), output.sha256, name)
      ok(files.has(added.root))
      if (sizeBytes < 16 * MIB) {
        equal(await cidByImporter(bytesOf(vector)), output.root, name)
        equal(await cidByHand(bytesOf(vector)), output.root, name)
      }
      if (sizeBytes !== MIB) equal(await files.sizeOf(added.root), sizeBytes, name)
    }
  })

  it('read any range as it was written, also after a restart', async () => {
    const { store, files } = await shelf()
    const whole = content(3 * MIB + 17)
    const { root } = await files.add(pieces(whole))
    const again = (await shelf(store.reopen())).files
    for (const [from, to] of [[0, whole.length], [0, 0], [5, 6], [MIB - 1, MIB + 1], [MIB, 2 * MIB], [3 * MIB, 9 * MIB], [MIB + 7, 3 * MIB + 3]] as const) {
      ok(equalBytes(await collect(again.read(root, from, to)), whole.subarray(from, to)), `${from} to ${to}`)
    }
    deepEqual(again.roots().map(String), [root.toString()])
    await rejects(collect(again.read(cidOf('raw', whole), 0, 1)), FileFault)
  })

  it('store equal blocks once', async () => {
    const { store, files } = await shelf()
    await files.add(pieces(new Uint8Array(8 * MIB)))
    const { root } = await files.add(pieces(concat([new Uint8Array(8 * MIB), content(5)])))
    let blocks = 0
    for await (const _ of store.keys({ from: Uint8Array.of(98), to: Uint8Array.of(99) })) blocks++
    equal(blocks, 4)
    equal((await collect(files.read(root, 0, Infinity))).length, 8 * MIB + 5)
  })

  it('do not write over blocks of a file that was never finished', async () => {
    const { store, files } = await shelf()
    const whole = content(6 * MIB)
    await rejects(files.add((async function * () {
      yield * pieces(whole.subarray(0, 5 * MIB))
      throw new Error('the disk was pulled out')
    })()), /pulled out/)
    const again = await shelf(store.reopen())
    const other = await again.files.add(pieces(content(6 * MIB, 1)))
    const { root } = await again.files.add(pieces(whole))
    ok(equalBytes(await collect(again.files.read(root, 0, whole.length)), whole))
    ok(equalBytes(await collect(again.files.read(other.root, 0, whole.length)), content(6 * MIB, 1)))
  })

  it('never hand out a damaged block, count as incomplete then, and fetch that block alone', async () => {
    const source = await shelf()
    const whole = content(5 * MIB)
    const { root } = await source.files.add(pieces(whole))
    const peer = loopback('source', source.handler)
    const mine = await shelf()
    valueOf(await mine.files.fetch(root, () => [peer.link], never))
    mine.store.damage(await keyOfBlock(mine.store, whole.subarray(2 * MIB, 3 * MIB)))
    let isComplete: boolean | undefined
    mine.files.changed.on(change => { isComplete = change.isComplete })
    await rejects(collect(mine.files.read(root, 0, whole.length)), (cause: unknown) => cause instanceof FileFault && cause.code === 'damaged')
    equal(isComplete, false)
    equal(mine.files.has(root), false)
    equal(mine.files.serve(root, { byteFrom: 0, byteTo: MIB }), undefined)
    const before = peer.sentBytes
    valueOf(await mine.files.fetch(root, () => [peer.link], never))
    ok(peer.sentBytes - before < MIB + 70_000, 'one leaf and the nodes above it')
    ok(equalBytes(await collect(mine.files.read(root, 0, whole.length)), whole))
    equal(isComplete, true)
  })

  it('are scrubbed whole', async () => {
    const { store, files } = await shelf()
    const whole = content(4 * MIB)
    const { root } = await files.add(pieces(whole))
    deepEqual(await files.scrub(root), { blocks: 5, damaged: 0 })
    store.damage(await keyOfBlock(store, whole.subarray(0, MIB)))
    store.damage(await keyOfBlock(store, whole.subarray(3 * MIB)))
    deepEqual(await files.scrub(root), { blocks: 5, damaged: 2 })
    equal(files.has(root), false)
  })

  it('write an entry that reads back, in clear and sealed, and refuse one that is not canonical or of other sizes than it says', () => {
    const root = cidOf('raw', content(10))
    const entry = { name: '../strasse.laz', mediaType: 'application/vnd.las', sizeBytes: 10, root, cipher: null }
    const body = encodeFileEntry(entry)
    deepEqual(valueOf(decodeFileEntry(body)), entry)
    const cipher = { keyEpoch: 2, keyCheck: content(32), salt: content(32, 1), sizeBytes: 26 }
    deepEqual(valueOf(decodeFileEntry(encodeFileEntry({ ...entry, cipher }))), { ...entry, cipher })
    equal(codeOf(decodeFileEntry(encodeFileEntry({ ...entry, cipher: { ...cipher, sizeBytes: 27 } }))), 'schema')
    equal(codeOf(decodeFileEntry(concat([body, Uint8Array.of(0)]))), 'malformed')
    equal(codeOf(decodeFileEntry(encodeFileEntry({ ...entry, root: cidOf('dagCbor', body) }))), 'schema')
  })

  it('are walked block by block, and a node of another shape is refused', async () => {
    const leaves = [0, 1].map(at => content(MIB, at))
    const made = leaves.map(leaf => ({ cid: cidOf('raw', leaf), sizeBytes: MIB, dagBytes: MIB }))
    const good = nodeOf(made)
    const walk = new FileWalk(good.cid)
    for (const block of [good.block, ...leaves]) {
      ok(walk.next !== undefined)
      ok(walk.take(block))
    }
    equal(walk.next, undefined)
    const [first = made[0], second = made[1]] = made
    ok(first !== undefined && second !== undefined)
    const short = leaves[1]?.subarray(0, MIB - 1) ?? new Uint8Array(0)
    const last = nodeOf([first, { cid: cidOf('raw', short), sizeBytes: MIB, dagBytes: MIB }])
    const shorter = new FileWalk(last.cid)
    deepEqual([last.block, leaves[0] ?? short, short].map(block => shorter.take(block)), [true, true, false], 'a leaf shorter than its node says')
    const wrong = {
      'a size that is not the leaf\'s': nodeOf([first, { ...second, sizeBytes: MIB - 1 }]),
      'a Tsize that is not the leaf\'s': nodeOf([first, { ...second, dagBytes: MIB - 1 }]),
      'a short leaf before the last': nodeOf([{ ...first, sizeBytes: 5, dagBytes: 5 }, second]),
      'one leaf under a node': nodeOf([first]),
      'a node where a leaf belongs': nodeOf([first, { ...second, cid: good.cid }])
    }
    for (const [name, { cid, block }] of Object.entries(wrong)) {
      const refused = new FileWalk(cid)
      equal(refused.take(block) && (refused.next === undefined || refused.take(leaves[0] ?? block) && refused.take(leaves[1] ?? block)), false, name)
    }
    for (let at = 0; at < good.block.length; at++) {
      const changed = good.block.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      const isHash = made.some(({ cid }) => includesHash(good.block, cid, at))
      const isTaken = new FileWalk(cidOf('dagPb', changed)).take(changed)
      if (!isHash) equal(isTaken, false, `byte ${at}`)
    }
  })
})

describe('fetching files', () => {
  it('takes from several sources, each asked for its part', async () => {
    const whole = content(150 * MIB)
    const source = await shelf()
    const { root } = await source.files.add(pieces(whole))
    const peers = ['one', 'two', 'three'].map(name => loopback(name, source.handler))
    const mine = await shelf()
    const progress: number[] = []
    const { sizeBytes } = valueOf(await mine.files.fetch(root, () => peers.map(({ link }) => link), never, ({ done }) => { progress.push(done) }))
    equal(sizeBytes, whole.length)
    equal(progress.at(-1), whole.length)
    ok(peers.every(({ sentBytes }) => sentBytes > 20 * MIB), peers.map(({ sentBytes }) => sentBytes).join())
    equal(await shaOf(mine.files, root), hex(sha256(whole)))
    ok((await shelf(mine.store.reopen())).files.has(root))
  }).timeout(60_000)

  it('blames a source that lies, takes nothing wrong from it, and asks another', async () => {
    const whole = content(7 * MIB + 3)
    const [liar, honest, mine] = [await shelf(), await shelf(), await shelf()]
    const { root } = await liar.files.add(pieces(whole))
    await honest.files.add(pieces(whole))
    const flip = (frame: Uint8Array, sentBytes: number): Uint8Array => {
      if (sentBytes > 3 * MIB && frame.length > 1_000) frame[500] = (frame[500] ?? 0) ^ 4
      return frame
    }
    const peers = [loopback('liar', liar.handler, { alter: flip }), loopback('honest', honest.handler)] as const
    valueOf(await mine.files.fetch(root, () => peers.map(({ link }) => link), never))
    equal(peers[0].blames.length, 1)
    equal(peers[1].blames.length, 0)
    ok(equalBytes(await collect(mine.files.read(root, 0, whole.length)), whole))
  })

  it('goes on after a restart from where the source left, and asks only for the rest', async () => {
    const whole = content(40 * MIB)
    const source = await shelf()
    const { root } = await source.files.add(pieces(whole))
    const leaving = loopback('leaving', source.handler, { leavesAfterBytes: 25 * MIB })
    const mine = await shelf()
    equal(codeOf(await mine.files.fetch(root, () => [leaving.link], never)), 'unreachable')
    equal(leaving.blames.length, 0)
    equal(mine.files.has(root), false)
    const again = await shelf(mine.store.reopen())
    const other = loopback('other', source.handler)
    valueOf(await again.files.fetch(root, () => [other.link], never))
    ok(other.sentBytes < 17 * MIB, `${other.sentBytes}`)
    ok(equalBytes(await collect(again.files.read(root, 0, whole.length)), whole))
  })

  it('asks once for a leaf that stands in a file many times', async () => {
    const whole = concat([new Uint8Array(12 * MIB), content(MIB), new Uint8Array(3 * MIB), content(7)])
    const [source, mine] = [await shelf(), await shelf()]
    const { root } = await source.files.add(pieces(whole))
    const peer = loopback('source', source.handler)
    const progress: number[] = []
    valueOf(await mine.files.fetch(root, () => [peer.link], never, ({ done }) => { progress.push(done) }))
    ok(peer.sentBytes < 3 * MIB, `${peer.sentBytes}`)
    equal(progress.at(-1), whole.length)
    ok(equalBytes(await collect(mine.files.read(root, 0, whole.length)), whole))
  })

  it('refuses what is no file, and says so when nobody has it or it is given up', async () => {
    const [source, mine] = [await shelf(), await shelf()]
    const peer = loopback('source', source.handler)
    const unknown = cidOf('raw', content(5))
    equal(codeOf(await mine.files.fetch(unknown, () => [peer.link], never)), 'unreachable')
    equal(codeOf(await mine.files.fetch(unknown, () => [], never)), 'unreachable')
    equal(codeOf(await mine.files.fetch(unknown, () => [peer.link], AbortSignal.abort())), 'cancelled')
    equal(peer.blames.length, 0)
    // Two nodes that link to themselves' size claims: hashes hold, the shape does not.
    const junk = nodeOf([{ cid: unknown, sizeBytes: 2 * MIB, dagBytes: 5 }])
    const forged = await shelf()
    const delivery = forged.files.deliver(junk.cid)
    await delivery.put(junk.cid, junk.block)
    await delivery.end(true)
    const forger = loopback('forger', {
      note: () => {},
      request: async (_peer, _body, reply) => {
        const { encodeItem, encodeResult } = await import('../../src/core/sync/index.ts')
        await reply.send(concat([encodeItem('block', { cid: junk.cid }, junk.block.length), junk.block]))
        reply.end(encodeResult({ code: 'ok' }))
      }
    })
    equal(codeOf(await mine.files.fetch(junk.cid, () => [forger.link], never)), 'malformed')
    equal(forger.blames.length, 0)
    equal(mine.files.has(junk.cid), false)
  })

  it('serves blocks of the named file alone', async () => {
    const { files } = await shelf()
    const mine = await files.add(pieces(content(3 * MIB)))
    const secret = await files.add(pieces(content(3 * MIB, 1)))
    const served: string[] = []
    for await (const { cid } of files.serve(mine.root, { cids: [mine.root, secret.root, cidOf('raw', content(MIB, 1))] }) ?? []) served.push(cid.toString())
    deepEqual(served, [mine.root.toString()])
  })
})

/** Keeps nodes and short leaves, so that a gigabyte of leaves needs no memory. */
function withoutLargeBlocks (): MemoryStore {
  const store = openMemoryStore()
  return { ...store, commit: async rows => store.commit(rows.filter(row => row.type !== 'block' || row.value.length < MIB)) }
}

function includesHash (block: Uint8Array, cid: CID, at: number): boolean {
  for (let from = 0; from + 32 <= block.length; from++) {
    if (equalBytes(block.subarray(from, from + 32), digestOf(cid)) && at >= from && at < from + 32) return true
  }
  return false
}

async function shaOf (files: Files, root: CID): Promise<string> {
  return hex(sha256(await collect(files.read(root, 0, Number.MAX_SAFE_INTEGER))))
}

async function keyOfBlock (store: { keys: (range: { from: Uint8Array, to: Uint8Array }) => AsyncIterable<Uint8Array>, getBlock: (key: Uint8Array, digest: Uint8Array) => Promise<{ state: string }> }, block: Uint8Array): Promise<Uint8Array> {
  for await (const key of store.keys({ from: Uint8Array.of(98), to: Uint8Array.of(99) })) {
    if ((await store.getBlock(key, sha256(block))).state === 'found') return key
  }
  throw new Error('no such block')
}
