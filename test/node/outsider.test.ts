import { strict as assert } from 'node:assert'
import { multiaddr } from '@multiformats/multiaddr'
import { didOfKey, revocationBody, revocationSignature, sealRevocation, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import type { HanseNode } from '../../src/node/index.ts'
import { counted, openRaw, type Raw } from '../host/libp2p-raw.fixture.ts'
import { audit, membershipIn, statementsIn } from '../support/audit.ts'
import { connected, found, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { append, bodiesOf, descriptionOf, heldBy, publish, streamOf } from '../support/publications.ts'
import { Replayer } from '../support/replayer.ts'
import { Wires, type Session } from '../support/wires.ts'

const PROTOCOLS = ['/hanse/hello/1', '/hanse/sync/1', '/hanse/live/1', '/meshsub/1.2.0', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']
/** Nobody outside may ever read one of these. */
const SECRETS = ['harbour-plans', 'The harbour-plans', 'depth of the basin', 'Lake Cities']

describe('whoever does not belong', function () {
  const wires = new Wires()
  let cities: readonly City[] = []
  let strangers: readonly City[] = []
  const raws: Raw[] = []
  const [ada, ben, cyd, dov, eva] = [0, 1, 2, 3, 4].map(at => () => cities[at] as City) as
    [() => City, () => City, () => City, () => City, () => City]

  before(async () => {
    cities = await Promise.all(['Ada', 'Ben', 'Cyd', 'Dov', 'Eva'].map(name => makeCity(name, {}, wires.network(name))))
    await wires.layAll(cities)
    await found(cities)
    await connected(cities)
    await publish(ada().node, [{ ...descriptionOf('harbour-plans'), access: 'members' }, { form: 'stream', mediaType: 'application/json' }])
    await append(ada().node, 'harbour-plans', Array.from({ length: 20 }, (_, at) => `depth of the basin: ${at}`))
    await until(() => cities.every(({ node }) => heldBy(node, 'harbour-plans')?.records === 20), 'all members hold it')
  })
  after(async () => {
    for (const { node } of raws) await node.stop()
    await removeCities([...cities, ...strangers])
    wires.close()
  })

  it('reads nothing on the wire between members', () => {
    const all = cities.flatMap(one => cities.flatMap(other => wires.sessions(one.name, other))).flatMap(({ there, back }) => [...there, ...back])
    assert.ok(Buffer.concat(all).length > 20_000, 'much was said')
    assertKeepsSecrets(Buffer.concat(all))
  })

  it('with keys of its own is refused after the handshake: not one byte of any protocol comes', async () => {
    await wires.lay('Outsider', ada())
    const before = deniedBy(ada().node)
    const outsider = await openRaw(201, ada().node.status().federation?.id)
    raws.push(outsider)
    await assertHearsNothing(outsider)
    await until(() => deniedBy(ada().node) > before, 'it was denied')
    assertShakesHandsOnly(wires.sessions('Outsider', ada()))
  })

  it('of another federation cannot even shake hands, also as a whole node with a charter of its own', async () => {
    await wires.lay('Passer-by', ada())
    const passer = await openRaw(202, 'another-federation')
    raws.push(passer)
    await assert.rejects(passer.node.dial(multiaddr(wires.addressOf('Passer-by', ada()))), { name: 'EncryptionFailedError' })
    assertShakesHandsOnly(wires.sessions('Passer-by', ada()))

    await wires.lay('Fay', ada())
    const adas = [ada().node.status().peerId, [`/ip4/127.0.0.1/tcp/${ada().port}`]] as const
    // Whatever its own ledger says of its members, it takes Ada's node for one of them.
    const fay = await makeCity('Fay', {}, async options => {
      const network = await wires.network('Fay')(options)
      return { ...network, setMembers: members => network.setMembers(new Map([...members, adas])) }
    })
    strangers = [fay]
    await found([fay], 'Hill Towns')
    await until(() => wires.sessions('Fay', ada()).length >= 3, 'it dialled again and again')
    assert.equal(wires.networkOf('Fay').peers().length, 0)
    assertShakesHandsOnly(wires.sessions('Fay', ada()).slice(0, -1))
    assert.equal(ada().node.status().neighbours.reachable, 4)
  })

  it('has no say with what was signed for another federation, though by the same keys', async () => {
    const elsewhere = new Wires()
    const twins = await Promise.all([ada(), ben()].map(({ name, seeds }) => makeCity(name, {}, elsewhere.network(name), seeds)))
    const [adaThere, benThere] = twins as [City, City]
    await elsewhere.layAll(twins)
    await found(twins, 'Hill Towns')
    await connected(twins)
    await publish(benThere.node, streamOf('elsewhere'))
    await append(benThere.node, 'elsewhere', ['a', 'b', 'c'])
    await until(() => heldBy(adaThere.node, 'elsewhere')?.records === 3, 'it is replicated there')
    const revocation = await revocationOf(benThere, [benThere], 'certificate')
    assert.ok((await benThere.node.revoke(revocation)).ok)
    await benThere.node.stop()
    const feeds = [...(await audit(adaThere.store)).values()]
    const statements = [...await statementsIn(adaThere.store), revocation]
    await removeCities(twins)
    elsewhere.close()

    assert.deepEqual(codeOf(await ada().node.revoke(revocation)), 'invalid')
    const before = standingOf(ada().node)
    const hello = await membershipIn(ben().store)
    await ben().node.stop()
    const replayer = await Replayer.open({ seeds: ben().seeds, membership: hello, feeds, statements, openNetwork: wires.network('Ben') }, ada())
    await until(() => replayer.asked.has('feeds') && replayer.asked.has('statements'), 'the others asked what it is about')
    await replayer.sayAll()
    await append(cyd().node, await liveOf(cyd()), ['still here'])
    await until(() => heldBy(ada().node, 'cyd-live')?.records === 1, 'what came later came through')
    assert.deepEqual(standingOf(ada().node, ['cyd-live']), before)
    await replayer.stop()
    await restart(ben())
    await connected(cities)
  })

  it('cannot pass its hello with the certificate of another federation', async () => {
    const elsewhere = await makeCity(ben().name, {}, undefined, ben().seeds)
    await found([elsewhere], 'Hill Towns')
    const there = await membershipIn(elsewhere.store)
    await removeCities([elsewhere])
    await ben().node.stop()
    const replayer = await Replayer.open({
      seeds: ben().seeds, membership: there, prologue: ada().node.status().federation?.id ?? '', feeds: [], statements: [], openNetwork: wires.network('Ben')
    }, ada())
    await until(() => (ada().node.metrics().get('hanse_network_hello_refused_total{code="federation"}') ?? 0) > 0, 'its hello is refused')
    assert.equal(replayer.asked.size, 0)
    assert.equal(replayer.peersMet, 0)
    await replayer.stop()
    await restart(ben())
    await connected(cities)
  })

  it('any more, as a node whose certificate was revoked, is cut off by all, and stays so', async () => {
    await publish(eva().node, streamOf('eva-live'))
    await append(eva().node, 'eva-live', ['in time'])
    await until(() => cities.every(({ node }) => heldBy(node, 'eva-live')?.records === 1), 'all hold what it said in time')
    const revocation = await revocationOf(eva(), [eva()], 'certificate')
    assert.ok((await ada().node.revoke(revocation)).ok)
    const rest = [ada(), ben(), cyd(), dov()]
    await until(() => rest.every(({ node }) => node.status().neighbours.reachable === 3) && eva().node.status().neighbours.reachable === 0, 'all cut it off')
    await assertStaysOut(eva(), rest)
    assert.deepEqual(await bodiesOf(ben().node, 'eva-live'), ['in time'])
    const report = await ben().node.verify('eva-live')
    assert.ok(report.ok && report.value.verified, 'what it said before is worth what it was')
  })

  it('any more, as a member that enough of the others revoked, is cut off with all its nodes', async () => {
    const tooFew = await revocationOf(dov(), [ada(), ben()], 'member')
    assert.equal(codeOf(await ada().node.revoke(tooFew)), 'invalid')
    const revocation = await revocationOf(dov(), [ada(), ben(), cyd()], 'member')
    assert.ok((await cyd().node.revoke(revocation)).ok)
    const rest = [ada(), ben(), cyd()]
    await until(() => rest.every(({ node }) => node.status().neighbours.reachable === 2) && dov().node.status().neighbours.reachable === 0, 'all cut it off')
    for (const { node } of rest) assert.ok(node.members().find(({ name }) => name === 'Dov')?.revoked)
    await assertStaysOut(dov(), rest)
  })

  it('is remembered for it after a restart', async () => {
    await restart(ada())
    await until(() => ada().node.status().neighbours.reachable === 2, 'the members are back')
    assert.ok(ada().node.members().find(({ name }) => name === 'Dov')?.revoked)
    await assertStaysOut(eva(), [ada()])
  })

  /** Dials, and tries every protocol there is on whatever it gets. */
  async function assertHearsNothing (outsider: Raw): Promise<void> {
    let heardBytes = 0
    outsider.node.addEventListener('connection:open', ({ detail }) => {
      for (const stream of detail.streams) stream.addEventListener('message', ({ data }) => { heardBytes += data.byteLength })
    })
    const connection = await outsider.node.dial(multiaddr(wires.addressOf('Outsider', ada()))).catch(() => undefined)
    for (const protocol of PROTOCOLS) {
      const stream = await connection?.newStream(protocol).catch(() => undefined)
      const heard = stream === undefined ? { bytes: 0 } : counted(stream).received
      await until(() => connection === undefined || connection.status !== 'open', 'the connection is gone')
      heardBytes += heard.bytes
    }
    assert.equal(heardBytes, 0)
    assert.equal(outsider.greeted.length, 0)
    assert.equal(outsider.node.services.pubsub.getPeers().length, 0)
  }

  /** It goes on dialling, and gets handshakes; what it says and what is said to others stays where it is. */
  async function assertStaysOut (outcast: City, rest: readonly City[]): Promise<void> {
    const sessions = (): readonly Session[] => rest.flatMap(other => wires.sessions(outcast.name, other))
    const before = new Set(sessions())
    const knocks = (): readonly Session[] => sessions().filter(session => !before.has(session))
    await until(() => knocks().length >= 3, 'it knocked again')
    const live = await liveOf(outcast)
    await append(outcast.node, live, ['too late'])
    const [first] = rest as [City]
    const news = await liveOf(first)
    const count = heldBy(first.node, news)?.records ?? 0
    const known = heldBy(outcast.node, news)?.records
    await append(first.node, news, ['among us'])
    await until(() => rest.every(({ node }) => heldBy(node, news)?.records === count + 1), 'the others go on')
    const then = knocks().length
    await until(() => knocks().length >= then + 3, 'it knocked once more')
    assertShakesHandsOnly(knocks())
    for (const { node } of rest) assert.notEqual(heldBy(node, live)?.records, heldBy(outcast.node, live)?.records)
    assert.equal(heldBy(outcast.node, news)?.records, known)
    assert.equal(outcast.node.status().neighbours.reachable, 0)
  }
})

/** The stream of a city, opened when it is asked for first. */
async function liveOf ({ name, node }: City): Promise<string> {
  const id = `${name.toLowerCase()}-live`
  if (heldBy(node, id) === undefined) await publish(node, streamOf(id))
  return id
}

async function revocationOf (city: City, signers: readonly City[], what: 'certificate' | 'member'): Promise<Uint8Array> {
  const membership = await membershipIn(city.store)
  const member = didOfKey(city.seeds.rootPublicKey)
  const certificate = membership.certificatesOf(member)[0]?.id
  assert.ok(certificate !== undefined)
  const body = revocationBody({ federation: membership.federation, member, certificate: what === 'member' ? null : certificate, timeMs: Date.now() })
  return sealRevocation(body, signers.map(({ seeds: { root } }) => {
    assert.ok(root !== undefined)
    return revocationSignature(body, signingKeyOfSeed(root))
  }))
}

function codeOf (result: Awaited<ReturnType<HanseNode['revoke']>>): string {
  return result.ok ? 'ok' : result.failure.code
}

function deniedBy (node: HanseNode): number {
  return node.metrics().get('hanse_network_denied_total{hook="denyInboundEncryptedConnection"}') ?? 0
}

/** All that statements could change, but for what these datasets brought. */
function standingOf (node: HanseNode, except: readonly string[] = []): unknown {
  const { feeds: { frozen, recovering }, alarms } = node.status()
  const datasets = node.datasets({ limit: 100 }).filter(({ datasetId }) => !except.includes(datasetId))
  return { frozen, recovering, alarms, members: node.members(), datasets: datasets.map(({ id, version, held: { records } }) => [id, version, records]) }
}

function assertKeepsSecrets (bytes: Buffer): void {
  for (const secret of SECRETS) assert.equal(bytes.includes(secret), false, secret)
}

/** Of the node that listens comes its part of the Noise handshake at most: one message, and nothing behind it. */
function assertShakesHandsOnly (sessions: readonly Session[]): void {
  assert.ok(sessions.length > 0)
  for (const { back } of sessions) {
    const bytes = Buffer.concat(back)
    assertKeepsSecrets(bytes)
    assert.ok(noiseMessagesIn(bytes) <= 1, `${noiseMessagesIn(bytes)} messages`)
  }
}

/** After the lines by which both agree on Noise, each message is preceded by its size. */
function noiseMessagesIn (bytes: Buffer): number {
  let at = 0
  while (at < bytes.length && (bytes[at] ?? 0) < 128 && bytes[at + (bytes[at] ?? 0)] === 0x0a && bytes[at + 1] === 0x2f) at += (bytes[at] ?? 0) + 1
  let messages = 0
  while (at + 2 <= bytes.length) {
    at += 2 + bytes.readUInt16BE(at)
    messages++
  }
  return messages
}
