import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ok, type Result } from '../../base/index.ts'
import { isPublicAddress } from './addresses.ts'
import { failed } from './broken.ts'
import type { SafeFailure, Safety } from './types.ts'
import { URL_LENGTH_MAX } from './limits.ts'

/** An address that may be called, and the only network addresses under which it may be. */
export type Target = { readonly url: URL, readonly addresses: readonly string[] }

/** Checks an address and every network address of its host. Asks the resolver at most once. */
export async function checkedTarget (text: string, safety: Safety): Promise<Result<Target, SafeFailure>> {
  const read = urlOf(text, safety)
  if (!read.ok) return read
  const { url, isAllowed } = read.value
  const host = url.hostname.replace(/^\[|\]$/g, '')
  let addresses: readonly string[]
  try {
    addresses = isIP(host) !== 0 ? [host] : await (safety.resolve ?? resolveAll)(host)
  } catch {
    return failed('unreachable', 'the name of the server is not known')
  }
  if (addresses.length === 0) return failed('unreachable', 'the name of the server has no address')
  if (!addresses.every(address => isAllowed ? isIP(address) !== 0 : isPublicAddress(address))) return refused('it leads into a private network')
  return ok({ url, addresses })
}

function urlOf (text: string, { allowed, ports = [] }: Safety): Result<{ readonly url: URL, readonly isAllowed: boolean }, SafeFailure> {
  if (text.length > URL_LENGTH_MAX || !URL.canParse(text)) return refused('this is no address')
  const url = new URL(text)
  const port = portOf(url)
  const isAllowed = isIn(allowed, url)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isAllowed)) return refused('only https is spoken, where the operator allows no other')
  // Also where they are empty: what looks like a host to a person is then none.
  if (/^[^\\/]*[\\/]*[^\\/?]*@/.test(text) || text.includes('#')) return refused('an address with a user, password or fragment is not called')
  if (!isAllowed && port !== '443' && port !== '80' && !ports.includes(Number(port))) return refused(`the port ${port} is not allowed`)
  return ok({ url, isAllowed })
}

/** Whether an address is one of those that the operator allowed. */
export function isAllowed (text: string, { allowed }: Safety): boolean {
  return URL.canParse(text) && isIn(allowed, new URL(text))
}

function isIn (allowed: Safety['allowed'], url: URL): boolean {
  return allowed === 'loopback' ? isLoopback(url.hostname) : allowed.includes(`${url.hostname}:${portOf(url)}`)
}

function portOf ({ port, protocol }: URL): string {
  return port !== '' ? port : protocol === 'https:' ? '443' : '80'
}

function isLoopback (host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

async function resolveAll (host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function refused (reason: string): Result<never, SafeFailure> {
  return failed('address', reason)
}
