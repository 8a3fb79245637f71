import { strict as assert } from 'node:assert'
import type { DatasetHistory, VersionView } from '../../src/node/contract/index.ts'
import type { HanseNode, TermsOrder } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, streamOf, tableOf } from '../support/publications.ts'

const didOf = (city: City): string => city.node.status().member.did

async function told (node: HanseNode, reference: string, requester?: string | null): Promise<DatasetHistory> {
  const history = await node.history(reference, requester === undefined ? undefined : { requester })
  assert.ok(history.ok, JSON.stringify(history))
  return history.value
}

const numbers = (versions: readonly VersionView[]): readonly number[] => versions.map(({ version }) => version)

/** For Ben, who alone is told of it. */
function hiddenTerms (node: HanseNode): TermsOrder {
  const begun = node.templateOf('neighbours')
  assert.ok(begun.ok)
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members: ['Ben'] }, purposes: [] }, dataset: { replicas: 'nobody' }, visibility: ['Ben'] })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

describe('the history of a dataset: three cities', function () {
  let cities: readonly City[] = []
  const [ada, ben, cyd] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]

  before(async () => {
    cities = await Promise.all(['Ada', 'Ben', 'Cyd'].map(name => makeCity(name)))
    await found(cities)
    await connected(cities)
  })
  after(() => removeCities(cities))

  async function publish (datasetId: string, rows: readonly string[], changes: object = {}, terms?: TermsOrder): Promise<void> {
    const [description, content] = tableOf(datasetId, rows)
    const published = await ada().node.publish({ ...description, access: 'members', ...changes }, content, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
  }

  it('says what its publisher said of it over time, newest first, on every node and after a restart', async () => {
    await publish('counts', ['a\n', '1\n'])
    await publish('counts', ['a\n', '1\n', '2\n'], { title: 'Counts of cars', schema: [{ name: 'a', type: 'integer', unit: null }] })
    assert.ok((await ada().node.withdraw('counts')).ok)
    await publish('counts', ['a\n', '1\n', '3\n'], { title: 'Counts of cars', schema: [{ name: 'a', type: 'integer', unit: null }] })
    const expected = [
      [4, [{ what: 'returned' }, { what: 'data' }]],
      [3, [{ what: 'withdrawn' }]],
      [2, [{ what: 'title', before: 'The counts', after: 'Counts of cars' }, { what: 'columns', added: ['a'], removed: [], altered: [] }, { what: 'records', before: 2, after: 3 }]],
      [1, null]
    ]
    for (const again of [false, true]) {
      if (again) await restart(ben())
      await until(async () => (await ben().node.history('counts')).ok && (await told(ben().node, 'counts')).versions.length === 4, 'it has come')
      for (const { node } of [ada(), ben()]) {
        const { versions, isPart } = await told(node, 'counts')
        assert.deepEqual(versions.map(({ version, changes }) => [version, changes]), expected)
        assert.equal(isPart, false)
        assert.deepEqual(versions.map(({ records }) => records), [3, 3, 3, 2])
      }
    }
  })

  it('names the members that hold it, and how much, to people of the node alone', async () => {
    const published = await ada().node.publish(...streamOf('live'))
    assert.ok(published.ok, JSON.stringify(published))
    await append(ada().node, 'live', ['one', 'two'])
    const holders = async ({ node }: City, requester?: string): Promise<readonly string[]> =>
      (await told(node, 'live', requester)).holders.map(({ member, segments }) => `${member.name} ${segments}`)
    await until(async () => (await holders(ada())).join() === 'Ben 2,Cyd 2', 'both have it')
    assert.equal((await told(ada().node, 'live')).segments, 2)
    await until(async () => ben().node.dataset('live').ok && (await holders(ben())).join() === 'Ada 2,Cyd 2', 'they tell each other')
    assert.deepEqual(await holders(ada(), didOf(ben())), [])
  })

  it('tells nobody what was said of it to fewer', async () => {
    await publish('plans', ['a\n', '1\n'], { title: 'Secret plans' }, hiddenTerms(ada().node))
    assert.equal((await ada().node.history('plans', { requester: didOf(cyd()) })).ok, false)
    assert.deepEqual(numbers((await told(ada().node, 'plans', didOf(ben()))).versions), [1])
    const members = ada().node.templateOf('members')
    assert.ok(members.ok)
    const order = ada().node.readTerms(members.value)
    assert.ok(order.ok)
    await publish('plans', ['a\n', '1\n'], { title: 'Plans' }, order.value)
    const forCyd = await told(ada().node, 'plans', didOf(cyd()))
    assert.deepEqual([numbers(forCyd.versions), forCyd.isPart, JSON.stringify(forCyd).includes('Secret')], [[2], true, false])
    await until(async () => (await cyd().node.history('plans')).ok, 'it is told of it')
    assert.deepEqual(numbers((await told(cyd().node, 'plans')).versions), [2])
    assert.deepEqual(numbers((await told(ada().node, 'plans')).versions), [2, 1])
    await publish('open', ['a\n', '1\n'])
    await publish('open', ['a\n', '1\n'], { access: 'public' })
    assert.deepEqual(numbers((await told(ada().node, 'open', null)).versions), [2], 'who is no member is not told what was for members')
    assert.deepEqual(numbers((await told(ada().node, 'open', didOf(cyd()))).versions), [2, 1])
  })
})
