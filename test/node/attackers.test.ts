import { strict as assert } from 'node:assert'
import { createHash, randomUUID } from 'node:crypto'
import { cp, rm } from 'node:fs/promises'
import { utf8, type CID } from '../../src/base/index.ts'
import { policyOfForm, writePolicy, type TermsForm } from '../../src/core/terms/index.ts'
import { inspectBundle, verifyProof, type TermsOrder } from '../../src/node/index.ts'
import type { StandingAgreement } from '../../src/node/doors/index.ts'
import { connected, found, removeCities, restart, startCity, twinOf, until, type City } from '../support/nodes.ts'
import { contentOf, heldBy } from '../support/publications.ts'
import { attackApis, attackDataspace, attackLater } from './attackers-web.fixture.ts'
import { clockToPutForward } from './erasure.fixture.ts'
import { Canary, describedAs, each, Haul, openedBy, rowsWith, type Asked } from './attackers.fixture.ts'
import { orderOf } from './derivations.fixture.ts'
import { bodiesFrom, compact, didOf, feedOf, holds, makeOpenCity, restrictedTo, type OpenCity } from './sealing.fixture.ts'

const RECORDS = 100
const HOUR_MS = 3_600_000
const PURPOSE = 'waste.collection'
const PROTOCOLS = ['/hanse/sync/1', '/hanse/live/1'] as const
/** Ada's restricted datasets, and open ones of the same shape, on which every attack must succeed. */
const [RESTRICTED, OPEN] = [['secret', 'closed', 'plan', 'live'], ['open', 'open-plan', 'open-live']] as const

describe('attackers: ten ways round the terms of restricted data', function () {
  // Thousands of questions, one after the other.
  this.timeout(600_000)
  const [secret, control] = [new Canary(), new Canary()]
  const haul = new Haul()
  const clock = clockToPutForward()
  let cities: readonly OpenCity[] = []
  /** Ada publishes, Ben may read, Cyd is a member and attacks, Dov keeps what it cannot read. */
  const [ada, ben, cyd, dov] = [0, 1, 2, 3].map(at => () => cities[at] as OpenCity) as [() => OpenCity, () => OpenCity, () => OpenCity, () => OpenCity]
  const at = (datasetId: string, city: City = ada()): string => `${didOf(city)}/${datasetId}`
  /** Ben's agreements. */
  let bens = new Map<string, string>()
  let checked = 0

  before(async () => {
    // A hint that is lost is made good soon.
    const options = { listingEveryMs: 2_000, clock }
    cities = [await makeOpenCity('Ada', options), await makeOpenCity('Ben', options), await makeOpenCity('Cyd', options, haul.openNetwork), await makeOpenCity('Dov', options)]
    await found(cities)
    await connected(cities)
    const forBen = restrictedTo(ada().node, ['Ben'], 'members')
    await publishTable('secret', secret, forBen)
    await publishTable('closed', secret, restrictedTo(ada().node, ['Ben'], 'nobody'))
    await publishTable('hidden', secret, { ...forBen, viewers: [didOf(ben())] })
    await publishTable('open', control)
    await publishPlan('plan', secret, forBen)
    await publishPlan('open-plan', control)
    await publishStream('live', secret, forBen)
    await publishStream('open-live', control)
    bens = new Map(await Promise.all(RESTRICTED.map(async id => [id, await agreed(ben(), id)] as const)))
    for (const id of ['secret', 'live']) for (const city of [ben(), cyd(), dov()]) await holds(city, ada(), id, id === 'secret' ? RECORDS : 10)
    for (const id of RESTRICTED) await until(() => heldBy(ben().node, at(id))?.phase === 'complete', `Ben has ${id}`)
    await until(async () => (await bodiesFrom(ben().node, at('secret')).catch(() => [])).length === RECORDS, 'Ben reads')
    for (const id of OPEN) await until(() => heldBy(cyd().node, at(id))?.phase === 'complete', `the attacker has ${id}`)
  })
  after(() => removeCities(cities))
  afterEach(() => {
    assertNothing(checked)
    checked = haul.length
  })

  it('by sync: every verb at the publisher, at who may read and at a blind replica', async () => {
    const start = haul.length
    const followed = Promise.all(['live', 'open-live', 'closed'].map(following))
    for (const [id, canary] of [['live', secret], ['open-live', control]] as const) await append(id, canary, 1)
    await followed
    for (const target of [ada(), ben(), dov()]) await askAll(target)
    assertFound(start)
    const isHad = async (id: string): Promise<boolean> => {
      const stored = await ada().rooms().federation.feeds.segment(feedOf(ada(), ada(), id), 0)
      return Buffer.from(haul.bytes()).includes(Buffer.from(stored?.subarray(-64) ?? assert.fail('it is stored')))
    }
    assert.deepEqual([await isHad('secret'), await isHad('closed')], [true, false], 'ciphertext goes where clause 14 lets it, and nowhere else')
  })

  it('by gossip and notes: all that is heard while data are published, appended and granted', async () => {
    const start = haul.length
    const order = restrictedTo(ada().node, ['Ben'], 'members')
    await publishTable('heard', secret, order)
    await publishTable('open-heard', control)
    for (let count = 0; count < 5; count++) for (const [id, canary] of [['live', secret], ['open-live', control]] as const) await append(id, canary, 2)
    await agreed(ben(), 'heard')
    await until(async () => (await bodiesFrom(ben().node, at('heard')).catch(() => [])).length === RECORDS, 'Ben has the keys')
    await holds(cyd(), ada(), 'heard', RECORDS)
    await holds(cyd(), ada(), 'open-heard', RECORDS)
    await until(() => haul.heardBy('gossip', start) > 0 && haul.heardBy('note', start) > 0, 'both were heard')
    assertFound(start)
  })

  it('by proof: of records and by the ledger, by what verifying and explaining say, and by the words of refusals', async () => {
    const start = haul.length
    const { node } = cyd()
    const asker = { requester: didOf(cyd()) }
    for (const id of [...RESTRICTED, 'hidden', ...OPEN]) {
      for (const number of [0, 3, 99_999]) {
        haul.take(await node.proof(at(id), number))
        haul.take(await node.ledgerProof(at(id), number))
        for (const other of [ada(), ben()]) {
          haul.take(await other.node.proof(at(id), number, asker))
          haul.take(await other.node.ledgerProof(at(id), number, asker))
        }
      }
      for (const told of [await node.verify(at(id)), node.explain(at(id), {}), node.dataset(at(id)), await node.audit(at(id)), node.anchor(at(id)), await node.uses(at(id))]) haul.take(told)
      haul.take(ada().node.explain(at(id), { member: 'Cyd', door: 'read' }))
      for (const other of [cyd(), ada(), ben()]) await haul.readAll(other.node, at(id), asker)
    }
    for (const told of [node.status(), node.receipts({ limit: 100 }), node.datasets({ limit: 100 }), await node.blocks({ limit: 100 }), [...node.metrics()], await node.scrub()]) haul.take(told)
    assertFound(start)
    const heard = Buffer.from(haul.bytes())
    const isTold = async (id: string): Promise<boolean> => {
      const digest = createHash('sha256').update(await contentOf(ada().node, id)).digest()
      return heard.includes(digest) || heard.includes(digest.toString('hex')) || heard.includes(digest.toString('base64url'))
    }
    assert.deepEqual(await Promise.all(['open', 'secret', 'closed', 'plan', 'hidden'].map(isTold)), [true, false, false, false, false], 'no digest by which a guess could be tried')
    const stolen = await ben().node.proof(at('secret'), 0)
    assert.ok(stolen.ok && verifyProof(stolen.value).ok && secret.countIn(stolen.value) > 0, 'who may read proves it')
  })

  it('by bundle: made for the attacker, made for another and opened by the attacker, looked at without a node', async () => {
    const start = haul.length
    for (const maker of [ada(), ben(), dov(), cyd()]) {
      for (const recipient of ['Cyd', 'Ben', 'Dov', undefined]) {
        for (const id of [...RESTRICTED, 'hidden', ...OPEN]) {
          const made = await maker.node.makeBundle([at(id)], recipient)
          if (!made.ok) {
            haul.take(made)
            continue
          }
          const bundle = Buffer.concat(await Array.fromAsync(made.value))
          haul.take(bundle)
          haul.take(await inspectBundle(each([bundle])))
          haul.take(await cyd().node.openBundle(each([bundle])))
        }
      }
    }
    for (const id of [...RESTRICTED, 'hidden', ...OPEN]) await haul.readAll(cyd().node, at(id))
    assertFound(start)
  })

  it('by the HTTP API and the Dataspace Protocol: what is not offered, no agreement, another\'s, forged, ended, replayed and foreign tokens', async () => {
    const start = haul.length
    await attackApis(haul, cyd(), [ada(), ben()], [...RESTRICTED, 'hidden', ...OPEN].map(id => at(id)))
    assertFound(start)
    const web = haul.length
    await attackDataspace({
      haul, publisher: ada(), attacker: cyd(), consumer: ben(), consumerAgreement: bens.get('secret') ?? '', restricted: at('secret'), hidden: at('hidden'), open: at('open'), secret
    })
    assertFound(web)
    const [inTime, later] = await attackLater(control)
    assert.deepEqual([control.countIn(utf8(inTime)) > 0, control.countIn(utf8(later))], [true, 0], 'a token lives for a day')
  })

  it('by derivation: at the attacker, at the publisher, and by an authorised consumer that passes it on', async () => {
    const start = haul.length
    for (const [id, name] of [['live', 'stolen'], ['secret', 'stolen-table'], ['open-live', 'copied']] as const) {
      const derived = await cyd().node.derive(at(id), orderOf(cyd().node, name, { redactFields: ['street'] }))
      assert.equal(derived.ok, id === 'open-live', JSON.stringify(derived))
      haul.take(derived)
    }
    await until(async () => (await bodiesFrom(cyd().node, 'copied')).length > 0, 'what is open can be derived')
    const redacted = await ada().node.derive('live', orderOf(ada().node, 'live-redacted', { redactFields: ['note'] }))
    assert.ok(redacted.ok, JSON.stringify(redacted))
    await until(async () => (await bodiesFrom(cyd().node, at('live-redacted')).catch(() => [])).length >= 10, 'the derivation is for members')
    const passedOn = await ben().node.derive(at('live'), orderOf(ben().node, 'leak', { redactFields: ['street'] }))
    assert.ok(!passedOn.ok, JSON.stringify(passedOn))
    haul.take(passedOn)
    for (const reference of ['copied', 'stolen', at('live-redacted'), at('leak', ben())]) await haul.readAll(cyd().node, reference)
    await askAll(ben())
    assertFound(start)
  })

  it('with an expired, a revoked and somebody else\'s agreement', async () => {
    const start = haul.length
    for (const id of ['expired', 'revoked']) await publishStream(id, id === 'expired' ? secret : control, restrictedTo(ada().node, ['Cyd'], 'members'))
    const expired = await standing('expired', cyd(), { ...restrictedTo(ada().node, ['Cyd'], 'members').form, fromMs: 1_000, untilMs: Date.now() - 1_000 })
    assert.ok(!(await ada().rooms().federation.granting.agreed(expired)).ok, 'no keys by it')
    const revoked = await agreed(cyd(), 'revoked')
    await until(async () => (await bodiesFrom(cyd().node, at('revoked')).catch(() => [])).length === 10, 'while it is in force it can be read')
    await haul.readAll(cyd().node, at('revoked'))
    assertFound(start)
    assert.ok((await ada().node.endAgreement(revoked, 'breach')).ok)
    await append('revoked', secret, RECORDS)
    // The attacker's node believes what its owner writes into it.
    await cyd().rooms().federation.standings.put({ ...agreementOf(ben(), 'secret'), consumer: didOf(cyd()) })
    await cyd().rooms().federation.standings.put({ ...agreementOf(cyd(), 'revoked'), id: `urn:uuid:${randomUUID()}`, revokedAtMs: null })
    for (const [id, agreementId] of [...bens, ['expired', expired], ['revoked', revoked]] as const) {
      for (const city of [cyd(), ada()]) for (const named of [undefined, agreementId]) await haul.readAll(city.node, at(id), { requester: didOf(cyd()), ...named === undefined ? {} : { agreementId: named } })
      haul.take(await ada().rooms().federation.granting.grant(didOf(cyd()), id, agreementId))
    }
    for (const target of [ada(), ben(), dov()]) await askAll(target)
  })

  it('by a replica: its disk before and after compaction, and the stolen disk of a consumer whose agreement ended', async () => {
    const late = new Canary()
    assert.ok((await ada().node.endAgreement(bens.get('live') ?? '', 'ended')).ok)
    await append('live', late, RECORDS)
    await append('open-live', control, RECORDS)
    const { records } = feedOf(ada(), ada(), 'live')
    for (const city of [ben(), cyd(), dov()]) await holds(city, ada(), 'live', records)
    for (const city of [dov(), cyd(), ben()]) {
      await city.node.stop()
      for (const isCompacted of [false, true]) {
        if (isCompacted) await compact(city)
        assert.ok(await control.countInFolder(city.folder) > 0, 'the search finds what is open')
        assert.equal(await secret.countInFolder(city.folder) + await late.countInFolder(city.folder), 0, `${city.name} ${isCompacted}`)
      }
    }
    const thief = await twinOf(ben(), haul.openNetwork) as OpenCity
    const { federation } = thief.rooms()
    const feed = feedOf(thief, ada(), 'live')
    const opened = await openedBy(federation, federation.keyring.grants().flatMap(({ keys }) => keys.map(({ key }) => key)), feed.id)
    assert.ok(secret.countIn(opened) > 0, 'what it was given it has')
    assert.equal(late.countIn(opened), 0, 'and nothing of what came later')
    haul.take(await bodiesFrom(thief.node, at('live')).catch((error: unknown) => error))
    assert.equal(late.countIn(haul.bytes()), 0)
    await thief.node.stop()
    for (const city of [dov(), cyd(), ben()]) Object.assign(city, await startCity(city))
    await connected(cities)
  })

  it('by an old grant: keys of an agreement that was ended, or ran out by itself, open nothing of what came later', async () => {
    for (const [id, untilMs] of [['turned', null], ['lapsed', clock.nowMs() + HOUR_MS]] as const) {
      const start = haul.length
      const order = restrictedTo(ada().node, ['Ben', 'Cyd'], 'members')
      await publishStream(id, control, { ...order, form: { ...order.form, untilMs: untilMs ?? order.form.untilMs } })
      const agreementId = await agreed(cyd(), id)
      await until(async () => (await bodiesFrom(cyd().node, at(id)).catch(() => [])).length === 10, `${id} is read`)
      const keys = cyd().rooms().federation.keyring.grants().flatMap(each => each.keys.map(({ key }) => key))
      await append(id, control, 1)
      if (untilMs === null) assert.ok((await ada().node.endAgreement(agreementId, 'ended')).ok)
      else {
        clock.jump(HOUR_MS)
        await until(() => !ada().node.read(id, { from: 0, limit: 1 }, { requester: didOf(cyd()) }).ok, 'its time is over')
      }
      await append(id, secret, 3)
      await holds(cyd(), ada(), id, 14)
      haul.take(await openedBy(cyd().rooms().federation, keys, feedOf(cyd(), ada(), id).id))
      assertFound(start)
      assertNothing(start)
    }
  })

  it('after erasure: from every node, from bundles that remain, and from backups that are restored', async () => {
    const gone = new Canary()
    await publishTable('gone', secret, restrictedTo(ada().node, ['Ben'], 'members'))
    await publishTable('open-gone', gone)
    await agreed(ben(), 'gone')
    for (const city of [ben(), cyd(), dov()]) for (const id of ['gone', 'open-gone']) await holds(city, ada(), id, RECORDS)
    const made = await ada().node.makeBundle([at('gone'), at('open-gone')], 'Ben')
    assert.ok(made.ok, JSON.stringify(made))
    const bundle = Buffer.concat(await Array.fromAsync(made.value))
    const before = haul.length
    await haul.readAll(cyd().node, at('open-gone'))
    assert.ok(gone.countIn(haul.bytes(before)) > 0, 'what is open is found before')
    for (const city of [ada(), ben()]) await stopped(city, () => cp(city.folder, `${city.folder}-backup`, { recursive: true }))
    await connected(cities)
    for (const id of ['open-gone', 'gone']) assert.ok((await ada().node.erase(id, { type: 'dataset' }, 'request')).ok)
    for (const city of [ben(), ada()]) {
      await city.node.stop()
      await rm(city.folder, { recursive: true })
      await cp(`${city.folder}-backup`, city.folder, { recursive: true })
      await rm(`${city.folder}-backup`, { recursive: true })
      assert.ok(await gone.countInFolder(city.folder) > 0, 'the backup has what is open')
      Object.assign(city, await startCity({ ...city, options: { ...city.options, isRestored: true } }))
      await connected(cities)
    }
    for (const city of cities) await until(async () => await gone.countInFolder(city.folder) === 0, `${city.name} has nothing left`, 60_000)
    await until(() => ben().rooms().federation.keyring.grants().every(({ grant }) => grant.datasetId !== 'gone'), 'keys that came back are gone again')
    await until(() => ada().rooms().federation.keyring.epochsOf('gone', 'restricted').length === 0, 'those of the publisher too')
    assert.ok(gone.countIn(bundle) > 0 && secret.countIn(bundle) === 0, 'the bundle that remains has what was open, and of the other ciphertext')
    const start = haul.length
    for (const city of cities) haul.take(await city.node.openBundle(each([bundle])))
    await restart(ben())
    await connected(cities)
    await until(() => ben().rooms().federation.keyring.grants().every(({ grant }) => grant.datasetId !== 'gone'), 'nor do they come by bundle or by a start')
    for (const city of cities) await until(async () => await gone.countInFolder(city.folder) === 0, `${city.name} took nothing of it back`, 60_000)
    for (const city of cities) for (const id of ['gone', 'open-gone']) await haul.readAll(city.node, at(id), city === cyd() ? {} : { requester: didOf(cyd()) })
    for (const id of ['gone', 'open-gone']) for (const city of [ada(), ben()]) await haul.readAll(city.node, at(id))
    for (const target of [ada(), ben(), dov()]) await askAll(target)
    assert.equal(gone.countIn(haul.bytes(start)), 0)
    assertFound(start)
  })

  // --- Preparing ---------------------------------------------------------------------------------------------------

  async function publishTable (datasetId: string, canary: Canary, terms?: TermsOrder): Promise<void> {
    const content = { form: 'table', mediaType: 'application/x-ndjson', fileName: 'rows.ndjson', records: each(rowsWith(canary, RECORDS)) } as const
    const published = await ada().node.publish(describedAs(datasetId, terms === undefined ? 'public' : 'restricted'), content, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
  }

  /** More than one leaf. */
  async function publishPlan (datasetId: string, canary: Canary, terms?: TermsOrder): Promise<void> {
    const bytes = Buffer.concat(Array.from({ length: 16_000 }, () => Buffer.from(`${canary.word} ${randomUUID()}\n`)))
    const content = { form: 'file', mediaType: 'image/png', fileName: 'plan.png', bytes: each([bytes]) } as const
    const published = await ada().node.publish(describedAs(datasetId, terms === undefined ? 'public' : 'restricted'), content, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
  }

  async function publishStream (datasetId: string, canary: Canary, terms?: TermsOrder): Promise<void> {
    const published = await ada().node.publish(describedAs(datasetId, terms === undefined ? 'public' : 'restricted'), { form: 'stream', mediaType: 'application/json' }, undefined, terms)
    assert.ok(published.ok, JSON.stringify(published))
    await append(datasetId, canary, 10)
  }

  async function append (datasetId: string, canary: Canary, count: number): Promise<void> {
    const appended = await ada().node.append(datasetId, rowsWith(canary, count), { flush: true })
    assert.ok(appended.ok, JSON.stringify(appended))
  }

  /** An agreement by negotiation; its id. */
  async function agreed (city: OpenCity, datasetId: string): Promise<string> {
    await until(() => city.node.dataset(at(datasetId)).ok, `${datasetId} is listed`)
    const negotiated = await city.node.requestAgreement(at(datasetId), PURPOSE, 20_000)
    assert.ok(negotiated.ok && negotiated.value.agreementId !== null, JSON.stringify(negotiated))
    return negotiated.value.agreementId
  }

  /** An agreement by other terms than can be negotiated, as both sides would hold it; its id. */
  async function standing (datasetId: string, consumer: OpenCity, form: TermsForm): Promise<string> {
    const policy = policyOfForm(form)
    assert.ok(policy.ok, JSON.stringify(policy))
    const made: StandingAgreement = {
      id: `urn:uuid:${randomUUID()}`, provider: didOf(ada()), consumer: didOf(consumer), datasetId, purpose: null, policy: utf8(JSON.stringify(writePolicy(policy.value))),
      inForceFromMs: 1_000, commit: null, revokedAtMs: null, stalenessMaxMs: null, duties: [], endedHere: false
    }
    for (const city of [ada(), consumer]) await city.rooms().federation.standings.put(made)
    return made.id
  }

  function agreementOf (city: OpenCity, datasetId: string): StandingAgreement {
    return [...city.rooms().federation.standings.all()].find(made => made.datasetId === datasetId) ?? assert.fail(`${city.name} has none about ${datasetId}`)
  }

  /** What is done to a city's folder while it does not run. */
  async function stopped (city: OpenCity, work: () => Promise<void>): Promise<void> {
    await city.node.stop()
    await work()
    Object.assign(city, await startCity(city))
  }

  // --- Attacking ---------------------------------------------------------------------------------------------------

  /** Every verb of both protocols, about all there is: also what the attacker could only guess. */
  async function askAll (target: OpenCity): Promise<void> {
    const { federation } = ada().rooms()
    const { peerId } = target.node.status()
    await until(() => haul.peers.has(peerId) && cyd().node.status().neighbours.reachable === 3, 'they are connected')
    const feeds = [...new Set([...federation.feeds.all(), ...ben().rooms().federation.feeds.all()])]
    const cids: CID[] = []
    for (const root of federation.files.roots()) for await (const { cid } of federation.files.blocks(root)) cids.push(cid)
    const said = feeds.flatMap(({ id, head }) => head === undefined ? [id] : [id, head.statement.id])
    for (const protocol of PROTOCOLS) {
      const asked = (request: Asked): Promise<unknown> => haul.ask(peerId, protocol, request)
      await asked({ verb: 'feeds', setDigest: new Uint8Array(32), after: null })
      for (let from = 0; from < said.length; from += 64) await asked({ verb: 'statements', ids: said.slice(from, from + 64) })
      for (const { id: feed, length } of feeds) {
        await asked({ verb: 'head', feed })
        await asked({ verb: 'leaves', feed, length, from: 0, to: length })
        if (length > 0) await asked({ verb: 'segments', feed, length, ranges: [[0, length]], follow: false })
      }
      for (const root of federation.files.roots()) {
        await asked({ verb: 'blocks', root, cids: [], byteFrom: 0, byteTo: 2 << 20 })
        for (const cid of cids) await asked({ verb: 'blocks', root, cids: [cid], byteFrom: 0, byteTo: 0 })
      }
    }
  }

  /** Follows a feed from its present end until something more has come, or the publisher refuses. */
  function following (datasetId: string): Promise<unknown> {
    const { id: feed, length } = feedOf(ada(), ada(), datasetId)
    return haul.ask(ada().node.status().peerId, '/hanse/live/1', { verb: 'segments', feed, length, ranges: [], follow: true }, () => true)
  }

  function assertFound (start: number): void {
    assert.ok(control.countIn(haul.bytes(start)) > 0, 'the same attack finds what is open')
  }

  function assertNothing (start: number): void {
    assert.equal(secret.countIn(haul.bytes(start)), 0, 'the attacker has plaintext')
  }
})
