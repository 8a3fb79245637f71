/**
 * Has schemathesis make requests from the OpenAPI document and look at every answer: `node scripts/fuzz/schemathesis.ts [ARGUMENTS]`.
 *
 * Starts a node of its own in a temporary folder, founds a federation of one and publishes a stream and a table. Takes schemathesis from
 * PyPI, once, into a virtual environment in the temporary folder; needs Python 3.10 or later with `venv`. Arguments go to `schemathesis
 * run`, for instance `--max-examples 200 --seed 7`. Left out are streams without an end, which it would wait for, the call that
 * stops the node, and `/readyz`, whose 503 is an answer. Ends by its code; 2 where something is missing. `bodies.py` says how bodies are sent that no schema describes.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openApi } from '../../src/sdk/openapi/index.ts'
import { freePort } from '../ports.ts'

const VERSION = '4.32.5'
const START_TIMEOUT_MS = 60_000
const MAX_EXAMPLES = '40'
/** What a schema cannot say: rules over several fields, ids that lead nowhere, parts of a stream of records. Such a request may be refused. */
const CHECKS_LEFT_OUT = 'positive_data_acceptance'

const root = join(import.meta.dirname, '../..')
const say = (text: string): void => { process.stdout.write(`${text}\n`) }

class Missing extends Error {}

function schemathesis (): string {
  const environment = join(tmpdir(), `hanse-schemathesis-${VERSION}`)
  const program = join(environment, 'bin/schemathesis')
  if (existsSync(program)) return program
  say(`Takes schemathesis ${VERSION} into ${environment}`)
  if (spawnSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' }).status !== 0) throw new Missing('Python is missing: install python3 and python3-venv.')
  const installed = spawnSync(join(environment, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`], { stdio: 'inherit' })
  if (installed.status !== 0) throw new Missing('schemathesis could not be installed: is a registry of Python packages reachable?')
  return program
}

function hanse (folder: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'src/cli/main.ts'), ...args, '--data', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`hanse ${args.join(' ')}: ${stderr}`)
}

async function startNode (folder: string): Promise<ChildProcess> {
  const environment = {
    ...process.env, HANSE_API__LISTEN: `127.0.0.1:${await freePort()}`, HANSE_API__METRICS_LISTEN: '', HANSE_LOG__LEVEL: 'error',
    HANSE_NETWORK__LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`, HANSE_NETWORK__JOIN_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`
  }
  const node = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'start', '--data', folder], { stdio: ['ignore', 'ignore', 'inherit'], env: environment })
  const untilMs = Date.now() + START_TIMEOUT_MS
  while (!existsSync(join(folder, 'api.json'))) {
    if (Date.now() > untilMs || node.exitCode !== null) throw new Error('the node does not start')
    await new Promise(resolve => { setTimeout(resolve, 100) })
  }
  return node
}

/** How what does not fit may be refused: an address that is far too long, before it is looked at. */
const REFUSALS = ['400', '401', '403', '404', '405', '406', '409', '410', '413', '415', '422', '429', '431']

const CALLS = Object.values(openApi().paths).flatMap(methods => Object.values(methods))

/** Calls that it cannot make by itself, and the one that says by 503 that the node has something to tell. */
const LEFT_OUT: readonly string[] = [...CALLS.filter(operation => operation['x-live'] === true).map(({ operationId }) => operationId), 'node.stop', 'node.readiness']

/** Those of bodies that are no JSON. */
const MEDIA_TYPES = new Set(CALLS.flatMap(({ requestBody }) => Object.keys(requestBody?.content ?? {})).filter(mediaType => !mediaType.endsWith('json')))

async function main (): Promise<number> {
  const program = schemathesis()
  const folder = mkdtempSync(join(tmpdir(), 'hanse-fuzz-'))
  let node: ChildProcess | undefined
  try {
    const data = join(folder, 'node')
    hanse(data, 'init', '--name', 'Bellevue')
    node = await startNode(data)
    hanse(data, 'invite', '--federation', 'Fuzz', '--founders', '1')
    const table = join(folder, 'bins.csv')
    writeFileSync(table, 'time,bin,full\n2026-01-01T00:00:00Z,a,1\n2026-01-01T01:00:00Z,b,0\n')
    hanse(data, 'publish', table, '--id', 'bins')
    writeFileSync(join(folder, 'schemathesis.toml'), `[checks.negative_data_rejection]\nexpected-statuses = ${JSON.stringify(REFUSALS)}\n`)
    const { url, token } = JSON.parse(readFileSync(join(data, 'api.json'), 'utf8')) as { readonly url: string, readonly token: string }
    const given = process.argv.slice(2)
    const ran = spawnSync(program, [
      'run', `${url}/api/v1/openapi.json`, '--header', `Authorization: Bearer ${token}`, '--request-timeout', '60', '--exclude-checks', CHECKS_LEFT_OUT,
      ...given.includes('--max-examples') ? [] : ['--max-examples', MAX_EXAMPLES], ...LEFT_OUT.flatMap(id => ['--exclude-operation-id', id]), ...given
    ], {
      stdio: 'inherit', cwd: folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'bodies.py'), HANSE_MEDIA_TYPES: [...MEDIA_TYPES].join(' ') }
    })
    const alive = await fetch(`${url}/healthz`).then(({ ok }) => ok, () => false)
    say(alive ? 'The node lives on.' : 'The node is gone.')
    return alive ? ran.status ?? 1 : 1
  } finally {
    node?.kill('SIGTERM')
    await new Promise<void>(resolve => {
      if (node === undefined || node.exitCode !== null) resolve()
      else node.once('exit', () => { resolve() })
    })
    rmSync(folder, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof Missing ? 2 : 1
}
