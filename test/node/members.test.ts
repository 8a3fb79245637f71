import { strict as assert } from 'node:assert'
import { peerIdOfKey, type LedgerFacts, type MemberFacts } from '../../src/core/identity/index.ts'
import { Members } from '../../src/node/members/index.ts'
import { certificateOf, charterOf, cities, cityNamed, codeOf, FOUNDED_MS, type City } from '../core/identity.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const [ada, ben, cyd] = cities(3) as [City, City, City]
const [dor, eli] = [cityNamed('Dor'), cityNamed('Eli')]
const charter = charterOf([ada, ben, cyd])
const clock = { nowMs: () => FOUNDED_MS, monotonicMs: () => 0, wake: () => () => {} }

function factsOf (...admitted: readonly City[]): LedgerFacts {
  const facts = ({ did, transport }: City, sinceHeight: number): MemberFacts =>
    ({ did, sinceHeight, endedSinceMs: undefined, nodes: [{ transportKey: transport.publicKey, addresses: [], certificate: undefined }] })
  return { members: [...[ada, ben, cyd].map(city => facts(city, 0)), ...admitted.map(city => facts(city, 1))], revokedSinceMs: () => undefined }
}

describe('members of a node', () => {
  it('follow the ledger, and say once that they changed', async () => {
    const members = await Members.load(openMemoryStore(), clock, charter)
    let changes = 0
    members.changed.on(() => { changes++ })
    const facts = factsOf(dor)
    members.setLedger(facts)
    members.setLedger(facts)
    assert.equal(changes, 1)
    assert.equal(members.belonging(), 4)
    members.setLedger({ ...facts, members: facts.members.map(each => each.did === ben.did ? { ...each, endedSinceMs: FOUNDED_MS } : each) })
    assert.equal(changes, 2)
    assert.equal(members.belonging(), 3)
  })

  it('find certificates that they kept of members whom only the ledger knows, after a restart', async () => {
    const store = openMemoryStore()
    const members = await Members.load(store, clock, charter)
    members.setLedger(factsOf(dor))
    const { envelope, id } = certificateOf(dor, charter.federation)
    assert.equal(codeOf(await members.addCertificate(envelope)), 'ok')
    const later = await Members.load(store.reopen(), clock, charter)
    assert.equal(later.current.certificate(id), undefined, 'without the ledger it is a stranger\'s')
    later.setLedger(factsOf(dor))
    assert.equal(later.current.certificate(id)?.member, dor.did)
  })

  it('show certificates that the ledger alone told of, and keep them once they come otherwise too', async () => {
    const store = openMemoryStore()
    const members = await Members.load(store, clock, charter)
    const { envelope, id } = certificateOf(ben, charter.federation)
    const facts = factsOf()
    members.setLedger({ ...facts, members: facts.members.map(each => each.did === ben.did ? { ...each, nodes: each.nodes.map(node => ({ ...node, certificate: envelope })) } : each) })
    assert.deepEqual(await members.statement(id), envelope, 'whoever asks for it gets it')
    assert.equal(codeOf(await members.addCertificate(envelope)), 'ok')
    const later = await Members.load(store.reopen(), clock, charter)
    assert.equal(later.current.certificate(id)?.member, ben.did, 'what was said by it holds also when the ledger has another')
  })

  it('of a newcomer know it and its inviter by introduction, until the ledger here names it', async () => {
    const facts = factsOf(dor, eli).members
    const introduced = facts.filter(({ did }) => did === dor.did || did === eli.did)
    const members = await Members.load(openMemoryStore(), clock, charter, { own: dor.did, members: introduced })
    const isIn = ({ transport }: City): boolean => members.current.peers().has(peerIdOfKey(transport.publicKey))
    assert.deepEqual([ada, dor, eli].map(isIn), [true, true, true])
    members.setLedger(factsOf())
    assert.deepEqual([ada, dor, eli].map(isIn), [true, true, true], 'blocks from before it was admitted')
    members.setLedger(factsOf(cityNamed('Fay'), dor))
    assert.deepEqual(members.current.members().map(({ did }) => did), [ada, ben, cyd, cityNamed('Fay'), dor].map(({ did }) => did), 'in order of the ledger')
    assert.deepEqual([ada, dor, eli].map(isIn), [true, true, false], 'whom the ledger does not name was introduced in vain')
  })

  it('go by the names of the charter, then by what they call themselves, and nobody by the name of another alone', async () => {
    const members = await Members.load(openMemoryStore(), clock, charter)
    members.setLedger(factsOf(dor, eli))
    assert.equal(members.nameOf(ada.did), 'City 1')
    assert.match(members.nameOf(dor.did), /^did:key:z6Mk….{6}$/)
    members.told(dor.did, 'Dorstadt')
    assert.equal(members.nameOf(dor.did), 'Dorstadt')
    members.told(eli.did, 'city 1')
    assert.match(members.nameOf(eli.did), /^city 1 \(did:key:z6Mk….{6}\)$/)
    members.told(ada.did, 'Dorstadt')
    assert.equal(members.nameOf(ada.did), 'City 1', 'a founder goes by the charter')
    assert.equal(members.nameOf(dor.did), 'Dorstadt', 'so it takes no other name away')
  })
})
