import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../scripts/ports.ts'

const PROCESSES = 4
/** More than a block. */
const PORTS = 120

describe('ports for tests', () => {
  it('are given to one process alone, however many ask at once, and to none twice', async function () {
    if (process.platform !== 'linux') this.skip()
    const program = `
      import { freePort } from '${new URL('../../scripts/ports.ts', import.meta.url).href}'
      console.log((await Promise.all(Array.from({ length: ${PORTS} }, freePort))).join(' '))
      // Until the others have theirs: a block is free again when its process is gone.
      process.stdin.on('end', () => process.exit()).resume()
    `
    const children = Array.from({ length: PROCESSES }, () => spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }))
    const saying = Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data') as [Buffer])[0])))
    const own = await Promise.all(Array.from({ length: PORTS }, freePort))
    const said = await saying
    for (const { stdin } of children) stdin.end()
    const given = [...own, ...said.flatMap(line => line.trim().split(' ').map(Number))]
    assert.equal(given.length, (PROCESSES + 1) * PORTS)
    assert.equal(new Set(given).size, given.length)
  })
})
