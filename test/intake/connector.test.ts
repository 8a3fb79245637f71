import { strict as assert } from 'node:assert'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { ok, utf8 } from '../../src/base/index.ts'
import {
  backoffMs, fileState, LETTERS_DATASET_ID, LETTERS_PER_DAY_MAX, StreamInlet, Supervisor, type Connector, type ConnectorContext, type ConnectorFactories, type LetterInput
} from '../../src/intake/connector/index.ts'
import { createPushConnector } from '../../src/intake/push/index.ts'
import { declarationSchema, type ConnectorDeclaration, type PushDeclaration, type RecordInput } from '../../src/sdk/index.ts'
import { MemorySink, noWeb, TestClock } from './memory-sink.fixture.ts'

const description = {
  datasetId: 'd', title: 'D', description: 'D', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'members' as const, simulated: false
}

function record (key: string, timeMs = 1, body = `{"id":"${key}"}`): RecordInput {
  return { key: utf8(key), timeMs, operation: 'put', mediaType: 'application/json', body: utf8(body) }
}

async function openInlet (sink: MemorySink, windowRecordsMax?: number, letters: LetterInput[] = []): Promise<StreamInlet> {
  const inlet = await StreamInlet.open({
    sink, description, deadLetter: async letter => { letters.push(letter); return ok(null) }, onTaken: () => {}, ...windowRecordsMax === undefined ? {} : { windowRecordsMax }
  })
  assert.ok(inlet.ok)
  return inlet.value
}

async function * each (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function settled (isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => { setImmediate(resolve) })
}

const declaration = declarationSchema.parse({ name: 'a', kind: 'push', dataset: { id: 'a', title: 'A' } })

describe('an inlet', () => {
  it('stores each record once, also after it was opened again', async () => {
    const sink = new MemorySink()
    const inlet = await openInlet(sink)
    assert.deepEqual(await inlet.take([record('a'), record('b'), record('a')], 'test'), ok({ stored: 2, duplicates: 1, rejected: 0 }))
    const again = await openInlet(sink)
    assert.deepEqual(await again.take([record('b'), record('c'), record('a', 2)], 'test'), ok({ stored: 2, duplicates: 1, rejected: 0 }))
    assert.equal(sink.streams.get('d')?.length, 4)
  })

  it('lets nobody take for stored what is only on its way', async () => {
    const sink = new MemorySink()
    const inlet = await openInlet(sink)
    const { promise, resolve } = Promise.withResolvers<void>()
    sink.gate = promise
    const first = inlet.take([record('a')], 'test')
    const second = inlet.take([record('a')], 'test')
    sink.failure = { code: 'busy', reason: 'not now', hint: 'later' }
    resolve()
    assert.deepEqual([(await first).ok, (await second).ok], [false, false])
    sink.failure = undefined
    assert.deepEqual(await inlet.take([record('a')], 'test'), ok({ stored: 1, duplicates: 0, rejected: 0 }))
  })

  it('gathers what comes while a batch is being stored into the next one', async () => {
    const sink = new MemorySink()
    const inlet = await openInlet(sink)
    const { promise, resolve } = Promise.withResolvers<void>()
    sink.gate = promise
    const taken = [...Array(100).keys()].map(at => inlet.take([record(String(at))], 'test'))
    await Promise.resolve()
    const more = [...Array(100).keys()].map(at => inlet.take([record(`more ${at}`)], 'test'))
    resolve()
    await Promise.all([...taken, ...more])
    assert.ok(sink.appends.length <= 3, `${sink.appends.length} appends`)
  })

  it('refuses what no stream can hold and takes the rest, whether it knows by itself or is told', async () => {
    const sink = new MemorySink()
    const letters: LetterInput[] = []
    const inlet = await openInlet(sink, undefined, letters)
    sink.isBad = ({ key }) => key[0] === 120
    const taken = await inlet.take([record('a'), record('x'), record(''), record('y', 1, 'z'.repeat(262_145)), record('b')], 'a topic')
    assert.deepEqual(taken, ok({ stored: 2, duplicates: 0, rejected: 3 }))
    assert.deepEqual(letters.map(({ reason, origin }) => `${reason.slice(0, 14)} ${origin}`).toSorted((a, b) => a < b ? -1 : 1), ['a body has at  a topic', 'a key has 1 to a topic', 'a record is ba a topic'])
  })

  it('stores exactly what came, in order, whatever comes again within its window and wherever it is cut', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.nat(30), { maxLength: 20 }), { maxLength: 12 }), async rounds => {
      const sink = new MemorySink()
      const seen = new Set<number>()
      for (const [round, keys] of rounds.entries()) {
        const inlet = await openInlet(sink)
        if (round % 3 === 2) sink.failure = { code: 'busy', reason: '', hint: '' }
        await Promise.all(keys.map(key => inlet.take([record(String(key))], 'test')))
        if (sink.failure === undefined) for (const key of keys) seen.add(key)
        sink.failure = undefined
      }
      const stored = (sink.streams.get('d') ?? []).map(({ key }) => Number(new TextDecoder().decode(key)))
      assert.deepEqual(stored, [...seen])
    }))
  })

  it('forgets what is older than its window, and nothing that is younger', async () => {
    const sink = new MemorySink()
    const inlet = await openInlet(sink, 3)
    for (const key of ['a', 'b', 'c', 'd']) await inlet.take([record(key)], 'test')
    assert.deepEqual(await inlet.take([record('b'), record('c'), record('d')], 'test'), ok({ stored: 0, duplicates: 3, rejected: 0 }))
    assert.deepEqual(await inlet.take([record('a')], 'test'), ok({ stored: 1, duplicates: 0, rejected: 0 }))
  })
})

describe('connectors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hanse-connectors-'))
  after(() => { rmSync(folder, { recursive: true, force: true }) })

  function supervise (make: (context: ConnectorContext) => Connector, sink = new MemorySink()): { readonly supervisor: Supervisor, readonly clock: TestClock, readonly sink: MemorySink, readonly file: string[] } {
    const clock = new TestClock()
    const file: string[] = []
    const factory = (_declaration: ConnectorDeclaration, context: ConnectorContext): Connector => make(context)
    const factories: ConnectorFactories = { mqtt: factory, push: factory, url: factory, folder: factory }
    const supervisor = new Supervisor({
      factories, sink, folder, web: noWeb, clock, chance: () => 1, log: () => {},
      file: { add: async added => { file.push(`+${added.name}`); return ok(added) }, remove: async name => { file.push(`-${name}`); return ok(null) } }
    })
    return { supervisor, clock, sink, file }
  }

  const idle = (signal: AbortSignal): Promise<void> => new Promise(resolve => { signal.addEventListener('abort', () => { resolve() }) })

  it('are begun again after they fail, later each time, and tell why', async () => {
    let runs = 0
    const { supervisor, clock } = supervise(() => ({ run: async () => { runs++; throw new Error(`no ${runs}`) } }))
    const waits: number[] = []
    let slept = clock.slept.promise
    supervisor.start([declaration])
    for (let run = 0; run < 4; run++) {
      waits.push(await slept)
      const { status } = supervisor.list()[0] ?? assert.fail()
      assert.deepEqual([status.state, status.lastError?.sentence], ['failed', `no ${run + 1}`])
      slept = clock.slept.promise
      clock.advance(waits.at(-1) ?? 0)
    }
    await slept
    await supervisor.stop()
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000])
    assert.equal(supervisor.list()[0]?.status.state, 'stopped')
  })

  it('wait for a node that takes nothing yet, and say so', async () => {
    const { supervisor, clock, sink } = supervise(context => ({
      run: async signal => {
        await context.openInlet({ description }, signal)
        context.report.running()
        await idle(signal)
      }
    }))
    sink.failure = { code: 'not-ready', reason: 'no federation yet', hint: 'found one' }
    const slept = clock.slept.promise
    supervisor.start([declaration])
    await slept
    assert.deepEqual(['waiting', 'no federation yet. found one'], [supervisor.list()[0]?.status.state, supervisor.list()[0]?.status.lastError?.sentence])
    sink.failure = undefined
    clock.advance(10_000)
    while (supervisor.list()[0]?.status.state !== 'running') await new Promise(resolve => setImmediate(resolve))
    await supervisor.stop()
  })

  it('are added, restarted and removed one after the other, and the file is told', async () => {
    const { supervisor, file } = supervise(context => ({ run: async signal => { context.report.running(); await idle(signal) } }))
    const other = { ...declaration, name: 'b' }
    assert.ok((await supervisor.add(declaration)).ok)
    const [again, same] = [await supervisor.add(declaration), await supervisor.add(other)]
    assert.deepEqual([again.ok ? '' : again.failure.code, same.ok ? '' : same.failure.code], ['exists', 'exists'])
    assert.ok((await supervisor.restart('a')).ok)
    assert.ok((await supervisor.remove('a')).ok)
    assert.deepEqual([supervisor.list(), file], [[], ['+a', '-a']])
    assert.equal((await supervisor.remove('a')).ok, false)
    await supervisor.stop()
  })

  it('are not begun again while a run that was to end goes on: two would store the same twice', async () => {
    const hanging = Promise.withResolvers<void>()
    let underWay = 0
    let runs = 0
    const { supervisor, clock } = supervise(context => ({
      run: async signal => {
        assert.equal(++underWay, 1)
        context.report.running()
        await (runs++ === 0 ? hanging.promise : idle(signal))
        underWay--
      }
    }))
    const stateOf = (): string | undefined => supervisor.list()[0]?.status.state
    supervisor.start([declaration])
    await settled(() => stateOf() === 'running')
    const slept = clock.slept.promise
    const restarted = supervisor.restart('a')
    clock.advance(await slept)
    assert.ok((await restarted).ok)
    assert.deepEqual([stateOf(), supervisor.list()[0]?.status.lastError?.sentence], ['waiting', 'its last run has not ended yet: the next begins when it has'])
    hanging.resolve()
    await settled(() => runs === 2)
    assert.equal(stateOf(), 'running')
    await supervisor.stop()
  })

  it('keep dead letters with reason, time, origin and the beginning of the bytes, up to a number a day', async () => {
    const begun = Promise.withResolvers<ConnectorContext>()
    const { supervisor, clock, sink } = supervise(context => ({ run: async signal => { begun.resolve(context); await idle(signal) } }))
    supervisor.start([declaration])
    const { deadLetter } = await begun.promise
    await deadLetter({ reason: 'no key', origin: 'some/topic', mediaType: 'application/json', bytes: utf8('x'.repeat(20_000)) })
    const letters = await supervisor.letters({ connector: 'a', limit: 10 })
    assert.ok(letters.ok)
    const [letter] = letters.value
    assert.deepEqual([letter?.reason, letter?.origin, letter?.sizeBytes, letter?.timeMs, Buffer.from(letter?.body ?? '', 'base64').length], ['no key', 'some/topic', 20_000, clock.nowMs(), 16_384])
    for (let at = 0; at < LETTERS_PER_DAY_MAX + 5; at++) await deadLetter({ reason: `${at}`, origin: 'o', mediaType: 'text/plain', bytes: utf8('y') })
    assert.equal(sink.streams.get(LETTERS_DATASET_ID)?.length, LETTERS_PER_DAY_MAX)
    assert.equal(supervisor.list()[0]?.status.counters.rejected, LETTERS_PER_DAY_MAX + 6)
    assert.match(supervisor.list()[0]?.status.notes[0] ?? '', /more are counted alone/)
    clock.advance(86_400_000)
    await deadLetter({ reason: 'tomorrow', origin: 'o', mediaType: 'text/plain', bytes: utf8('z') })
    assert.equal(sink.streams.get(LETTERS_DATASET_ID)?.length, LETTERS_PER_DAY_MAX + 1)
    const newest = await supervisor.letters({ limit: 1 })
    assert.equal(newest.ok ? newest.value[0]?.reason : '', 'tomorrow')
    await supervisor.stop()
  })

  it('count only those letters that were kept, and look again where what was kept could not be read', async () => {
    const begun = Promise.withResolvers<ConnectorContext>()
    const sink = new MemorySink()
    const { supervisor } = supervise(context => ({ run: async signal => { begun.resolve(context); await idle(signal) } }), sink)
    supervisor.start([declaration])
    const { deadLetter } = await begun.promise
    const letter = { reason: 'r', origin: 'o', mediaType: 'text/plain', bytes: utf8('y') }
    const tail = sink.tail.bind(sink)
    sink.tail = () => Promise.reject(new Error('the disk does not answer'))
    await assert.rejects(deadLetter(letter), /the disk/)
    sink.tail = tail
    sink.failure = { code: 'busy', reason: 'not now', hint: 'later' }
    for (let at = 0; at < LETTERS_PER_DAY_MAX + 1; at++) assert.equal((await deadLetter(letter)).ok, false)
    sink.failure = undefined
    assert.ok((await deadLetter(letter)).ok)
    assert.equal(sink.streams.get(LETTERS_DATASET_ID)?.length, 1)
    assert.equal(supervisor.list()[0]?.status.counters.rejected, 1)
    await supervisor.stop()
  })

  it('do not fill the stream of dead letters, and end when what was pushed to them is stored', async () => {
    assert.equal(declarationSchema.safeParse({ name: 'a', kind: 'push', dataset: { id: LETTERS_DATASET_ID, title: 'A' } }).success, false)
    const sink = new MemorySink()
    const { supervisor } = supervise(context => createPushConnector(declaration as PushDeclaration, context), sink)
    supervisor.start([declaration])
    const push = (): ReturnType<Supervisor['push']> => supervisor.push('a', 'application/json', each(utf8('{"id":"x"}')))
    await settled(() => supervisor.list()[0]?.status.state === 'running')
    const gate = Promise.withResolvers<void>()
    sink.gate = gate.promise
    const first = push()
    await settled(() => supervisor.list()[0]?.status.counters.received === 1)
    const restarted = supervisor.restart('a')
    let isRestarted = false
    void restarted.then(() => { isRestarted = true })
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(isRestarted, false)
    gate.resolve()
    assert.deepEqual([(await first).ok, (await restarted).ok], [true, true])
    await settled(() => supervisor.list()[0]?.status.state === 'running')
    assert.deepEqual(await push(), ok({ stored: 0, duplicates: 1, rejected: 0 }))
    await supervisor.stop()
  })

  it('remember small things in a file that is replaced whole', async () => {
    const state = fileState(folder, 'small')
    assert.equal(await state.read(), undefined)
    await Promise.all([state.write({ etag: 'a' }), state.write({ etag: 'b' })])
    assert.deepEqual([await state.read(), readFileSync(join(folder, 'small.json'), 'utf8')], [{ etag: 'b' }, '{"etag":"b"}'])
    await assert.rejects(state.write('x'.repeat(2_000_000)), /characters/)
    await state.remove()
    assert.equal(await state.read(), undefined)
  })

  it('come back neither all at once nor never', () => {
    assert.deepEqual([backoffMs(0, 0), backoffMs(0, 1), backoffMs(5, 1), backoffMs(60, 1)], [500, 1_000, 32_000, 300_000])
  })
})
