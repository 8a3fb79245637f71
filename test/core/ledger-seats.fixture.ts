import { strict as assert } from 'node:assert'
import { SEAL } from '../../src/core/finality/index.ts'
import type { SigningKey } from '../../src/core/identity/index.ts'
import { encodeOperation, OPERATIONS, proposalOf, type BlockContext, type LedgerTransaction, type Payload } from '../../src/core/ledger/index.ts'
import { cityNamed, type City } from './identity.fixture.ts'
import { operations, type Chain } from './ledger.fixture.ts'

export function pass (chain: Chain, payload: Payload, voters: readonly City[] = chain.founders): void {
  const [opener] = voters
  assert.ok(opener !== undefined)
  const id = chain.open(opener, payload)
  for (const city of voters) {
    if (proposalOf(chain.state, id)?.state !== 'open') break
    chain.run([chain.byRoot(city, [operations.ballot(id, true)])])
  }
  assert.equal(proposalOf(chain.state, id)?.state, 'passed')
}

export const seal = (chain: Chain, changes: Partial<BlockContext> = {}): void => chain.run([], { type: SEAL, ...changes })

/** Bind a consensus key of its node and say that it is ready, as of the newest state but one. */
export function bindAndReady (chain: Chain, city: City, key: SigningKey, version = 1): void {
  chain.run([chain.byNode(city, [operations.bind(chain, city, 'consensus', key)])])
  ready(chain, city, key, version)
}

export function readyFor (
  chain: Chain, city: City, key: SigningKey,
  changes: Partial<{ epoch: number, height: number, stateRoot: Uint8Array, key: Uint8Array, version: number }> = {}
): LedgerTransaction {
  return chain.byKey(city, key, [encodeOperation(OPERATIONS.validatorReady, {
    epoch: chain.epoch, height: chain.height, stateRoot: chain.state.map.root, key: key.publicKey, version: 1, ...changes
  })])
}

export function ready (chain: Chain, city: City, key: SigningKey, version = 1): void {
  chain.run([readyFor(chain, city, key, { version })])
}

/** A newcomer, voted in, with its node on the ledger. */
export function newcomer (chain: Chain, name: string, voters?: readonly City[]): City {
  const city = cityNamed(name)
  pass(chain, { kind: 'join', member: city.did, classCode: 'municipality', seat: true }, voters)
  chain.run([chain.byNode(city, [operations.nodePut(chain, city)])])
  return city
}
