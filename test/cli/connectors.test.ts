import { strict as assert } from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { editConnectors, loadConfig } from '../../src/cli/config/index.ts'
import { declarationSchema } from '../../src/sdk/index.ts'
import { NodeProcess, until } from '../intake/mqtt.fixture.ts'
import { documentOf, hanseHere, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
let files = 0

function configFile (content: string): string {
  const path = join(folder.path, `${++files}.toml`)
  writeFileSync(path, content)
  return path
}

function load (file: string): ReturnType<typeof loadConfig> {
  return loadConfig({ data: undefined, config: file, environment: {} })
}

function complaintsOf (content: string): string[] {
  const file = configFile(content)
  const loaded = load(file)
  return loaded.ok ? [] : loaded.failure.map(({ where, reason, hint }) => `${where.replace(file, 'file')}: ${reason} | ${hint}`)
}

const PUSH = '[[connector]]\nname = "a"\nkind = "push"\ndataset = { id = "a", title = "A" }\n'

describe('connectors in hanse.toml', () => {
  after(folder.remove)

  it('are tables of their own, with paths as seen from the file', () => {
    const file = configFile(`${PUSH}\n[[connector]]\nname = "b"\nkind = "mqtt"\nbroker = "mqtts://broker.example:8883"\npassword_file = "secret"\n[connector.dataset]\nid = "b"\ntitle = "B"\n`)
    const loaded = load(file)
    assert.ok(loaded.ok)
    const [a, b] = loaded.value.connectors
    assert.deepEqual([a?.name, b?.kind === 'mqtt' ? b.password_file : ''], ['a', join(folder.path, 'secret')])
  })

  it('that are wrong are refused all at once, each with its line and what it should be', () => {
    assert.deepEqual(complaintsOf(`${PUSH}formt = "json"\n\n[[connector]]\nname = "b"\nkind = "mqt"\n\n[[connector]]\nname = "c"\nkind = "push"\n[connector.dataset]\nid = "C"\ntitel = "x"\n`), [
      'file:5:1: a connector has no setting formt | Did you mean format?',
      'file:9:1: there is no connector of kind "mqt" | Did you mean mqtt?',
      'file:15:1: dataset.id: must be lower case letters, digits and hyphens, at most 64 | hanse config schema lists the settings of each kind.',
      'file:14:2: dataset.title: invalid input: expected string, received undefined | hanse config schema lists the settings of each kind.',
      'file:16:1: a connector has no setting dataset.titel | Did you mean title?'
    ])
    assert.deepEqual(complaintsOf(`${PUSH}${PUSH}`), ['file:6:1: two connectors are called "a" | Give each a name of its own.'])
    assert.deepEqual(complaintsOf(`${PUSH}${PUSH.replace('"a"', '"b"')}`), ['file:8:1: "a" and "b" fill the same dataset "a" | One connector fills one dataset.'])
    assert.deepEqual(complaintsOf('[connector]\nname = "a"\n'), ['file:1:2: connector is not a section: there can be several | Write [[connector]] above the settings of each.'])
  })

  it('keep passwords and tokens from travelling in clear to others, unless somebody says so', () => {
    const mqtt = (more: string): string => `[[connector]]\nname = "a"\nkind = "mqtt"\ndataset = { id = "a", title = "A" }\nuser = "u"\n${more}\n`
    assert.match(complaintsOf(mqtt('broker = "mqtt://10.0.0.1:1883"'))[0] ?? '', /mqtts/)
    assert.match(complaintsOf(mqtt('broker = "mqtt://10.0.0.1:1883"\npassword_file = "p"').replace('user = "u"\n', ''))[0] ?? '', /mqtts/)
    for (const more of ['broker = "mqtt://127.0.0.1:1883"', 'broker = "mqtts://10.0.0.1:8883"', 'broker = "mqtt://10.0.0.1:1883"\ninsecure = true']) assert.deepEqual(complaintsOf(mqtt(more)), [])
    assert.match(complaintsOf('[mqtt]\nlisten = "0.0.0.0:1883"\n')[0] ?? '', /file:2: mqtt.listen: must be an address of this machine/)
    assert.deepEqual(complaintsOf('[mqtt]\nlisten = "0.0.0.0:1883"\ninsecure_lan = true\n'), [])
    assert.match(complaintsOf('[mqtt]\ntls_cert_file = "c"\n')[0] ?? '', /tls_key_file: must be set together/)
  })

  it('are written and taken out with all else as it was, comments too', async () => {
    const before = `# mine\n[log]\nlevel = "warn" # quiet\n\n${PUSH}# of the next\n[[connector]] # second\nname = "b"\nkind = "push"\n\n[connector.dataset]\nid = "b"\ntitle = "B"\n`
    const file = configFile(before)
    const added = declarationSchema.parse({ name: 'c', kind: 'push', format: 'csv', dataset: { id: 'c', title: 'It\'s "C"' } })
    assert.ok((await editConnectors(file, { add: added })).ok)
    const text = readFileSync(file, 'utf8')
    assert.ok(text.startsWith(before))
    assert.doesNotMatch(text.slice(before.length), /keywords|devices|theme/)
    const loaded = load(file)
    assert.ok(loaded.ok)
    assert.deepEqual(loaded.value.connectors.at(-1), added)
    assert.ok((await editConnectors(file, { remove: 'c' })).ok)
    assert.equal(readFileSync(file, 'utf8').trimEnd(), before.trimEnd())
    assert.ok((await editConnectors(file, { remove: 'a' })).ok)
    assert.equal(readFileSync(file, 'utf8').trimEnd(), before.replace(PUSH, '').trimEnd())
  })

  it('are not taken out of a file that is written in another way: a person is asked to', async () => {
    const file = configFile('connector = [{ name = "a", kind = "push", dataset = { id = "a", title = "A" } }]\n')
    const removed = await editConnectors(file, { remove: 'a' })
    assert.match(removed.ok ? '' : removed.failure.hint, /by hand/)
    const unread = await editConnectors(configFile('[[connector'), { add: declarationSchema.parse({ name: 'a', kind: 'push', dataset: { id: 'a', title: 'A' } }) })
    assert.equal(unread.ok, false)
  })

  it('come back as they were from any file they are written into', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.tuple(name, text, fc.constantFrom('json', 'csv', 'senml')), { maxLength: 4, selector: ([each]) => each }), fc.nat(), async (wanted, seed) => {
      const file = configFile('')
      const declarations = wanted.map(([each, title, format]) => declarationSchema.parse({ name: each, kind: 'push', format, dataset: { id: each, title } }))
      for (const declaration of declarations) assert.ok((await editConnectors(file, { add: declaration })).ok)
      const [first] = declarations.splice(seed % Math.max(1, declarations.length), 1)
      if (first !== undefined) assert.ok((await editConnectors(file, { remove: first.name })).ok)
      const loaded = load(file)
      assert.ok(loaded.ok)
      assert.deepEqual(loaded.value.connectors, declarations)
    }), { numRuns: 25 })
  })
})

describe('connectors of a running node', function () {
  this.timeout(120_000)
  const place = temporaryFolder()
  const node = new NodeProcess(join(place.path, 'node'))
  const run = async (...args: readonly string[]): Promise<Record<string, unknown>> => documentOf(await hanseHere([...args, '--data', node.folder, '--json']))

  after(async () => {
    await node.stop()
    place.remove()
  })

  it('are added, fed, looked at and removed from the command line, and are there again after a restart', async () => {
    await node.make('# a comment of mine')
    const added = await run('connector', 'add', '--name', 'counters', '--kind', 'push', '--id', 'counters', '--title', 'Bicycle counters', '--set', 'mapping.key=["station"]', '--set', 'mapping.time=at')
    assert.equal(added['datasetId'], 'counters')
    const stateIs = async (state: string): Promise<boolean> => {
      const shown = await node.client.connector('counters')
      return shown.ok && shown.value.status.state === state
    }
    await until(() => stateIs('running'))
    const rows = 'station,at,count\nA,2026-05-01T10:00:00Z,5\nB,2026-05-01T10:00:00Z,7\nB,soon,7\n'
    assert.deepEqual(await node.client.push('counters', 'text/csv', rows), { ok: true, value: { stored: 2, duplicates: 0, rejected: 1 } })
    await node.kill()
    await node.start()
    await until(() => stateIs('running'))
    assert.deepEqual(await node.client.push('counters', 'text/csv', rows), { ok: true, value: { stored: 0, duplicates: 2, rejected: 1 } })
    const letters = await run('connector', 'letters', 'counters')
    assert.deepEqual((letters['letters'] as { reason: string }[]).map(({ reason }) => reason), ['"soon" is no time written as iso', '"soon" is no time written as iso'])
    const [dead] = await datasets(node, 'dead-letters')
    assert.deepEqual(dead, { access: 'restricted', replicas: 'nobody', visibility: 'named' })
    const listed = await run('connector', 'list')
    assert.deepEqual((listed['connectors'] as { name: string, status: { counters: object } }[])[0]?.status.counters, { received: 1, stored: 0, duplicates: 2, rejected: 1, gaps: 0 })
    assert.equal((await run('connector', 'restart', 'counters'))['name'], 'counters')
    await run('connector', 'remove', 'counters')
    const toml = readFileSync(join(node.folder, 'hanse.toml'), 'utf8')
    assert.deepEqual([/connector/.test(toml), /# a comment of mine/.test(toml)], [false, true])
    const gone = await hanseHere(['connector', 'show', 'counters', '--data', node.folder])
    assert.deepEqual([gone.code !== 0, /There is no connector "counters"/.test(gone.error)], [true, true])
  })

  it('answer a push that they cannot take with why', async () => {
    const unknown = await node.client.push('nobody', 'application/json', '{}')
    assert.equal(unknown.ok ? '' : unknown.failure.code, 'not-found')
    await run('connector', 'add', '--name', 'bins', '--kind', 'mqtt', '--id', 'bins', '--title', 'Bins', '--set', 'broker=embedded')
    const notPush = await node.client.push('bins', 'application/json', '{}')
    assert.match(notPush.ok ? '' : notPush.failure.reason, /nothing can be pushed/)
    await until(async () => {
      const shown = await node.client.connector('bins')
      return shown.ok && shown.value.status.state === 'failed' && /mqtt\.listen/.test(shown.value.status.lastError?.sentence ?? '')
    })
  })
})

async function datasets (node: NodeProcess, id: string): Promise<readonly unknown[]> {
  const dataset = await node.client.dataset(id)
  if (!dataset.ok) return []
  const { access, terms } = dataset.value
  return [{ access, replicas: terms?.replicas, visibility: terms?.visibility }]
}
