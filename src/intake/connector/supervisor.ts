import { fail, ok, type Result } from '../../base/index.ts'
import type { ConnectorDeclaration, Connectors, ConnectorView, Taken } from '../../sdk/index.ts'
import { CONNECTORS_MAX } from '../../sdk/index.ts'
import { backoffMs } from './backoff.ts'
import { StreamInlet } from './inlet.ts'
import { Letters } from './letters.ts'
import { LETTERS_PER_DAY_MAX, NODE_RETRY_MS, RAN_WELL_MS, STOP_WITHIN_MS } from './limits.ts'
import { fileState } from './state.ts'
import { Board } from './status.ts'
import type { Connector, ConnectorClock, ConnectorContext, ConnectorFactories, Inlet, InletOptions, LetterInput, SafeFetch, Sink, SinkFailure } from './types.ts'

export type SupervisorOptions = {
  readonly factories: ConnectorFactories
  readonly sink: Sink
  /** Where states of connectors lie. */
  readonly folder: string
  readonly web: SafeFetch
  readonly clock: ConnectorClock
  readonly chance: () => number
  readonly log: ConnectorContext['log']
  /** Writes what is added and removed into the file of settings. */
  readonly file: {
    /** Gives it back as it holds from then on: with paths as seen from the file. */
    add (declaration: ConnectorDeclaration): Promise<Result<ConnectorDeclaration, SinkFailure>>
    remove (name: string): Promise<Result<null, SinkFailure>>
  }
}

type Kept = {
  readonly declaration: ConnectorDeclaration
  readonly board: Board
  readonly stopping: AbortController
  /** Resolves when it has ended. */
  ended: Promise<void>
  connector: Connector | undefined
}

/** Keeps connectors at work: begins them, begins those again that failed, ends them, and tells how they do. */
export class Supervisor implements Connectors {
  readonly #options: SupervisorOptions
  readonly #letters: Letters
  readonly #kept = new Map<string, Kept>()
  /** Ends of runs that did not end in time, by the dataset that they fill. */
  readonly #lingering = new Map<string, Promise<void>>()
  /** Changes of the set, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor (options: SupervisorOptions) {
    this.#options = options
    this.#letters = new Letters(options.sink, () => options.clock.nowMs())
  }

  start (declarations: readonly ConnectorDeclaration[]): void {
    for (const declaration of declarations) this.#begin(declaration, new Board(() => this.#options.clock.nowMs()))
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#kept.values()].map(kept => this.#end(kept)))
  }

  list (): readonly ConnectorView[] {
    return [...this.#kept.values()].map(viewOf)
  }

  show (name: string): Result<ConnectorView, SinkFailure> {
    const kept = this.#kept.get(name)
    return kept === undefined ? fail(unknown(name)) : ok(viewOf(kept))
  }

  add (declaration: ConnectorDeclaration): Promise<Result<ConnectorView, SinkFailure>> {
    return this.#inTurn(async () => {
      const { name, dataset } = declaration
      if (this.#kept.has(name)) return fail({ code: 'exists', reason: `there is a connector "${name}" already`, hint: 'remove it first, or choose another name' })
      const other = [...this.#kept.values()].find(kept => kept.declaration.dataset.id === dataset.id)
      if (other !== undefined) {
        return fail({ code: 'exists', reason: `the connector "${other.declaration.name}" fills "${dataset.id}" already`, hint: 'choose another dataset: one connector fills one' })
      }
      if (this.#kept.size >= CONNECTORS_MAX) return fail({ code: 'busy', reason: `this node runs ${CONNECTORS_MAX} connectors already`, hint: 'remove one that nobody needs' })
      const written = await this.#options.file.add(declaration)
      if (!written.ok) return written
      return ok(viewOf(this.#begin(written.value, new Board(() => this.#options.clock.nowMs()))))
    })
  }

  remove (name: string): Promise<Result<null, SinkFailure>> {
    return this.#inTurn(async () => {
      const kept = this.#kept.get(name)
      if (kept === undefined) return fail(unknown(name))
      const written = await this.#options.file.remove(name)
      if (!written.ok) return written
      await this.#end(kept)
      this.#kept.delete(name)
      await fileState(this.#options.folder, name).remove()
      return ok(null)
    })
  }

  restart (name: string): Promise<Result<ConnectorView, SinkFailure>> {
    return this.#inTurn(async () => {
      const kept = this.#kept.get(name)
      if (kept === undefined) return fail(unknown(name))
      await this.#end(kept)
      return ok(viewOf(this.#begin(kept.declaration, kept.board)))
    })
  }

  letters (query: { readonly connector?: string | undefined, readonly limit: number }): ReturnType<Connectors['letters']> {
    return this.#letters.list(query)
  }

  async push (name: string, mediaType: string, chunks: AsyncIterable<Uint8Array>): Promise<Result<Taken, SinkFailure>> {
    const kept = this.#kept.get(name)
    if (kept === undefined) return fail(unknown(name))
    if (kept.declaration.kind !== 'push') {
      return fail({ code: 'invalid', reason: `"${name}" fetches its data itself: nothing can be pushed to it`, hint: 'push to a connector of kind "push"' })
    }
    if (kept.connector?.push === undefined || kept.board.status.state !== 'running') {
      return fail({ code: 'busy', reason: `"${name}" does not take data at the moment: it is ${kept.board.status.state}`, hint: 'try again in a while; see "hanse connector show"' })
    }
    return kept.connector.push(mediaType, chunks)
  }

  #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  #begin (declaration: ConnectorDeclaration, board: Board): Kept {
    const kept: Kept = { declaration, board, stopping: new AbortController(), ended: Promise.resolve(), connector: undefined }
    if (this.#stopped) kept.stopping.abort()
    kept.ended = this.#run(kept)
    this.#kept.set(declaration.name, kept)
    return kept
  }

  /** A connector that does not end in time is left behind: it must not keep the node from ending. Nothing else fills its dataset until it has. */
  async #end ({ declaration: { name, dataset }, stopping, ended }: Kept): Promise<void> {
    const { clock, log } = this.#options
    stopping.abort()
    const waiting = new AbortController()
    const late = clock.sleep(STOP_WITHIN_MS, waiting.signal).then(() => 'late' as const)
    if (await Promise.race([ended, late]) === 'late') {
      log('warn', 'a connector did not end in time', { connector: name })
      const lingering = ended.then(() => { if (this.#lingering.get(dataset.id) === lingering) this.#lingering.delete(dataset.id) })
      this.#lingering.set(dataset.id, lingering)
    }
    waiting.abort()
  }

  async #run (kept: Kept): Promise<void> {
    const { clock, chance, log } = this.#options
    const { declaration, board, stopping: { signal } } = kept
    const lingering = this.#lingering.get(declaration.dataset.id)
    if (lingering !== undefined) {
      board.waiting('its last run has not ended yet: the next begins when it has')
      await lingering
    }
    for (let failures = 0; !signal.aborted; failures++) {
      board.enter('starting')
      const beganMs = clock.nowMs()
      try {
        kept.connector = this.#make(kept)
        await kept.connector.run(signal)
        if (signal.aborted) break
        throw new Error('it ended by itself')
      } catch (error) {
        if (signal.aborted) break
        const sentence = error instanceof Error ? error.message : String(error)
        log('warn', 'a connector failed', { connector: declaration.name, reason: sentence })
        board.enter('failed')
        board.error(sentence)
      }
      kept.connector = undefined
      if (clock.nowMs() - beganMs >= RAN_WELL_MS) failures = 0
      await clock.sleep(backoffMs(failures, chance()), signal)
    }
    kept.connector = undefined
    board.enter('stopped')
  }

  #make (kept: Kept): Connector {
    const { declaration, board } = kept
    const { factories, sink, folder, web, clock, chance, log } = this.#options
    const { name } = declaration
    const deadLetter = (letter: LetterInput): Promise<Result<null, SinkFailure>> => this.#deadLetter(kept, letter)
    const context: ConnectorContext = {
      name, sink, web, clock, chance, deadLetter, report: board, state: fileState(folder, name),
      log: (level, message, facts) => { log(level, message, { connector: name, ...facts }) },
      openInlet: (options, signal) => this.#openInlet(kept, { ...options, sink, deadLetter, onTaken: taken => { board.taken(taken) } }, signal)
    }
    // The table has a factory for each kind, of that kind's declaration: TypeScript cannot say that the two go together.
    const make = factories[declaration.kind] as (declaration: ConnectorDeclaration, context: ConnectorContext) => Connector
    return make(declaration, context)
  }

  async #openInlet (
    { board }: Kept, options: InletOptions & Parameters<typeof StreamInlet.open>[0], signal: AbortSignal
  ): Promise<Inlet> {
    for (;;) {
      const opened = await StreamInlet.open(options)
      if (opened.ok) return opened.value
      board.waiting(`${opened.failure.reason}. ${opened.failure.hint}`)
      await this.#options.clock.sleep(NODE_RETRY_MS, signal)
      signal.throwIfAborted()
    }
  }

  async #deadLetter ({ declaration: { name }, board }: Kept, letter: LetterInput): Promise<Result<null, SinkFailure>> {
    const kept = await this.#letters.keep(name, letter)
    if (!kept.ok) return kept
    board.rejected(letter.reason, letter.origin)
    board.note('letters', this.#letters.isFull(name) ? `${LETTERS_PER_DAY_MAX} dead letters were kept today; more are counted alone.` : null)
    return kept
  }
}

function viewOf ({ declaration, board }: Kept): ConnectorView {
  return { name: declaration.name, kind: declaration.kind, datasetId: declaration.dataset.id, declaration, status: board.status }
}

function unknown (name: string): SinkFailure {
  return { code: 'not-found', reason: `there is no connector "${name.slice(0, 64)}"`, hint: 'see "hanse connector list"' }
}
