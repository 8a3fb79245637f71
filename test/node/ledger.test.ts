import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { systemClock } from '../../src/host/system/index.ts'
import { finalHeightsOf, Council, transactionOf, type Voter } from './ledger.fixture.ts'
import { until } from '../support/nodes.ts'

const PATIENCE_MS = 60_000

describe('consensus over a real network', function () {
  this.timeout(120_000)
  let council: Council

  afterEach(async () => { await council.dissolve() })

  async function finalOf (voter: Voter): Promise<number> {
    const submitted = await voter.consensus.submit(transactionOf(council, voter), PATIENCE_MS)
    assert.ok(submitted.ok, JSON.stringify(submitted))
    assert.equal(submitted.value.state, 'final')
    return submitted.value.height ?? 0
  }

  async function agreed (height: number): Promise<void> {
    const tops = (): ReadonlySet<string> => new Set(council.up.map(({ consensus: { view } }) => `${view.height} ${view.digest} ${hex(view.stateRoot)}`))
    // What others submitted may follow upon it.
    await until(() => council.up.every(({ consensus: { view } }) => view.height >= height) && tops().size === 1, `all are at height ${height} or above, and at the same`)
    assert.deepEqual(council.voters.flatMap(({ fatal }) => fatal), [])
  }

  it('makes a transaction of one member final on all, with one state', async () => {
    council = await Council.found(4)
    const [author] = council.voters
    assert.ok(author !== undefined)
    await agreed(await finalOf(author))
  })

  it('tells why a transaction is refused, and does not take it for one that waits its turn', async () => {
    council = await Council.found(4)
    const [author, other] = council.voters
    assert.ok(author !== undefined && other !== undefined)
    await finalOf(author)
    const again = { ...author, sequence: 1 }
    const failed = await author.consensus.submit(transactionOf(council, again), PATIENCE_MS)
    assert.deepEqual(failed, { ok: false, failure: { code: 'sequence', opIndex: null } })
    const forged = await author.consensus.submit(transactionOf(council, { ...author, city: { ...author.city, node: other.city.node } }), PATIENCE_MS)
    assert.ok(!forged.ok && forged.failure.code === 'signature', JSON.stringify(forged))
    assert.deepEqual(await author.consensus.submit(new Uint8Array([1, 2, 3]), PATIENCE_MS), { ok: false, failure: { code: 'malformed', opIndex: null } })
    const ahead = author.consensus.submit(transactionOf(council, { ...author, sequence: author.sequence + 1 }), PATIENCE_MS)
    const next = await finalOf(author)
    const both = await ahead
    assert.ok(both.ok && both.value.state === 'final' && (both.value.height ?? 0) >= next)
  })

  it('loses nothing that it called final when members are killed under load, one after the other', async () => {
    council = await Council.found(4)
    const [first] = council.voters
    assert.ok(first !== undefined)
    const acknowledged: { readonly id: string, readonly height: number }[] = []
    let isOver = false
    const load = (async () => {
      while (!isOver) {
        const submitted = await first.consensus.submit(transactionOf(council, first), PATIENCE_MS)
        if (submitted.ok && submitted.value.height !== null) acknowledged.push({ id: submitted.value.id, height: submitted.value.height })
      }
    })()
    for (const victim of council.voters.slice(1)) {
      const before = acknowledged.length
      await until(() => acknowledged.length >= before + 3, 'it goes on')
      await council.kill(victim)
      await until(() => acknowledged.length >= before + 6, 'it goes on without one')
      await council.start(victim)
    }
    isOver = true
    await load
    await agreed(await finalOf(first))
    for (const { consensus } of council.voters) {
      const heights = await finalHeightsOf(consensus)
      for (const { id, height } of acknowledged) assert.equal(heights.get(id), height)
    }
    // Who came back last may still be asking what it said before.
    await until(() => council.voters.every(({ consensus: { view: { role } } }) => role !== 'checking'), 'all know what they voted')
    assert.deepEqual(council.voters.map(({ consensus: { view: { role } } }) => role), council.voters.map(() => 'validator'), 'nobody lost its vote')
  })

  it('goes on where it was when all are killed at once', async () => {
    council = await Council.found(4)
    const [first, second] = council.voters
    assert.ok(first !== undefined && second !== undefined)
    await finalOf(first)
    const waiting = second.consensus.submit(transactionOf(council, second), 1)
    const heights = council.voters.map(({ consensus }) => consensus.view.height)
    await Promise.all(council.voters.map(voter => council.kill(voter)))
    assert.ok((await waiting).ok)
    for (const voter of council.voters) await council.start(voter)
    for (const [at, { consensus }] of council.voters.entries()) assert.ok(consensus.view.height >= (heights[at] ?? 0), 'what is final stays final')
    await agreed(await finalOf(first))
    await until(() => [...second.consensus.waiting()].length === 0, 'what was submitted before the kill is final too')
  })

  it('lets a member that comes late catch up by ranges of proven blocks, and take part', async () => {
    council = await Council.found(4, 3)
    const [first, , , late] = council.voters
    assert.ok(first !== undefined && late !== undefined)
    for (let number = 0; number < 12; number++) await finalOf(first)
    await council.start(late)
    await agreed(await finalOf(first))
    await agreed(await finalOf(late))
    assert.deepEqual(await finalHeightsOf(late.consensus), await finalHeightsOf(first.consensus))
    const proof = await late.consensus.proof(3)
    assert.ok(proof !== undefined && proof.headers.length > 0)
  })

  it('takes a transaction of one who reaches a single validator: the others hear of it by gossip', async () => {
    council = await Council.found(4)
    const [first, second] = council.voters
    assert.ok(first !== undefined && second !== undefined)
    await agreed(await finalOf(first))
    council.confine(first, [second])
    await until(() => first.network.peers().length === 1, 'it sees one alone')
    const accepted = (): readonly number[] => council.voters.slice(2).map(({ network }) => network.metrics().get('hanse_gossip_messages_total{verdict="accept"}') ?? 0)
    // A hint that is lost, or overtaken by what it hints at, is not told again: the next transaction has one of its own.
    await until(async () => {
      await finalOf(first)
      return accepted().some(count => count > 0)
    }, 'gossip carried one')
  })

  it('falls silent when there is nothing to decide: nobody wants to be woken before the heartbeat', async () => {
    council = await Council.found(4)
    const [first] = council.voters
    assert.ok(first !== undefined)
    await agreed(await finalOf(first))
    await until(() => council.voters.every(({ consensus: { view } }) => view.role === 'validator'), 'all may vote')
    const restMs = (): number => Math.min(...council.voters.flatMap(({ alarmsMs }) => [...alarmsMs])) - systemClock.monotonicMs()
    await until(() => restMs() > 3_600_000, 'all rest')
    const sent = (): string => council.voters.map(({ consensus }) => [...consensus.metrics()].filter(([name]) => name.includes('sent')).join()).join(' ')
    const before = sent()
    await finalOf(first)
    assert.notEqual(sent(), before, 'what is counted would show in the count')
  })
})
