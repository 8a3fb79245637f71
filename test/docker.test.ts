import { strict as assert } from 'node:assert'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importBaseImage, startEngine, type Engine, type Ran } from './support/docker.ts'

const BASE_IMAGE = 'hanse-base:local'
const IMAGE = 'hanse:test'
const PROJECT = 'hansetest'
const CITIES = ['lubeck', 'hamburg', 'bremen'] as const
type City = typeof CITIES[number]

const BUILD_TIMEOUT_MS = 600_000
const CONVERGE_TIMEOUT_MS = 180_000
const POLL_MS = 500
/** What the client exits with where it is the engine that failed, and not what was to run. */
const ENGINE_FAILED = 125

type Json = { readonly [name: string]: unknown }

describe('containers', function () {
  this.timeout(BUILD_TIMEOUT_MS + 3 * CONVERGE_TIMEOUT_MS)

  const folder = mkdtempSync(join(tmpdir(), 'hanse-docker-'))
  let engine: Engine | undefined
  let noEngine = ''
  const containers = new Map<City, string>()

  before(async () => {
    const started = await startEngine(join(folder, 'engine'))
    if (!started.ok) {
      noEngine = started.failure.reason
      return
    }
    const refused = await refusalOf(started.value)
    if (refused === undefined) engine = started.value
    else {
      noEngine = `the engine started, and runs no container on this machine: ${refused}`
      await started.value.stop()
    }
  })

  after(async () => {
    await engine?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are described without rights they do not need', () => {
    const compose = readFileSync('docker/compose.yaml', 'utf8')
    const hardening = [
      'read_only: true', 'cap_drop: [ALL]', 'no-new-privileges:true', 'pids_limit:', 'mem_limit:', 'stop_grace_period: 30s', 'init: true', 'noexec'
    ]
    assert.deepEqual(hardening.filter(line => !compose.includes(line)), [])
    const services = /^services:\n(.*?)^networks:/ms.exec(compose)?.[1] ?? ''
    const names = [...services.matchAll(/^ {2}(\w+):\n {4}<<: \*(node|small)$/gm)]
    assert.equal(names.length, [...services.matchAll(/^ {2}\w+:$/gm)].length, 'every service is a node with these limits')

    const final = readFileSync('docker/Dockerfile', 'utf8').split(/^FROM /m).at(-1) ?? ''
    assert.match(final, /^USER 10001/m)
    assert.match(final, /^HEALTHCHECK /m)
    assert.doesNotMatch(final, /^RUN /m, 'what runs is assembled in a stage before')
  })

  it('build from the sources and hold nothing of development', async function () {
    const running = engineOrSkip(this)
    succeeded(await running.docker([
      'build', '--network', 'none', '-f', 'docker/Dockerfile', '--build-arg', `BASE=${BASE_IMAGE}`, '-t', IMAGE, '.'
    ], { timeoutMs: BUILD_TIMEOUT_MS }))
    const held = succeeded(await running.docker([
      'run', '--rm', '--entrypoint', 'node', IMAGE, '-p', 'JSON.stringify({ user: process.getuid(), packages: fs.readdirSync("/hanse/node_modules") })'
    ])).stdout
    const { user, packages } = JSON.parse(held) as { readonly user: number, readonly packages: readonly string[] }
    assert.equal(user, 10001)
    assert.deepEqual(['mocha', 'typescript', 'knip', 'node', 'vega-datasets'].filter(name => packages.includes(name)), [])
  })

  it('form a federation of three cities', async function () {
    engineOrSkip(this)
    for (const city of CITIES) succeeded(await compose('run', '--rm', city, 'init', '--name', city, '--data', '/data', '--json'))
    succeeded(await compose('up', '-d', '--no-build'))
    for (const city of CITIES) containers.set(city, succeeded(await compose('ps', '-q', city)).stdout.trim())
    for (const city of CITIES) await until(`${city} runs`, async () => (await attempt(city, 'status')) !== undefined)

    const { ticket } = await hanse('lubeck', 'invite', '--federation', 'league', '--founders', '3')
    assert.equal(typeof ticket, 'string')
    await Promise.all((['hamburg', 'bremen'] as const).map(city => hanse(city, 'join', String(ticket))))
    for (const city of CITIES) await until(`${city} is ready`, async () => (await stateOf(city)) === 'ready')
  })

  it('carry what one city publishes to the others', async function () {
    engineOrSkip(this)
    const file = await publish('lubeck', 'harbour')
    for (const city of CITIES) await arrives(city, 'lubeck/harbour', file)
  })

  it('let a city that is cut off go on alone, and catch up when healed', async function () {
    const running = engineOrSkip(this)
    const bremen = containerOf('bremen')
    succeeded(await running.docker(['network', 'disconnect', `${PROJECT}_league`, bremen]))

    const beyond = await publish('hamburg', 'ferries')
    const alone = await publish('bremen', 'trams')
    await arrives('lubeck', 'hamburg/ferries', beyond)
    await arrives('bremen', 'bremen/trams', alone)
    assert.equal(await verifies('bremen', 'hamburg/ferries'), false, 'nothing crosses the cut')
    assert.equal(await verifies('lubeck', 'bremen/trams'), false, 'nothing crosses the cut')

    succeeded(await running.docker(['network', 'connect', '--alias', 'bremen', `${PROJECT}_league`, bremen]))
    for (const city of CITIES) {
      await arrives(city, 'hamburg/ferries', beyond)
      await arrives(city, 'bremen/trams', alone)
    }
  })

  it('stop cleanly and keep what they hold', async function () {
    const running = engineOrSkip(this)
    succeeded(await compose('stop'))
    for (const city of CITIES) {
      const state = succeeded(await running.docker(['inspect', '--format', '{{.State.ExitCode}} {{.State.OOMKilled}}', containerOf(city)]))
      assert.equal(state.stdout.trim(), '0 false', city)
    }
    succeeded(await compose('start'))
    await until('bremen runs again', async () => (await attempt('bremen', 'status')) !== undefined)
    await until('bremen has it still', () => verifies('bremen', 'lubeck/harbour'))
  })

  /** What the engine itself cannot do here, with the smallest image and container; undefined where it can. */
  async function refusalOf (started: Engine): Promise<string | undefined> {
    const imported = await importBaseImage(started, join(folder, 'base'), BASE_IMAGE)
    if (imported.code !== 0) return imported.stderr.trim().slice(-500)
    const { code, stderr } = await started.docker(['run', '--rm', BASE_IMAGE, 'node', '-p', '1'])
    return code === ENGINE_FAILED ? stderr.trim().slice(-500) : undefined
  }

  function engineOrSkip (context: Mocha.Context): Engine {
    if (engine !== undefined) return engine
    process.stderr.write(`    not run: ${noEngine}\n`)
    return context.skip()
  }

  function compose (...args: readonly string[]): Promise<Ran> {
    assert.ok(engine !== undefined)
    return engine.compose(['-p', PROJECT, '-f', 'docker/compose.yaml', ...args], { env: { HANSE_IMAGE: IMAGE, HANSE_BASE: BASE_IMAGE } })
  }

  function containerOf (city: City): string {
    const container = containers.get(city)
    assert.ok(container !== undefined, `${city} was not started`)
    return container
  }

  async function execute (city: City, args: readonly string[]): Promise<Ran> {
    assert.ok(engine !== undefined)
    return engine.docker(['exec', containerOf(city), 'hanse', ...args, '--data', '/data', '--json'])
  }

  /** A command that must succeed. */
  async function hanse (city: City, ...args: readonly string[]): Promise<Json> {
    return JSON.parse(succeeded(await execute(city, args)).stdout) as Json
  }

  /** A command that may be refused: its answer, or undefined. */
  async function attempt (city: City, ...args: readonly string[]): Promise<Json | undefined> {
    const { code, stdout } = await execute(city, args)
    return code === 0 ? JSON.parse(stdout) as Json : undefined
  }

  async function stateOf (city: City): Promise<unknown> {
    const { status } = await hanse(city, 'status') as { readonly status?: Json }
    return status?.['state']
  }

  async function verifies (city: City, reference: string): Promise<boolean> {
    const { verification } = await attempt(city, 'verify', reference) as { readonly verification?: Json } | undefined ?? {}
    return verification?.['verified'] === true
  }

  /** Publishes a table that only this city has; resolves with its text. */
  async function publish (city: City, slug: string): Promise<string> {
    const rows = Array.from({ length: 500 }, (_, i) => `2026-01-01T${String(i % 24).padStart(2, '0')}:00:00Z,${slug}-${i},${i * 7 % 101}`)
    const text = `time,place,count\n${rows.join('\n')}\n`
    const path = join(folder, `${slug}.csv`)
    writeFileSync(path, text)
    assert.ok(engine !== undefined)
    succeeded(await engine.docker(['cp', path, `${containerOf(city)}:/data/${slug}.csv`]))
    await hanse(city, 'publish', `/data/${slug}.csv`, '--id', slug, '--title', `${slug} of ${city}`, '--licence', 'CC0-1.0')
    return text
  }

  /** Waits until the city has all of the dataset and has verified it up to the charter, then compares every byte. */
  async function arrives (city: City, reference: string, text: string): Promise<void> {
    await until(`${city} has ${reference}`, () => verifies(city, reference))
    const at = `${reference.replace('/', '-')}.got`
    await hanse(city, 'get', reference, '-o', `/data/${at}`, '--force')
    assert.ok(engine !== undefined)
    succeeded(await engine.docker(['cp', `${containerOf(city)}:/data/${at}`, join(folder, at)]))
    assert.equal(readFileSync(join(folder, at), 'utf8'), text)
    rmSync(join(folder, at))
  }

  /** The cities are other processes: asking again is the only way to see them change. */
  async function until (what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = Date.now() + CONVERGE_TIMEOUT_MS
    while (!await holds()) {
      if (Date.now() > deadlineMs) assert.fail(`not within ${CONVERGE_TIMEOUT_MS} ms: ${what}\n${(await compose('logs', '--tail', '20')).stdout}`)
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }
})

function succeeded (ran: Ran): Ran {
  assert.equal(ran.code, 0, `${ran.stderr}\n${ran.stdout}`.slice(-4_000))
  return ran
}
