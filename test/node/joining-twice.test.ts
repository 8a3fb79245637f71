import { strict as assert } from 'node:assert'
import { cidOf, ok } from '../../src/base/index.ts'
import { encodeAnswer, encodeTicket, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import type { JoinPort } from '../../src/host/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { Ceremony, JoinListener, keysOf } from '../../src/node/founding/index.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { until } from '../support/nodes.ts'

const ADDRESS = '/ip4/127.0.0.1/tcp/4001'
const seeds = (number: number): Parameters<typeof keysOf>[0] => {
  const seed = new Uint8Array(32).fill(number)
  return { root: seed, rootPublicKey: signingKeyOfSeed(seed).publicKey, node: seed, transport: seed, encryption: seed }
}

describe('a founder that is told twice to join', () => {
  it('is refused by the answer to one question, and hears nothing of the answer to the other', async () => {
    const [ada, ben] = [keysOf(seeds(1)), keysOf(seeds(2))]
    const answers: ((body: Uint8Array) => void)[] = []
    const join: JoinPort = {
      listen: () => Promise.reject(new Error('nobody listens')),
      call: () => new Promise(resolve => { answers.push(body => { resolve(ok(body)) }) })
    }
    const ceremony = new Ceremony({
      store: openMemoryStore(), clock: systemClock, random: systemRandom, join, keys: ben, consensusKey: () => Promise.resolve(new Uint8Array(32).fill(3)), name: 'Ben',
      addresses: [ADDRESS], listener: new JoinListener({ join, transportSeed: ben.transportSeed, listen: [], announce: [], log: () => {} })
    })
    const { text } = encodeTicket({
      federation: null, name: 'Lake Cities', addresses: [ADDRESS], expiresMs: systemClock.nowMs() + 3_600_000, nonce: new Uint8Array(16), founders: 2
    }, ada.root ?? assert.fail('no root'))
    const first = ceremony.join(text)
    await until(() => answers.length === 1, 'it was asked')
    const second = ceremony.join(text)
    await until(() => answers.length === 2, 'it was asked again')
    answers[0]?.(encodeAnswer({ v: 1, state: 'refused', code: 'expired' }))
    const refused = await first
    assert.ok(!refused.ok && refused.failure.code === 'refused')
    answers[1]?.(encodeAnswer({ v: 1, state: 'applied', application: cidOf('dagCbor', new Uint8Array(1)) }))
    await second
    await ceremony.stop()
    assert.equal(answers.length, 2)
  })
})
