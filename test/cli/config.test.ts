import { strict as assert } from 'node:assert'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { loadConfig, SETTINGS, type LoadOptions } from '../../src/cli/config/index.ts'
import { documentOf, hanse, hanseHere, temporaryFolder } from './support.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'

const folder = temporaryFolder()
let files = 0

function configFile (content: string | Uint8Array): string {
  const path = join(folder.path, `${++files}.toml`)
  writeFileSync(path, content)
  return path
}

function complaintsOf (content: string | Uint8Array, rest: Partial<LoadOptions> = {}): string[] {
  const file = configFile(content)
  const loaded = loadConfig({ data: undefined, config: file, environment: {}, ...rest })
  return loaded.ok ? [] : loaded.failure.map(({ where, reason, hint }) => `${where.replace(file, 'file')}: ${reason} | ${hint}`)
}

describe('settings', () => {
  after(folder.remove)

  it('come from flags before the environment before the file before the default, and say so', async () => {
    const file = configFile('[log]\nlevel = "warn"\n[storage]\nlinger_ms = 7\nscrub_hours = 8\n')
    const loaded = loadConfig({
      data: '/d', config: file, environment: { HANSE_STORAGE__LINGER_MS: '9', HANSE_LOG__LEVEL: 'error', HANSE_DATA: 'ours', HOME: '/' },
      flags: new Map([['log.level', { flag: '--log', text: 'debug' }]])
    })
    assert.ok(loaded.ok)
    const { config, settings, folder: data } = loaded.value
    assert.deepEqual([config.log.level, config.storage.linger_ms, config.storage.scrub_hours, config.sync.datasets, data],
      ['debug', 9, 8, 'all', '/d'])
    const source = (path: string): unknown => settings.find(each => each.path === path)?.source
    assert.deepEqual(source('log.level'), { type: 'flag', flag: '--log' })
    assert.deepEqual(source('storage.linger_ms'), { type: 'environment', variable: 'HANSE_STORAGE__LINGER_MS' })
    assert.deepEqual(source('storage.scrub_hours'), { type: 'file', file, line: 5 })
    assert.deepEqual(source('sync.datasets'), { type: 'default' })
    const shown = await hanse(['config', 'get', 'storage', '--config', file], { environment: { HANSE_STORAGE__LINGER_MS: '9' } })
    assert.equal(shown.code, 0)
    assert.match(shown.out, /storage\.linger_ms +9 +HANSE_STORAGE__LINGER_MS/)
  })

  it('that nobody knows are refused with their place and the nearest name', () => {
    assert.deepEqual(complaintsOf('[network]\nlan = true\n  lsten = []\n'),
      ['file:3:3: there is no setting network.lsten | Did you mean network.listen?'])
    assert.deepEqual(complaintsOf('network.profil = "normal"\n'), ['file:1:1: there is no setting network.profil | Did you mean network.profile?'])
    assert.deepEqual(complaintsOf('\n[netwrok]\nlan = true\n'), ['file:2:2: there is no setting netwrok | Did you mean network?'])
    assert.deepEqual(complaintsOf('log = { levl = "info" }\n'), ['file:1:1: there is no setting log.levl | Did you mean log.level?'])
    assert.deepEqual(complaintsOf('[member]\nname = """\n[log]\nlevl = 1\n"""\n[log]\nlevl = "x"\n'),
      ['file:7:1: there is no setting log.levl | Did you mean log.level?'])
    assert.deepEqual(complaintsOf('', { environment: { HANSE_LOG__LEVL: 'info' } }), ['HANSE_LOG__LEVL: this variable sets nothing | Did you mean HANSE_LOG__LEVEL?'])
    assert.deepEqual(complaintsOf('log = 1\n'), ['file:1:1: log is a section, not a value | Write [log] above its settings.'])
  })

  it('that are wrong are refused all at once, where they were set', () => {
    const complaints = complaintsOf('[api]\nlisten = "0.0.0.0:80"\n\n[storage]\nlinger_ms = 1.5\n[member]\nplace = "95,10"\n', {
      environment: { HANSE_NETWORK__LAN: 'perhaps' }
    })
    assert.deepEqual(complaints, ['HANSE_NETWORK__LAN: "perhaps" is not true or false | Finds members on the local network, and dials private addresses.'])
    const rest = complaintsOf('[api]\nlisten = "0.0.0.0:80"\n\n[storage]\nlinger_ms = 1.5\n[member]\nplace = "95,10"\n')
    assert.deepEqual(rest.map(line => line.split(' ')[0]), ['file:7:', 'file:2:', 'file:5:'])
    assert.match(rest.join('\n'), /must be a loopback address/)
  })

  it('of a broken file are refused with line and column and exit code 78', async () => {
    const file = configFile('[log]\nlevel = \n')
    const ran = await hanse(['config', 'validate', '--config', file])
    assert.equal(ran.code, 78)
    assert.match(ran.error, new RegExp(`error: ${file}:2:9: `))
    assert.equal((await hanseHere(['config', 'get', '--config', join(folder.path, 'none.toml')])).code, 78)
    assert.equal((await hanseHere(['config', 'get', '--config', folder.path])).code, 78)
    assert.equal((await hanseHere(['config', 'get', '--config', configFile(new Uint8Array([0xff, 0xfe, 0]))])).code, 78)
    assert.equal((await hanseHere(['config', 'get'], { HANSE_X: '1', HOME: '/' })).code, 78)
  })

  it('survive being exported and read again', async () => {
    await fc.assert(fc.asyncProperty(
      fc.string({ maxLength: 60, unit: 'grapheme' }).map(text => text.toWellFormed()), fc.integer({ min: 0, max: 10_000 }), fc.boolean(),
      fc.constantFrom('/ip4/10.0.0.1/tcp/1', '/dns4/a.example/tcp/65535'),
      async (name, lingerMs, lan, address) => {
        const environment = {
          HANSE_MEMBER__NAME: name, HANSE_STORAGE__LINGER_MS: String(lingerMs), HANSE_NETWORK__LAN: String(lan), HANSE_NETWORK__LISTEN: `${address},${address}`
        }
        const exported = await hanseHere(['config', 'export', '--data', folder.path], environment)
        assert.equal(exported.code, 0, exported.error)
        const again = loadConfig({ data: undefined, config: configFile(exported.out), environment: {} })
        const before = loadConfig({ data: folder.path, config: undefined, environment })
        assert.ok(again.ok && before.ok)
        assert.deepEqual(again.value.config, before.value.config)
        assert.equal(again.value.folder, folder.path)
      }
    ), { numRuns: 60 })
  })

  it('name the folder of the file they are in, or none', () => {
    const own = join(folder.path, 'own')
    mkdirSync(own)
    writeFileSync(join(own, 'hanse.toml'), '[node]\ndata = "."\n')
    assert.ok(loadConfig({ data: own, config: undefined, environment: {} }).ok)
    writeFileSync(join(own, 'hanse.toml'), '[node]\ndata = "/elsewhere"\n')
    assert.ok(!loadConfig({ data: own, config: undefined, environment: {} }).ok)
    const named = loadConfig({ data: undefined, config: join(own, 'hanse.toml'), environment: {} })
    assert.ok(named.ok)
    assert.equal(named.value.folder, '/elsewhere')
    writeFileSync(join(own, 'hanse.toml'), '[member]\npassphrase_file = "secret"\n')
    const relative = loadConfig({ data: own, config: undefined, environment: {} })
    assert.ok(relative.ok)
    assert.equal(relative.value.config.member.passphrase_file, join(own, 'secret'))
  })

  it('name a provider only over TLS, with a name of this console and roles that there are', () => {
    const written = (lines: string): readonly string[] => complaintsOf(`[provider]\n${lines}\n`)
    assert.deepEqual(written('issuer = "https://login.bellevue.example/realms/city"\nclient_id = "hanse"\nroles = ["gis team publisher", "clerks viewer"]'), [])
    assert.deepEqual(written('issuer = "http://127.0.0.1:8080"\nclient_id = "hanse"'), [])
    const wrong = ['issuer = "http://login.bellevue.example"\nclient_id = "hanse"', 'issuer = "https://x@login.example"\nclient_id = "hanse"', 'issuer = "https://login.example"', 'roles = ["clerks king"]', 'scope = "profile"']
    for (const lines of wrong) assert.equal(written(lines).length, 1, lines)
  })

  it('are described for editors', async () => {
    const { schema } = documentOf(await hanse(['config', 'schema', '--json']))
    const text = JSON.stringify(schema)
    for (const { path, help } of SETTINGS) {
      assert.ok(text.includes(`"${path.split('.')[1]}":`), path)
      assert.notEqual(help, '', path)
    }
    assert.match(text, /"additionalProperties":false/)
  })

  it('never fail with a trace, whatever a mutated file holds', async function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const right = (await hanseHere(['config', 'export', '--data', folder.path])).out
    const mutation = fc.record({ at: fc.nat(right.length), cut: fc.nat(20), put: fc.oneof(fc.string({ maxLength: 10, unit: 'binary' }), fc.constantFrom('\n', '"', '[', ']', '=', '"""', '__proto__ = 1\n', '[constructor]\n', '9e999', '1979-05-27')) })
    await fc.assert(fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async mutations => {
      const content = mutations.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), right)
      const { code, error } = await hanseHere(['config', 'validate', '--config', configFile(content)])
      assert.ok(code === 0 || code === 78, `${code} ${error}`)
      assert.equal(code === 0, error === '')
      assert.doesNotMatch(error, /^\s+at |unexpectedly/m)
    }), { numRuns: framesOf(400) })
  })
})
