import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { freePort } from '../../scripts/ports.ts'
import { peerIdOfKey, signingKeyOfSeed, type Charter, type LedgerFacts, type MemberFacts } from '../../src/core/identity/index.ts'
import { joinPort } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { Admissions, Candidacy, JoinListener, keysOf, type Decisions, type Keys } from '../../src/node/founding/index.ts'
import { Members } from '../../src/node/members/index.ts'
import { charterOf, cities, cityNamed, valueOf, type City } from '../core/identity.fixture.ts'
import { openMemoryStore, type MemoryStore } from '../support/memory-store.ts'
import { until } from '../support/nodes.ts'

/** What the ledger says, as long as no blocks are made: who was admitted, and who is voted on. */
type Ledger = { readonly admitted: MemberFacts[], readonly proposals: Map<string, { readonly id: Uint8Array, readonly state: 'open' | 'rejected' }> }

const PROPOSAL = new Uint8Array(32).fill(7)
const HOUR_MS = 3_600_000
const [ada, ben] = cities(2) as [City, City]

function newKeys (root: Uint8Array = randomBytes(32)): Keys {
  return keysOf({ root, rootPublicKey: signingKeyOfSeed(root).publicKey, node: randomBytes(32), transport: randomBytes(32), encryption: randomBytes(32) })
}

function admissionOf (candidacy: Candidacy): Promise<Charter> {
  return new Promise(resolve => { candidacy.admitted.on(resolve) })
}

/** A node's keys as those of a city in a charter. */
function cityOf (name: string, keys: Keys): City {
  assert.ok(keys.root !== undefined)
  return { ...cityNamed(name), did: keys.did, root: keys.root, node: keys.node, transport: keys.transport }
}

describe('admission: an applicant and a member over a real join listener', () => {
  const inviterKeys = newKeys()
  const charter: Charter = charterOf([cityOf('Inviter', inviterKeys), ada, ben])
  const ledger: Ledger = { admitted: [], proposals: new Map() }
  const stops: (() => Promise<void>)[] = []

  const factsOf = (): LedgerFacts => ({
    members: [...charter.founders.map(({ member, nodes }): MemberFacts => ({
      did: member, sinceHeight: 0, endedSinceMs: undefined, nodes: nodes.map(node => ({ ...node, certificate: undefined }))
    })), ...ledger.admitted],
    revokedSinceMs: () => undefined
  })

  class Inviter {
    readonly members: Members
    readonly admissions: Admissions
    readonly listener: JoinListener

    constructor (members: Members, admissions: Admissions, listener: JoinListener) {
      this.members = members
      this.admissions = admissions
      this.listener = listener
    }

    static async start (store: MemoryStore, port: number): Promise<Inviter> {
      const members = await Members.load(store, systemClock, charter)
      members.setLedger(factsOf())
      const decisions: Decisions = { proposalOf: did => ledger.proposals.get(did), checkpoint: () => PROPOSAL }
      const listener = new JoinListener({
        join: joinPort, transportSeed: inviterKeys.transportSeed, listen: [`/ip4/127.0.0.1/tcp/${port}`], announce: [], log: () => {}
      })
      const admissions = await Admissions.open({
        store, clock: systemClock, random: systemRandom, keys: inviterKeys, members, addresses: ['/ip4/127.0.0.1/tcp/9'], listener, decisions, log: () => {}
      })
      return new Inviter(members, admissions, listener)
    }

    admit (keys: Keys): void {
      ledger.admitted.push({ did: keys.did, sinceHeight: 5, endedSinceMs: undefined, nodes: [] })
      this.members.setLedger(factsOf())
    }

    async stop (): Promise<void> {
      await this.admissions.stop()
      await this.listener.stop()
    }
  }

  function candidacyOf (keys: Keys, store: MemoryStore, name = 'Dorstadt'): Candidacy {
    const candidacy = new Candidacy({
      store, clock: systemClock, join: joinPort, keys, consensusKey: async () => cityNamed(name).consensus.publicKey, name, addresses: ['/ip4/127.0.0.1/tcp/7']
    })
    stops.push(() => candidacy.stop())
    return candidacy
  }

  let port = 0
  const store = openMemoryStore()
  let inviter: Inviter
  let ticket = ''

  before(async () => {
    // It listens there again after a restart: nobody else may have the port meanwhile.
    port = await freePort()
    inviter = await Inviter.start(store, port)
    await inviter.listener.open()
    const invited = valueOf(await inviter.admissions.invite(HOUR_MS))
    assert.equal(invited.federationName, charter.name)
    ticket = invited.ticket
  })
  after(async () => {
    for (const stop of stops) await stop()
    await inviter.stop()
  })

  it('hears of an applicant, who begins with the charter once it is admitted, and may connect', async () => {
    const keys = newKeys()
    const applicantStore = openMemoryStore()
    const candidacy = candidacyOf(keys, applicantStore)
    assert.ok(candidacy.takes(ticket))
    const joined = valueOf(await candidacy.join(ticket))
    assert.deepEqual(joined, candidacy.status())
    assert.deepEqual(inviter.admissions.applications().map(({ did, name, addresses }) => ({ did, name, addresses })), [
      { did: keys.did, name: 'Dorstadt', addresses: ['/ip4/127.0.0.1/tcp/7'] }
    ])
    const [{ id } = assert.fail()] = inviter.admissions.applications()
    assert.equal(inviter.admissions.applicant(id), keys.did)
    assert.equal(inviter.admissions.applicant(keys.did), keys.did)
    const peer = peerIdOfKey(keys.transport.publicKey)
    assert.equal(inviter.members.current.memberOfPeer(peer), undefined)

    ledger.proposals.set(keys.did, { id: PROPOSAL, state: 'open' })
    const admitted = admissionOf(candidacy)
    inviter.admit(keys)
    const sealed = await admitted
    assert.ok(sealed.federation.equals(charter.federation))
    assert.equal(inviter.members.current.memberOfPeer(peer), keys.did, 'the inviter lets it in')
    assert.deepEqual(inviter.admissions.applications(), [])

    const welcome = await candidacy.welcome(charter)
    assert.deepEqual(welcome?.checkpoint, PROPOSAL)
    const own = await Members.load(applicantStore, systemClock, charter, { own: keys.did, members: welcome?.introduced ?? [] })
    assert.equal(own.current.memberOfPeer(peer), keys.did)
    assert.equal(own.current.certificatesOf(keys.did).length, 1, 'the certificate that the inviter knows')
    assert.ok(own.current.peers().has(peerIdOfKey(inviterKeys.transport.publicKey)))
    own.setLedger(factsOf())
    assert.equal(own.belonging(), 4, 'the ledger names it by now')
  })

  it('goes on after restarts of both, with the same ticket and application', async () => {
    const keys = newKeys()
    const applicantStore = openMemoryStore()
    const first = candidacyOf(keys, applicantStore, 'Eliburg')
    valueOf(await first.join(ticket))
    await first.stop()
    await inviter.stop()
    inviter = await Inviter.start(store, port)
    assert.deepEqual(inviter.admissions.applications().map(({ did }) => did), [keys.did])
    inviter.admit(keys)
    const second = candidacyOf(keys, applicantStore.reopen(), 'Eliburg')
    const admitted = admissionOf(second)
    await second.resume(false)
    assert.ok((await admitted).federation.equals(charter.federation))
    assert.equal(inviter.members.current.memberOfPeer(peerIdOfKey(keys.transport.publicKey)), keys.did)
    const third = candidacyOf(keys, applicantStore.reopen(), 'Eliburg')
    await third.resume(true)
    assert.equal(third.status(), null, 'who belongs applies no more')
  })

  it('ends where the members voted against it, and says so', async () => {
    const keys = newKeys()
    const applicantStore = openMemoryStore()
    const candidacy = candidacyOf(keys, applicantStore, 'Fayberg')
    ledger.proposals.set(keys.did, { id: PROPOSAL, state: 'rejected' })
    const joined = await candidacy.join(ticket)
    assert.ok(!joined.ok && joined.failure.code === 'refused')
    assert.equal(candidacy.status(), null)
    assert.match(candidacy.problem ?? '', /voted against/)
    const later = candidacyOf(keys, applicantStore.reopen(), 'Fayberg')
    await later.resume(false)
    assert.equal(later.status(), null)
  })

  it('refuses keys that a member uses, tickets of others, its own, and one whose root key is elsewhere', async () => {
    const copied = candidacyOf({ ...newKeys(), transport: inviterKeys.transport }, openMemoryStore(), 'Copy')
    const refused = await copied.join(ticket)
    assert.ok(!refused.ok && refused.failure.reason.includes('uses one of these keys'), JSON.stringify(refused))
    const own = await candidacyOf(inviterKeys, openMemoryStore()).join(ticket)
    assert.ok(!own.ok && own.failure.reason === 'this is your own ticket')
    const locked = await candidacyOf({ ...newKeys(), root: undefined }, openMemoryStore()).join(ticket)
    assert.ok(!locked.ok && locked.failure.code === 'not-ready')
  })

  it('keeps an application that the inviter cannot hear yet, and sends it when it can', async () => {
    const keys = newKeys()
    await inviter.stop()
    const candidacy = candidacyOf(keys, openMemoryStore(), 'Gerhus')
    const joined = await candidacy.join(ticket)
    assert.ok(!joined.ok && joined.failure.code === 'unreachable')
    assert.notEqual(candidacy.status(), null)
    inviter = await Inviter.start(store, port)
    assert.ok((await candidacy.join(ticket)).ok, 'or who asks again is heard at once')
    await until(() => inviter.admissions.applications().some(({ did }) => did === keys.did), 'the application is there')
  })
})
