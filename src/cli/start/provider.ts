import type { ProviderFetch, ProviderOptions } from '../../api/index.ts'
import { fail, ok, type Result } from '../../base/index.ts'
import { createSafeFetch } from '../../host/web/index.ts'
import { ROLES } from '../../sdk/index.ts'
import type { Config } from '../config/index.ts'
import { passphraseOfFile } from '../keys/index.ts'

const ANSWER_BYTES_MAX = 1_048_576
const TIMEOUT_MS = 15_000

type Failure = { readonly code: string, readonly reason: string, readonly hint: string }

/** The provider of [provider] in the settings; undefined: there is none. */
export async function providerOptions ({ provider }: Config): Promise<Result<ProviderOptions | undefined, Failure>> {
  if (provider.issuer === '') return ok(undefined)
  const secret = provider.client_secret_file === '' ? ok(null) : await passphraseOfFile(provider.client_secret_file)
  if (!secret.ok) return fail({ code: 'config', reason: `the secret of the provider cannot be read from ${provider.client_secret_file}`, hint: 'name a file whose first line it is in provider.client_secret_file' })
  const roles = new Map(provider.roles.flatMap(entry => {
    const space = entry.lastIndexOf(' ')
    const role = ROLES.find(each => each === entry.slice(space + 1))
    return role === undefined ? [] : [[entry.slice(0, space), role] as const]
  }))
  return ok({
    name: provider.name === '' ? new URL(provider.issuer).hostname : provider.name, issuer: provider.issuer, clientId: provider.client_id, clientSecret: secret.value,
    scope: provider.scope, roleClaim: provider.role_claim, nameClaim: provider.name_claim, roles, fetch: fetchOf(provider.issuer)
  })
}

/** The operator named the issuer, so it may be in a private network; what it names else may be where it is, and on public servers with TLS. */
function fetchOf (issuer: string): ProviderFetch {
  const { hostname, port, protocol } = new URL(issuer)
  const fetch = createSafeFetch({ allowed: [`${hostname}:${port === '' ? protocol === 'https:' ? '443' : '80' : port}`] })
  return async (url, { method, headers, body }) => {
    const answer = await fetch({ url, method, headers, body, bytesMax: ANSWER_BYTES_MAX, timeoutMs: TIMEOUT_MS, firstByteTimeoutMs: TIMEOUT_MS })
    const whole = answer.ok ? await answer.value.whole() : answer
    if (!answer.ok || !whole.ok) throw new Error(whole.ok ? 'no answer' : whole.failure.reason)
    const { status } = answer.value
    return new Response(status === 204 || status === 304 ? null : new Uint8Array(whole.value), { status, headers: answer.value.headers })
  }
}
