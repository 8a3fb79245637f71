import { strict as assert } from 'node:assert'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../scripts/ports.ts'
import { documentOf, hanse, hanseHere, temporaryFolder, type Ran } from './support.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const WEATHER = join(import.meta.dirname, '../../node_modules/vega-datasets/data/seattle-weather.csv')
const PICTURE = join(import.meta.dirname, '../../node_modules/vega-datasets/data/ffox.png')

/** One city: the commands a person types, and the process that `hanse start` is. */
class City {
  readonly data: string
  readonly environment: Record<string, string> = {}
  process: ChildProcess | undefined

  constructor (data: string) {
    this.data = data
  }

  async init (name: string): Promise<void> {
    for (const [key, port] of [['NETWORK__LISTEN', await freePort()], ['NETWORK__JOIN_LISTEN', await freePort()]] as const) {
      this.environment[`HANSE_${key}`] = `/ip4/127.0.0.1/tcp/${port}`
    }
    Object.assign(this.environment, { HANSE_API__LISTEN: '127.0.0.1:0', HANSE_API__METRICS_LISTEN: '127.0.0.1:0', HANSE_NETWORK__LAN: 'false', HANSE_LEDGER__PROFILE: 'lan' })
    await this.done(['init', '--name', name, '--no-input'])
  }

  async start (): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'start', '--data', this.data, '--ndjson'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...this.environment }, stdio: ['ignore', 'pipe', 'ignore']
    })
    this.process = child
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    assert.match(String(line), /"ready":true/)
  }

  async run (args: readonly string[]): Promise<Ran> {
    return await hanseHere([...args, '--data', this.data], this.environment)
  }

  /** What a command that must succeed says under --json. */
  async done (args: readonly string[]): Promise<Record<string, unknown>> {
    const ran = await this.run([...args, '--json'])
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.error}`)
    return documentOf(ran)
  }
}

const PATIENCE_MS = 60_000

async function until (holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + PATIENCE_MS; !await holds();) {
    assert.ok(Date.now() < endMs, `in vain: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 200) })
  }
}

describe('two cities on the command line', () => {
  const folder = temporaryFolder()
  const path = (name: string): string => join(folder.path, name)
  const bellevue = new City(path('bellevue'))
  const renton = new City(path('renton'))
  const kent = new City(path('kent'))

  after(async () => {
    for (const { process } of [bellevue, renton, kent]) {
      if (process === undefined || process.exitCode !== null) continue
      const gone = once(process, 'exit')
      process.kill('SIGKILL')
      await gone
    }
    folder.remove()
  })

  it('found a federation by a ticket', async () => {
    for (const [city, name] of [[bellevue, 'Bellevue'], [renton, 'Renton']] as const) {
      await city.init(name)
      await city.start()
    }
    assert.equal((await bellevue.run(['publish', WEATHER, '--licence', 'x'])).code, 1)
    const { ticket } = await bellevue.done(['invite', '--federation', 'Corridor', '--founders', '2'])
    const joined = await renton.run(['join', String(ticket)])
    assert.equal(joined.out, 'Corridor is founded, with 2 members.\n', joined.error)
    assert.match((await renton.run(['members'])).out, /Bellevue +member/)
    const isReady = async (city: City): Promise<boolean> => /"state": ?"ready"/.test(JSON.stringify(await city.done(['status'])))
    await until(async () => await isReady(bellevue) && await isReady(renton), 'both have opened what members have')
  })

  it('replicate a table and a file to the byte, and verify them at the other side', async () => {
    for (const [file, name] of [[WEATHER, 'seattle-weather'], [PICTURE, 'ffox']] as const) {
      await bellevue.done(['publish', file, '--licence', 'BSD-3-Clause'])
      const copy = path(`${name}.copy`)
      await renton.done(['get', `Bellevue/${name}`, '-o', copy])
      assert.deepEqual(readFileSync(copy), readFileSync(file))
      const { verification } = await renton.done(['verify', `Bellevue/${name}`])
      assert.ok(typeof verification === 'object' && verification !== null && 'verified' in verification)
      assert.equal(verification.verified, true)
    }
    assert.match((await renton.run(['ls', '--text', 'weather'])).out, /Bellevue\/seattle-weather/)
  })

  it('deliver a stream as it grows', async () => {
    await bellevue.done(['publish', '--stream', '--id', 'live', '--simulated', '--licence', 'x'])
    await until(async () => (await renton.run(['ls', '--text', 'live'])).out.includes('Bellevue/live'), 'the other has heard of the stream')
    const tail = renton.run(['tail', 'Bellevue/live', '--last', '100', '--count', '3', '--ndjson'])
    const appended = await hanse(['publish', '--append', 'live', '--data', bellevue.data], {
      environment: bellevue.environment, input: '{"body":{"n":1}}\n{"body":{"n":2}}\n{"body":{"n":3}}\n'
    })
    assert.equal(appended.code, 0, appended.error)
    const bodies = (await tail).out.trimEnd().split('\n').map(line => JSON.parse(line).record?.body)
    assert.deepEqual(bodies, ['{"n":1}', '{"n":2}', '{"n":3}', undefined])
  })

  it('prove a record to somebody without a node, and refuse any changed byte', async () => {
    const proof = path('row.proof')
    await renton.done(['verify', 'Bellevue/seattle-weather', '--record', '2', '-o', proof])
    const stranger = ['--data', path('nobody')]
    const verified = await hanseHere(['verify', proof, ...stranger])
    assert.equal(verified.code, 0, verified.error)
    assert.match(verified.out, /publisher +Bellevue[^]*body +2012-01-02/)
    const bytes = readFileSync(proof)
    for (const at of [0, 1, 9, 100, bytes.length >> 1, bytes.length - 1]) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 4
      writeFileSync(proof, changed)
      assert.equal((await hanseHere(['verify', proof, ...stranger])).code, 7, `byte ${at}`)
    }
  })

  it('carry datasets by hand, checked before they are taken', async () => {
    const bundle = path('weather.car')
    const status = await bellevue.done(['status'])
    await bellevue.done(['bundle', 'make', 'seattle-weather', 'ffox', '-o', bundle])
    const stranger = ['--data', path('nobody')]
    const inspected = await hanseHere(['bundle', 'inspect', bundle, ...stranger])
    assert.equal(inspected.code, 0, inspected.error)
    assert.match(inspected.out, /Corridor \(bafy/)
    const federation = /"id": ?"(bafy\w+)"/.exec(JSON.stringify(status))?.[1] ?? ''
    assert.equal((await hanseHere(['verify', bundle, '--federation', federation, ...stranger])).code, 0)
    const opened = await renton.done(['bundle', 'open', bundle])
    assert.equal(typeof opened['bundle'], 'object')
    const bytes = readFileSync(bundle)
    writeFileSync(bundle, bytes.subarray(0, bytes.length - 10))
    assert.equal((await hanseHere(['bundle', 'inspect', bundle, ...stranger])).code, 7)
    assert.equal((await renton.run(['bundle', 'open', bundle])).code, 7)
    const other = 'bafyreigeaomha7cy4bwwvjdeic6n4rkje3m6sinuvhlwnfegaluczzpoje'
    assert.equal((await hanseHere(['bundle', 'inspect', bundle, '--federation', other, ...stranger])).code, 7)
  })

  it('prove by the ledger, to whoever holds the charter, since when a record existed', async () => {
    const proof = path('final.proof')
    const isFinal = async (): Promise<boolean> => /table .* final/.test((await renton.run(['ls', '--text', 'weather'])).out)
    await until(isFinal, 'the table is final')
    await renton.done(['proof', 'export', 'Bellevue/seattle-weather', '--record', '2', '--out', proof])
    const charter = ['--charter', join(bellevue.data, 'charter.cbor'), '--data', path('nobody')]
    const verified = await hanseHere(['proof', 'verify', proof, ...charter])
    assert.match(verified.out, /publisher +Bellevue [^]*existed before block \d+ of epoch \d+, finalised at 20[^]*body +2012-01-02/, verified.error)
    assert.match((await renton.run(['verify', 'Bellevue/seattle-weather'])).out, /ok +anchored: existed before block \d+, finalised at 20/)
    assert.match((await renton.run(['audit', 'Bellevue/seattle-weather'])).out, /dataset\.put[^]*dataset\.anchor/)
    assert.match((await renton.run(['ledger', 'verify'])).out, /The ledger is right from block 1 to block \d+\./)
    await until(async () => /validators +2 of 2 reachable, tolerates 0 failures; this node is one of them/.test((await renton.run(['status'])).out), 'both validators are reachable')
    // The older kind of proof is refused with a word about this one, and the other way round.
    assert.match((await hanseHere(['verify', proof, ...charter.slice(2)])).error, /hanse proof verify/)
  })

  it('admit a third city by the votes of both, with a seat', async () => {
    await kent.init('Kent')
    await kent.start()
    const { ticket } = await bellevue.done(['invite'])
    const joining = kent.run(['join', String(ticket)])
    await until(async () => /^Kent /m.test((await bellevue.run(['applications'])).out), 'the application is there')
    const { proposal } = await bellevue.done(['propose', 'join', 'Kent'])
    const id = String(proposal).slice(0, 12)
    await until(async () => (await renton.run(['proposals'])).out.includes(id), 'the other hears of the proposal')
    const voted = await renton.run(['vote', id, 'yes'])
    assert.equal(voted.code, 0, voted.error)
    assert.match(voted.error, /It passes with it, and the member is one at once/)
    const joined = await joining
    assert.equal(joined.out, 'The members have admitted you: Corridor has 3 members now.\n', joined.error)
    await until(async () => (await Promise.all([bellevue, renton, kent].map(city => city.run(['members'])))).every(({ out }) => /Kent +member +validator +(yes|this node) +block \d+/.test(out)), 'it has its seat')
    assert.match((await kent.run(['get', 'Bellevue/ffox', '-o', path('ffox.kent')])).out, /as published/)
  })

  it('stop in order, and hold everything when they start again', async () => {
    for (const city of [bellevue, renton]) {
      const exited = city.process === undefined ? [] : once(city.process, 'exit')
      assert.equal((await city.run(['stop'])).out, 'The node has stopped; what it acknowledged is safe.\n')
      assert.equal((await exited)[0], 0)
      assert.equal(existsSync(join(city.data, 'api.json')), false)
    }
    assert.equal((await renton.run(['ls'])).code, 3)
    await renton.start()
    await renton.done(['get', 'Bellevue/seattle-weather', '-o', path('again.csv')])
    assert.deepEqual(readFileSync(path('again.csv')), readFileSync(WEATHER))
  })
})
