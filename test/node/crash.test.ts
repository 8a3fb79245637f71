import { strict as assert } from 'node:assert'
import { hex, utf8 } from '../../src/base/index.ts'
import { decodeFeedRow, decodeGuardRow, decodeLeafRow, encodeLeafRow, rowsOf } from '../../src/node/rows/index.ts'
import { MemoryCity, type Cut } from '../support/memory-city.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { found, makeCity, removeCities, startCity, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, contentOf, fileOf, heldBy, publish, recordWith, streamOf, tableOf } from '../support/publications.ts'

const ROWS = Array.from({ length: 800 }, (_, at) => `${at},${'x'.repeat(200)}\n`)
const FILE = new Uint8Array(300_000).map((_, at) => (at * 31 + (at >> 8)) % 251)
const ALL = { from: Uint8Array.of(1), to: Uint8Array.of(255) }

describe('a node that starts after a crash', function () {
  // Some tests are dozens of lives.
  this.timeout(600_000)
  let ben: City
  let ada: MemoryCity
  let charter: Uint8Array | undefined
  let hasEnded = false
  const acknowledged: string[] = []
  const unsure: Set<string> = new Set()
  let next = 0

  before(async () => {
    ben = await makeCity('Ben', { lingerMs: 5, listingEveryMs: 500 })
    ada = await MemoryCity.make('Ada', {
      keepCharter: async envelope => { charter = envelope }, get charter () { return charter }, restoreEnded: () => { hasEnded = true }
    })
    await ada.start()
    await found([ada, ben].map(each => ({ ...ben, node: each.node })))
    await publish(ada.node, streamOf('live'))
    await publish(ada.node, tableOf('table', ROWS))
    await publish(ada.node, fileOf('file', FILE))
    for (let at = 0; at < 5; at++) await say()
    await settled()
    // What is lost here is fetched back from there.
    await until(() => ['table', 'file'].every(id => heldBy(ben.node, id)?.phase === 'complete'), 'the other holds all of it')
  })
  after(async () => {
    await ada.stop()
    await removeCities([ben])
  })
  afterEach(() => {
    const roots = new Map<string, string>()
    for (const row of ada.promised) {
      const guard = row.type === 'put' && row.key[0] === 0x67 ? decodeGuardRow(row.value) : undefined
      if (guard === undefined) continue
      const place = `${hex(row.key)}/${guard.length}`
      assert.equal(roots.get(place) ?? hex(guard.mmrRoot), hex(guard.mmrRoot), 'never two roots at one length')
      roots.set(place, hex(guard.mmrRoot))
    }
    assert.equal(ben.node.status().feeds.frozen, 0, 'nobody saw a fork')
  })

  for (const durable of [false, true]) {
    it(`holds all that was acknowledged when the power goes ${durable ? 'after' : 'before'} any commit is durable`, async () => {
      for (let commit = 1; ; commit++) {
        await ada.stop()
        const isOver = await appendUntil({ commit, durable })
        await ada.kill()
        await ada.start()
        await settled()
        if (isOver) break
        assert.ok(commit < 50, 'the work has an end')
      }
    })
  }

  it('fetches back what it had signed and no longer has, and writes nothing before', async () => {
    await ada.stop()
    await ben.node.stop()
    await dropNewest('leaf', 3)
    await ada.start()
    const refused = await ada.node.append('live', [recordWith('too early')], { flush: true })
    assert.equal(refused.ok ? 'taken' : refused.failure.code, 'recovering')
    assert.match(ada.node.status().alarms.join(), /"live" is fetched back/)
    await restartBen()
    await settled()
  })

  it('fetches back a feed of which head, newest leaves and segments are gone', async () => {
    await ada.stop()
    await ben.node.stop()
    const number = await numberOf('live')
    for await (const key of ada.store.keys(rowsOf('segment', number))) await ada.store.commit([{ type: 'delete', key }])
    await ada.start()
    await assert.rejects(bodiesOf(ada.node, 'live'), /is not here/)
    await ada.stop()
    await dropNewest('leaf', 1)
    for await (const key of ada.store.keys({ ...rowsOf('head'), limit: 100 })) ada.store.damage(key)
    await ada.start()
    await restartBen()
    await settled()
  })

  it('fetches back a history that is not the one it had signed', async () => {
    await ada.stop()
    // Or it would have it back before anybody looked.
    await ben.node.stop()
    for await (const { key, read } of ada.store.entries({ ...rowsOf('leaf', await numberOf('live')), reverse: true, limit: 1 })) {
      const row = read.state === 'found' ? decodeLeafRow(read.value) : undefined
      assert.ok(row !== undefined)
      const other = Uint8Array.from(row.leafData)
      other[0] = (other[0] ?? 0) ^ 1
      await ada.store.commit([{ type: 'put', key, value: encodeLeafRow({ ...row, leafData: other }) }])
    }
    await ada.start()
    assert.equal(ada.node.status().feeds.recovering, 1)
    await restartBen()
    await settled()
  })

  it('fetches back what a neighbour shows beyond what it knows, when its whole folder is older', async () => {
    await ada.stop()
    const [store, signer] = [ada.store.reopen(), ada.signer.reopen()]
    await ada.start()
    await say()
    await say()
    await settled()
    await ada.stop()
    Object.assign(ada, { store, signer })
    await ada.start()
    await until(() => heldBy(ada.node, 'live')?.records === acknowledged.length, 'the neighbour has told')
    await settled()
  })

  for (const [what, signer] of [['is missing', () => openMemoryStore('new')], ['belongs to another store', otherSigner]] as const) {
    it(`writes nothing and says so when the signer ${what}, and goes on reading`, async () => {
      await ada.stop()
      const own = ada.signer
      ada.signer = await signer()
      await ada.start()
      assert.match(ada.node.status().alarms.join(), /signer database is missing, damaged or belongs to another store/)
      for (const refused of [await ada.node.append('live', [recordWith('x')], { flush: true }), await ada.node.publish(...tableOf('other', ROWS))]) {
        assert.equal(refused.ok ? 'taken' : refused.failure.code, 'recovering')
      }
      assert.equal((await contentOf(ada.node, 'table')).toString(), ROWS.join(''))
      await ada.stop()
      ada.signer = own
      await ada.start()
      await settled()
    })
  }

  for (const [letter, kind] of [
    ['l', 'leaf'], ['h', 'head'], ['f', 'feed'], ['n', 'feedNumber'], ['d', 'statement'], ['i', 'file'], ['c', 'locator'], ['0', 'meta']
  ] as const) {
    it(`mends any damaged row of kind ${letter} (${kind})`, async () => {
      let at = 0
      for await (const key of ada.store.keys(rowsOf(kind))) {
        // Of those that are many every fifth is enough.
        if (['leaf', 'locator'].includes(kind) && at++ % 5 !== 0) continue
        await ada.stop()
        ada.store = ada.store.reopen()
        ada.store.damage(key)
        await ada.start()
        await mended()
      }
      await settled()
    })
  }

  it('has half of the others tell what they hold where a guard is damaged, and then goes on', async () => {
    for await (const key of ada.signer.keys(rowsOf('guard'))) {
      await ada.stop()
      await ben.node.stop()
      ada.signer.damage(key)
      await ada.start()
      assert.match(ada.node.status().alarms.join(), /what was signed of it is not known here/)
      await restartBen()
      await settled()
    }
  })

  it('fetches all of its own back into an empty store, and declares no second catalogue meanwhile', async () => {
    await ada.stop()
    await ben.node.stop()
    ada.store = openMemoryStore(ada.store.storeId)
    await ada.start()
    assert.match(ada.node.status().alarms.join(), /own feeds that were signed are not here/)
    assert.equal(ada.node.status().feeds.own, 0)
    const refused = await ada.node.publish(...tableOf('other', ROWS))
    assert.equal(refused.ok ? 'taken' : refused.failure.code, 'recovering')
    await restartBen()
    await settled()
    await mended()
    assert.equal(ada.node.status().feeds.own, 4)
  })

  it('publishes nothing in a folder that was restored from its keys alone, before others told what they hold of it', async () => {
    await ada.stop()
    await ben.node.stop()
    Object.assign(ada, { store: openMemoryStore('restored'), signer: openMemoryStore('restored signer') })
    Object.assign(ada.options, { isRestored: true })
    await ada.start()
    assert.match(ada.node.status().alarms.join(), /restored from a backup/)
    assert.equal(ada.node.status().feeds.own, 0)
    await restartBen()
    await settled()
    await until(() => hasEnded, 'the restoring has ended')
    Object.assign(ada.options, { isRestored: false })
    await ada.stop()
    await ada.start()
    await settled()
    await mended()
  })

  it('refuses to begin anew when the charter is damaged and kept nowhere else', async () => {
    await ada.stop()
    const kept = charter
    charter = undefined
    ada.store.damage(utf8('0charter'))
    await assert.rejects(ada.start(), /charter of this federation is damaged or lost/)
    charter = kept
    await ada.start()
    await settled()
  })

  // --- What is done and looked at ----------------------------------------------------------------------------------

  /** Appends one record of its own; whether it is there afterwards is unsure until it is acknowledged. */
  async function say (): Promise<void> {
    const body = `said ${next++}`
    unsure.add(body)
    await append(ada.node, 'live', [body])
    unsure.delete(body)
    acknowledged.push(body)
  }

  /** True where all was done before the power went. */
  async function appendUntil (cut: Cut): Promise<boolean> {
    if (!await ada.start(cut)) return false
    const work = (async () => {
      for (let at = 0; at < 3; at++) await say()
      await ada.node.publish(...tableOf('table', ROWS))
    })()
    const dark = until(() => ada.commits >= cut.commit, 'the power goes')
    return Promise.race([work.then(() => true), dark.then(() => false)])
  }

  /** A folder that is older than its votes may write its feeds again, but not vote by the same key: of two founders none then decides. */
  function ofFeeds (alarms: readonly string[]): readonly string[] {
    return alarms.filter(alarm => !alarm.startsWith('This node does not vote'))
  }

  /** All that was acknowledged is there, once and in order; what was not may be; both nodes hold the same, and it takes more. */
  async function settled (): Promise<void> {
    await until(() => ada.node.status().feeds.recovering === 0 && ofFeeds(ada.node.status().alarms).length === 0 && ada.node.dataset('live').ok, 'own feeds are written')
    const bodies = await bodiesOf(ada.node, 'live')
    for (const body of bodies) {
      if (acknowledged.includes(body)) continue
      assert.ok(unsure.delete(body), `${body} was never said`)
      acknowledged.splice(bodies.indexOf(body), 0, body)
    }
    assert.deepEqual(bodies, acknowledged)
    unsure.clear()
    await say()
    await until(async () => ben.node.dataset('live').ok && (await bodiesOf(ben.node, 'live')).join() === acknowledged.join(), 'the other holds the same')
  }

  async function mended (): Promise<void> {
    await ada.node.scrub()
    await until(() => ['table', 'file', 'live'].every(id => heldBy(ada.node, id)?.phase === 'complete'), 'all is here again')
    assert.equal((await contentOf(ada.node, 'table')).toString(), ROWS.join(''))
    assert.deepEqual(new Uint8Array(await contentOf(ada.node, 'file')), FILE)
    for (const id of ['table', 'file', 'live']) {
      const verified = await ada.node.verify(id)
      assert.ok(verified.ok && verified.value.verified, JSON.stringify(verified))
    }
  }

  async function restartBen (): Promise<void> {
    Object.assign(ben, await startCity(ben))
  }

  async function numberOf (datasetId: string): Promise<number> {
    for await (const { key, read } of ada.store.entries(rowsOf('feed'))) {
      const row = read.state === 'found' ? decodeFeedRow(read.value) : undefined
      if (row?.role === 'writer' && Buffer.from(row.declaration).includes(datasetId)) return new DataView(key.buffer, key.byteOffset).getUint32(1)
    }
    throw new Error(`no feed of ${datasetId}`)
  }

  async function dropNewest (kind: 'leaf', count: number): Promise<void> {
    for await (const key of ada.store.keys({ ...rowsOf(kind, await numberOf('live')), reverse: true, limit: count })) {
      await ada.store.commit([{ type: 'delete', key }])
    }
  }

  async function otherSigner (): Promise<MemoryStore> {
    const other = openMemoryStore('other')
    for await (const { key, read } of ada.signer.entries(ALL)) {
      if (read.state === 'found') await other.commit([{ type: 'put', key, value: key[0] === 0x30 ? utf8('the store of somebody else') : read.value }])
    }
    return other
  }
})
