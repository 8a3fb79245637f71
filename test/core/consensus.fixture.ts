import { strict as assert } from 'node:assert'
import { concat, decodeCanonical, encodeCanonical, bytes, hex, leafHash, list, merkleRoot, Peaks, sha256, textOf, utf8, cidOf, compareBytes, type CID } from '../../src/base/index.ts'
import {
  archiveAnswer, begin, step,
  type App, type ArchiveReader, type Effect, type FinalBlock, type Input, type Profile, type Rules, type State, type StateRow, type Transaction
} from '../../src/core/consensus/index.ts'
import type { Block, FinalityProof, Scheme, Validator } from '../../src/core/finality/index.ts'
import { didOfKey, type SigningKey } from '../../src/core/identity/index.ts'

export const PROFILE: Profile = { deltaMs: 1_000, batchWindowMs: 50, backoffMaxMs: 60_000, heartbeatMs: 6 * 3_600_000, bodyBytesMax: 65_536, driftMsMax: 30_000 }
export const FEDERATION: CID = cidOf('dagCbor', utf8('a federation for tests'))

/** Signatures that only the fixture can make: a hash under the key's secret, which is the key itself. */
export const SCHEME: Scheme = key => ({ bytes: key, verify: (message, signature) => hex(signature) === hex(tag(key, message)) })

function tag (key: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(key, message)
  return concat([half, half])
}

export function keyOf (name: string): SigningKey {
  const publicKey = sha256(utf8(`key of ${name}`))
  return { publicKey, sign: message => tag(publicKey, message) }
}

export function nodeOf (name: string): Uint8Array {
  return sha256(utf8(`node of ${name}`))
}

export function seatOf (name: string, keyName: string = name): Validator {
  return { member: didOfKey(sha256(utf8(`member ${name}`))), node: nodeOf(name), key: keyOf(keyName).publicKey }
}

export type ToyTransaction = Transaction & { readonly text: string }

/** What was said, in order; and who shall sit at the table next. */
export type ToyState = { readonly said: ReadonlySet<string>, readonly root: Uint8Array, readonly seats: readonly Validator[], readonly next: readonly Validator[] | null }

function say (text: string): ToyTransaction {
  const content = utf8(text)
  return { id: hex(sha256(content)), bytes: content, text }
}

/** Texts of the form `seats:a,b,c` are due at the next seal; `bad…` never applies; each text once. */
function toyApp (names: readonly string[]): App<ToyState, ToyTransaction> {
  const seats = names.map(name => seatOf(name))
  const body = list(bytes(1, 1_024), 4_000)
  const isFit = (state: ToyState, text: string): boolean => !text.startsWith('bad') && !state.said.has(text)
  const apply = (state: ToyState, text: string): ToyState => ({
    ...state, said: new Set(state.said).add(text), root: sha256(state.root, utf8(text)),
    next: text.startsWith('seats:') ? text.slice(6).split(',').map(name => seatOf(name.split('@')[0] ?? '', name)) : state.next
  })
  const execute: App<ToyState, ToyTransaction>['execute'] = (before, context, bodyBytes) => {
    const decoded = bodyBytes.length === 0 ? { ok: true as const, value: [] } : decodeCanonical(bodyBytes, body, 65_536)
    if (!decoded.ok) return { ok: false, failure: { code: 'malformed' } }
    const ids = decoded.value.map(each => hex(sha256(each)))
    let next = before
    for (const each of decoded.value) {
      const text = textOf(each) ?? 'bad'
      if (!isFit(next, text)) return { ok: false, failure: { code: 'unfit' } }
      next = apply(next, text)
    }
    for (const { id } of context.verdicts) next = { ...next, root: sha256(next.root, id) }
    if (context.type === 3) next = { ...next, seats: before.next ?? before.seats, next: null, root: sha256(next.root, utf8('seal')) }
    return { ok: true, value: { next, stateRoot: next.root, bodyRoot: merkleRoot(ids.map(id => leafHash(utf8(id)))), ids } }
  }
  return {
    genesis: { state: { said: new Set(), root: sha256(utf8('root')), seats, next: null }, stateRoot: sha256(utf8('root')), validators: seats, timeMs: 1_000 },
    propose: (state, context, pool, bodyBytesMax) => {
      const [taken, said]: [Uint8Array[], Set<string>] = [[], new Set()]
      let size = 8
      for (const each of pool) {
        if (!isFit(state, each.text) || said.has(each.text) || size + each.bytes.length + 4 > bodyBytesMax) continue
        said.add(each.text)
        taken.push(each.bytes)
        size += each.bytes.length + 4
      }
      const content = encodeCanonical(taken)
      const ran = taken.length === 0 ? undefined : execute(state, context, content, () => undefined)
      return ran?.ok === true ? { ...ran.value, body: content } : null
    },
    execute,
    bodyRootOf: bodyBytes => {
      const decoded = bodyBytes.length === 0 ? { ok: true as const, value: [] } : decodeCanonical(bodyBytes, body, 65_536)
      return decoded.ok ? merkleRoot(decoded.value.map(each => leafHash(utf8(hex(sha256(each)))))) : undefined
    },
    due: state => state.next === null ? null : { validators: state.next.toSorted((a, b) => compareBytes(a.key, b.key)), paramsHash: sha256(utf8('params')), version: 1 },
    includable: (state, _nowMs, pool) => pool.some(each => isFit(state, each.text)),
    admit: (_state, content) => {
      const text = textOf(content)
      return text === undefined ? undefined : say(text)
    },
    isAlive: (state, _nowMs, each) => isFit(state, each.text),
    changes: (before, after) => before === after ? [] : [{ key: utf8('state'), value: encodeCanonical([...after.said]) }]
  }
}

/** Peaks of all block digests up to one more. */
export function appendLog (log: { readonly length: number, readonly peaks: readonly Uint8Array[] }, digest: Uint8Array) {
  const peaks = new Peaks(log.length, log.peaks)
  peaks.append(leafHash(digest))
  const joined = peaks.toBytes()
  return { length: log.length + 1, peaks: Array.from({ length: joined.length / 32 }, (_, index) => joined.slice(index * 32, index * 32 + 32)) }
}

type Event = { readonly atMs: number, readonly order: number, readonly run: () => void }
type Engine = State<ToyState, ToyTransaction>

export type Member = {
  readonly name: string
  readonly peer: string
  readonly rules: Rules<ToyState, ToyTransaction>
  state: Engine | undefined
  readonly rows: Map<string, { readonly database: 'signer' | 'store', readonly key: Uint8Array, readonly value: Uint8Array }>
  appState: ToyState | undefined
  readonly final: FinalBlock<ToyState>[]
  readonly proofs: Map<number, FinalityProof>
  readonly seals: Map<number, FinalityProof>
  readonly effects: Effect<ToyState>[]
  timer: number
}

export type World = ReturnType<typeof createWorld>

/** A few engines with a disk that never fails and a network of constant delay, all in one virtual clock. */
export function createWorld (founders: readonly string[], others: readonly string[] = [], options: { readonly profile?: Partial<Profile>, readonly delayMs?: number } = {}) {
  const delayMs = options.delayMs ?? 20
  const events: Event[] = []
  const members = new Map<string, Member>()
  const links = new Set<string>()
  const sent: { readonly atMs: number, readonly from: string, readonly to: string, readonly message: Uint8Array }[] = []
  /** Returns false to lose a message. */
  const network = { passes: (_from: string, _to: string, _message: Uint8Array): boolean => true }
  const watch = { step: (_name: string, _before: Engine, _after: Engine, _effects: readonly Effect<ToyState>[]): void => {} }
  let [nowMs, order, starts] = [0, 0, 0]
  const app = toyApp(founders)
  const now = () => ({ monotonicMs: nowMs, wallMs: 1_700_000_000_000 + nowMs })
  const at = (atMs: number, run: () => void): void => {
    events.push({ atMs, order: order++, run })
  }
  const linkOf = (a: string, b: string): string => [a, b].toSorted().join('|')

  for (const name of [...founders, ...others]) {
    const keys = new Map([[hex(keyOf(name).publicKey), keyOf(name)]])
    members.set(name, {
      name, peer: hex(nodeOf(name)), state: undefined, rows: new Map(), appState: undefined, final: [], proofs: new Map(), seals: new Map(), effects: [], timer: 0,
      rules: { federation: FEDERATION, app, scheme: SCHEME, profile: { ...PROFILE, ...options.profile }, node: nodeOf(name), keys, version: 1, instance: '' }
    })
  }
  const member = (name: string): Member => {
    const found = members.get(name)
    assert.ok(found !== undefined)
    return found
  }
  const readerOf = ({ final, proofs, seals }: Member): ArchiveReader => ({
    tipHeight: final.at(-1)?.block.header.height ?? 0,
    blockAt: height => final.find(each => each.block.header.height === height)?.block,
    blockOf: digest => final.find(each => hex(each.block.digest) === hex(digest))?.block,
    proofAt: height => proofs.get(height), sealOf: epoch => seals.get(epoch)
  })
  const deliver = (from: Member, to: string, message: Uint8Array): void => {
    const target = [...members.values()].find(each => each.peer === to)
    if (target === undefined || !links.has(linkOf(from.name, target.name)) || !network.passes(from.name, target.name, message)) return
    sent.push({ atMs: nowMs, from: from.name, to: target.name, message })
    at(nowMs + delayMs, () => {
      if (links.has(linkOf(from.name, target.name))) feed(target.name, { type: 'message', peer: from.peer, bytes: message })
    })
  }
  const perform = (who: Member, effects: readonly Effect<ToyState>[]): void => {
    for (const effect of effects) {
      who.effects.push(effect)
      if (effect.type === 'persist') {
        for (const { database, key, value } of effect.rows) {
          if (value === null) who.rows.delete(database + hex(key))
          else who.rows.set(database + hex(key), { database, key, value })
        }
      } else if (effect.type === 'send') deliver(who, effect.peer, effect.message)
      else if (effect.type === 'archive') for (const each of archiveAnswer(readerOf(who), effect.request)) deliver(who, effect.peer, each)
      else if (effect.type === 'final') {
        who.final.push(...effect.blocks)
        const last = effect.blocks.at(-1)
        assert.ok(last !== undefined)
        who.appState = last.state
        who.proofs.set(last.block.header.height, effect.proof)
        if (last.block.header.seal !== null) who.seals.set(last.block.header.epoch, effect.proof)
      } else if (effect.type === 'timer') {
        const set = ++who.timer
        if (effect.atMonotonicMs !== null) at(Math.max(nowMs, effect.atMonotonicMs), () => { if (who.timer === set) feed(who.name, { type: 'tick' }) })
      }
    }
  }
  type Fact = Input<ToyTransaction> extends infer I ? I extends unknown ? Omit<I, 'now'> : never : never
  const feed = (name: string, fact: Fact): void => {
    const who = member(name)
    if (who.state === undefined) return
    const { state, effects } = step(who.rules, who.state, { ...fact, now: now() } as Input<ToyTransaction>)
    watch.step(name, who.state, state, effects)
    who.state = state
    perform(who, effects)
  }
  const start = (name: string): void => {
    const who = member(name)
    const instance = hex(sha256(utf8(`${name} ${starts++}`))).slice(0, 32)
    Object.assign(who.rules, { instance })
    const { state, effects } = begin(who.rules, { rows: [...who.rows.values()], appState: who.appState }, now())
    who.state = state
    perform(who, effects)
    for (const other of members.values()) if (other.state !== undefined && other.name !== name) connect(name, other.name)
  }
  const connect = (a: string, b: string): void => {
    if (links.has(linkOf(a, b))) return
    links.add(linkOf(a, b))
    for (const [one, other] of [[a, b], [b, a]] as const) feed(one, { type: 'open', peer: member(other).peer, instance: member(other).rules.instance })
  }
  const cut = (a: string, b: string): void => {
    if (!links.delete(linkOf(a, b))) return
    for (const [one, other] of [[a, b], [b, a]] as const) feed(one, { type: 'close', peer: member(other).peer })
  }
  return {
    app, members, member, sent, network, watch, feed, start, connect, cut,
    get nowMs () { return nowMs },
    startAll (): void { for (const name of members.keys()) start(name) },
    crash (name: string): void {
      for (const other of members.keys()) if (other !== name) cut(name, other)
      const who = member(name)
      who.state = undefined
      who.timer++
    },
    submit (name: string, ...texts: readonly string[]): void { feed(name, { type: 'submit', transactions: texts.map(say) }) },
    run (forMs: number): void {
      const untilMs = nowMs + forMs
      for (;;) {
        let first: Event | undefined
        for (const each of events) if (first === undefined || each.atMs < first.atMs || (each.atMs === first.atMs && each.order < first.order)) first = each
        if (first === undefined || first.atMs > untilMs) break
        events.splice(events.indexOf(first), 1)
        nowMs = first.atMs
        first.run()
      }
      nowMs = untilMs
    },
    said: (name: string): readonly string[] => [...member(name).final.at(-1)?.state.said ?? []],
    digests: (name: string): readonly string[] => member(name).final.map(each => hex(each.block.digest)),
    height: (name: string): number => member(name).final.at(-1)?.block.header.height ?? 0
  }
}

export type { Block, StateRow }
