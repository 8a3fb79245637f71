import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import { networkContract } from '../contract/network.ts'
import { FAST, seedOf, until } from './libp2p.fixture.ts'

describe('the network over libp2p', () => {

  networkContract({
    open: (number, options) => openNetwork({ ...options, transportSeed: seedOf(number), listen: ['/ip4/127.0.0.1/tcp/0'] }, FAST),
    until
  })

  it('installs one copy of the types and addresses that its packages exchange', () => {
    for (const name of ['@libp2p/interface', '@multiformats/multiaddr', '@libp2p/peer-id', '@libp2p/utils']) {
      assert.equal(copiesOf(name), 1, `copies of ${name}`)
    }
  })
})

function copiesOf (name: string): number {
  const lock: unknown = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  assert.ok(typeof lock === 'object' && lock !== null && 'packages' in lock && typeof lock.packages === 'object' && lock.packages !== null)
  assert.ok(readdirSync('node_modules').length > 0)
  return Object.keys(lock.packages).filter(path => path.endsWith(`node_modules/${name}`)).length
}
