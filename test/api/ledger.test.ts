import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { utf8, type Result } from '../../src/base/index.ts'
import { createClient, type BlockPage, type Failure } from '../../src/sdk/index.ts'
import { serve, type Served } from '../support/apiServer.ts'
import { didOf, idOf } from '../support/memoryLedger.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function failureOf (result: Result<unknown, Failure>): readonly [code: string, status: number | null] {
  return result.ok ? ['ok', null] : [result.failure.code, result.failure.status]
}

/** A call as somebody else's program makes it. */
async function plainly (method: 'GET' | 'POST', path: string, body?: unknown, token: string = served.token): Promise<readonly [status: number, answer: unknown]> {
  const response = await fetch(`${served.api.url}${path}`, {
    method, headers: { ...token === '' ? {} : { authorization: `Bearer ${token}` }, ...body === undefined ? {} : { 'content-type': 'application/json' } },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  return [response.status, await response.json()]
}

describe('the ledger over HTTP', () => {
  it('answer as the node does: where it stands, members, applications, proposals', async () => {
    const { client, node } = served
    node.book.applied.push({ id: 'bafyapplication', did: didOf('Kirkland'), name: 'Kirkland', receivedMs: 5, addresses: ['/ip4/127.0.0.1/tcp/4009'], words: ['apple', 'river', 'stone', 'tower'] })
    assert.deepEqual(value(await client.ledger()), node.ledger())
    assert.deepEqual(value(await client.ledgerMembers()), node.ledgerMembers())
    assert.deepEqual(value(await client.applications()), node.applications())
    assert.deepEqual(value(await client.proposals()), [])
    const { proposal } = value(await client.propose({ kind: 'join', member: didOf('Kirkland'), seat: true }, 7_000))
    assert.deepEqual(value(await client.proposals()), node.proposals())
    assert.equal(value(await client.proposals())[0]?.id, proposal)
  })

  it('give the blocks in pages, newest first, until the first', async () => {
    const heights: number[] = []
    for (let before: number | null = 42; before !== null;) {
      const page: BlockPage = value(await served.client.blocks({ limit: 15, before }))
      assert.ok(page.blocks.length <= 15)
      heights.push(...page.blocks.map(({ height }) => height))
      before = page.next
    }
    assert.deepEqual(heights, Array.from({ length: 41 }, (_, at) => 41 - at))
    const [status, answer] = await plainly('GET', '/api/v1/ledger/blocks?before=5&limit=1')
    assert.deepEqual([status, answer], [200, { blocks: await served.node.blocks({ before: 5, limit: 1 }), next: 4 }])
  })

  it('take proposals, votes, keys and transactions to the node, with the time to wait', async () => {
    const { client, node: { book } } = served
    const { proposal } = value(await client.propose({ kind: 'params', params: { anchorEveryMs: 90_000 } }, 1_000))
    assert.deepEqual(value(await client.vote(proposal, false, 2_000)), { id: idOf(`vote ${proposal} false 2000`), state: 'final', height: 42 })
    assert.equal(value(await client.rotateKey(3_000)).state, 'final')
    book.isSlow = true
    assert.deepEqual(value(await client.submit(new Uint8Array([0xa4, 1]), 0)), { id: idOf('submit a401 0'), state: 'waiting', height: null })
    assert.deepEqual(book.told.slice(1), [`vote ${proposal} false 2000`, 'rotate-key 3000', 'submit a401 0'])
    assert.deepEqual(book.opened[0]?.no, [didOf('Bellevue')])
  })

  it('wait for the ledger where nothing is said, but no longer than a silent connection stays open', async () => {
    assert.equal((await plainly('POST', '/api/v1/ledger/rotate-key'))[0], 200)
    assert.equal(served.node.book.told[0], 'rotate-key 10000')
    assert.deepEqual(failureOf(await served.client.rotateKey(45_001)), ['invalid', 422])
  })

  it('refuse what does not fit before the node hears of it', async () => {
    const { client, node } = served
    const proposals = '/api/v1/ledger/proposals'
    const bodies: readonly (readonly [string, unknown])[] = [
      [proposals, { kind: 'charter' }], [proposals, { kind: 'join', member: 'x' }], [proposals, { kind: 'remove', member: '' }],
      [proposals, { kind: 'remove', member: 'x', seat: true }], [proposals, { kind: 'params', params: {} }], [proposals, { kind: 'params', params: { a: 1.5 } }],
      ['/api/v1/ledger/votes', { proposal: 'ab', yes: true }], ['/api/v1/ledger/votes', { proposal: idOf('x'), yes: 'yes' }],
      ['/api/v1/ledger/votes', { proposal: idOf('x').toUpperCase(), yes: true }]
    ]
    for (const [path, body] of bodies) assert.equal((await plainly('POST', path, body))[0], 422, JSON.stringify(body))
    assert.deepEqual(failureOf(await client.submit(new Uint8Array(0), 0)), ['invalid', 422])
    assert.deepEqual(failureOf(await client.submit(new Uint8Array(65_537), 0)), ['too-large', 413])
    for (const query of ['blocks?limit=0', 'blocks?limit=1001', 'blocks?before=-1', 'blocks?befor=1', 'proof?record=1', 'proof?dataset=x&record=-1', 'audit', 'audit?subject=']) {
      assert.equal((await plainly('GET', `/api/v1/ledger/${query}`))[0], 422, query)
    }
    assert.deepEqual(node.book.told, [])
  })

  it('pass on why the node refuses', async () => {
    const { client, node: { book } } = served
    assert.deepEqual(failureOf(await client.propose({ kind: 'params', params: { nonsense: 1 } }, 0)), ['invalid', 422])
    const expected = { 'refused': 403, 'root-locked': 409, 'busy': 503 } as const
    for (const code of ['refused', 'root-locked', 'busy'] as const) {
      book.refusal = { code, reason: 'so it is', hint: 'do something' }
      assert.deepEqual(failureOf(await client.vote(idOf('x'), true, 0)), [code, expected[code]])
    }
  })

  it('need the scope of a member\'s word to decide, and any to look', async () => {
    const { api, tokens } = served
    const reader = createClient({ baseUrl: api.url, token: tokens.read })
    const operator = createClient({ baseUrl: api.url, token: tokens.operate })
    assert.equal(failureOf(await reader.ledger())[0], 'ok')
    assert.equal(failureOf(await reader.verifyLedger())[0], 'ok')
    for (const client of [reader, operator]) {
      assert.deepEqual(failureOf(await client.vote(idOf('x'), true, 0)), ['forbidden', 403])
      assert.deepEqual(failureOf(await client.propose({ kind: 'remove', member: 'x' }, 0)), ['forbidden', 403])
      assert.deepEqual(failureOf(await client.rotateKey(0)), ['forbidden', 403])
      assert.deepEqual(failureOf(await client.submit(new Uint8Array([1]), 0)), ['forbidden', 403])
    }
    assert.deepEqual(served.node.book.told, [])
  })

  it('prove, audit and check', async () => {
    const { client, node: { book } } = served
    assert.deepEqual(value(await client.ledgerProof('Bellevue/rows', 2)), utf8('proof of record 2'))
    assert.deepEqual(failureOf(await client.ledgerProof('Bellevue/rows', 3)), ['not-anchored', 409])
    assert.deepEqual(failureOf(await client.ledgerProof('Bellevue/none', 0)), ['not-found', 404])
    assert.deepEqual(value(await client.audit('Renton')).map(({ height, operation: { name } }) => [height, name]), [[1, 'dataset.put'], [2, 'dataset.anchor']])
    assert.deepEqual(failureOf(await client.audit('Nowhere')), ['not-found', 404])
    assert.equal(value(await client.verifyLedger()).verified, true)
    book.isDamaged = true
    assert.deepEqual(value(await client.verifyLedger()).checks.filter(({ ok }) => !ok), [{ name: 'hashes', ok: false, detail: 'block 7 is not what it was' }])
  })

  it('tell anybody where the ledger stands, signed, without a token', async () => {
    const [status, answer] = await plainly('GET', '/.well-known/hanse-checkpoint.json', undefined, '')
    assert.equal(status, 200)
    assert.deepEqual(answer, {
      member: didOf('Bellevue'), federation: 'bafyfederation', epoch: 2, height: 41, digest: idOf('block 41'), timeMs: 1_700_000_000_000,
      statement: Buffer.from('a signed word').toString('base64')
    })
    assert.deepEqual(value(await served.client.publicCheckpoint()), answer)
    assert.deepEqual(value(await served.client.checkpoint()), utf8('a signed word'))
    for (const path of ['/api/v1/ledger', '/api/v1/ledger/checkpoint', '/api/v1/applications']) assert.equal((await plainly('GET', path, undefined, ''))[0], 401, path)
  })

  it('say of a node in no federation that there is no ledger, and no empty list', async () => {
    const { client, node } = served
    node.book.status = undefined
    const answers = [
      client.ledger(), client.ledgerMembers(), client.applications(), client.blocks({ limit: 1 }), client.proposals(), client.verifyLedger(),
      client.checkpoint(), client.publicCheckpoint(), client.vote(idOf('x'), true, 0), client.rotateKey(0)
    ]
    for (const answer of await Promise.all(answers)) assert.deepEqual(failureOf(answer), ['not-ready', 409])
  })

  it('answer any subject and any body with an answer or a refusal', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.jsonValue({ maxDepth: 2 }), async (subject, body) => {
      const audited = failureOf(await served.client.audit(subject.toWellFormed()))
      assert.deepEqual(audited, ['not-found', 404])
      const [status] = await plainly('POST', '/api/v1/ledger/votes', body)
      assert.ok(status === 422 || status === 400, String(status))
    }), { numRuns: 50 })
  })
})
