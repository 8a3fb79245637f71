import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { readSealedPrefix } from '../../src/core/sealing/index.ts'
import type { Feed } from '../../src/node/feeds/index.ts'
import { MemoryCity, type Cut } from '../support/memory-city.ts'
import { until } from '../support/nodes.ts'
import { bodiesOf, recordWith, streamOf } from '../support/publications.ts'
import { restrictedTo, type Rooms } from './sealing.fixture.ts'

const APPENDS = 4

describe('sealing: a node that loses its power while keys are turned', function () {
  this.timeout(90_000)
  let ada: MemoryCity
  let rooms: Rooms | undefined
  const acknowledged: string[] = []
  const said: string[] = []
  /** By epoch, of everything that was ever stored under it. */
  const checks = new Map<number, string>()

  before(async () => {
    ada = await MemoryCity.make('Ada', { onRooms: each => { rooms = each } })
    await ada.start()
    assert.ok((await ada.node.invite({ federationName: 'Lake Cities', want: 1, validMs: 3_600_000 })).ok)
    await until(() => ada.node.status().state === 'ready', 'it is founded')
    const published = await ada.node.publish(...streamOf('live'), undefined, restrictedTo(ada.node, ['Ada'], 'members'))
    assert.ok(published.ok, JSON.stringify(published))
  })
  after(() => ada.stop())

  for (const durable of [false, true]) {
    it(`reads all that was acknowledged, and never has two keys of one number, when it goes ${durable ? 'after' : 'before'} any commit is durable`, async () => {
      let turned = 0
      for (let commit = 1; ; commit++) {
        assert.ok(commit < 60, 'the work has an end')
        await ada.stop()
        const isOver = await work({ commit, durable })
        await ada.kill()
        assert.ok(await ada.start())
        const bodies = await bodiesOf(ada.node, 'live')
        for (const body of acknowledged) assert.ok(bodies.includes(body), `${body} is lost`)
        for (const body of bodies) assert.ok(said.includes(body))
        turned = await checkEpochs()
        assert.equal(ada.node.status().alarms.length, 0, ada.node.status().alarms.join())
        if (isOver) break
      }
      assert.ok(turned >= 3, `${turned} epochs`)
    })
  }

  /** Every second append ends an epoch. True where the power stayed on until all was acknowledged. */
  async function work (cut: Cut): Promise<boolean> {
    if (!await ada.start(cut)) return false
    const { federation } = rooms ?? assert.fail()
    const { node } = ada
    for (let at = 0; at < APPENDS; at++) {
      const old = federation.keyring.newest('live', 'restricted')?.epoch
      if (at % 2 === 1) federation.epochs.watch((_, epoch) => ({ loss: epoch === old ? 'revocation' : undefined, untilMs: Infinity }))
      const body = `${said.length}`
      said.push(body)
      let isDone = false
      const append = node.append('live', [recordWith(body)], { flush: true }).finally(() => { isDone = true })
      const appended = await Promise.race([append, dark(cut, () => isDone)])
      if (appended === 'dark') return false
      assert.ok(appended.ok, JSON.stringify(appended))
      acknowledged.push(body)
    }
    return ada.commits < cut.commit
  }

  async function dark ({ commit }: Cut, isDone: () => boolean): Promise<'dark'> {
    await until(() => isDone() || ada.commits >= commit, 'the power goes')
    // What was durable may still be told of in this turn.
    await new Promise(resolve => { setImmediate(resolve) })
    return 'dark'
  }

  async function checkEpochs (): Promise<number> {
    const { federation } = rooms ?? assert.fail()
    const feed = [...federation.feeds.all()].find(({ declaration }) => declaration.datasetId === 'live') as Feed
    const stored = await federation.feeds.segments(feed, 0, feed.length)
    for (const bytes of stored) {
      const prefix = readSealedPrefix(bytes ?? new Uint8Array(0))
      assert.ok(prefix.ok)
      const { keyEpoch, keyCheck } = prefix.value
      assert.equal(checks.get(keyEpoch) ?? hex(keyCheck), hex(keyCheck))
      checks.set(keyEpoch, hex(keyCheck))
      assert.ok(keyEpoch <= (feed.head?.keyEpoch ?? 0), 'the head names the newest epoch')
    }
    return checks.size
  }
})
