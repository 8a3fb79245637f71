import { bytes, decodeCanonical, literal, nullable, struct, text, textOf } from '../../base/index.ts'
import { OPEN_PROCESSES_PER_MEMBER_MAX, type Process, type ProcessStep } from '../../core/agreement/index.ts'
import { rowsOf } from '../rows/index.ts'
import { FINISHED_KEPT_MS, FINISHED_PER_PEER_MAX, PROCESSES_MAX } from './limits.ts'
import { Running, type RunningOptions } from './running.ts'

const ROW_BYTES_MAX = 524_288
const FIRST_KEY_BYTES_MAX = 2_048
const rowSchema = struct({ v: literal(1), firstKey: nullable(text(FIRST_KEY_BYTES_MAX)), process: bytes(1, ROW_BYTES_MAX) })

/** All processes of one kind, by the pids that this node gave them and by their first messages. */
export class Processes<First, S extends string, M, P extends Process<S, M>, Move> {
  readonly #options: RunningOptions<First, S, M, P, Move>
  readonly #byPid = new Map<string, Running<First, S, M, P, Move>>()
  readonly #byFirst = new Map<string, Running<First, S, M, P, Move>>()

  constructor (options: RunningOptions<First, S, M, P, Move>) {
    this.#options = options
  }

  /** Takes up what was on the disk; rows of what ended long ago go. */
  async load (): Promise<void> {
    const { store, kind, clock, log } = this.#options
    const old: Uint8Array[] = []
    for await (const { key, read } of store.entries(rowsOf(kind.collection === 'negotiations' ? 'negotiation' : 'transfer'))) {
      const row = read.state === 'found' ? decodeCanonical(read.value, rowSchema, ROW_BYTES_MAX) : undefined
      const process = row?.ok === true ? kind.decodeRow(row.value.process) : undefined
      if (row?.ok !== true || process?.ok !== true) {
        log('error', 'a process of the Dataspace Protocol cannot be read, so it is at an end here', { collection: kind.collection })
        continue
      }
      const running = new Running(textOf(key.subarray(1)) ?? '', row.value.firstKey, process.value, this.#options)
      if (running.isFinal && kind.isForgotten(process.value) && process.value.changedMs + FINISHED_KEPT_MS < clock.nowMs()) old.push(key)
      else this.#add(running)
    }
    if (old.length > 0) await store.commit(old.map(key => ({ type: 'delete', key })))
  }

  /** Goes on with whatever was not over. */
  resume (): void {
    for (const running of this.#byPid.values()) running.resume()
  }

  get (pid: string): Running<First, S, M, P, Move> | undefined {
    return this.#byPid.get(pid)
  }

  first (key: string): Running<First, S, M, P, Move> | undefined {
    return this.#byFirst.get(key)
  }

  all (): Iterable<Running<First, S, M, P, Move>> {
    return this.#byPid.values()
  }

  mayOpen (peer: string): boolean {
    if (this.#byPid.size >= PROCESSES_MAX) return false
    let open = 0
    for (const running of this.#byPid.values()) if (running.process.peer === peer && !running.isFinal) open++
    return open < OPEN_PROCESSES_PER_MEMBER_MAX
  }

  /** Known from here on, so that the same first message does not open two; its step is still to be performed. */
  open (pid: string, firstKey: string | null, { state }: ProcessStep<S, P>): Running<First, S, M, P, Move> {
    const running = new Running(pid, firstKey, state, this.#options)
    this.#forgetOldest(state.peer)
    this.#add(running)
    return running
  }

  async stop (): Promise<void> {
    await Promise.all([...this.#byPid.values()].map(running => running.stop()))
  }

  /** Of what this peer has brought to an end; what holds an agreement stays. */
  #forgetOldest (peer: string): void {
    const { store, kind, onFatal } = this.#options
    const finished = [...this.#byPid.values()].filter(({ process, isFinal }) => process.peer === peer && isFinal && kind.isForgotten(process))
    if (finished.length < FINISHED_PER_PEER_MAX) return
    const old = finished.toSorted((a, b) => a.process.changedMs - b.process.changedMs).slice(0, finished.length - FINISHED_PER_PEER_MAX + 1)
    for (const { pid, firstKey } of old) {
      this.#byPid.delete(pid)
      if (firstKey !== null) this.#byFirst.delete(firstKey)
    }
    store.commit(old.map(({ pid }) => ({ type: 'delete', key: kind.rowKey(pid) }))).catch(onFatal)
  }

  #add (running: Running<First, S, M, P, Move>): void {
    this.#byPid.set(running.pid, running)
    if (running.firstKey !== null) this.#byFirst.set(running.firstKey, running)
  }
}
