import { cidOf, hex, sha256, utf8, type CID, type Result } from '../../src/base/index.ts'
import {
  createLedger, encodeBody, encodeOperation, encodePayload, keyProofBytes, OPERATIONS, proposalId, signTransaction, type BlockContext, type CheckFailure, type Ledger,
  type LedgerOptions, type LedgerState, type LedgerTransaction, type Payload, type Purpose
} from '../../src/core/ledger/index.ts'
import { NORMAL, SEAL, type Validator } from '../../src/core/finality/index.ts'
import { signingKeyOfSeed, type Charter, type SigningKey } from '../../src/core/identity/index.ts'
import { certificateOf, charterOf, cities, FOUNDED_MS, type City } from './identity.fixture.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS: number = 60 * MINUTE_MS

export type Signing = { readonly key: SigningKey, readonly certificate: CID | undefined }
export type Chain = ReturnType<typeof chainOf>

/** A ledger that grows block by block without consensus: every block is what `propose` made, run by `execute`. */
export function chainOf (founders: readonly City[], options: Omit<LedgerOptions, 'charter'> = {}): {
  readonly charter: Charter
  readonly ledger: Ledger
  readonly founders: readonly City[]
  state: LedgerState
  height: number
  timeMs: number
  epoch: number
  validators: readonly Validator[]
  nextSequence (key: SigningKey): number
  /** The last transaction of this key will never be sent. */
  forget (key: SigningKey): void
  byNode (city: City, operations: readonly Uint8Array[]): LedgerTransaction
  byRoot (city: City, operations: readonly Uint8Array[]): LedgerTransaction
  byKey (city: City, key: SigningKey, operations: readonly Uint8Array[]): LedgerTransaction
  context (changes?: Partial<BlockContext>): BlockContext
  /** Runs one block of exactly these. */
  block (transactions: readonly LedgerTransaction[], changes?: Partial<BlockContext>): Result<readonly string[], CheckFailure>
  /** Runs a block that must be valid. */
  run (transactions: readonly LedgerTransaction[], changes?: Partial<BlockContext>): void
  /** The id of what this city's root key opens next. */
  idOfNext (city: City): Uint8Array
  /** Opens a proposal and returns its id. */
  open (city: City, payload: Payload): Uint8Array
} {
  const charter = charterOf(founders)
  const ledger = createLedger({ charter, ...options })
  const { federation } = charter
  const used = new Map<string, number>()
  const signed = (city: City, key: SigningKey, certificate: CID | undefined, operations: readonly Uint8Array[]): LedgerTransaction => {
    const sequence = chain.nextSequence(key)
    const envelope = signTransaction({
      federation, author: city.did, sequence, notAfterMs: chain.timeMs + 14 * 24 * 60 * MINUTE_MS, operations, certificate
    }, key)
    const transaction = ledger.admit(chain.state, envelope)
    if (transaction === undefined) throw new Error('not admitted')
    used.set(hex(key.publicKey), sequence)
    return transaction
  }
  const chain: Chain = {
    charter, ledger, founders, state: ledger.genesis.state, height: 0, timeMs: FOUNDED_MS, epoch: 0, validators: ledger.genesis.validators,
    nextSequence: key => (used.get(hex(key.publicKey)) ?? 0) + 1,
    forget: key => { used.set(hex(key.publicKey), chain.nextSequence(key) - 2) },
    byNode: (city, operations) => signed(city, city.node, certificateOf(city, federation).id, operations),
    byRoot: (city, operations) => signed(city, city.root, undefined, operations),
    byKey: (city, key, operations) => signed(city, key, undefined, operations),
    context: (changes = {}) => {
      const proposer = chain.validators[0]
      if (proposer === undefined) throw new Error('no validators')
      return {
        federation, version: 1, epoch: chain.epoch, height: chain.height + 1, timeMs: chain.timeMs + MINUTE_MS, proposer, type: NORMAL,
        seen: chain.validators, verdicts: [], ...changes
      }
    },
    block: (transactions, changes) => {
      const context = chain.context(changes)
      const due = ledger.due(chain.state)
      const body = bodyOf(transactions)
      const executed = ledger.execute(chain.state, context, body, id => transactions.find(each => each.id === id))
      if (!executed.ok) return executed
      chain.state = executed.value.next
      chain.height = context.height
      chain.timeMs = context.timeMs
      if (context.type === SEAL) {
        chain.epoch++
        chain.validators = due?.validators ?? []
      }
      return { ok: true, value: executed.value.ids }
    },
    run: (transactions, changes) => {
      const ran = chain.block(transactions, changes)
      if (!ran.ok) throw new Error(`refused: ${JSON.stringify(ran.failure)}`)
    },
    idOfNext: city => proposalId(federation, city.root.publicKey, chain.nextSequence(city.root), 0),
    open: (city, payload) => {
      const id = chain.idOfNext(city)
      chain.run([chain.byRoot(city, [operations.open(payload, chain.timeMs + 30 * 24 * 60 * MINUTE_MS)])])
      return id
    }
  }
  return chain
}

export function bodyOf (transactions: readonly LedgerTransaction[]): Uint8Array {
  return encodeBody(transactions.map(({ bytes }) => bytes))
}

/** A chain whose nodes have put their certificates. */
export function foundedChain (count: number, options: Omit<LedgerOptions, 'charter'> = {}): Chain {
  const founders = cities(count)
  const chain = chainOf(founders, options)
  chain.run(founders.map(city => chain.byNode(city, [operations.nodePut(chain, city)])))
  return chain
}

export const operations = {
  nodePut: (chain: Chain, city: City): Uint8Array => encodeOperation(OPERATIONS.nodePut, {
    certificate: certificateOf(city, chain.charter.federation).envelope, transportKey: city.transport.publicKey,
    addresses: ['/ip4/127.0.0.1/tcp/4001']
  }),
  open: (payload: Payload, notAfterMs: number): Uint8Array =>
    encodeOperation(OPERATIONS.proposalOpen, { kind: payload.kind, payload: encodePayload(payload), notAfterMs }),
  ballot: (proposal: Uint8Array, yes: boolean): Uint8Array => encodeOperation(OPERATIONS.ballot, { proposal, yes }),
  leave: (): Uint8Array => encodeOperation(OPERATIONS.memberLeave, {}),
  bind: (chain: Chain, city: City, purpose: Purpose, key: SigningKey): Uint8Array => encodeOperation(OPERATIONS.keyBind, {
    purpose, key: key.publicKey, proof: key.sign(keyProofBytes({ federation: chain.charter.federation, author: city.did }, purpose, key.publicKey))
  }),
  rotate: (chain: Chain, city: City, purpose: Purpose, old: SigningKey, key: SigningKey): Uint8Array => encodeOperation(OPERATIONS.keyRotate, {
    purpose, old: old.publicKey, key: key.publicKey,
    proof: key.sign(keyProofBytes({ federation: chain.charter.federation, author: city.did }, purpose, key.publicKey))
  }),
  datasetPut: (dataset: string, feeds: readonly CID[], isRetired = false): Uint8Array =>
    encodeOperation(OPERATIONS.datasetPut, { dataset, feeds, schemaHash: null, licenceHash: null, isRetired }),
  anchor: (heads: readonly (readonly [CID, number])[]): Uint8Array => encodeOperation(OPERATIONS.datasetAnchor, {
    heads: heads.map(([feed, length]) => [feed, length, sha256(utf8(`root ${length}`)), sha256(utf8(`head ${length}`))] as const)
  })
}

export function feedNamed (name: string): CID {
  return cidOf('dagCbor', utf8(`feed ${name}`))
}

export const digestNamed = (name: string): Uint8Array => sha256(utf8(name))
export const keyNamed = (name: string): SigningKey => signingKeyOfSeed(digestNamed(`key ${name}`))

export function cityAt (chain: Chain, at: number): City {
  const city = chain.founders[at]
  if (city === undefined) throw new Error(`no founder ${at}`)
  return city
}
