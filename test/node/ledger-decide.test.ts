import { strict as assert } from 'node:assert'
import { textOf, utf8 } from '../../src/base/index.ts'
import { decodeCheckpoint } from '../../src/core/finality/index.ts'
import { decodeStatement } from '../../src/core/identity/index.ts'
import { encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import type { LedgerStatus } from '../../src/node/index.ts'
import { connected, found, ledgerAtRest, makeCity, removeCities, restart, until, type City } from '../support/nodes.ts'
import { heldBy, publish, tableOf } from '../support/publications.ts'

const PATIENCE_MS = 30_000

describe('what people decide on the ledger', function () {
  this.timeout(120_000)
  let cities: City[] = []
  let city: City
  let others: readonly City[] = []

  before(async () => {
    cities = []
    for (const name of ['Constance', 'Bregenz', 'Lindau', 'Rorschach']) cities.push(await makeCity(name))
    const [first, ...rest] = cities
    assert.ok(first !== undefined)
    ;[city, others] = [first, rest]
    await found(cities)
    await connected(cities)
    await ledgerAtRest(cities)
  })

  after(async () => { await removeCities(cities) })

  const ledger = (): LedgerStatus => city.node.ledger() ?? assert.fail('there is a ledger')

  it('tells where the ledger stands, and who belongs', () => {
    const { role, validators, toleratedFaults, reachable, sentence } = ledger()
    assert.deepEqual({ role, validators, toleratedFaults, reachable }, { role: 'validator', validators: 4, toleratedFaults: 1, reachable: 4 })
    assert.match(sentence, /^Nothing to decide since block \d+ became final$/)
    const members = city.node.ledgerMembers()
    assert.deepEqual(members.map(({ seat, removed }) => `${seat} ${removed}`), Array.from({ length: 4 }, () => 'validator false'))
    assert.ok(members.every(({ nodes: [node] }) => node?.addresses.length === 1 && node.peerId.startsWith('12D3')))
  })

  it('passes what enough members vote for: parameters change with the next seal', async () => {
    const { epoch } = ledger()
    const opened = await city.node.propose({ kind: 'params', params: { anchorEveryMs: 2_000 } }, PATIENCE_MS)
    assert.ok(opened.ok && opened.value.state === 'final', JSON.stringify(opened))
    const proposal = (): ReturnType<City['node']['proposals']>[number] | undefined => city.node.proposals().find(({ id }) => id === opened.value.proposal)
    const { sentence, state, yes, needed, members } = proposal() ?? assert.fail('it is listed')
    assert.deepEqual({ sentence, state, yes: yes.length, needed, members }, { sentence: 'Set anchorEveryMs to 2000', state: 'open', yes: 1, needed: 3, members: 4 })
    for (const { node } of others.slice(0, 2)) {
      await until(() => node.proposals().some(({ id }) => id === opened.value.proposal), 'the proposal is known')
      const voted = await node.vote(opened.value.proposal, true, PATIENCE_MS)
      assert.ok(voted.ok && voted.value.state === 'final', JSON.stringify(voted))
    }
    await until(() => proposal()?.state === 'passed' && ledger().epoch > epoch, 'it passed, and an epoch began with it')
    await until(() => others[2]?.node.proposals().find(({ id }) => id === opened.value.proposal)?.state === 'passed', 'the last knows that it passed')
    const late = await others[2]?.node.vote(opened.value.proposal, false, PATIENCE_MS)
    assert.ok(late?.ok === false && late.failure.code === 'refused' && late.failure.reason.includes('decided'), JSON.stringify(late))
  })

  it('anchors more often where the members decided so', async () => {
    await publish(city.node, tableOf('stops', ['a\n']))
    await until(() => heldBy(city.node, 'stops')?.state === 'final', 'it is final')
    await publish(city.node, tableOf('stops', ['a\n', 'b\n']))
    // Others may hold the first version as final still.
    await until(() => cities.every(({ node }) => heldBy(node, 'stops')?.state === 'final' && (node.anchor('stops')?.length ?? 0) >= 2), 'the second version is final everywhere')
  })

  it('lists everything about a dataset or a member, and shows the blocks it stands in', async () => {
    // What is final is kept a moment later.
    await ledgerAtRest(cities)
    const audit = await others[0]?.node.audit('Constance/stops')
    assert.ok(audit?.ok === true, JSON.stringify(audit))
    const names = audit.value.map(({ operation }) => operation.name)
    assert.equal(names.filter(name => name === 'dataset.anchor').length, 2)
    assert.equal(names[0], 'dataset.put')
    assert.ok(audit.value.every(({ by }) => by.name === 'Constance'))
    assert.ok(audit.value.every(({ height }, at) => at === 0 || height >= (audit.value[at - 1]?.height ?? 0)), 'oldest first')
    const blocks = await city.node.blocks({ limit: 1_000 })
    assert.deepEqual(blocks.map(({ height }) => height), Array.from({ length: blocks.length }, (_, at) => blocks.length - at))
    for (const { height, transaction } of audit.value) {
      assert.ok(blocks.find(block => block.height === height)?.transactions.some(({ id }) => id === transaction))
    }
    const member = await city.node.audit(others[0]?.node.status().member.did ?? '')
    assert.ok(member.ok && member.value.some(({ operation }) => operation.name === 'ballot') && member.value.some(({ operation }) => operation.name === 'node.put'))
    const nobody = await city.node.audit('nothing')
    assert.ok(!nobody.ok && nobody.failure.code === 'not-found')
    const [older] = await city.node.blocks({ before: 3, limit: 1 })
    assert.equal(older?.height, 2)
  })

  it('refuses what cannot be decided, with the reason', async () => {
    const reasons: [Parameters<City['node']['propose']>[0], RegExp][] = [
      [{ kind: 'params', params: { nothing: 1 } }, /no parameter "nothing"/],
      [{ kind: 'params', params: { anchorEveryMs: 1 } }, /outside of what may be proposed/],
      [{ kind: 'remove', member: 'nobody' }, /nobody is known as "nobody"/],
      [{ kind: 'charter', votesAbove: { parts: 0, of: 2 } }, /outside of what may be proposed/],
      [{ kind: 'rebind', member: city.node.status().member.did, root: 'nobody' }, /"nobody" is no root key/],
      [{ kind: 'protocol', version: 2, notBeforeHeight: 0, release: 'zz' }, /outside of what may be proposed/],
      [{ kind: 'join', member: city.node.status().member.did, seat: false }, /known-member/]
    ]
    for (const [request, expected] of reasons) {
      const refused = await city.node.propose(request, PATIENCE_MS)
      assert.match(refused.ok ? '' : refused.failure.reason, expected)
    }
    const vote = await city.node.vote('zz', true, PATIENCE_MS)
    assert.ok(!vote.ok && vote.failure.code === 'invalid')
    const nothing = await city.node.author([], PATIENCE_MS)
    assert.ok(!nothing.ok && nothing.failure.code === 'invalid')
    const noise = await city.node.submit(utf8('noise'), PATIENCE_MS)
    assert.ok(!noise.ok && noise.failure.code === 'invalid')
    const foreign = encodeOperation(OPERATIONS.proposalOpen, { kind: 'remove', payload: utf8('x'), notAfterMs: 1 })
    const byNode = await city.node.author([foreign], PATIENCE_MS)
    assert.ok(!byNode.ok && byNode.failure.code === 'refused', 'a node does not vote')
  })

  it('signs what several ask for at once one after the other', async () => {
    const put = (dataset: string): Uint8Array => encodeOperation(OPERATIONS.datasetPut, { dataset, feeds: [], schemaHash: null, licenceHash: null, isRetired: false })
    const done = await Promise.all(Array.from({ length: 20 }, (_, i) => city.node.author([put(`many-${i}`)], PATIENCE_MS)))
    assert.ok(done.every(each => each.ok && each.value.state === 'final'), JSON.stringify(done))
    assert.equal(new Set(done.map(each => each.ok ? each.value.id : '')).size, 20)
  })

  it('seats a fresh key after the next seal', async () => {
    const { epoch } = ledger()
    const rotated = await city.node.rotateKey(PATIENCE_MS)
    assert.ok(rotated.ok && rotated.value.state === 'final', JSON.stringify(rotated))
    await until(() => ledger().epoch > epoch && ledger().role === 'validator', 'the fresh key votes')
  })

  it('says where it stands, signed, for newcomers', () => {
    const said = city.node.checkpoint()
    assert.ok(said.ok)
    const statement = decodeStatement(said.value, 4_096)
    const checkpoint = statement.ok ? decodeCheckpoint(statement.value.body) : statement
    assert.ok(checkpoint.ok)
    assert.ok(checkpoint.value.height > 0 && checkpoint.value.epoch > 0)
    assert.equal(textOf(utf8(checkpoint.value.federation.toString())), city.node.status().federation?.id)
  })

  it('does not vote for the member where the root key is not at hand, and goes on with all else', async () => {
    const keyless = others[2]
    assert.ok(keyless !== undefined)
    Object.assign(keyless, { seeds: { ...keyless.seeds, root: undefined } })
    await restart(keyless)
    await until(() => keyless.node.ledger()?.reachable === 4, 'it is back')
    const refused = await keyless.node.propose({ kind: 'park', member: city.node.status().member.did }, PATIENCE_MS)
    assert.ok(!refused.ok && refused.failure.code === 'root-locked')
    const put = encodeOperation(OPERATIONS.datasetPut, { dataset: 'still', feeds: [], schemaHash: null, licenceHash: null, isRetired: false })
    const written = await keyless.node.author([put], PATIENCE_MS)
    assert.ok(written.ok && written.value.state === 'final', JSON.stringify(written))
  })
})
