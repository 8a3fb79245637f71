/**
 * A container engine of the test's own: in its own network namespace, so that its bridges and firewall rules touch nothing
 * else, with its own folders and socket. No registry is asked: the base image is made from the running Node.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { constants, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fail, ok, type Result } from '../../src/base/index.ts'

export type Ran = { readonly code: number, readonly stdout: string, readonly stderr: string }
type RunOptions = { readonly timeoutMs?: number, readonly env?: Readonly<Record<string, string>> }

export type Engine = {
  /** Runs the client; a code other than 0 is for the caller to judge. */
  docker (args: readonly string[], options?: RunOptions): Promise<Ran>
  compose (args: readonly string[], options?: RunOptions): Promise<Ran>
  stop (): Promise<void>
}

export type NoEngine = { readonly code: 'no-engine', readonly reason: string }

const START_TIMEOUT_MS = 90_000
const STOP_TIMEOUT_MS = 30_000
const COMMAND_TIMEOUT_MS = 120_000
const POLL_MS = 100
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Starts an engine in `folder`, or says why this machine cannot. */
export async function startEngine (folder: string): Promise<Result<Engine, NoEngine>> {
  const missing = whatIsMissing()
  if (missing !== undefined) return fail({ code: 'no-engine', reason: missing })

  const namespace = `hanse-test-${process.pid}`
  const socket = join(folder, 'docker.sock')
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', PYTHONWARNINGS: 'ignore' }
  const clean = async (): Promise<void> => {
    await run('ip', ['netns', 'delete', namespace])
    rmSync(folder, { recursive: true, force: true })
  }

  mkdirSync(folder, { recursive: true })
  for (const args of [['netns', 'add', namespace], ['-n', namespace, 'link', 'set', 'lo', 'up']]) {
    const { code, stderr } = await run('ip', args)
    if (code !== 0) {
      await clean()
      return fail({ code: 'no-engine', reason: `no network namespace can be made: ${stderr.trim()}` })
    }
  }

  const daemon = startDaemon(namespace, folder, socket)
  const log = lastLinesOf(daemon)
  const ended = new Promise<void>(resolve => daemon.once('exit', () => resolve()))
  const docker: Engine['docker'] = (args, options) => run('docker', args, { ...options, env: { ...env, ...options?.env } })

  const deadlineMs = Date.now() + START_TIMEOUT_MS
  while ((await docker(['version'])).code !== 0) {
    if (daemon.exitCode === null && Date.now() < deadlineMs) {
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
      continue
    }
    daemon.kill('SIGKILL')
    await ended
    await clean()
    return fail({ code: 'no-engine', reason: `the engine did not start: ${log()}` })
  }

  const [composer, first] = onPath('docker-compose') === undefined ? ['docker', ['compose']] as const : ['docker-compose', []] as const
  return ok({
    docker,
    compose: (args, options) => run(composer, [...first, ...args], { ...options, env: { ...env, ...options?.env } }),
    stop: async () => {
      daemon.kill('SIGTERM')
      const late = setTimeout(() => daemon.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(late)
      await clean()
    }
  })
}

/**
 * Makes an image of the running Node and what it is linked to, without pulling: the stand-in for the public base image.
 */
export async function importBaseImage (engine: Engine, folder: string, name: string): Promise<Ran> {
  mkdirSync(join(folder, 'tmp'), { recursive: true, mode: 0o1777 })
  const libraries = await linkedLibraries(process.execPath)
  for (const library of [...libraries, ...nameServiceBeside(libraries)]) place(folder, library, library)
  place(folder, process.execPath, '/usr/local/bin/node')
  place(folder, '/usr/bin/env', '/usr/bin/env')
  place(folder, '/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt')
  write(folder, '/etc/passwd', 'root:x:0:0:root:/:/usr/sbin/nologin\n')
  write(folder, '/etc/group', 'root:x:0:\n')
  write(folder, '/etc/nsswitch.conf', 'hosts: files dns\n')

  const archive = `${folder}.tar`
  const packed = await run('tar', ['-C', folder, '-cf', archive, '.'])
  if (packed.code !== 0) return packed
  const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const imported = await engine.docker(['import', '--change', path, archive, name])
  rmSync(archive, { force: true })
  rmSync(folder, { recursive: true, force: true })
  return imported
}

function whatIsMissing (): string | undefined {
  if (process.platform !== 'linux') return `an engine of its own needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'an engine of its own needs root'
  const absent = ['dockerd', 'docker', 'ip', 'nsenter', 'setpriv', 'tar', 'ldd'].filter(tool => onPath(tool) === undefined)
  if (absent.length === 0) return undefined
  return `${absent.join(', ')} not found; on Debian: apt-get install docker.io docker-compose iproute2 util-linux`
}

function onPath (tool: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map(folder => join(folder, tool)).find(path => existsSync(path))
}

/** `nsenter` and not `ip netns exec`, which also swaps the mounts and hides the control groups. Ends with this process. */
function startDaemon (namespace: string, folder: string, socket: string): ChildProcess {
  return spawn(onPath('nsenter') ?? 'nsenter', [
    `--net=/run/netns/${namespace}`, 'setpriv', '--pdeathsig', 'TERM', onPath('dockerd') ?? 'dockerd',
    '--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec'),
    '--host', `unix://${socket}`, '--pidfile', join(folder, 'pid')
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
}

function lastLinesOf (daemon: ChildProcess): () => string {
  const lines: string[] = []
  daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter(line => line !== ''))
    lines.splice(0, Math.max(0, lines.length - 3))
  })
  return () => lines.join(' | ')
}

async function linkedLibraries (binary: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [binary])
  return stdout.split('\n').flatMap(line => /(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}

/** The C library loads these by name at run time, so `ldd` does not list them. */
function nameServiceBeside (libraries: readonly string[]): readonly string[] {
  const libc = libraries.find(path => path.endsWith('/libc.so.6'))
  if (libc === undefined) return []
  return ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map(name => join(dirname(libc), name)).filter(path => existsSync(path))
}

function place (folder: string, from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(join(folder, dirname(to)), { recursive: true })
  copyFileSync(from, join(folder, to), constants.COPYFILE_FICLONE)
}

function write (folder: string, to: string, text: string): void {
  mkdirSync(join(folder, dirname(to)), { recursive: true })
  writeFileSync(join(folder, to), text)
}

function run (command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise(resolve => {
    execFile(onPath(command) ?? command, args, {
      timeout: options.timeoutMs ?? COMMAND_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, ...options.env }
    }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr: code !== 0 && stderr === '' ? String(error?.message) : stderr })
    })
  })
}
