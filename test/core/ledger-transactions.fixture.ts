import { strict as assert } from 'node:assert'
import { hex, type CID } from '../../src/base/index.ts'
import type { SigningKey } from '../../src/core/identity/index.ts'
import { DAY_MS, decodeTransaction, nextSequence, signTransaction, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import { certificateOf, codeOf, valueOf, type City } from './identity.fixture.ts'
import type { Chain } from './ledger.fixture.ts'

/** Refused with this code, by check, by execution, and left out by the proposer. */
export function refuses (chain: Chain, code: string, transaction: LedgerTransaction): void {
  const context = chain.context()
  assert.equal(codeOf(chain.ledger.check(chain.state, context.timeMs, transaction)), code)
  assert.equal(chain.ledger.propose(chain.state, context, [transaction], 1_048_576), null)
  const before = hex(chain.state.map.root)
  assert.equal(codeOf(chain.block([transaction])), code)
  assert.equal(hex(chain.state.map.root), before)
}

/** Signs without being admitted, so that anything can be tried; takes the sequence number that is next in the state. */
export function raw (
  chain: Chain, city: City, key: SigningKey, certificate: CID | undefined, list: readonly Uint8Array[],
  changes: { readonly sequence?: number, readonly notAfterMs?: number } = {}
): LedgerTransaction {
  return valueOf(decodeTransaction(chain.ledger.registry, signTransaction({
    federation: chain.charter.federation, author: city.did, sequence: nextSequence(chain.state, key.publicKey), notAfterMs: chain.timeMs + DAY_MS,
    operations: list, certificate, ...changes
  }, key)))
}

export const rawNode = (chain: Chain, city: City, list: readonly Uint8Array[]): LedgerTransaction =>
  raw(chain, city, city.node, certificateOf(city, chain.charter.federation).id, list)
export const rawRoot = (chain: Chain, city: City, list: readonly Uint8Array[]): LedgerTransaction => raw(chain, city, city.root, undefined, list)
