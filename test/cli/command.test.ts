import { strict as assert } from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import fc from 'fast-check'
import { COMMANDS } from '../../src/cli/commands.ts'
import { documentOf, hanse, hanseHere, temporaryFolder } from './support.ts'

const folder = temporaryFolder()

describe('hanse', () => {
  after(folder.remove)

  it('explains itself without a command, with help and with --help', async () => {
    const alone = await hanse([])
    assert.equal(alone.code, 0)
    for (const { name } of COMMANDS) assert.ok(alone.out.includes(`  ${name} `), name)
    assert.equal((await hanseHere(['--help'])).out, alone.out)
    assert.equal((await hanseHere(['help'])).out, alone.out)
  })

  it('explains each command with an example that names it', async () => {
    for (const { name, examples } of COMMANDS) {
      const { code, out } = await hanseHere([...name.split(' '), '--help'])
      assert.equal(code, 0)
      assert.ok(out.includes(`hanse ${name}`), name)
      for (const example of examples) assert.ok(example.includes(`hanse ${name}`), example)
    }
  })

  it('names the nearest command and option for a mistyped one, with exit code 2', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [['vesrion'], /There is no command "vesrion"\.\n {2}Did you mean hanse version\?/],
      [['config', 'epxort'], /Did you mean hanse config export\?/],
      [['config'], /group of commands\.\n {2}Choose one: hanse config get/],
      [['version', '--jsno'], /has no option --jsno\.\n {2}Did you mean --json\?/],
      [['version', 'now'], /has no use for "now"/],
      [['version', '--data'], /--data needs a value/],
      [['version', '--quiet=yes'], /--quiet takes no value/],
      [['version', '--data', 'a', '--data', 'b'], /--data is given twice/],
      [['completion'], /needs SHELL: bash, zsh or fish/],
      [['completion', 'csh'], /no completion for "csh"/],
      [['help', 'vresion'], /Did you mean hanse help version\?/],
      [['\u001b[31m'], /There is no command ""/]
    ]
    for (const [args, expected] of cases) {
      const { code, out, error } = await hanseHere(args)
      assert.equal(code, 2, args.join(' '))
      assert.equal(out, '')
      assert.match(error, expected)
    }
    assert.equal((await hanse(['vesrion'])).code, 2)
  })

  it('answers with one document of a known version under --json, also for failures, before or behind the command', async () => {
    for (const args of [['version', '--json'], ['--json', 'version'], ['--ndjson', 'version'], ['help', '--json'], ['config', 'get', '--json']]) {
      const ran = await hanse([...args, '--data', folder.path])
      assert.equal(ran.code, 0, ran.error)
      assert.equal(documentOf(ran)['schemaVersion'], 1)
    }
    documentOf(await hanseHere(['--data', '--json']))
    const failed = documentOf(await hanse(['nonsense', '--json']))
    assert.deepEqual(Object.keys(failed), ['schemaVersion', 'error'])
  })

  it('ends quietly when nobody reads on', async () => {
    const child = spawn('/bin/sh', ['-c', `"${process.execPath}" src/cli/main.ts config schema; echo "code $?" >&2`], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let error = ''
    child.stderr.on('data', chunk => { error += String(chunk) })
    await once(child, 'close')
    assert.equal(error, 'code 0\n')
  })

  it('never fails with a trace, whatever the words', async () => {
    const words = [...new Set(COMMANDS.flatMap(({ name, options }) => [...name.split(' '), ...options.map(each => `--${each.name}`)]))]
      .filter(word => word !== 'init' && word !== 'restore')
    const word = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.constantFrom('--json', '--ndjson', '--quiet', '-q', '--no-input', '--', '-', '--help=x', '--config', '--data', '-h', '-xyz', '--__proto__', '__proto__') },
      { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: 'binary' }) }
    )
    await fc.assert(fc.asyncProperty(fc.array(word, { maxLength: 6 }), async args => {
      const { code, out, error } = await hanseHere([...args, '--data', join(folder.path, 'none'), '--no-input'])
      assert.ok([0, 1, 2, 3, 4, 78].includes(code ?? -1), `code ${code}`)
      assert.doesNotMatch(error, /^\s+at |unexpectedly/m)
      if (args.includes('--json') && !args.includes('--ndjson') && !args.includes('--')) JSON.parse(out)
    }), { numRuns: 400 })
  })

  describe('completion', () => {
    it('gives each shell a script that its shell can read', async () => {
      for (const shell of ['bash', 'zsh', 'fish']) {
        const { code, out } = await hanseHere(['completion', shell])
        assert.equal(code, 0)
        const checked = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' })
        if (checked.error !== undefined) process.stdout.write(`      no ${shell} here: its script was not checked\n`)
        else assert.equal(checked.stderr, '')
      }
    })

    it('completes commands, second words and options in bash', async function () {
      const { out } = await hanseHere(['completion', 'bash'])
      const complete = (...line: readonly string[]): string[] => {
        const script = `${out}\nCOMP_WORDS=(${line.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _hanse; printf '%s\\n' "\${COMPREPLY[@]}"`
        return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split('\n')
      }
      assert.deepEqual(complete('hanse', 'vers'), ['version'])
      assert.deepEqual(complete('hanse', '--data', 'x', 'config', 'ex'), ['export'])
      assert.deepEqual(complete('hanse', 'version', '--js'), ['--json'])
      assert.deepEqual(complete('hanse', 'completion', ''), ['bash', 'zsh', 'fish'])
    })
  })
})
