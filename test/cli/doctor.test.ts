import { strict as assert } from 'node:assert'
import { chmodSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openStore } from '../../src/host/level/index.ts'
import { documentOf, hanse, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const at = (...names: readonly string[]): string => join(folder.path, ...names)

/** Free ports, so that the outcome does not depend on what else runs here. */
const PORTS = {
  HANSE_API__LISTEN: '127.0.0.1:0', HANSE_API__METRICS_LISTEN: '', HANSE_NETWORK__LISTEN: '/ip4/127.0.0.1/tcp/0', HANSE_NETWORK__JOIN_LISTEN: ''
}

async function doctor (data: string, environment: Readonly<Record<string, string>> = PORTS): Promise<Ran> {
  return hanseHere(['doctor', '--data', data], environment)
}

describe('doctor', () => {
  before(async () => {
    assert.equal((await hanseHere(['init', '--name', 'lubeck', '--data', at('node')])).code, 0)
  })
  after(folder.remove)

  it('finds a new node well, and says what it looked at', async () => {
    const ran = await hanse(['doctor', '--data', at('node'), '--json'], { environment: PORTS })
    assert.equal(ran.code, 0, ran.out)
    const { ok, checks } = documentOf(ran)
    assert.equal(ok, true)
    assert.ok(Array.isArray(checks))
    assert.deepEqual(checks.map(check => check.name),
      ['node version', 'settings', 'folder', 'disk', 'keys', 'store', 'signer', 'port 0', 'port 0', 'clock'])
  })

  it('finds each thing that is wrong, says how to mend it, and ends with exit code 1', async () => {
    chmodSync(at('node', 'keys', 'node.key'), 0o644)
    const loose = await doctor(at('node'))
    assert.equal(loose.code, 1)
    assert.match(loose.out, /fail {2}keys .*\n +Run chmod 600 .*node\.key/)
    chmodSync(at('node', 'keys', 'node.key'), 0o600)

    const store = await openStore(at('node', 'store'), {})
    const locked = await doctor(at('node'))
    await store.close()
    assert.equal(locked.code, 1)
    assert.match(locked.out, /fail {2}store /)

    assert.match((await doctor(at('none'))).out, /fail {2}folder +There is no node in .*\n +Run hanse init/)
    assert.match((await doctor(at('node'), { ...PORTS, HANSE_API__LISTEN: '0.0.0.0:1' })).out, /fail {2}settings .*loopback/)
    writeFileSync(at('node', 'future'), '')
    utimesSync(at('node', 'future'), Date.now() / 1000 + 90_000, Date.now() / 1000 + 90_000)
    const ahead = await doctor(at('node'))
    assert.equal(ahead.code, 0)
    assert.match(ahead.out, /warn {2}clock .*it went back/)
    rmSync(at('node', 'future'))
  })

  it('finds a port that another program has', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const taken = await doctor(at('node'), { ...PORTS, HANSE_NETWORK__LISTEN: `/ip4/127.0.0.1/tcp/${address.port}` })
    await new Promise(resolve => server.close(resolve))
    assert.equal(taken.code, 1)
    assert.match(taken.out, new RegExp(`fail {2}port ${address.port} .*another program has it`))
  })

  it('finds a database that is gone or not what it was', async () => {
    assert.equal((await hanseHere(['init', '--name', 'gone', '--data', at('gone')])).code, 0)
    rmSync(at('gone', 'store'), { recursive: true })
    const gone = await doctor(at('gone'))
    assert.equal(gone.code, 1)
    assert.match(gone.out, /fail {2}store .*is gone/)
    rmSync(at('gone', 'keys', 'node.key'))
    assert.match((await doctor(at('gone'))).out, /fail {2}keys .*node\.key is missing\n +Restore it/)
  })

  it('gives a node whose store cannot be opened an empty one, and keeps the old one and all else', async () => {
    assert.equal((await hanseHere(['init', '--name', 'broken', '--data', at('broken')])).code, 0)
    const manifest = readdirSync(at('broken', 'store')).find(name => name.startsWith('MANIFEST'))
    assert.ok(manifest !== undefined)
    writeFileSync(at('broken', 'store', manifest), 'not what LevelDB wrote')
    const found = await doctor(at('broken'))
    assert.equal(found.code, 1)
    assert.match(found.out, /fail {2}store .*\n +Run hanse doctor --rebuild/)

    const signer = await openStore(at('broken', 'signer'), {})
    assert.equal((await hanseHere(['doctor', '--rebuild', '--data', at('broken')], PORTS)).code, 1, 'a process has it')
    await signer.commit([{ type: 'put', key: new TextEncoder().encode('gpromise'), value: Uint8Array.of(1) }])
    await signer.close()
    const lost = await hanseHere(['doctor', '--rebuild', '--data', at('broken')], PORTS)
    assert.equal(lost.code, 1)
    assert.match(lost.error, /charter\.cbor is missing/)
    assert.deepEqual(readdirSync(at('broken')).filter(name => name.includes('damaged')), [], 'nothing was changed')

    writeFileSync(at('broken', 'charter.cbor'), 'a charter', { mode: 0o600 })
    const rebuilt = await hanse(['doctor', '--rebuild', '--data', at('broken'), '--json'], { environment: PORTS })
    assert.equal(rebuilt.code, 0, rebuilt.error)
    const { setAside, ownFeedsToFetchBack } = documentOf(rebuilt)
    assert.equal(ownFeedsToFetchBack, 1)
    assert.equal(readFileSync(join(String(setAside), manifest), 'utf8'), 'not what LevelDB wrote')
    assert.equal((await doctor(at('broken'))).code, 0)
  })
})
