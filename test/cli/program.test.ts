import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_FLAGS, SOURCES } from '../../scripts/program.ts'

describe('the first line of the command', () => {
  it('names flags that this Node knows, and npm uses the same', () => {
    assert.ok(NODE_FLAGS.length > 0 && NODE_FLAGS.every(flag => /^--[a-z-]+=\d+$/.test(flag)), NODE_FLAGS.join(' '))
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> }
    assert.equal(scripts['hanse'], `exec node ${NODE_FLAGS.join(' ')} src/cli/main.ts`)
    assert.match(execFileSync(process.execPath, [...NODE_FLAGS, SOURCES, '--version'], { encoding: 'utf8' }), /\d+\.\d+\.\d+/)
  })
})
