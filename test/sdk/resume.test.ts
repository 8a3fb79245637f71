import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

describe('a live stream', () => {
  let served: Served

  before(async () => {
    served = await serve()
    const { client } = served
    assert.ok((await client.publish(describeDataset('live'), { form: 'stream', mediaType: 'text/plain' })).ok)
    const records = Array.from({ length: 5 }, (_, at) => ({ key: utf8('k'), timeMs: at, operation: 'put' as const, mediaType: 'text/plain', body: utf8(String(at)) }))
    assert.ok((await client.append('live', records, { flush: true })).ok)
  })
  after(async () => { await served.api.stop() })

  it('begins behind the record that was seen last', async () => {
    const all = await numbersOf({ last: 5 }, 5)
    assert.deepEqual(await numbersOf({ last: 0, afterId: String(all[2]) }, 2), all.slice(3))
  })

  it('tells when it breaks, and when it stands again', async () => {
    const told: boolean[] = []
    const ending = new AbortController()
    const followed = await served.client.follow('live', { signal: ending.signal, last: 1, silenceMs: 150, onChange: isOpen => { told.push(isOpen); if (isOpen) ending.abort() } })
    assert.ok(followed.ok)
    // The node says that it is still there every 15 seconds: 150 milliseconds of silence count as broken here.
    for await (const _record of followed.value);
    assert.deepEqual(told, [false, true])
  })

  async function numbersOf (options: { readonly last: number, readonly afterId?: string }, count: number): Promise<readonly number[]> {
    const ending = new AbortController()
    const followed = await served.client.follow('live', { ...options, signal: ending.signal })
    assert.ok(followed.ok, JSON.stringify(followed))
    const numbers: number[] = []
    for await (const { number } of followed.value) if (numbers.push(number) === count) break
    ending.abort()
    return numbers
  }
})
