/**
 * Runs the public conformance kit of the Dataspace Protocol against a node in conformance mode: `npm run conformance:dsp`.
 *
 * Takes the published modules of the kit from Maven Central, once, into a cache folder outside of the project (`hanse` below
 * `XDG_CACHE_HOME`, else below `~/.cache`). Needs Java 17 or later with its compiler, and Maven for the first run. Ends with how many of the active
 * scenarios passed; by code 0 where all did, 1 where one failed, 2 where something is missing.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { kitProperties } from './properties.ts'

/** The newest whose modules are published. The kit's own launcher is not: `Kit.java` stands in for it. */
const KIT_VERSION = '1.0.0-RC6'
const MODULES = ['dsp-api', 'dsp-system', 'dsp-contract-negotiation', 'dsp-transfer-process', 'dsp-catalog', 'dsp-metadata']
/** Of the HTTP client that the kit names, the part for Java: Gradle finds it by itself, Maven does not. */
const CLIENT = '<dependency><groupId>com.squareup.okhttp3</groupId><artifactId>okhttp-jvm</artifactId><version>5.3.0</version></dependency>'
const JAVA_VERSION_MIN = 17
const ACTIVE_SCENARIOS = 65
const START_TIMEOUT_MS = 60_000

const root = join(import.meta.dirname, '../..')
const say = (text: string): void => { process.stdout.write(`${text}\n`) }

class Missing extends Error {}

function javaVersion (): number {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (java.error !== undefined) throw new Missing('Java is missing: install a JDK of 17 or later (on Debian: apt-get install default-jdk-headless).')
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1])
  if (!(version >= JAVA_VERSION_MIN)) throw new Missing(`This Java is too old (${version}): install a JDK of ${JAVA_VERSION_MIN} or later.`)
  if (spawnSync('javac', ['-version']).error !== undefined) throw new Missing('This Java has no compiler (javac): install a JDK, not a JRE.')
  return version
}

/** The folder with the kit and all that it needs; fetched where it is not there whole. */
function kitFolder (): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hanse')
  const folder = join(cache, `dsp-kit-${KIT_VERSION}`)
  if (existsSync(folder)) return folder
  if (spawnSync('mvn', ['--version']).error !== undefined) {
    throw new Missing('Maven is missing, which fetches the kit once: install it (on Debian: apt-get install maven).')
  }
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(join(cache, 'dsp-kit-'))
  const dependencies = MODULES.map(name =>
    `<dependency><groupId>org.eclipse.dataspacetck.dsp</groupId><artifactId>${name}</artifactId><version>${KIT_VERSION}</version></dependency>`)
  writeFileSync(join(making, 'pom.xml'), [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>hanse</groupId><artifactId>kit</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>${dependencies.join('')}${CLIENT}</dependencies></project>`
  ].join('\n'))
  say(`fetching the kit ${KIT_VERSION} into ${folder}`)
  const fetched = spawnSync('mvn', ['-B', '-q', '-f', join(making, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${join(making, 'lib')}`], { encoding: 'utf8' })
  if (fetched.status !== 0) {
    rmSync(making, { recursive: true, force: true })
    throw new Missing(`The kit could not be fetched from Maven Central:\n${fetched.stdout.split('\n').filter(line => line.includes('ERROR')).slice(0, 3).join('\n')}`)
  }
  renameSync(making, folder)
  return folder
}

/** Starts a node in conformance mode; its address, and how to end it. */
async function startNode (): Promise<{ readonly address: string, stop (): void }> {
  const folder = join(mkdtempSync(join(tmpdir(), 'hanse-conformance-')), 'node')
  const hanse = (...given: readonly string[]): string[] => [join(root, 'src/cli/main.ts'), ...given, '--data', folder, '--json']
  const made = spawnSync(process.execPath, hanse('init', '--name', 'Conformance'), { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`hanse init failed: ${made.stdout}${made.stderr}`)
  const node = spawn(process.execPath, hanse('start'), {
    env: { ...process.env, HANSE_CONFORMANCE__ENABLED: 'true', HANSE_CONFORMANCE__LISTEN: `127.0.0.1:${await freePort()}`, HANSE_LOG__LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const stop = (): void => {
    node.kill('SIGTERM')
    rmSync(join(folder, '..'), { recursive: true, force: true })
  }
  const address = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => { reject(new Error('the node did not start')) }, START_TIMEOUT_MS)
    let text = ''
    node.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const url = /"url":"([^"]+)"/.exec(text)?.[1]
      if (url === undefined) return
      clearTimeout(late)
      resolve(url)
    })
    node.on('exit', code => {
      stop()
      reject(new Error(`the node ended with code ${code}: ${text}`))
    })
  })
  return { address, stop }
}

type Outcome = { readonly outcome: string, readonly name: string, readonly why: string }

async function runKit (folder: string, address: string): Promise<readonly Outcome[]> {
  const lib = join(folder, 'lib')
  const scratch = mkdtempSync(join(tmpdir(), 'hanse-kit-'))
  const properties = join(scratch, 'kit.properties')
  writeFileSync(properties, kitProperties(address, await freePort()))
  const path = readdirSync(lib).map(name => join(lib, name)).join(':')
  const kit = spawn('java', ['-cp', path, join(import.meta.dirname, 'Kit.java'), properties], { stdio: ['ignore', 'pipe', 'inherit'] })
  const outcomes: Outcome[] = []
  let rest = ''
  kit.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [mark, outcome = '', name = '', why = ''] = line.split('\t')
      if (mark !== 'RESULT') continue
      outcomes.push({ outcome, name, why })
      say(`  ${outcome}  ${name}${outcome === 'failed' ? `\n          ${why}` : ''}`)
    }
  })
  await new Promise<void>((resolve, reject) => {
    kit.on('exit', () => { resolve() })
    kit.on('error', reject)
  })
  rmSync(scratch, { recursive: true, force: true })
  return outcomes
}

async function main (): Promise<number> {
  const version = javaVersion()
  const folder = kitFolder()
  const node = await startNode()
  say(`the kit ${KIT_VERSION} on Java ${version} against ${node.address}`)
  try {
    const outcomes = await runKit(folder, node.address)
    const passed = outcomes.filter(({ outcome }) => outcome === 'passed').length
    const failed = outcomes.filter(({ outcome }) => outcome === 'failed').length
    say(`\n${passed} of ${passed + failed} active scenarios passed (${outcomes.filter(({ outcome }) => outcome === 'skipped').length} are switched off in the kit)`)
    if (passed + failed < ACTIVE_SCENARIOS) say(`The kit has ${ACTIVE_SCENARIOS} active scenarios: it did not come to its end.`)
    return passed >= ACTIVE_SCENARIOS && failed === 0 ? 0 : 1
  } finally {
    node.stop()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Missing)) throw error
  say(`${error.message}\nOur own suite with the same scenarios needs nothing of it: mocha 'test/dsp/*.test.ts'.`)
  process.exitCode = 2
}
