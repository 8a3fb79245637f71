import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { openStore } from '../../src/host/level/index.ts'
import { audit } from '../support/audit.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, contentOf, fileOf, heldBy, publish, streamOf, tableOf } from '../support/publications.ts'
import { Wires } from '../support/wires.ts'

const NAMES = ['Ada', 'Ben', 'Cyd', 'Dov', 'Eva'] as const
const rowsOf = (side: string): readonly string[] => Array.from({ length: 2_000 }, (_, at) => `${side},${at},${at * 7919 % 1000}\n`)
const bytesOf = (factor: number): Uint8Array => new Uint8Array(1_500_000).map((_, at) => (at * factor) % 251)
const linesOf = (side: string): readonly string[] => Array.from({ length: 30 }, (_, at) => `${side} ${at}`)
/** Before the cut each side opened a stream that all know. */
const OPENING = ['before 0', 'before 1']

for (const { title, losesHints } of [
  { title: 'two partitions of five cities', losesHints: false },
  { title: 'two partitions of five cities where no hint ever arrives, so that anti-entropy does it alone', losesHints: true }
]) {
  describe(title, function () {
    const wires = new Wires()
    let cities: readonly City[] = []
    const [west, east] = [() => cities.slice(0, 2), () => cities.slice(2)]
    const across = (): readonly (readonly [City, City])[] => west().flatMap(one => east().map(other => [one, other] as const))
    const [ada, dov] = [() => cities[0] as City, () => cities[3] as City]

    before(async () => {
      const options = losesHints ? { gossip: false, listingEveryMs: 500 } : {}
      cities = await Promise.all(NAMES.map(name => makeCity(name, options, wires.network(name, { losesHints }))))
      await wires.layAll(cities)
      await found(cities)
      await connected(cities)
      for (const [side, city] of [['west', ada()], ['east', dov()]] as const) {
        await publish(city.node, streamOf(`${side}-live`))
        await append(city.node, `${side}-live`, OPENING)
      }
      await until(() => cities.every(({ node }) => ['west-live', 'east-live'].every(id => heldBy(node, id)?.records === OPENING.length)), 'all know both streams')
    })
    after(async () => {
      await removeCities(cities)
      wires.close()
    })

    it('go on publishing to their own side while they are cut off from the other', async () => {
      for (const [one, other] of across()) wires.cut(one, other)
      await until(() => west().every(({ node }) => node.status().neighbours.reachable === 1), 'the west sees itself alone')
      await until(() => east().every(({ node }) => node.status().neighbours.reachable === 2), 'the east sees itself alone')
      await Promise.all([publishSide(ada(), 'west', 31), publishSide(dov(), 'east', 37)])
      await until(() => west().every(({ node }) => holdsSide(node, 'west')), 'the west holds what the west published')
      await until(() => east().every(({ node }) => holdsSide(node, 'east')), 'the east holds what the east published')
      for (const { node } of west()) assert.deepEqual([heldBy(node, 'east-table'), heldBy(node, 'east-live')?.records], [undefined, OPENING.length])
      for (const { node } of east()) assert.deepEqual([heldBy(node, 'west-table'), heldBy(node, 'west-live')?.records], [undefined, OPENING.length])
    })

    it('hold the very same bytes everywhere once the wires are mended, with no further step', async () => {
      for (const [one, other] of across()) wires.heal(one, other)
      await until(() => cities.every(({ node }) => holdsSide(node, 'west') && holdsSide(node, 'east')), 'all hold all')
      for (const { node } of cities) {
        for (const [side, factor] of [['west', 31], ['east', 37]] as const) {
          assert.equal((await contentOf(node, `${side}-table`)).toString(), rowsOf(side).join(''))
          assert.ok((await contentOf(node, `${side}-file`)).equals(bytesOf(factor)))
          assert.deepEqual(await bodiesOf(node, `${side}-live`), [...OPENING, ...linesOf(side)])
          for (const id of [`${side}-table`, `${side}-file`, `${side}-live`]) {
            const report = await node.verify(id)
            assert.ok(report.ok && report.value.verified, JSON.stringify(report))
          }
        }
      }
    })

    it('keep one and the same root of every feed on disk', async () => {
      const held: Record<string, string>[] = []
      for (const { node, folder } of cities) {
        await node.stop()
        const store = await openStore(join(folder, 'store'), {})
        held.push(Object.fromEntries([...await audit(store)].map(([id, { length, root, fork }]) => [id, `${length} ${root} ${fork}`])))
        await store.close()
      }
      assert.equal(Object.keys(held[0] ?? {}).length, 5 + 6)
      for (const each of held) assert.deepEqual(each, held[0])
    })
  })
}

async function publishSide ({ node }: City, side: string, factor: number): Promise<void> {
  await publish(node, tableOf(`${side}-table`, rowsOf(side)))
  await append(node, `${side}-live`, linesOf(side))
  await publish(node, fileOf(`${side}-file`, bytesOf(factor)))
}

function holdsSide (node: City['node'], side: string): boolean {
  return ['table', 'file', 'live'].every(form => heldBy(node, `${side}-${form}`)?.phase === 'complete')
    && heldBy(node, `${side}-live`)?.records === OPENING.length + linesOf(side).length
}
