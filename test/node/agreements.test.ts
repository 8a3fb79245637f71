import { strict as assert } from 'node:assert'
import type { AgreementView, HanseNode, NegotiationView, TermsOrder } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, streamOf, tableOf } from '../support/publications.ts'

const PURPOSE = 'waste.collection'
const PURPOSE_IRI = 'urn:hanse:purpose:1:waste.collection'

/** Terms by a template, with changes to its form. */
function orderOf (node: HanseNode, changes: object, visibility: unknown = 'members'): TermsOrder {
  const begun = node.templateOf('neighbours')
  assert.ok(begun.ok)
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, ...changes }, visibility })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

describe('agreements: two cities', () => {
  let cities: readonly City[] = []
  const [bellevue, renton] = [0, 1].map(at => () => cities[at] as City) as [() => City, () => City]
  const agreementWith = (city: City, id: string | null): AgreementView | undefined => city.node.agreements().find(each => each.id === id)

  before(async () => {
    cities = [await makeCity('Bellevue'), await makeCity('Renton')]
    await found(cities)
    await connected(cities)
    const { node } = bellevue()
    for (const datasetId of ['bins', 'bins-two']) {
      const [description, content] = tableOf(datasetId, Array.from({ length: 20 }, (_, at) => `${datasetId} ${at}\n`))
      const terms = orderOf(node, { audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE_IRI] })
      const published = await node.publish({ ...description, access: 'members' }, content, undefined, terms)
      assert.ok(published.ok, JSON.stringify(published))
    }
    await until(() => ['bins', 'bins-two'].every(id => renton().node.dataset(id).ok), 'the datasets are listed')
  })
  after(() => removeCities(cities))

  it('refuses to read, negotiates by rule, reads, and ends it on both sides', async () => {
    const before = renton().node.read('bins', { from: 0, limit: 5 })
    assert.equal(before.ok ? '' : before.failure.code, 'refused')
    const negotiated = await renton().node.requestAgreement('bins', PURPOSE, 20_000)
    assert.ok(negotiated.ok, JSON.stringify(negotiated))
    assert.equal(negotiated.value.state, 'FINALIZED', JSON.stringify(negotiated.value))
    const { agreementId } = negotiated.value
    assert.match(agreementId ?? '', /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    for (const city of cities) {
      const view = agreementWith(city, agreementId)
      assert.equal(view?.isCountersigned, true)
      assert.equal(view.purpose, PURPOSE_IRI)
    }
    await until(async () => (await bodiesOf(renton().node, 'bins').catch(() => [])).length === 20, 'the records can be read')
    await until(() => cities.every(city => agreementWith(city, agreementId)?.ledger === 'final'), 'the ledger has the commitment')
    const ended = await bellevue().node.endAgreement(agreementId ?? '', 'breach')
    assert.ok(ended.ok)
    const own = bellevue().node.read('bins', { from: 0, limit: 5 }, { requester: renton().node.status().member.did })
    assert.equal(own.ok ? '' : own.failure.code, 'refused')
    await until(() => agreementWith(renton(), agreementId)?.revokedAtMs !== null, 'the other side heard of it')
    assert.equal(renton().node.read('bins', { from: 0, limit: 5 }).ok, false)
  })

  it('asks a person before it agrees again with somebody about the same: what was ended or used up would begin anew', async () => {
    const { node } = bellevue()
    const again = await renton().node.requestAgreement('bins', PURPOSE, 0)
    assert.ok(again.ok, JSON.stringify(again))
    await until(() => node.negotiations().some(({ isAsked, state }) => isAsked || state === 'FINALIZED' && node.agreements().some(({ revokedAtMs }) => revokedAtMs === null)), 'it is decided or asked')
    const [waiting] = node.negotiations().filter(({ isAsked }) => isAsked)
    assert.equal(waiting?.dataset.endsWith('/bins'), true)
    const denied = await node.answerNegotiation(waiting?.id ?? '', { do: 'deny', reason: 'you broke it' })
    assert.ok(denied.ok)
    await until(() => renton().node.negotiations().find(({ id }) => id === again.value.id)?.state === 'TERMINATED', 'the other side is told')
  })

  it('ends a stream that is being read in the moment that its agreement ends', async () => {
    const { node } = bellevue()
    const [description, content] = streamOf('live')
    const terms = orderOf(node, { audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE_IRI] })
    assert.ok((await node.publish({ ...description, access: 'members' }, content, undefined, terms)).ok)
    await append(node, 'live', ['first'])
    await until(() => renton().node.dataset('live').ok, 'the stream is listed')
    const negotiated = await renton().node.requestAgreement('live', PURPOSE, 20_000)
    assert.ok(negotiated.ok && negotiated.value.agreementId !== null, JSON.stringify(negotiated))
    const stop = new AbortController()
    const followed = node.follow('live', { last: 1, signal: stop.signal }, { requester: renton().node.status().member.did })
    assert.ok(followed.ok, JSON.stringify(followed))
    const records: string[] = []
    const ended = assert.rejects(async () => { for await (const { body } of followed.value) records.push(new TextDecoder().decode(body)) }, { name: 'RightLost' })
    await until(() => records.length === 1, 'the first record came')
    await node.endAgreement(negotiated.value.agreementId, 'ended')
    await append(node, 'live', ['second'])
    await ended
    assert.deepEqual(records, ['first'])
  })

  it('offers less than was asked for, and agrees when that is taken', async () => {
    const { node } = bellevue()
    const [description, content] = tableOf('later', ['x\n'])
    const form = { audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE_IRI], fromMs: Date.UTC(2099, 0, 1), untilMs: Date.UTC(2100, 0, 1) }
    assert.ok((await node.publish({ ...description, access: 'members' }, content, undefined, orderOf(node, form))).ok)
    await until(() => renton().node.dataset('later').ok, 'the dataset is listed')
    // What begins later cannot be tried now, so that a person is asked.
    const asked = await renton().node.requestAgreement('later', PURPOSE, 0)
    assert.ok(asked.ok)
    await until(() => node.negotiations().some(({ isAsked }) => isAsked), 'a person is asked')
    const [waiting] = node.negotiations().filter(({ isAsked }) => isAsked)
    const less = orderOf(node, { ...form, untilMs: Date.UTC(2099, 1, 1) })
    const limited = await node.answerNegotiation(waiting?.id ?? '', { do: 'limit', terms: less.form })
    assert.ok(limited.ok, JSON.stringify(limited))
    const mine = (): NegotiationView | undefined => renton().node.negotiations().find(({ id }) => id === asked.value.id)
    await until(() => mine()?.isAsked === true, 'the other side is asked')
    assert.match(mine()?.sentences.map(({ sentence }) => sentence).join(' ') ?? '', /1 Feb 2099/)
    const changedMs = mine()?.changedMs ?? 0
    const stale = await renton().node.answerNegotiation(asked.value.id, { do: 'approve', changedMs: changedMs - 1 })
    assert.equal(stale.ok ? '' : stale.failure.reason, 'it has gone on meanwhile', 'what was looked at before this offer came')
    const taken = await renton().node.answerNegotiation(asked.value.id, { do: 'approve', changedMs })
    assert.ok(taken.ok, JSON.stringify(taken))
    await until(() => mine()?.state === 'FINALIZED', 'it is agreed')
    const again = await renton().node.answerNegotiation(asked.value.id, { do: 'approve', changedMs: mine()?.changedMs ?? 0 })
    assert.equal(again.ok ? '' : again.failure.code, 'refused')
  })

  it('answers with the agreement in force when it is asked for again, and lets nobody ask for another purpose', async () => {
    const first = await renton().node.requestAgreement('bins-two', PURPOSE, 20_000)
    const again = await renton().node.requestAgreement('bins-two', PURPOSE, 20_000)
    assert.ok(first.ok && again.ok)
    assert.equal(again.value.agreementId, first.value.agreementId)
    const other = await renton().node.requestAgreement('bins-two', 'commerce.advertising', 20_000)
    assert.equal(other.ok ? '' : other.failure.code, 'refused')
    await restart(renton())
    await connected(cities)
    const later = await renton().node.requestAgreement('bins-two', PURPOSE, 20_000)
    assert.equal(later.ok && later.value.agreementId, first.value.agreementId)
  })

  it('agrees by rule once where terms do not list what for, however many purposes are made up', async () => {
    const { node } = bellevue()
    const terms = orderOf(node, { audience: { type: 'named', members: ['Renton'] }, purposes: [] })
    const [description, content] = tableOf('made-up', ['x\n'])
    assert.ok((await node.publish({ ...description, access: 'members' }, content, undefined, terms)).ok)
    await until(() => renton().node.dataset('made-up').ok, 'the dataset is listed')
    const first = await renton().node.requestAgreement('made-up', 'urn:example:1', 20_000)
    const second = await renton().node.requestAgreement('made-up', 'urn:example:2', 0)
    assert.ok(first.ok && second.ok, JSON.stringify([first, second]))
    assert.equal(first.value.state, 'FINALIZED')
    await until(() => node.negotiations().some(({ isAsked, dataset }) => isAsked && dataset.endsWith('/made-up')), 'a person is asked about the second')
    await until(() => renton().node.negotiations().find(({ id }) => id === second.value.id)?.state === 'REQUESTED', 'who asked knows that it came')
    assert.equal(node.agreements().filter(({ dataset }) => dataset.endsWith('/made-up')).length, 1)
  })

  it('makes no agreement that it could not read again after a start, and then take for one that nobody has ended', async () => {
    const { node } = bellevue()
    const [description, content] = tableOf('any-purpose', ['x\n'])
    const terms = orderOf(node, { audience: { type: 'named', members: ['Renton'] }, purposes: [] })
    assert.ok((await node.publish({ ...description, access: 'members' }, content, undefined, terms)).ok)
    await until(() => renton().node.dataset('any-purpose').ok, 'the dataset is listed')
    const long = await renton().node.requestAgreement('any-purpose', `urn:example:${'p'.repeat(200)}`, 20_000)
    assert.ok(long.ok, JSON.stringify(long))
    assert.deepEqual([long.value.state, long.value.ended?.code], ['TERMINATED', 'terms'])
    assert.deepEqual(node.agreements().filter(({ dataset }) => dataset.endsWith('/any-purpose')), [])
  })
})
