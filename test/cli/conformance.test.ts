import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hanseHere, temporaryFolder } from './support.ts'

const folder = temporaryFolder()
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const ON = { HANSE_CONFORMANCE__ENABLED: 'true', HANSE_CONFORMANCE__LISTEN: '127.0.0.1:0', HANSE_LOG__LEVEL: 'error' }

async function start (data: string): Promise<{ readonly text: string, readonly code: number | null }> {
  const node = spawn(process.execPath, [MAIN, 'start', '--data', data], { env: { ...process.env, ...ON } })
  let text = ''
  const out = (chunk: Buffer): void => {
    text += String(chunk)
    if (text.includes('Ctrl-C')) node.kill('SIGTERM')
  }
  node.stdout.on('data', out)
  node.stderr.on('data', out)
  // Not `exit`: what it said last may come after it has gone.
  const [code] = await once(node, 'close') as [number | null]
  return { text, code }
}

describe('conformance mode', () => {
  const data = join(folder.path, 'node')
  before(async () => { assert.equal((await hanseHere(['init', '--name', 'Kit', '--data', data])).code, 0) })
  after(() => { folder.remove() })

  it('is never on by itself, and loud where it is on', async () => {
    assert.match((await hanseHere(['config', 'get', 'conformance.enabled', '--data', data])).out, /false/)
    const { text, code } = await start(data)
    assert.match(text, /CONFORMANCE MODE/)
    assert.match(text, /kit +http:\/\/127\.0\.0\.1:\d+\/dsp/)
    assert.equal(code, 0)
  })

  it('refuses a folder that belongs to a federation', async () => {
    writeFileSync(join(data, 'charter.cbor'), 'a charter', { mode: 0o600 })
    const { text, code } = await start(data)
    assert.match(text, /belongs to a federation, and conformance mode would let anybody in/)
    assert.equal(code, 1)
  })
})
