import { strict as assert } from 'node:assert'

import { datasetOf } from '../../src/core/ledger/index.ts'
import { decodeAccess } from '../../src/node/access/index.ts'
import type { HanseNode, NodeOptions, TermsOrder } from '../../src/node/index.ts'
import { readableEnd, recordsOf } from '../../src/node/reading/index.ts'
import { connected, found, makeCity, removeCities, startCity, until, type City } from '../support/nodes.ts'
import { createStore, openStore } from '../../src/host/level/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { adoptStore } from '../../src/node/index.ts'
import { realEngine } from '../support/doors.ts'
import { append, bodiesOf, heldBy, streamOf, tableOf } from '../support/publications.ts'
import { agreementOf } from './doors.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const WASTE = 'urn:hanse:purpose:1:waste.collection'
const CANARY = 'CANARY-4711'

function didOf (city: City): string {
  return city.node.status().member.did
}

/** Terms by a template, with changes to its form. */
function orderOf (node: HanseNode, template: string, changes: object, visibility: unknown = 'members'): TermsOrder {
  const begun = node.templateOf(template)
  assert.ok(begun.ok)
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, ...changes }, dataset: { replicas: 'nobody' }, visibility })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

/** As `hanse doctor` does it: the store begins anew, and the signer goes with it. */
async function loseStore ({ folder }: City): Promise<void> {
  await rm(join(folder, 'store'), { recursive: true })
  await rm(join(folder, 'store.marker'), { force: true })
  const store = await createStore(join(folder, 'store'), { random: systemRandom })
  const signer = await openStore(join(folder, 'signer'), {})
  await adoptStore(signer, store.storeId)
  await store.close()
  await signer.close()
}

async function publishTable (node: HanseNode, datasetId: string, terms: TermsOrder | undefined): Promise<void> {
  const [description, content] = tableOf(datasetId, Array.from({ length: 50 }, (_, at) => `${CANARY} ${at}\n`))
  const published = await node.publish({ ...description, access: 'members' }, content, undefined, terms)
  assert.ok(published.ok, JSON.stringify(published))
}

describe('doors: three cities', function () {
  // What the ledger is to name waits for the next anchor, up to a minute, more than once.
  this.timeout(300_000)
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  let mode: 'real' | 'refuses' | 'throws' = 'real'
  /** Renton's engine can be made to refuse, or to fail. */
  const engine: NodeOptions['engine'] = {
    ...realEngine,
    compile: policy => {
      const compiled = realEngine.compile(policy)
      return {
        ...compiled,
        evaluate: (...given) => {
          if (mode === 'throws') throw new Error('broken')
          return { ...compiled.evaluate(...given), ...mode === 'refuses' ? { allow: false, reasons: [{ code: 'action.not-permitted' }] } : {} }
        }
      }
    }
  }
  const [bellevue, seattle, renton] = [0, 1, 2].map(at => () => cities[at] as City) as [() => City, () => City, () => City]
  const roomsOf = (city: City): Rooms => rooms.get(city.name) as Rooms

  before(async () => {
    const make = (name: string, more: Partial<NodeOptions> = {}): Promise<City> => makeCity(name, { onRooms: each => rooms.set(name, each), ...more })
    cities = [await make('Bellevue'), await make('Seattle', { claims: { storedIn: ['DE', 'NL'], securityLevel: 2 } }), await make('Renton', { engine })]
    await found(cities)
    await connected(cities)
    const { node } = bellevue()
    // First, so that it is in the first anchor: the next one is a minute away.
    await publishTable(node, 'shown', orderOf(node, 'members', {}))
    await publishTable(node, 'bins', orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle'] }, purposes: [WASTE] }))
    await publishTable(node, 'hidden', orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle'] } }, ['Seattle']))
    await publishTable(node, 'own-only', orderOf(node, 'neighbours', { audience: { type: 'named', members: [didOf(bellevue())] } }, []))
  })
  after(() => removeCities(cities))
  beforeEach(() => {
    mode = 'real'
    for (const { federation } of rooms.values()) federation.standings.changed.emit(undefined)
  })

  it('shows terms to all, in the sentences and with the policy that were set', async () => {
    for (const other of [seattle(), renton()]) await until(() => other.node.dataset('bins').ok, 'the dataset is listed')
    const dataset = renton().node.dataset('bins')
    assert.ok(dataset.ok)
    assert.equal(dataset.value.access, 'restricted')
    assert.match(dataset.value.terms?.sentences.find(({ clause }) => clause === 1)?.sentence ?? '', /^Seattle may use it/)
    assert.deepEqual(dataset.value.terms?.findings, [])
    const own = bellevue().node.dataset('bins')
    assert.equal(own.ok && own.value.terms?.policyCid, dataset.value.terms?.policyCid)
  })

  it('says before anything is published who could read it, and what they would see', () => {
    const { node } = bellevue()
    const order = orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle'] }, purposes: [WASTE] })
    const review = node.reviewTerms(order)
    assert.ok(review.ok)
    assert.deepEqual(review.value.readers.map(({ name, may, sees, reasons }) => [name, may, sees, reasons.map(({ code }) => code)]), [
      ['Seattle', 'after-agreement', 'all of it, as it is', []], ['Renton', 'never', 'that it exists, and these terms', ['recipient.not-listed']]
    ])
    const summary = node.reviewTerms(orderOf(node, 'aggregates', {}))
    assert.ok(summary.ok)
    assert.deepEqual([summary.value.access, summary.value.readers.map(({ may }) => may)], ['members', ['now', 'now']])
    assert.match(summary.value.readers[0]?.sees ?? '', /only what is made of it: .*hexagon/)
  })

  it('refuses a malformed, unknown or contradictory policy with its position, and publishes no half of it', async () => {
    const { node } = bellevue()
    const before = node.status()
    for (const [file, position] of [
      [{ terms: { audience: 'everybody' } }, '/terms'], [{ policy: { permission: [{ action: 'use', constraint: [{ leftOperand: 'odrl:count', operator: 'lteq', rightOperand: 5 }] }] } }, '/policy/permission/0/constraint/0'],
      [{ policy: { permission: [{ action: 'use', constraint: [{ leftOperand: 'urn:x:moon', operator: 'eq', rightOperand: 'full' }] }] } }, '/policy/permission/0'], [{ policy: {} }, '/policy'], [{}, 'either'],
      [{ terms: {}, more: 1 }, '/more'], [7, 'object']
    ] as const) {
      const read = node.readTerms(file)
      assert.ok(!read.ok && read.failure.code === 'invalid', JSON.stringify(file))
      assert.ok(read.failure.reason.includes(position), read.failure.reason)
    }
    const order = orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle'] } })
    const [description, content] = tableOf('broken', ['a'])
    const refused = await node.publish(description, content, undefined, { ...order, form: { ...order.form, untilMs: (order.form.fromMs ?? 0) - 1 } })
    assert.equal(refused.ok, false)
    assert.deepEqual([node.status().feeds.own, node.status().records], [before.feeds.own, before.records])
    assert.equal(node.dataset('broken').ok, false)
  })

  it('goes by what members attest of how they keep data', () => {
    const { node } = bellevue()
    const order = orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle', 'Renton'] }, storedIn: ['DE', 'NL', 'DK'], securityLevelMin: 2 })
    const review = node.reviewTerms(order)
    assert.ok(review.ok)
    assert.deepEqual(review.value.readers.map(({ name, may, reasons }) => [name, may, reasons.map(({ code }) => code)]), [['Seattle', 'after-agreement', []], ['Renton', 'never', ['fact.missing']]])
  })

  it('gives nothing without an agreement, by whatever way it is asked for, and says why', async () => {
    const { node } = seattle()
    const found = node.read('bins', { from: 0, limit: 10 })
    assert.ok(!found.ok || !roomsOf(seattle()).federation.feeds.get('bins'))
    const explained = node.explain('bins', {})
    assert.ok(explained.ok)
    assert.deepEqual([explained.value.allow, explained.value.reasons.map(({ code }) => code)], [false, ['agreement.none']])
    const fetched = await node.fetch('bins', AbortSignal.timeout(60_000))
    assert.ok(!fetched.ok && fetched.failure.code === 'refused' && fetched.failure.reasons?.[0] === 'agreement.none', 'it does not wait in vain')
    const carried = await bellevue().node.makeBundle(['bins'], 'Seattle')
    assert.ok(!carried.ok && carried.failure.code === 'refused' && /there is no agreement for it/.test(carried.failure.reason))
    const forAll = await bellevue().node.makeBundle(['bins'])
    assert.ok(!forAll.ok && forAll.failure.code === 'refused')
    const gone = await node.content('bins')
    assert.ok(!gone.ok)
    const outside = bellevue().node.explain('bins', { member: null })
    assert.ok(outside.ok && !outside.value.allow)
    const other = bellevue().node.explain('bins', { member: 'Renton', purpose: WASTE })
    assert.deepEqual(other.ok && other.value.reasons.map(({ code }) => code), ['agreement.none'])
  })

  it('gives it under an agreement, writes that down at the publisher, and nothing more once it is revoked', async () => {
    const own = roomsOf(bellevue()).federation
    const entry = roomsOf(bellevue()).catalogue.entry(didOf(bellevue()), 'bins')
    assert.ok(entry?.terms != null)
    const agreement = agreementOf({ provider: didOf(bellevue()), consumer: didOf(seattle()), datasetId: 'bins', purpose: WASTE, policy: entry.terms.policy, inForceFromMs: Date.now() - 1_000 })
    const there = roomsOf(seattle()).federation
    await there.standings.put(agreement)
    await own.standings.put(agreement)
    const granted = await own.granting.agreed(agreement.id)
    assert.ok(granted.ok, JSON.stringify(granted))
    await until(() => heldBy(seattle().node, 'bins')?.phase === 'complete', 'all of it came')
    await until(async () => (await bodiesOf(seattle().node, 'bins').catch(() => [])).length === 50, 'it can be read')
    assert.equal(heldBy(renton().node, 'bins')?.segmentsHave, 0)
    const carried = await bellevue().node.makeBundle(['bins'], 'Seattle')
    assert.ok(carried.ok)
    const file = Buffer.concat(await Array.fromAsync(carried.value))
    assert.equal(file.indexOf(CANARY), -1, 'it travels sealed')
    const notHis = await bellevue().node.makeBundle(['bins'], 'Renton')
    assert.ok(!notHis.ok && notHis.failure.code === 'refused')
    const barred = renton().node.read('bins', { from: 0, limit: 1 })
    assert.ok(!barred.ok && barred.failure.code === 'refused')
    const wrong = seattle().node.read('bins', { from: 0, limit: 1 }, { purpose: 'urn:hanse:purpose:1:research.public' })
    assert.ok(!wrong.ok && wrong.failure.code === 'refused' && wrong.failure.reasons?.[0] === 'purpose.outside')
    const log = own.access.feed
    assert.ok(log !== undefined)
    const doors = new Set<string>()
    for await (const { body } of recordsOf(own, log, 0, readableEnd(log))) {
      const access = decodeAccess(body)
      assert.ok(access.ok)
      if (access.value.outcome === 'allowed' && access.value.agreementId === agreement.id) doors.add(`${access.value.door} ${access.value.requester === didOf(seattle())}`)
    }
    assert.deepEqual([...doors], ['sync true'])
    await there.standings.revoke(agreement.id, Date.now())
    const revoked = seattle().node.read('bins', { from: 0, limit: 1 })
    assert.ok(!revoked.ok && revoked.failure.code === 'refused' && revoked.failure.reasons?.[0] === 'agreement.revoked')
  })

  it('does not let those know of a dataset to whom it is not shown: no entry, no feed, no name on the ledger', async () => {
    const { node } = bellevue()
    await until(() => seattle().node.dataset('hidden').ok, 'it is told of it')
    for (const other of [seattle(), renton()]) await until(() => other.node.dataset('bins').ok, 'they are told of another')
    assert.equal(renton().node.dataset('hidden').ok, false)
    for (const other of [seattle(), renton()]) assert.equal(other.node.dataset('own-only').ok, false)
    const named = (city: City): readonly string[] => [...roomsOf(city).federation.feeds.all()].map(({ declaration: { datasetId } }) => datasetId)
    assert.ok(!named(renton()).includes('hidden'))
    assert.ok(!named(seattle()).includes('own-only'))
    const state = (): Rooms['federation']['consensus']['state'] => roomsOf(bellevue()).federation.consensus.state
    await until(() => datasetOf(state(), didOf(bellevue()), 'shown') !== undefined, 'the ledger names what all may know of', 120_000)
    assert.equal(datasetOf(state(), didOf(bellevue()), 'hidden'), undefined)
    assert.equal(datasetOf(state(), didOf(bellevue()), 'own-only'), undefined)
    const outside = node.read('hidden', { from: 0, limit: 1 }, { requester: didOf(renton()) })
    assert.ok(!outside.ok && outside.failure.code === 'not-found' && !/terms/.test(outside.failure.reason))
  })

  it('lists for others, and for those outside, only what they may know of', () => {
    const { node } = bellevue()
    const listed = (requester?: string | null): readonly string[] => node.datasets({ limit: 100 }, { requester }).map(({ datasetId }) => datasetId).toSorted()
    assert.ok(['hidden', 'own-only', 'shown'].every(datasetId => listed().includes(datasetId)))
    assert.ok(listed(didOf(seattle())).includes('hidden') && !listed(didOf(seattle())).includes('own-only'))
    assert.ok(listed(didOf(renton())).includes('shown') && !listed(didOf(renton())).includes('hidden'))
    assert.ok(!listed(null).includes('hidden'))
    assert.equal(node.dataset('hidden', { requester: didOf(renton()) }).ok, false)
    assert.equal(node.dataset('hidden', { requester: didOf(seattle()) }).ok, true)
  })

  it('sets other terms as a new version, which the ledger is bound to, and takes them back from whom they are not for', async () => {
    const { node } = bellevue()
    const before = node.dataset('shown')
    const set = await node.setTerms('shown', orderOf(node, 'members', { never: ['reidentify'] }))
    assert.ok(set.ok && before.ok)
    assert.equal(set.value.version, before.value.version + 1)
    assert.notEqual(set.value.terms?.policyCid, before.value.terms?.policyCid)
    const policy = (): number | undefined => datasetOf(roomsOf(renton()).federation.consensus.state, didOf(bellevue()), 'shown')?.policy?.version
    await until(() => policy() !== undefined, 'the ledger has the commitment', 120_000)
    const other = await node.setTerms('shown', orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Seattle'] } }))
    assert.ok(!other.ok && /publish the data again/.test(other.failure.hint))
    const hidden = await node.setTerms('hidden', orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Renton'] } }, ['Renton']))
    assert.ok(hidden.ok, JSON.stringify(hidden))
    await until(() => renton().node.dataset('hidden').ok, 'it is told of it now')
    await until(() => !seattle().node.dataset('hidden').ok, 'it is no longer told of it')
  })

  for (const broken of ['refuses', 'throws'] as const) {
    it(`lets no byte out to own people where the engine ${broken}`, async () => {
      await until(() => heldBy(renton().node, 'shown')?.phase === 'complete', 'it is here')
      assert.equal((await bodiesOf(renton().node, 'shown')).length, 50)
      mode = broken
      roomsOf(renton()).federation.standings.changed.emit(undefined)
      const { node } = renton()
      const refusals = [
        node.read('shown', { from: 0, limit: 1 }), node.follow('shown', { last: 10, signal: AbortSignal.timeout(100) }), await node.content('shown'), await node.content('shown', { from: 0, to: 1 }),
        await node.proof('shown', 0), await node.makeBundle(['shown']), await node.makeBundle(['shown'], 'Seattle')
      ]
      for (const refusal of refusals) assert.ok(!refusal.ok && refusal.failure.code === 'refused', JSON.stringify(refusal))
      const byLedger = await node.ledgerProof('shown', 0)
      assert.ok(!byLedger.ok)
    })
  }

  it('ends a running live stream when the right is lost, with the reason, and gives no record after it', async () => {
    const { node } = bellevue()
    const [description, content] = streamOf('live')
    const opened = await node.publish({ ...description, access: 'members' }, content, undefined, orderOf(node, 'members', {}))
    assert.ok(opened.ok, JSON.stringify(opened))
    await until(() => renton().node.dataset('live').ok && renton().node.follow('live', { last: 0, signal: AbortSignal.abort() }).ok, 'the stream is known')
    const followed = renton().node.follow('live', { last: 0, signal: AbortSignal.timeout(30_000) })
    assert.ok(followed.ok)
    const seen: string[] = []
    const reading = (async () => { for await (const { body } of followed.value) seen.push(Buffer.from(body).toString()) })()
    const ended = assert.rejects(reading, /nothing permits this/)
    await append(node, 'live', ['1', '2'])
    await until(() => seen.length === 2, 'two records came')
    mode = 'refuses'
    roomsOf(renton()).federation.standings.changed.emit(undefined)
    await append(node, 'live', ['3'])
    await ended
    assert.deepEqual(seen, ['1', '2'])

  })
})

describe('doors: a city whose store is lost', () => {
  let cities: City[] = []
  after(() => removeCities(cities))

  it('publishes and gives out again: feeds that nobody else could hold are begun anew, and what was counted is kept where it stands', async () => {
    const rooms = new Map<string, Rooms>()
    let charter: Uint8Array | undefined
    const outside = { keepCharter: async (envelope: Uint8Array) => { charter = envelope }, get charter () { return charter } }
    cities = [await makeCity('Kent', Object.defineProperties({ onRooms: (each: Rooms) => rooms.set('Kent', each) }, Object.getOwnPropertyDescriptors(outside))), await makeCity('Auburn', { onRooms: each => rooms.set('Auburn', each) })]
    const [kent, auburn] = cities as [City, City]
    await found(cities)
    await connected(cities)
    await publishTable(kent.node, 'shown', orderOf(kent.node, 'members', {}))
    await publishTable(kent.node, 'own-only', orderOf(kent.node, 'neighbours', { audience: { type: 'named', members: [didOf(kent)] } }, []))
    await until(() => heldBy(auburn.node, 'shown')?.phase === 'complete', 'the neighbour holds what it may')
    await until(() => rooms.get('Kent')?.federation.access.feed !== undefined, 'an access was written down')
    await kent.node.stop()
    await loseStore(kent)
    Object.assign(kent, await startCity(kent))
    await connected(cities)
    await until(() => heldBy(kent.node, 'shown')?.phase === 'complete', 'its own feed came back')
    const published = async (): Promise<boolean> => {
      const [description, content] = tableOf('again', ['a\n'])
      return (await kent.node.publish({ ...description, access: 'members' }, content, undefined, orderOf(kent.node, 'neighbours', { audience: { type: 'named', members: [didOf(kent)] } }, []))).ok
    }
    await until(() => kent.node.status().alarms.every(alarm => !alarm.startsWith('own feeds')) && kent.node.status().feeds.recovering <= 1, 'nobody is asked for what nobody holds')
    await until(published, 'it publishes again')
  })
})
