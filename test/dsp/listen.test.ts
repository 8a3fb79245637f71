import { strict as assert } from 'node:assert'
import { request } from 'node:http'
import { listenDsp } from '../../src/api/dsp/index.ts'
import { freePort } from '../../scripts/ports.ts'

describe('the listener of the Dataspace Protocol', () => {
  it('answers to the name by which others reach it, and to no other', async () => {
    const port = await freePort()
    const opened = await listenDsp({
      listen: { host: '127.0.0.1', port }, url: 'https://hanse.bellevue.example', answer: () => assert.fail(), whoIs: () => undefined, participantId: 'did:key:z6MkBellevue', log: () => {}
    })
    assert.ok(opened.ok)
    const statusFor = (host: string): Promise<number> => new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/.well-known/dspace-version', headers: { host }, agent: false }, response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      }).on('error', reject).end()
    })
    assert.deepEqual([await statusFor('hanse.bellevue.example'), await statusFor(`127.0.0.1:${port}`), await statusFor('evil.example')], [200, 200, 421])
    await opened.value.stop()
  })
})
