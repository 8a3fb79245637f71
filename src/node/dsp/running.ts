import { encodeCanonical, unreachable } from '../../base/index.ts'
import type { Process, ProcessEffect, ProcessStep } from '../../core/agreement/index.ts'
import type { Clock, Log, Random, Store } from '../../host/index.ts'
import type { Carried, Carry, DspAnswer } from '../contract/index.ts'
import { freshUrn } from './ids.ts'
import type { Input, Kind } from './kinds.ts'
import { CROSSING_MS, WAKE_MS_MAX } from './limits.ts'
import type { Conduct } from './party.ts'

export type RunningOptions<First, S extends string, M, P extends Process<S, M>, Move> = {
  readonly kind: Kind<S, M, P, Move>
  readonly conduct: Conduct<First, P, Move>
  readonly carry: Carry
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly onFatal: (cause: unknown) => void
  /** The process is now as it is told here. */
  readonly changed: (process: P) => void
  readonly log: Log
}

type Declined = 'not-now' | 'busy'
type Performed = { answer: DspAnswer | undefined, declined: Declined | undefined }
type Outgoing = Extract<ProcessEffect<string>, { type: 'send' | 'look' }>

/**
 * One process, alive: performs what its machine says, one input after the other. While a message of ours is unanswered, what
 * comes in from the peer waits, since the answer decides what it means; not for ever, since the peer may be waiting as well.
 */
export class Running<First, S extends string, M, P extends Process<S, M>, Move> {
  /** The id that this node gave it. */
  readonly pid: string
  /** By what a first message that comes again is known; null where this node began. */
  readonly firstKey: string | null
  readonly #options: RunningOptions<First, S, M, P, Move>
  #process: P
  #lane: Promise<unknown> = Promise.resolve()
  #underWay: Promise<void> | undefined
  #cancelWake: () => void = () => {}
  #isStopped = false

  constructor (pid: string, firstKey: string | null, process: P, options: RunningOptions<First, S, M, P, Move>) {
    this.pid = pid
    this.firstKey = firstKey
    this.#process = process
    this.#options = options
  }

  get process (): P {
    return this.#process
  }

  get isFinal (): boolean {
    const { state } = this.#process
    return state !== null && this.#options.kind.final.includes(state)
  }

  /** Performs the step that opened it. */
  begin (step: ProcessStep<S, P>): Promise<Performed> {
    return this.#inLane(() => this.#perform(step))
  }

  async receive (message: M): Promise<DspAnswer> {
    await this.#settled()
    const { answer } = await this.#advance({ type: 'message', message, nowMs: this.#options.clock.nowMs() })
    return answer ?? { status: 503, body: null }
  }

  /** How it stands, to be shown to the peer. */
  async standing (): Promise<P> {
    await this.#settled()
    return this.#process
  }

  /**
   * Undefined: done. `about`: the process as it was decided on; not done where it has gone on meanwhile, since an acceptance
   * names no terms. Absent: whatever has come of it.
   */
  async decide (move: Move, about?: P): Promise<Declined | undefined> {
    const { clock, kind, random } = this.#options
    const { declined } = await this.#inLane(async (): Promise<Performed> => {
      if (about !== undefined && this.#process !== about) return { answer: undefined, declined: 'not-now' }
      return this.#perform(kind.step(this.#process, { type: 'decided', move, messageId: freshUrn(random), nowMs: clock.nowMs() }))
    })
    return declined
  }

  resume (): void {
    this.#follow(this.#advance({ type: 'resumed', nowMs: this.#options.clock.nowMs() }))
  }

  /** Resolves when nothing of it is under way any more. */
  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancelWake()
    await this.#lane
  }

  // --- Steps -------------------------------------------------------------------------------------------------------

  #advance (input: Input<M, Move>): Promise<Performed> {
    return this.#inLane(() => this.#perform(this.#options.kind.step(this.#process, input)))
  }

  #inLane<T> (work: () => Promise<T>): Promise<T> {
    const next = this.#lane.then(work)
    this.#lane = next.catch(() => undefined)
    return next
  }

  async #perform ({ state: process, effects }: ProcessStep<S, P>): Promise<Performed> {
    const performed: Performed = { answer: undefined, declined: undefined }
    if (this.#isStopped) return performed
    if (!effects.some(({ type }) => type === 'persist')) this.#process = process
    for (const effect of effects) await this.#effect(effect, process, performed)
    return performed
  }

  async #effect (effect: ProcessEffect<S>, process: P, performed: Performed): Promise<void> {
    const { conduct, log } = this.#options
    switch (effect.type) {
      case 'persist': return this.#persist(process, effect.row)
      case 'answer':
        performed.answer = { status: effect.status, body: effect.body }
        return
      case 'send':
      case 'look': return this.#carry(effect)
      case 'decide': return this.#follow(this.#decide(process))
      case 'ask': return conduct.ask(process)
      case 'given-up': return log('warn', 'a peer keeps refusing a message', { pid: this.pid, act: effect.act })
      case 'declined':
        performed.declined = effect.code
        return
      case 'final': return this.#follow(conduct.final(process))
      case 'wake': return this.#wake(effect.atMs)
      default: return unreachable(effect)
    }
  }

  async #persist (process: P, row: Uint8Array): Promise<void> {
    const { store, kind, changed } = this.#options
    const value = encodeCanonical({ v: 1, firstKey: this.firstKey, process: row })
    await store.commit([{ type: 'put', key: kind.rowKey(this.pid), value }])
    this.#process = process
    changed(process)
  }

  /** Not in the lane: a decision may take its time, and the machine says whether it came too late. */
  async #decide (process: P): Promise<void> {
    const move = await this.#options.conduct.decide(process)
    await this.decide(move, process)
  }

  #wake (atMs: number): void {
    const { clock, random } = this.#options
    this.#cancelWake()
    this.#cancelWake = clock.wake(Math.min(Math.max(0, atMs - clock.nowMs()), WAKE_MS_MAX), () => {
      this.#follow(this.#advance({ type: 'timer', nowMs: clock.nowMs(), messageId: freshUrn(random) }))
    })
  }

  #follow (work: Promise<unknown>): void {
    work.catch(cause => { if (!this.#isStopped) this.#options.onFatal(cause) })
  }

  // --- Messages of ours --------------------------------------------------------------------------------------------

  async #settled (): Promise<void> {
    const underWay = this.#underWay
    if (underWay === undefined) return
    const { clock } = this.#options
    let cancel = (): void => {}
    const late = new Promise<void>(resolve => { cancel = clock.wake(CROSSING_MS, resolve) })
    await Promise.race([underWay, late])
    cancel()
  }

  #carry (effect: Outgoing): void {
    const { clock } = this.#options
    const work = async (): Promise<void> => {
      // The answer to what came in is out before anything of ours.
      await new Promise<void>(resolve => { clock.wake(0, resolve) })
      if (this.#isStopped) return
      const { peer } = this.#process
      const body = effect.type === 'send' ? effect.body : null
      const carried = await this.#options.carry({ peer, address: effect.address, path: effect.path, body })
      await this.#advance(effect.type === 'send' ? this.#outcome(effect.messageId, carried) : this.#found(effect.messageId, carried))
    }
    const underWay = work().finally(() => { if (this.#underWay === underWay) this.#underWay = undefined })
    this.#underWay = underWay
    this.#follow(underWay)
  }

  #outcome (messageId: string, carried: Carried): Input<M, Move> {
    const { clock, kind } = this.#options
    if (carried === undefined || carried.status < 200 || (carried.status >= 300 && carried.status < 400) || carried.status >= 500) {
      return this.#failed(messageId, 'unreachable')
    }
    if (carried.status >= 400) return this.#failed(messageId, 'refused')
    const standing = kind.decodeStanding(carried.body)
    const { role, providerPid, consumerPid } = this.#process
    const known = role === 'provider' ? consumerPid : providerPid
    // To the first message alone the answer has to say something: which process it opened.
    if (!standing.ok) return known === null ? this.#failed(messageId, 'unreachable') : { type: 'acknowledged', messageId, pid: known, nowMs: clock.nowMs() }
    const pid = role === 'provider' ? standing.value.consumerPid : standing.value.providerPid
    return { type: 'acknowledged', messageId, pid, nowMs: clock.nowMs() }
  }

  #found (messageId: string, carried: Carried): Input<M, Move> {
    const { clock, kind } = this.#options
    if (carried?.status === 404) return { type: 'standing', messageId, state: null, nowMs: clock.nowMs() }
    const standing = carried?.status === 200 ? kind.decodeStanding(carried.body) : undefined
    if (standing?.ok !== true) return this.#failed(messageId, 'unreachable')
    return { type: 'standing', messageId, state: standing.value.state, nowMs: clock.nowMs() }
  }

  #failed (messageId: string, how: 'refused' | 'unreachable'): Input<M, Move> {
    const { clock, random } = this.#options
    return { type: 'failed', messageId, how, nowMs: clock.nowMs(), jitter: (random.bytes(1)[0] ?? 0) / 256 }
  }
}
