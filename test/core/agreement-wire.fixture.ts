/**
 * Two machines and what is between them, in virtual time by seed: messages are lost, doubled and late, sides crash at any effect
 * and go on from the row they wrote last. Written without looking at the machines' own rules.
 */
import type { JsonObject, ProcessEffect, ProcessInput, Role } from '../../src/core/agreement/index.ts'
import type { Random } from './codecs.fixture.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Of each side and life; after that it only answers. */
const DECISIONS_MAX = 40

type AnyProcess = { readonly state: string | null, readonly outgoing: unknown }
export type Effects = ReadonlyArray<ProcessEffect<string>>
export type Stepped<P> = { readonly state: P, readonly effects: Effects }

/** How one kind of process is driven: what a node does around the machine. */
export type Kind<P extends AnyProcess, M> = {
  readonly step: (process: P, input: ProcessInput<M>) => Stepped<P>
  readonly decide: (process: P, messageId: string, nowMs: number) => Stepped<P>
  readonly open: (message: M, nowMs: number) => Stepped<P> | undefined
  readonly decodeRow: (row: Uint8Array) => P
  readonly decodeMessage: (body: JsonObject) => M
  readonly start: (nowMs: number) => Stepped<P>
}

export type WireOptions = {
  readonly random: Random
  readonly lossRate: number
  readonly duplicateRate: number
  readonly delayMsMax: number
  /** How many effects a side performs before it crashes; each side crashes once. */
  readonly crashAfter: { readonly [R in Role]?: number }
  readonly untilMs: number
}

type Request = { readonly method: 'POST' | 'GET', readonly body: JsonObject | null }
type Answer = { readonly status: number, readonly body: JsonObject | null }
type Side<P> = {
  process: P | undefined
  row: Uint8Array | undefined
  alarmMs: number | undefined
  /** The request that is unanswered: nothing else is let in until then. */
  waitingFor: string | undefined
  readonly queue: (() => void)[]
  life: number
  performed: number
  isDown: boolean
  decisionsLeft: number
}

/** What was seen on the way, for tests. */
export type Played<P> = {
  readonly provider: P | undefined
  readonly consumer: P | undefined
  readonly states: ReadonlyArray<{ readonly role: Role, readonly from: string | null, readonly to: string | null }>
  readonly sent: readonly JsonObject[]
  readonly crashes: number
}

export function playWire<P extends AnyProcess, M> (kind: Kind<P, M>, options: WireOptions): Played<P> {
  const { random } = options
  const agenda: { readonly atMs: number, readonly order: number, readonly run: () => void }[] = []
  const sides: Record<Role, Side<P>> = { provider: side(), consumer: side() }
  const states: { role: Role, from: string | null, to: string | null }[] = []
  const sent: JsonObject[] = []
  let [nowMs, order, ids, requests, crashes] = [0, 0, 0, 0, 0]

  const at = (delayMs: number, run: () => void): void => { agenda.push({ atMs: nowMs + Math.floor(delayMs), order: order++, run }) }
  const fresh = (): string => `urn:uuid:m${++ids}`

  /** One input at a time, and none while an own request is unanswered. */
  function enter (role: Role, run: () => void): void {
    const here = sides[role]
    const { life } = here
    const guarded = (): void => { if (sides[role].life === life) run() }
    if (here.waitingFor === undefined) guarded()
    else here.queue.push(guarded)
  }

  function release (role: Role): void {
    const here = sides[role]
    here.waitingFor = undefined
    while (here.waitingFor === undefined) {
      const next = here.queue.shift()
      if (next === undefined) return
      next()
    }
  }

  function input (role: Role, given: ProcessInput<M>, reply?: (answer: Answer) => void): void {
    const { process } = sides[role]
    if (process === undefined) return
    apply(role, kind.step(process, given), reply)
  }

  function apply (role: Role, { state, effects }: Stepped<P>, reply?: (answer: Answer) => void): void {
    const here = sides[role]
    const from = here.process?.state ?? null
    if (from !== state.state) states.push({ role, from, to: state.state })
    here.process = state
    for (const effect of effects) {
      if (here.performed++ === options.crashAfter[role]) return crash(role)
      perform(role, effect, reply)
    }
  }

  function perform (role: Role, effect: ProcessEffect<string>, reply?: (answer: Answer) => void): void {
    const here = sides[role]
    switch (effect.type) {
      case 'persist': here.row = effect.row; return
      case 'answer': sent.push(effect.body); reply?.({ status: effect.status, body: effect.body }); return
      case 'wake': here.alarmMs = effect.atMs; ring(role, effect.atMs); return
      case 'send': sent.push(effect.body); request(role, 'POST', effect.messageId, effect.body); return
      case 'look': request(role, 'GET', effect.messageId, null); return
      // Some decisions come at once, some late: also when the other side has moved meanwhile.
      case 'decide':
      case 'ask':
      case 'given-up':
      case 'declined': deliberate(role); return
      case 'final': here.alarmMs = undefined
    }
  }

  function deliberate (role: Role): void {
    if (sides[role].decisionsLeft-- <= 0) return
    at(random() < 0.5 ? random() * 50 : random() * 30_000, () => enter(role, () => decision(role)))
  }

  function decision (role: Role): void {
    const { process } = sides[role]
    if (process !== undefined) apply(role, kind.decide(process, fresh(), nowMs))
  }

  function ring (role: Role, atMs: number): void {
    agenda.push({
      atMs: Math.max(atMs, nowMs), order: order++,
      run: () => { if (sides[role].alarmMs === atMs) enter(role, () => input(role, { type: 'timer', nowMs, messageId: fresh() })) }
    })
  }

  function request (from: Role, method: 'POST' | 'GET', messageId: string, body: JsonObject | null): void {
    const here = sides[from]
    const name = `r${++requests}`
    here.waitingFor = name
    const { life } = here
    const outcome = (answer: Answer | undefined): void => {
      if (here.waitingFor !== name || sides[from].life !== life) return
      here.waitingFor = undefined
      conclude(from, method, messageId, answer)
      if (here.waitingFor === undefined) release(from)
    }
    const copies = random() < options.duplicateRate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (random() < options.lossRate) continue
      at(random() * options.delayMsMax, () => {
        if (sides[other(from)].isDown) return
        enter(other(from), () => {
          serve(other(from), { method, body }, answer => {
            if (random() >= options.lossRate) at(random() * options.delayMsMax, () => { outcome(answer) })
          })
        })
      })
    }
    at(REQUEST_TIMEOUT_MS, () => { outcome(undefined) })
  }

  function serve (role: Role, { method, body }: Request, reply: (answer: Answer) => void): void {
    const { process } = sides[role]
    if (method === 'GET') return reply(process?.state == null ? { status: 404, body: null } : { status: 200, body: { state: process.state } })
    if (body === null) return
    const message = kind.decodeMessage(body)
    if (process !== undefined) return input(role, { type: 'message', message, nowMs }, reply)
    const opened = kind.open(message, nowMs)
    if (opened === undefined) return reply({ status: 404, body: null })
    apply(role, opened, reply)
  }

  function conclude (from: Role, method: 'POST' | 'GET', messageId: string, answer: Answer | undefined): void {
    if (answer === undefined) return input(from, { type: 'failed', messageId, how: 'unreachable', nowMs, jitter: random() })
    const state = typeof answer.body?.['state'] === 'string' ? answer.body['state'] : null
    if (method === 'GET') return input(from, { type: 'standing', messageId, state: answer.status === 200 ? state : null, nowMs })
    if (answer.status >= 400) return input(from, { type: 'failed', messageId, how: 'refused', nowMs, jitter: random() })
    const pid = answer.body?.[from === 'consumer' ? 'providerPid' : 'consumerPid']
    if (typeof pid === 'string') input(from, { type: 'acknowledged', messageId, pid, nowMs })
  }

  /** All that is not in the row is gone; it is back after a while. */
  function crash (role: Role): void {
    crashes++
    const { row, life } = sides[role]
    sides[role] = { ...side(), row, life: life + 1, performed: Number.NEGATIVE_INFINITY, isDown: true }
    at(random() * 20_000, () => {
      sides[role].isDown = false
      if (row === undefined) {
        if (role === 'consumer') apply(role, kind.start(nowMs))
        return
      }
      sides[role].process = kind.decodeRow(row)
      input(role, { type: 'resumed', nowMs })
    })
  }

  apply('consumer', kind.start(nowMs))
  for (let steps = 0; steps < 100_000; steps++) {
    const next = take(agenda)
    if (next === undefined || next.atMs > options.untilMs) break
    nowMs = next.atMs
    next.run()
  }
  return { provider: sides.provider.process, consumer: sides.consumer.process, states, sent, crashes }
}

function side<P> (): Side<P> {
  return {
    process: undefined, row: undefined, alarmMs: undefined, waitingFor: undefined, queue: [], life: 0, performed: 0, isDown: false,
    decisionsLeft: DECISIONS_MAX
  }
}

function take<T extends { readonly atMs: number, readonly order: number }> (agenda: T[]): T | undefined {
  let best = 0
  for (let at = 1; at < agenda.length; at++) {
    const [one, two] = [agenda[at], agenda[best]]
    if (one !== undefined && two !== undefined && (one.atMs < two.atMs || (one.atMs === two.atMs && one.order < two.order))) best = at
  }
  return agenda.splice(best, 1)[0]
}

function other (role: Role): Role {
  return role === 'provider' ? 'consumer' : 'provider'
}
