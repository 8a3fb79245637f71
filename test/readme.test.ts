/** Holds README.md to what there is: command lines as the command line itself parses them, scripts, paths, settings. */
import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from '../src/cli/commands.ts'
import { SETTINGS } from '../src/cli/config/index.ts'
import { callOf, createTerminal, readGlobals } from '../src/cli/terminal/index.ts'

const ROOT = join(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
/** Words that stand for what a reader puts there. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['COMMAND'])

const terminal = createTerminal({ json: 'no', quiet: true, noInput: true }, {
  writeOut: async () => undefined, writeError: () => undefined, inputIsTerminal: false, outputIsTerminal: false, errorIsTerminal: false,
  errorColumns: 80, environment: {}
})

/** All code: what is between backticks, and each line of a block, without what a wide gap sets apart as a remark. */
function codeOf (markdown: string): readonly string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'))
  const spans = [...markdown.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return [...blocks.flatMap(line => line.split(/ {3,}/)), ...spans].flatMap(line => line.split(' && ')).map(line => line.trim())
}

/** The words of a command line as a shell splits them. */
function wordsOf (line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '')
}

function complaintOf (line: string): string | undefined {
  const words = wordsOf(line).slice(1)
  if (words.some(word => PLACEHOLDERS.has(word))) return undefined
  const [first = '', second = ''] = readGlobals(words).words
  const command = COMMANDS.find(({ name }) => name === `${first} ${second}`) ?? COMMANDS.find(({ name }) => name === first)
  if (command === undefined) return 'there is no such command'
  const call = callOf(words, command, { environment: {}, terminal, signal: AbortSignal.abort() })
  return call.ok ? undefined : call.failure.reason
}

describe('README.md', () => {
  const code = codeOf(README)

  it('gives command lines that the command line understands', () => {
    const lines = code.filter(line => line.startsWith('hanse '))
    assert.ok(lines.length > 20, `${lines.length} command lines found`)
    assert.deepEqual(lines.map(line => [line, complaintOf(line)]).filter(([, complaint]) => complaint !== undefined), [])
  })

  it('would be caught giving one that is wrong', () => {
    for (const line of ['hanse pubish x.csv', 'hanse get', 'hanse ls --txt bicycle', 'hanse bundle make a -o', 'hanse status now']) {
      assert.notEqual(complaintOf(line), undefined, line)
    }
  })

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> }
    const named = code.flatMap(line => [...line.matchAll(/\bnpm run (?:-- )?([\w:-]+)/g)].map(([, name = '']) => name))
    assert.ok(named.length > 3, `${named.length} scripts found`)
    assert.deepEqual(named.filter(name => scripts[name] === undefined), [])
  })

  it('names paths that exist', () => {
    const named = code.filter(line => /^(?:src|test|docker|scripts|config)\/\S+$/.test(line))
    assert.ok(named.length > 0)
    assert.deepEqual(named.filter(path => !existsSync(join(ROOT, path))), [])
  })

  it('names settings that there are', () => {
    const paths = new Set(SETTINGS.map(({ path }) => path))
    const sections = new Set(SETTINGS.map(({ path }) => path.split('.')[0]))
    const named = code.filter(line => /^[a-z]+\.(?!json|toml)[a-z_]+$/.test(line) && sections.has(line.split('.')[0]))
    assert.ok(named.length > 0)
    assert.deepEqual(named.filter(path => !paths.has(path)), [])
  })
})
