import { strict as assert } from 'node:assert'
import { decodeCanonical, encodeCanonical, type Value } from '../../src/base/index.ts'
import { verifyUseProof, type HanseNode, type NodeOptions, type TermsOrder, type UseEntry } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, startCity, until, type City } from '../support/nodes.ts'
import { bodiesOf, tableOf } from '../support/publications.ts'
import { clockToPutForward, filesWith, type PutForward } from './erasure.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const PURPOSE = 'waste.collection'
const PURPOSE_IRI = 'urn:hanse:purpose:1:waste.collection'
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const CANARY = 'CANARY-KEPT-8812'

function orderOf (node: HanseNode, changes: object): TermsOrder {
  const begun = node.templateOf('neighbours')
  assert.ok(begun.ok)
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, ...changes }, dataset: { replicas: 'nobody' }, visibility: 'members' })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

type ProvenPeriod = { readonly [name: string]: Value, readonly index: number, readonly count: number }

/** The proof of a use with something else said of its day. */
function withOther (proof: Uint8Array, change: (period: ProvenPeriod) => ProvenPeriod): Uint8Array {
  const decoded = decodeCanonical(proof, value => ({ ok: true, value }), 1 << 20)
  assert.ok(decoded.ok)
  const { period, ...others } = decoded.value as { readonly [name: string]: Value, readonly period: ProvenPeriod }
  return encodeCanonical({ ...others, period: change(period) })
}

describe('receipts between two cities', function () {
  let cities: readonly City[] = []
  let clock: PutForward
  const rooms = new Map<string, Rooms>()
  const [bellevue, renton] = [0, 1].map(at => () => cities[at] as City) as [() => City, () => City]
  const entriesOf = async (city: City, reference: string, what: UseEntry['what']): Promise<readonly UseEntry[]> => {
    const report = await city.node.uses(reference)
    assert.ok(report.ok, JSON.stringify(report))
    return report.value.entries.filter(each => each.what === what)
  }
  const publishTerms = async (datasetId: string, changes: object, body = CANARY): Promise<void> => {
    const { node } = bellevue()
    const [description, content] = tableOf(datasetId, Array.from({ length: 30 }, (_, at) => `${body} ${at}\n`))
    const terms = orderOf(node, { audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE_IRI], reportEveryMs: null, ...changes })
    const published = await node.publish({ ...description, access: 'members' }, content, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
  }
  const agree = async (datasetId: string): Promise<string> => {
    await until(() => renton().node.dataset(datasetId).ok, 'the dataset is listed')
    const negotiated = await renton().node.requestAgreement(datasetId, PURPOSE, 20_000)
    assert.ok(negotiated.ok && negotiated.value.state === 'FINALIZED', JSON.stringify(negotiated))
    await until(async () => (await bodiesOf(renton().node, datasetId).catch(() => [])).length === 30, `${datasetId} can be read`)
    return negotiated.value.agreementId ?? ''
  }
  /** Hour by hour, as nodes live: everybody does what is due before the next. */
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 6 * HOUR_MS) {
      clock.advance(Math.min(left, 6 * HOUR_MS))
      for (const { duties } of rooms.values()) await duties.settle()
    }
  }

  beforeEach(async () => {
    clock = clockToPutForward()
    const make = (name: string): Promise<City> => makeCity(name, { clock, onRooms: each => rooms.set(name, each) })
    cities = [await make('Bellevue'), await make('Renton')]
    await found(cities)
    await connected(cities)
  })
  afterEach(async () => {
    await removeCities(cities)
    rooms.clear()
  })

  it('deletes at the deadline without being asked, says so, and stays welcome', async () => {
    await publishTerms('bins', { keep: { keepMs: 2 * DAY_MS, from: 'receipt' } })
    const id = await agree('bins')
    assert.equal((await bodiesOf(renton().node, 'bins'))[0], `${CANARY} 0\n`)
    const deleted = (): Promise<readonly UseEntry[]> => entriesOf(bellevue(), 'bins', 'deleted')
    await advance(DAY_MS)
    assert.equal((await deleted()).length, 0, 'not before the deadline')
    await advance(DAY_MS + HOUR_MS)
    await until(async () => (await deleted()).length === 1, 'the receipt came')
    const [receipt] = await deleted()
    assert.equal(receipt?.agreementId, id)
    assert.equal(receipt.member?.name, 'Renton')
    assert.deepEqual(receipt.segments, [0, 0])
    assert.deepEqual(await bodiesOf(renton().node, 'bins').catch(() => []), [])
    assert.deepEqual(await filesWith(renton().folder, CANARY), [])
    await advance(2 * DAY_MS)
    assert.ok(bellevue().node.status().alarms.every(alarm => !alarm.includes('receipt')), bellevue().node.status().alarms.join())
  })

  it('closes the doors to who owes a receipt, and opens them when it comes', async () => {
    await publishTerms('bins', { keep: { keepMs: DAY_MS, from: 'receipt' } })
    await agree('bins')
    const city = renton()
    const { did } = city.node.status().member
    const asked = (): string => {
      const explained = bellevue().node.explain('bins', { member: did, door: 'sync', purpose: PURPOSE_IRI })
      assert.ok(explained.ok)
      return explained.value.allow ? 'allowed' : explained.value.reasons.map(({ code }) => code).join()
    }
    assert.equal(asked(), 'allowed')
    await city.node.stop()
    rooms.delete('Renton')
    await advance(2 * DAY_MS - HOUR_MS)
    assert.equal(asked(), 'allowed', 'within the grace of a day')
    await advance(2 * HOUR_MS)
    assert.equal(asked(), 'retention.receipt-overdue')
    assert.ok(bellevue().node.status().alarms.some(alarm => alarm.startsWith('Renton owes a receipt')))
    Object.assign(city, await startCity(city))
    await connected(cities)
    await until(() => asked() === 'allowed', 'the receipt has healed it')
    assert.deepEqual(await filesWith(city.folder, CANARY), [])
  })

  it('says daily what was received and used, and puts a root of each day on the ledger, from both sides', async () => {
    await publishTerms('bins', { reportEveryMs: DAY_MS })
    const id = await agree('bins')
    await bodiesOf(renton().node, 'bins')
    await advance(DAY_MS + HOUR_MS)
    for (const city of cities) {
      await until(async () => (await entriesOf(city, 'bins', 'received')).length === 1, `${city.name} knows what was received`)
      await until(async () => (await entriesOf(city, 'bins', 'reported-use')).length === 1, `${city.name} knows what was used`)
    }
    const [report] = await entriesOf(bellevue(), 'bins', 'reported-use')
    assert.ok((report?.records ?? 0) >= 60, `every read of it is counted: ${report?.records}`)
    await advance(DAY_MS)
    for (const city of cities) {
      const rooted = async (): Promise<readonly UseEntry[]> => (await entriesOf(city, 'bins', 'received')).filter(({ isOnLedger }) => isOnLedger)
      await until(async () => (await rooted()).length === 1, `the ledger has the root of ${city.name}`)
      const [entry] = await rooted()
      assert.ok(entry !== undefined)
      const proof = await city.node.proveUse(entry.feed, entry.record)
      assert.ok(proof.ok, JSON.stringify(proof))
      const verified = verifyUseProof(proof.value)
      assert.ok(verified.ok, JSON.stringify(verified))
      assert.deepEqual([verified.value.feed, verified.value.record.number], [entry.feed, entry.record])
      assert.ok(verified.value.day !== null && verified.value.day.count > 0)
      assert.equal(verifyUseProof(withOther(proof.value, period => ({ ...period, index: period.index + 1, count: period.count + 1 }))).ok, false, 'at another place')
      assert.equal(verifyUseProof(withOther(proof.value, period => ({ ...period, leafData: new Uint8Array(9) }))).ok, false, 'of another entry')
      assert.equal(verifyUseProof(withOther(proof.value, period => ({ ...period, root: new Uint8Array(32) }))).ok, false, 'under another root')
      const audit = await city.node.audit(city.name)
      assert.ok(audit.ok && audit.value.some(({ operation }) => operation.name === 'receipts.root'), `${city.name} is on the ledger with a root`)
    }
    const uses = await bellevue().node.uses('bins')
    assert.ok(uses.ok)
    assert.equal(uses.value.agreements[0]?.id, id)
    assert.equal(uses.value.agreements[0].isOnLedger, true)
    assert.ok(uses.value.agreements[0].sentences.some(({ sentence }) => sentence.startsWith('Renton may use it')))
    const [served] = uses.value.entries.filter(({ what }) => what === 'served')
    assert.equal(served?.member?.name, 'Renton')
    assert.equal(served.agreementId, id)
    assert.ok((served.bytes ?? 0) > 0)
  })

  it('destroys the keys of an erased dataset that is sealed, here and with its consumer', async () => {
    await publishTerms('secret', { keep: { keepMs: 30 * DAY_MS, from: 'receipt' } }, 'CANARY-SEALED-1')
    await agree('secret')
    for (const { federation } of rooms.values()) assert.ok(keysOf(federation) > 0)
    assert.ok((await bellevue().node.erase('secret', { type: 'dataset' }, 'request')).ok)
    await until(() => [...rooms.values()].every(({ federation }) => keysOf(federation) === 0), 'no key that opened it is left')
    await until(() => bellevue().node.erasures().every(({ holders }) => holders.length === 1 && holders.every(({ confirmedMs }) => confirmedMs !== null)), 'confirmed')
    for (const city of cities) assert.deepEqual(await bodiesOf(city.node, 'secret').catch(() => []), [])
  })

  function keysOf ({ keyring }: Rooms['federation']): number {
    return keyring.epochsOf('secret', 'restricted').filter(({ epoch }) => epoch === 1).length +
      keyring.grants().filter(({ grant, keys }) => grant.datasetId === 'secret' && keys.some(({ epoch }) => epoch === 1)).length
  }
})
