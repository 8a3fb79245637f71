import { strict as assert } from 'node:assert'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '../../src/base/index.ts'
import { readKeys } from '../../src/cli/keys/index.ts'
import { openStore } from '../../src/host/level/index.ts'
import { documentOf, hanse, hanseHere, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const at = (...names: readonly string[]): string => join(folder.path, ...names)
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('keys', () => {
  before(() => {
    writeFileSync(at('secret'), 'four words that match\nsecond line\n')
    writeFileSync(at('other'), 'five words that do not match\n')
  })
  after(folder.remove)

  describe('init', () => {
    it('makes folder, keys, settings and databases, for its owner alone', async () => {
      const ran = await hanse(['init', '--name', 'City of Bellevue', '--place', '47.61,-122.20', '--data', at('bellevue'), '--json'])
      assert.equal(ran.code, 0, ran.error)
      const { member } = documentOf(ran)
      assert.match(JSON.stringify(member), /did:key:z6Mk/)
      assert.deepEqual(readdirSync(at('bellevue')).toSorted(), ['hanse.toml', 'keys', 'signer', 'signer.marker', 'store', 'store.marker'])
      assert.deepEqual([modeOf(at('bellevue')), modeOf(at('bellevue', 'keys')), modeOf(at('bellevue', 'store'))], ['700', '700', '700'])
      assert.deepEqual(['root.key', 'node.key'].map(name => modeOf(at('bellevue', 'keys', name))), ['600', '600'])
      const settings = await hanseHere(['config', 'get', 'member', '--data', at('bellevue')])
      assert.match(settings.out, /member\.name +City of Bellevue/)
      assert.match(settings.out, /member\.place +47\.61,-122\.20/)
      const store = await openStore(at('bellevue', 'store'), {})
      await store.close()
    })

    it('refuses to overwrite a node or to move into a folder in use, and changes nothing there', async () => {
      const before = readFileSync(at('bellevue', 'keys', 'root.key'))
      const again = await hanseHere(['init', '--name', 'x', '--data', at('bellevue')])
      assert.equal(again.code, 1)
      assert.match(again.error, /There is a node in .* already/)
      assert.ok(equalBytes(readFileSync(at('bellevue', 'keys', 'root.key')), before))
      mkdirSync(at('used'))
      writeFileSync(at('used', 'file'), '')
      assert.equal((await hanseHere(['init', '--name', 'x', '--data', at('used')])).code, 1)
      assert.deepEqual(readdirSync(at('used')), ['file'])
      assert.equal((await hanseHere(['init', '--name', 'x', '--data', at('secret')])).code, 2)
    })

    it('takes an empty folder that is there already, as a container mounts it', async () => {
      mkdirSync(at('mounted'), { mode: 0o755 })
      assert.equal((await hanseHere(['init', '--name', 'x', '--data', at('mounted')])).code, 0)
      assert.equal(modeOf(at('mounted')), '700')
    })

    it('refuses names and places that are none', async () => {
      for (const args of [[], ['--name', ''], ['--name', ' '], ['--name', 'x'.repeat(129)], ['--name', 'a\nb'], ['--name', 'x', '--place', '91,0'], ['--name', 'x', '--place', 'here'], ['--name', 'x', '--passphrase-file', at('none')]]) {
        const { code, error } = await hanseHere(['init', ...args, '--data', at('refused')])
        assert.equal(code, 2, `${args.join(' ')}: ${error}`)
      }
      assert.equal(existsSync(at('refused')), false)
      assert.equal((await hanseHere(['init', '--name', 'x', '--place', '-33.87,151.21', '--data', at('sydney')])).code, 0)
    })

    it('locks the member key with a passphrase, and the node starts without it', async () => {
      assert.equal((await hanseHere(['init', '--name', 'locked', '--data', at('locked'), '--passphrase-file', at('secret')])).code, 0)
      const without = await readKeys(at('locked'), undefined)
      assert.ok(without.ok)
      assert.equal(without.value.rootLocked, true)
      assert.equal(without.value.seeds.root, undefined)
      const opened = await readKeys(at('locked'), 'four words that match')
      assert.ok(opened.ok)
      assert.equal(opened.value.seeds.root?.length, 32)
      const wrong = await readKeys(at('locked'), 'five words that do not match')
      assert.ok(!wrong.ok)
      assert.equal(wrong.failure.code, 'not-opened')
    })
  })

  describe('read', () => {
    it('refuses files and folders that others may read, with the command that mends it', async () => {
      assert.equal((await hanseHere(['init', '--name', 'loose', '--data', at('loose')])).code, 0)
      const file = at('loose', 'keys', 'node.key')
      chmodSync(file, 0o640)
      const loose = await readKeys(at('loose'), undefined)
      assert.ok(!loose.ok)
      assert.deepEqual([loose.failure.code, loose.failure.hint], ['loose-mode', `Run chmod 600 ${file}`])
      chmodSync(file, 0o600)
      chmodSync(at('loose', 'keys'), 0o755)
      const open = await readKeys(at('loose'), undefined)
      assert.ok(!open.ok)
      assert.equal(open.failure.hint, `Run chmod 700 ${at('loose', 'keys')}`)
    })

    it('sees a damaged file and a key of another member', async () => {
      for (const name of ['damaged', 'mixed']) assert.equal((await hanseHere(['init', '--name', name, '--data', at(name)])).code, 0)
      writeFileSync(at('mixed', 'keys', 'root.key'), readFileSync(at('damaged', 'keys', 'root.key')))
      const mixed = await readKeys(at('mixed'), undefined)
      assert.ok(!mixed.ok)
      assert.equal(mixed.failure.code, 'mismatch')
      const bytes = readFileSync(at('damaged', 'keys', 'node.key'))
      bytes[60] = (bytes[60] ?? 0) ^ 1
      writeFileSync(at('damaged', 'keys', 'node.key'), bytes)
      const damaged = await readKeys(at('damaged'), undefined)
      assert.ok(!damaged.ok)
      assert.equal(damaged.failure.code, 'damaged')
    })
  })

  describe('backup and restore', () => {
    it('bring the same member back into an empty folder, marked as restored', async () => {
      writeFileSync(at('bellevue', 'charter.cbor'), 'as the node keeps it', { mode: 0o600 })
      const written = await hanse(['key', 'backup', at('b.backup'), '--data', at('bellevue'), '--passphrase-file', at('secret')])
      assert.equal(written.code, 0, written.error)
      assert.equal(modeOf(at('b.backup')), '600')
      const restored = await hanse(['key', 'restore', at('b.backup'), '--data', at('again'), '--passphrase-file', at('secret')])
      assert.equal(restored.code, 0, restored.error)
      assert.match(restored.out, /must not run beside the original/)
      for (const file of ['keys/root.key', 'keys/node.key', 'hanse.toml', 'charter.cbor']) {
        assert.ok(equalBytes(readFileSync(at('again', file)), readFileSync(at('bellevue', file))), file)
      }
      const marker: unknown = JSON.parse(readFileSync(at('again', 'restored'), 'utf8'))
      assert.ok(typeof marker === 'object' && marker !== null && 'instance' in marker)
      assert.equal((await hanseHere(['key', 'restore', at('b.backup'), '--data', at('again'), '--passphrase-file', at('secret')])).code, 1)
      assert.match((await hanseHere(['doctor', '--data', at('again')])).out, /warn {2}restored/)
    })

    it('refuse a wrong passphrase, a changed byte, a file that is no backup, and write nothing then', async () => {
      const restore = async (file: string, ...rest: readonly string[]): Promise<number | null> =>
        (await hanseHere(['key', 'restore', file, '--data', at('nothing'), ...rest])).code
      assert.equal(await restore(at('b.backup'), '--passphrase-file', at('other')), 7)
      assert.equal(await restore(at('b.backup')), 2)
      assert.equal(await restore(at('none')), 4)
      assert.equal(await restore(at('secret')), 7)
      assert.equal(await restore(folder.path), 1)
      const bytes = readFileSync(at('b.backup'))
      bytes[200] = (bytes[200] ?? 0) ^ 1
      writeFileSync(at('changed.backup'), bytes)
      assert.equal(await restore(at('changed.backup'), '--passphrase-file', at('secret')), 7)
      writeFileSync(at('short.backup'), bytes.subarray(0, 100))
      assert.equal(await restore(at('short.backup'), '--passphrase-file', at('secret')), 7)
      assert.equal(existsSync(at('nothing')), false)
    })

    it('keep the passphrase of the member key, and never write over a file', async () => {
      const first = await hanseHere(['key', 'backup', at('l.backup'), '--data', at('locked'), '--unprotected', '--json'])
      assert.equal(first.code, 0, first.error)
      assert.deepEqual([documentOf(first)['protected'], documentOf(first)['rootProtected']], [false, true])
      const bytes = readFileSync(at('l.backup'))
      assert.equal((await hanseHere(['key', 'backup', at('l.backup'), '--data', at('locked'), '--unprotected'])).code, 1)
      assert.ok(equalBytes(readFileSync(at('l.backup')), bytes))
      assert.equal((await hanseHere(['key', 'restore', at('l.backup'), '--data', at('unlocked')])).code, 0)
      const keys = await readKeys(at('unlocked'), 'four words that match')
      assert.ok(keys.ok && keys.value.seeds.root !== undefined)
    })

    it('need a passphrase that is long enough, or the word that none is wanted', async () => {
      writeFileSync(at('weak'), 'short\n')
      writeFileSync(at('empty'), '\n')
      for (const args of [[], ['--passphrase-file', at('weak')], ['--passphrase-file', at('empty')], ['--passphrase-file', folder.path]]) {
        assert.equal((await hanseHere(['key', 'backup', at('w.backup'), '--data', at('bellevue'), ...args])).code, 2, args.join(' '))
      }
      assert.equal(existsSync(at('w.backup')), false)
      assert.equal((await hanseHere(['key', 'backup', at('w.backup'), '--data', at('nowhere')])).code, 4)
      assert.equal((await hanseHere(['key', 'backup', at('no', 'w.backup'), '--data', at('bellevue'), '--unprotected'])).code, 1)
    })
  })
})
