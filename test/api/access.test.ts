import { strict as assert } from 'node:assert'
import type { Asker } from '../../src/node/contract/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import type { Scope } from '../../src/sdk/operation/index.ts'
import { serve } from '../support/apiServer.ts'
import { bearer, closeAll, open, running, send, value } from './access.fixture.ts'

const RANK: Readonly<Record<Scope, number>> = { read: 0, operate: 1, decide: 2 }
const TABLE = operations()
const pathOf = (path: string): string => path.replaceAll(/:\w+/g, 'x')

afterEach(closeAll)

describe('who may call what', () => {
  it('is what the table says, for every call and every kind of caller', async () => {
    const { client, tokens, api } = await serve()
    running.push(api)
    const member = value(await client.makeToken({ label: 'Renton', scope: 'read', requester: 'Renton' })).token
    const outside = value(await client.makeToken({ label: 'anybody', scope: 'read', requester: 'outside' })).token
    const seen = { refused: 0, admitted: 0 }
    for (const [id, { method, path, scope, forOthers }] of TABLE) {
      const ask = async (headers: Record<string, string>, expected: number | undefined, who: string): Promise<void> => {
        const { status, code, body } = await send(api.url, pathOf(path), { method, headers })
        // What a handler refuses by itself, it says in words of its own.
        if (expected === undefined) assert.doesNotMatch(JSON.stringify(body ?? ''), /this call is for the people of this node alone|needs the scope|no valid token/, `${id} as ${who}`)
        else assert.deepEqual([status, code], [expected, expected === 401 ? 'unauthorised' : 'forbidden'], `${id} as ${who}`)
        seen[expected === undefined ? 'admitted' : 'refused']++
      }
      // Nothing is sent with it, so that a call that is admitted does no more than say what is missing.
      for (const headers of [{}, { authorization: 'Bearer' }, bearer('hanse_wrong'), { cookie: 'sid=x' }]) {
        // Entering with nothing is refused too, by what it asks for and not by who asks.
        if (scope !== null) await ask(headers, 401, JSON.stringify(headers))
      }
      for (const each of ['read', 'operate', 'decide'] as const) {
        if (scope === null) continue
        await ask(bearer(tokens[each]), RANK[each] >= RANK[scope] ? undefined : 403, each)
      }
      for (const token of [member, outside]) if (scope !== null) await ask(bearer(token), scope === 'read' && forOthers === true ? undefined : 403, 'somebody else')
    }
    const guarded = TABLE.filter(([, { scope }]) => scope !== null).length
    assert.equal(seen.refused + seen.admitted, guarded * 9)
  })

  it('is nothing beyond reading for anybody else', () => {
    for (const [id, { scope, forOthers }] of TABLE) if (forOthers === true) assert.equal(scope, 'read', id)
  })
})

describe('the public face', () => {
  it('answers who has no token as anybody, with what is for others alone, and is off by default', async () => {
    const closed = await open()
    assert.equal((await closed.send('/api/v1/datasets')).status, 401)
    const { send: ask, node } = await open({ isPublic: true })
    const asked: (Asker | undefined)[] = []
    const datasets = node.datasets.bind(node)
    node.datasets = (query, asker?: Asker): ReturnType<typeof datasets> => {
      asked.push(asker)
      return datasets(query)
    }
    assert.equal((await ask('/api/v1/datasets')).status, 200)
    assert.deepEqual(asked, [{ requester: null }])
    for (const path of ['/api/v1/status', '/api/v1/receipts', '/api/v1/tokens', '/api/v1/events']) assert.equal((await ask(path)).status, 401, path)
    assert.equal((await ask('/api/v1/datasets', { headers: bearer('hanse_wrong') })).status, 401)
    assert.equal((await ask('/api/v1/datasets', { method: 'POST' })).status, 401)
  })
})
