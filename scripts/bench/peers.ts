/** The packages of the contestants that are not Hanse: installed beside this file, loaded without their types. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Result } from '../../src/base/index.ts'

const INSTALL_TIMEOUT_MS = 300_000
const HERE = import.meta.dirname

/** `T` is the little of the package that the caller uses. */
export async function peer<T> (name: string): Promise<T> {
  return await import(name) as T
}

export function versionOf (name: string): string | undefined {
  const path = join(HERE, 'node_modules', name, 'package.json')
  if (!existsSync(path)) return undefined
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
}

/** Installs what is not there in the version asked for. */
export async function installPeers (say: (sentence: string) => void): Promise<Result<null, { readonly code: 'not-installed', readonly reason: string }>> {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }
  const missing = Object.entries(dependencies).filter(([name, version]) => versionOf(name) !== version.split('@').at(-1))
  if (missing.length === 0) return ok(null)

  say(`installing the peers into ${HERE}: ${missing.length} packages and what they need`)
  const { code, output } = await new Promise<{ readonly code: number, readonly output: string }>(resolve => {
    execFile('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund'], { cwd: HERE, timeout: INSTALL_TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: `${stdout}\n${stderr}`.trim() })
    })
  })
  if (code === 0) return ok(null)
  const why = output.split('\n').filter(line => line.includes('error')).slice(0, 3).join('; ')
  return fail({ code: 'not-installed', reason: why === '' ? output.slice(-500) : why })
}
