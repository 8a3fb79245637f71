import { bytes, compareBytes, decodeCanonical, encodeCanonical, fail, hex, leafHash, list, literal, merkleRoot, ok, sha256, text, tuple, uint, utf8 } from '../base/index.ts'
import type { App, Transaction } from '../core/consensus/index.ts'
import { SEAL, type Validator } from '../core/finality/index.ts'
import { nodeKeyOf, type Keyring } from './keys.ts'

/** What nodes agree on in a simulation: numbered words of each node, and who sits in which seat with which key. */
export type Order = {
  readonly client: string
  /** One more than the last of this client: as on the real ledger, that alone prevents replay. */
  readonly sequence: number
  /** `say`: nothing but itself. `seat`, `unseat`: of `subject`. `ready`: of the client. `rotate`: the client's next key. */
  readonly kind: 'say' | 'seat' | 'unseat' | 'ready' | 'rotate'
  readonly subject: string
}
export type SimTransaction = Transaction & { readonly order: Order }

type Change = { readonly name: string, readonly seated: boolean, readonly generation: number, readonly isReady: boolean }

export type SimState = {
  readonly sequences: ReadonlyMap<string, number>
  readonly root: Uint8Array
  /** Names in their seats, each with the generation of its key. */
  readonly seats: ReadonlyMap<string, number>
  /** Accepted and not yet sealed, in order. */
  readonly changes: readonly Change[]
}

const SEATS_MIN = 4
const BODY_TRANSACTIONS_MAX = 4_000
const TRANSACTION_BYTES_MAX = 256
const orderSchema = tuple(text(16), uint(), literal('say', 'seat', 'unseat', 'ready', 'rotate'), text(16))
const bodySchema = list(bytes(1, TRANSACTION_BYTES_MAX), BODY_TRANSACTIONS_MAX, 1)

export function transactionOf (order: Order): SimTransaction {
  const encoded = encodeCanonical([order.client, order.sequence, order.kind, order.subject])
  return { id: hex(sha256(encoded)), bytes: encoded, order }
}

function decodeTransaction (encoded: Uint8Array): SimTransaction | undefined {
  const decoded = decodeCanonical(encoded, orderSchema, TRANSACTION_BYTES_MAX)
  if (!decoded.ok) return undefined
  const [client, sequence, kind, subject] = decoded.value
  return { id: hex(sha256(encoded)), bytes: encoded, order: { client, sequence, kind, subject } }
}

export function simApp (founders: readonly string[], keyring: Keyring): App<SimState, SimTransaction> {
  const seatOf = (name: string, generation: number): Validator => ({ member: `did:key:${name}`, node: nodeKeyOf(name), key: keyring.keyOf(name, generation).publicKey })
  const sorted = (seats: ReadonlyMap<string, number>): readonly Validator[] =>
    [...seats].map(([name, generation]) => seatOf(name, generation)).toSorted((a, b) => compareBytes(a.key, b.key))
  const genesis: SimState = { sequences: new Map(), root: sha256(utf8('genesis')), seats: new Map(founders.map(name => [name, 0])), changes: [] }
  return {
    genesis: { state: genesis, stateRoot: genesis.root, validators: sorted(genesis.seats), timeMs: 1_000 },
    propose: (state, _context, pool, bodyBytesMax) => {
      const taken: Uint8Array[] = []
      let [next, size] = [state, 16]
      // Again from the front while it helps: sequences may stand in the pool in any order.
      for (let grown = true; grown;) {
        grown = false
        for (const each of pool) {
          const applied = size + each.bytes.length + 3 > bodyBytesMax ? undefined : apply(next, each.order)
          if (applied === undefined) continue
          next = applied
          size += each.bytes.length + 3
          taken.push(each.bytes)
          grown = true
        }
      }
      return { body: taken.length === 0 ? new Uint8Array(0) : encodeCanonical(taken), isFull: false }
    },
    execute: (state, context, body, known) => {
      const decoded = body.length === 0 ? ok([]) : decodeCanonical(body, bodySchema, body.length)
      if (!decoded.ok) return fail({ code: 'malformed' })
      let next: SimState = state
      const ids: string[] = []
      for (const encoded of decoded.value) {
        const id = hex(sha256(encoded))
        const transaction = known(id) ?? decodeTransaction(encoded)
        const applied = transaction === undefined ? undefined : apply(next, transaction.order)
        if (applied === undefined) return fail({ code: 'without-effect' })
        next = { ...applied, root: sha256(applied.root, encoded) }
        ids.push(id)
      }
      for (const { id } of context.verdicts) next = { ...next, root: sha256(next.root, id) }
      if (context.type === SEAL) next = sealed(state, next)
      return ok({ next, stateRoot: next.root, bodyRoot: merkleRoot(ids.map(id => leafHash(utf8(id)))), ids })
    },
    due: state => {
      const { seats, taken } = dueOf(state)
      return taken.length === 0 ? null : { validators: sorted(seats), paramsHash: sha256(utf8('params')), version: 1 }
    },
    includable: (state, _nowMs, pool) => pool.some(({ order }) => apply(state, order) !== undefined),
    admit: (_state, encoded) => decodeTransaction(encoded),
    payer: ({ order }) => order.client,
    isAlive: ({ sequences }, _nowMs, { order }) => order.sequence > (sequences.get(order.client) ?? 0),
    changes: () => []
  }
}

/** The state after an order; undefined where it would have no effect. */
function apply (state: SimState, { client, sequence, kind, subject }: Order): SimState | undefined {
  if (sequence !== (state.sequences.get(client) ?? 0) + 1) return undefined
  const changes = changed(state, client, kind, subject)
  return changes === undefined ? undefined : { ...state, sequences: new Map(state.sequences).set(client, sequence), changes }
}

function changed ({ seats, changes }: SimState, client: string, kind: Order['kind'], subject: string): readonly Change[] | undefined {
  const isPending = (name: string): boolean => changes.some(each => each.name === name)
  switch (kind) {
    case 'say': return changes
    case 'seat': return seats.has(subject) || isPending(subject) ? undefined : [...changes, { name: subject, seated: true, generation: 0, isReady: false }]
    case 'unseat': return !seats.has(subject) || isPending(subject) || seats.size <= SEATS_MIN ? undefined : [...changes, { name: subject, seated: false, generation: 0, isReady: true }]
    case 'rotate': {
      const generation = seats.get(client)
      return generation === undefined || isPending(client) ? undefined : [...changes, { name: client, seated: true, generation: generation + 1, isReady: true }]
    }
    case 'ready': return changes.some(({ name, isReady }) => name === client && !isReady) ? changes.map(each => each.name === client ? { ...each, isReady: true } : each) : undefined
  }
}

/** At most as many seats change at a seal as may fail, in the order in which the changes were accepted. */
function dueOf ({ seats, changes }: SimState): { readonly seats: ReadonlyMap<string, number>, readonly taken: readonly Change[] } {
  const most = Math.max(1, Math.floor((seats.size - 1) / 3))
  const taken = changes.filter(({ isReady }) => isReady).slice(0, most)
  const next = new Map(seats)
  for (const { name, seated, generation } of taken) {
    if (seated) next.set(name, generation)
    else next.delete(name)
  }
  return next.size < SEATS_MIN ? { seats, taken: [] } : { seats: next, taken }
}

function sealed (before: SimState, after: SimState): SimState {
  const { seats, taken } = dueOf(before)
  return { ...after, seats, changes: after.changes.filter(({ name }) => !taken.some(each => each.name === name)), root: sha256(after.root, utf8('seal')) }
}
