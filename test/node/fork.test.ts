import { strict as assert } from 'node:assert'
import type { Log } from '../../src/host/index.ts'
import { audit } from '../support/audit.ts'
import { found, makeCity, removeCities, restart, startCity, twinOf, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, heldBy, publish, recordWith, streamOf } from '../support/publications.ts'
import { Wires } from '../support/wires.ts'

const NAMES = ['Ada', 'Ben', 'Cyd', 'Dov', 'Eva'] as const
const BEFORE = ['before 0', 'before 1']
const BY_TWIN = ['twin 0', 'twin 1', 'twin 2']
/** Both histories of the first have one length, those of the second have not. */
const FORKED = ['same', 'unequal'] as const

for (const { title, losesHints } of [
  { title: 'a member that signs two histories of a feed', losesHints: false },
  { title: 'a member that signs two histories of a feed, where no hint ever arrives', losesHints: true }
]) {
  describe(title, function () {
    const wires = new Wires()
    let cities: readonly City[] = []
    let twin: City | undefined
    const warnings: string[] = []
    const [ada, ben, cyd, dov, eva] = [0, 1, 2, 3, 4].map(at => () => cities[at] as City) as
      [() => City, () => City, () => City, () => City, () => City]
    const honest = (): readonly City[] => [ada(), ben(), cyd()]

    before(async () => {
      const log: Log = (level, message, facts) => { if (level === 'warn') warnings.push(`${message} ${JSON.stringify(facts)}`) }
      const options = losesHints ? { gossip: false, listingEveryMs: 500, log } : { log }
      cities = await Promise.all(NAMES.map(name => makeCity(name, options, wires.network(name, { losesHints }))))
      await wires.layAll(cities)
      for (const other of cities) if (other !== dov()) wires.cut(dov(), other)
      await found(cities)
      for (const id of [...FORKED, 'honest']) {
        await publish(eva().node, streamOf(id))
        await append(eva().node, id, BEFORE)
      }
      await publish(ada().node, streamOf('neighbour'))
      await until(() => honest().every(({ node }) => [...FORKED, 'honest'].every(id => heldBy(node, id)?.records === BEFORE.length)), 'all hold what was signed so far')
      await eva().node.stop()
      for (const other of [ada(), ben(), eva()]) wires.cut(cyd(), other)
      await wires.lay('Twin', cyd())
      twin = await twinOf(eva(), wires.network('Twin', { losesHints }))
      Object.assign(eva(), await startCity(eva()))
    })
    after(async () => {
      await removeCities(twin === undefined ? cities : [...cities, twin])
      wires.close()
    })

    it('shows each half of the others one of them', async () => {
      await append(eva().node, 'same', ['eva'])
      await append(eva().node, 'unequal', ['eva'])
      assert.ok(twin !== undefined)
      await append(twin.node, 'same', ['twin'])
      await append(twin.node, 'unequal', BY_TWIN)
      await until(() => [ada(), ben()].every(({ node }) => FORKED.every(id => heldBy(node, id)?.records === 3)), 'two took the one')
      await until(() => heldBy(cyd().node, 'same')?.records === 3 && heldBy(cyd().node, 'unequal')?.records === 5, 'the third took the other')
      for (const { node } of honest()) assert.equal(node.status().feeds.frozen, 0)
    })

    it('is convicted by every one of them as soon as they meet: the proof is kept, the feed frozen', async () => {
      wires.heal(ada(), cyd())
      wires.heal(ben(), cyd())
      await until(() => honest().every(isFrozen), 'all froze both feeds')
      for (const city of honest()) await assertConvicted(city)
      // Who was shown the other history is not taken for a liar.
      for (const { node } of honest()) assert.equal(node.metrics().get('hanse_peer_faults_total'), 0, warnings.join('\n'))
    })

    it('loses nothing that was verified before', async () => {
      for (const { node } of [ada(), ben()]) for (const id of FORKED) assert.deepEqual(await bodiesOf(node, id), [...BEFORE, 'eva'])
      assert.deepEqual(await bodiesOf(cyd().node, 'same'), [...BEFORE, 'twin'])
      assert.deepEqual(await bodiesOf(cyd().node, 'unequal'), [...BEFORE, ...BY_TWIN])
    })

    it('is heard no more in these feeds, and is in its others, as all are', async () => {
      if (!losesHints) await until(() => isFrozen(eva()), 'the news came to the member itself')
      const refused = await eva().node.append('same', [recordWith('later')], { flush: true })
      if (!losesHints) assert.ok(!refused.ok && refused.failure.code === 'frozen', 'it signs no third history')
      await append(eva().node, 'honest', ['after'])
      await publish(eva().node, streamOf('new'))
      await append(eva().node, 'new', ['after'])
      await append(ada().node, 'neighbour', ['after'])
      await until(() => honest().every(({ node }) => heldBy(node, 'honest')?.records === BEFORE.length + 1
        && heldBy(node, 'new')?.records === 1 && heldBy(node, 'neighbour')?.records === 1), 'the others go on')
      for (const { node } of honest()) {
        assert.equal(heldBy(node, 'same')?.records, 3)
        assert.equal(node.status().feeds.frozen, FORKED.length)
      }
    })

    it('is known for it to a node that comes later', async () => {
      for (const other of losesHints ? honest() : [ada()]) wires.heal(dov(), other)
      await until(() => isFrozen(dov()), 'the newcomer froze both feeds')
      await assertConvicted(dov())
      await until(() => heldBy(dov().node, 'honest')?.records === BEFORE.length + 1, 'the newcomer has the others')
    })

    it('is known for it after a restart', async () => {
      await restart(ada())
      assert.ok(isFrozen(ada()))
      await assertConvicted(ada())
      for (const id of FORKED) assert.deepEqual(await bodiesOf(ada().node, id), [...BEFORE, 'eva'])
    })
  })
}

function isFrozen ({ node }: City): boolean {
  return FORKED.every(id => heldBy(node, id)?.phase === 'frozen')
}

/** By what stands on the disk, judged from the charter on: a feed freezes at once, its proof and who signed it are there a moment later. */
async function assertConvicted ({ store }: City): Promise<void> {
  const expected: ReadonlyMap<string, string> = new Map([['same', 'same length'], ['unequal', 'unequal lengths']])
  const forks = async (): Promise<readonly (readonly [string, string])[]> => [...(await audit(store)).values()].map(({ declaration, fork }) => [declaration.datasetId, fork])
  await until(async () => (await forks()).filter(([datasetId, fork]) => fork === expected.get(datasetId)).length === FORKED.length, 'the proofs are kept')
  for (const [datasetId, fork] of await forks()) assert.equal(fork, expected.get(datasetId) ?? 'none', datasetId)
}
