/** A connector at work in a node in memory, in time that passes when the test says so. */
import { strict as assert } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, ok, type Result } from '../../src/base/index.ts'
import { fileState, StreamInlet, type Connector, type ConnectorClock, type ConnectorContext, type LetterInput, type Sink, type SinkFailure } from '../../src/intake/connector/index.ts'
import type { HanseNode } from '../../src/node/contract/index.ts'
import { declarationSchema, type ConnectorDeclaration, type DatasetDescription } from '../../src/sdk/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'

export const BEGIN_MS = Date.UTC(2026, 0, 1)

/** Sleeps until it is woken, and tells when somebody sleeps. */
class TestClock implements ConnectorClock {
  now: number = BEGIN_MS
  readonly #sleeping = new Set<{ readonly untilMs: number, readonly wake: () => void }>()
  #asleep: (() => void)[] = []

  nowMs (): number {
    return this.now
  }

  sleep (delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const sleeper = { untilMs: this.now + delayMs, wake: () => { this.#sleeping.delete(sleeper); resolve() } }
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', sleeper.wake, { once: true })
      this.#sleeping.add(sleeper)
      for (const tell of this.#asleep.splice(0)) tell()
    })
  }

  /** Until when somebody sleeps; waits until somebody does. */
  async sleepsUntilMs (): Promise<number> {
    if (this.#sleeping.size === 0) await new Promise<void>(resolve => this.#asleep.push(resolve))
    return Math.min(...[...this.#sleeping].map(({ untilMs }) => untilMs))
  }

  async wakeNext (): Promise<void> {
    const untilMs = await this.sleepsUntilMs()
    this.now = Math.max(this.now, untilMs)
    for (const sleeper of this.#sleeping) if (sleeper.untilMs <= this.now) sleeper.wake()
  }
}

export type Bench = {
  readonly node: MemoryNode
  readonly clock: TestClock
  readonly folder: string
  readonly spool: string
  readonly letters: readonly LetterInput[]
  readonly errors: readonly string[]
  readonly notes: ReadonlyMap<string, string>
  readonly stored: () => number
  /** What the node answers to whoever publishes or appends; null: it takes it. */
  refusal: SinkFailure | null
  /** Bytes of what a dataset holds; undefined where there is none. */
  contentOf (datasetId: string): Promise<string | undefined>
  /** Begins a connector and waits until it sleeps; ended by `stop`, without an error. */
  begin (declaration: object, make: (declaration: ConnectorDeclaration, context: ConnectorContext) => Connector, web?: ConnectorContext['web']): Promise<Run>
  remove (): Promise<void>
}

export type Run = {
  /** Lets time pass until the connector has looked once more. */
  look (): Promise<void>
  stop (): Promise<void>
  /** As if the process were killed: whatever is under way ends in an error. */
  readonly ended: Promise<unknown>
}

function declared (declaration: object): ConnectorDeclaration {
  return declarationSchema.parse({ name: 'test', dataset: { id: 'bins', title: 'Bins' }, ...declaration })
}

export async function openBench (): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'hanse-intake-'))
  const node = new MemoryNode()
  const [letters, errors, notes]: [LetterInput[], string[], Map<string, string>] = [[], [], new Map()]
  const clock = new TestClock()
  let stored = 0
  const bench: Bench = {
    node, clock, folder, letters, errors, notes, spool: join(folder, 'spool'), stored: () => stored, refusal: null,
    contentOf: async datasetId => {
      const content = await node.content(`${node.status().member.did}/${datasetId}`, undefined)
      return content.ok ? Buffer.concat(await Array.fromAsync(content.value.bytes)).toString('latin1') : undefined
    },
    async begin (declaration, make, web = () => assert.fail('nothing is to be called')) {
      const sink = sinkOf(node, () => bench.refusal)
      const deadLetter: ConnectorContext['deadLetter'] = async letter => {
        letters.push(letter)
        return ok(null)
      }
      const context: ConnectorContext = {
        name: 'test', sink, web, clock, chance: () => 0.5, deadLetter, state: fileState(join(folder, 'state'), 'test'), log: () => {},
        report: {
          running () {}, received () {}, gaps () {}, waiting: sentence => { errors.push(sentence) }, error: sentence => { errors.push(sentence) },
          stored: count => { stored += count }, note: (id, sentence) => { if (sentence === null) notes.delete(id); else notes.set(id, sentence) }
        },
        openInlet: async options => {
          const inlet = await StreamInlet.open({ ...options, sink, deadLetter, onTaken: taken => { stored += taken.stored } })
          assert.ok(inlet.ok, JSON.stringify(inlet))
          return inlet.value
        }
      }
      const stopping = new AbortController()
      const ended = make(declared(declaration), context).run(stopping.signal).then(() => undefined, (error: unknown) => error)
      const asleep = (): Promise<unknown> => Promise.race([clock.sleepsUntilMs(), ended.then(error => { if (error instanceof Error) throw error })])
      await asleep()
      return {
        ended,
        async look () {
          await clock.wakeNext()
          await asleep()
        },
        async stop () {
          stopping.abort()
          assert.equal(await ended, undefined)
        }
      }
    },
    remove: () => rm(folder, { recursive: true, force: true })
  }
  return bench
}

/** The port of connectors over a node, as the composition makes it. */
function sinkOf (node: MemoryNode, refusal: () => SinkFailure | null): Sink {
  const own = (datasetId: string): ReturnType<HanseNode['dataset']> => node.dataset(`${node.status().member.did}/${datasetId}`)
  const done = async (work: () => Promise<Result<unknown, SinkFailure>>): Promise<Result<null, SinkFailure>> => {
    const refused = refusal()
    if (refused !== null) return fail(refused)
    const result = await work()
    return result.ok ? ok(null) : result
  }
  const ensure = (description: DatasetDescription): Promise<Result<null, SinkFailure>> => done(async () =>
    own(description.datasetId).ok ? ok(null) : await node.publish(description, { form: 'stream', mediaType: 'application/json' }))
  return {
    ensureStream: ensure,
    append: (datasetId, records) => done(() => node.append(datasetId, records)),
    async tail (datasetId, count) {
      const records = node.held.get(datasetId)?.records.slice(-count)
      return records === undefined ? fail({ code: 'not-found', reason: 'there is none', hint: '' }) : ok((async function * () { yield * records })())
    },
    publishTable: (description, content) => done(() => node.publish(description, { form: 'table', ...content })),
    publishFile: (description, content) => done(() => node.publish(description, { form: 'file', ...content })),
    contentSha256: datasetId => {
      const dataset = own(datasetId)
      return dataset.ok ? dataset.value.distribution.sha256 : null
    },
    ensurePrivateStream: () => Promise.resolve(ok(null))
  }
}
