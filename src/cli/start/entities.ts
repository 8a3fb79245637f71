import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { termMapOf, type EntityOptions, type TermMap } from '../../api/index.ts'
import { fail, ok } from '../../base/index.ts'
import { checkedTarget, type SafeFetch } from '../../host/web/index.ts'
import type { CheckAddress } from '../../intake/mqtt/index.ts'
import type { Config } from '../config/index.ts'

/** How entities are taken in and told of: contexts of the operator from their files, and ways to endpoints that lead into no private network. */
export async function entityOptions (
  { ngsi, web }: Config, folder: string, fetch: SafeFetch
): Promise<EntityOptions | { readonly code: string, readonly reason: string, readonly hint: string }> {
  const contexts = new Map<string, TermMap>()
  for (const entry of ngsi.contexts) {
    const space = entry.indexOf(' ')
    const [url, path] = [entry.slice(0, space), resolve(folder, entry.slice(space + 1))]
    const text = await readFile(path, 'utf8').catch(() => undefined)
    const terms = text === undefined ? fail('it cannot be read') : termMapOf(text)
    if (!terms.ok) return { code: 'invalid', reason: `the context ${url} in ${path}: ${terms.failure}`, hint: 'mend ngsi.contexts, or the file' }
    contexts.set(url, terms.value)
  }
  const check: CheckAddress = async (host, port, isSecure) => {
    // Brokers are held to the rules for web servers: in clear only where the operator allows the address.
    const target = await checkedTarget(`${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/`, { allowed: web.allow, ports: web.ports.map(Number) })
    if (!target.ok) return fail({ code: 'address', reason: target.failure.reason, hint: target.failure.hint })
    const [address] = target.value.addresses
    return address === undefined ? fail({ code: 'address', reason: 'the name of the broker has no address', hint: 'mend the address' }) : ok(address)
  }
  return {
    contexts, access: ngsi.access, subscriptionFile: join(folder, 'subscriptions.json'), fetch,
    publishMqtt: async (target, payload) => await (await import('../../intake/mqtt/index.ts')).publishOnce(target, payload, check)
  }
}
