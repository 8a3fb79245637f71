/**
 * Lets people in by a provider of the city: OpenID Connect by `openid-client`, authorisation code with PKCE, state and nonce.
 *
 * The page sends the browser to the provider, which sends it back to `/` of the same origin; the page then brings what it came back
 * with, and the flow that it kept for itself (so that nobody enters by somebody else's answer). A flow is good once, for ten minutes.
 * The identity token must be signed by a key of the provider, for this client, with the nonce of this flow, and not be over; its
 * claim of roles must hold a value that the operator gave a role: nobody else enters, and of several the strongest role holds.
 *
 * All requests go through the port `ProviderFetch`, which bounds them. Issuers are https, or on this machine. The library is loaded
 * when the first person asks for it; what the issuer says of itself is kept for an hour.
 */
import { base32Text, fail, ok, type Result } from '../../base/index.ts'
import { ROLES, type Role } from '../../sdk/accounts/index.ts'
import type { ProviderJourney } from '../../sdk/provider/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { Waiting } from '../quota/index.ts'
import { claimAt, nameIn, roleIn } from './claims.ts'
import type { Configuration } from 'openid-client'

/** Asks the provider; throws where it does not answer within its limits. */
export type ProviderFetch = (url: string, request: { readonly method: 'GET' | 'POST', readonly headers: Readonly<Record<string, string>>, readonly body: Uint8Array | null }) => Promise<Response>

export type ProviderOptions = {
  /** What people call it, on the button. */
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  /** Null: a public client. */
  readonly clientSecret: string | null
  readonly scope: string
  /** Names of claims, with dots where they lie deeper. */
  readonly roleClaim: string
  readonly nameClaim: string
  /** Roles by the values of that claim. */
  readonly roles: ReadonlyMap<string, Role>
  readonly fetch: ProviderFetch
}

type Flow = { readonly origin: string, readonly verifier: string, readonly state: string, readonly nonce: string }
type Entering = { readonly name: string, readonly role: Role }

const KNOWN_MS = 3_600_000
const FLOW_BYTES = 32
const TIMEOUT_S = 15
const REQUESTS_LIMITS = { validMs: 600_000, max: 1_024, addressMax: 32 }

export class ProviderDesk {
  readonly #options: ProviderOptions | undefined
  readonly #random: (sizeBytes: number) => Uint8Array
  readonly #nowMs: () => number
  readonly #flows = new Waiting<Flow>(REQUESTS_LIMITS)
  #known: { readonly configuration: Configuration, readonly untilMs: number } | undefined
  #asking: Promise<Result<Configuration, AnyFailure>> | undefined

  constructor (options: ProviderOptions | undefined, random: (sizeBytes: number) => Uint8Array, nowMs: () => number) {
    this.#options = options
    this.#random = random
    this.#nowMs = nowMs
  }

  /** Null: there is none. */
  get name (): string | null {
    return this.#options?.name ?? null
  }

  async begin (origin: string, address: string): Promise<Result<ProviderJourney, AnyFailure>> {
    if (this.#options === undefined) return fail(NONE)
    const configuration = await this.#discover(this.#options)
    if (!configuration.ok) return configuration
    const client = await import('openid-client')
    const [flow, verifier, state, nonce] = [base32Text(this.#random(FLOW_BYTES)), client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(configuration.value, {
      redirect_uri: `${origin}/`, scope: this.#options.scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'
    })
    if (!isTrusted(url.href)) return fail(UNREACHABLE)
    this.#flows.put(flow, { origin, verifier, state, nonce }, address, this.#nowMs())
    return ok({ url: url.href, flow })
  }

  /** Whom the provider names; null: nobody that is to be let in. */
  async check (origin: string, { flow: name, answer }: { readonly flow: string, readonly answer: string }): Promise<Result<Entering | null, AnyFailure>> {
    if (this.#options === undefined) return fail(NONE)
    const flow = this.#flows.take(name, this.#nowMs())
    if (flow === undefined || flow.origin !== origin) return ok(null)
    const configuration = await this.#discover(this.#options)
    if (!configuration.ok) return configuration
    const verified = await this.#claims(configuration.value, flow, answer)
    if (!verified.ok) return verified
    const claims = verified.value
    if (claims === undefined) return ok(null)
    const { roleClaim, nameClaim, roles } = this.#options
    const role = roleIn(claimAt(claims, roleClaim), roles, ROLES)
    return role === undefined ? fail(NO_ROLE) : ok({ name: nameIn(claimAt(claims, nameClaim), claims['sub']), role })
  }

  async #claims (configuration: Configuration, { origin, verifier, state, nonce }: Flow, answer: string): Promise<Result<Readonly<Record<string, unknown>> | undefined, AnyFailure>> {
    const client = await import('openid-client')
    try {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(`${origin}/?${answer}`), {
        pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true
      })
      return ok(tokens.claims())
    } catch (cause) {
      if (isUnanswered(cause)) return fail(UNREACHABLE)
      // Whatever is wrong with an answer, whoever brings it is not let in and told no more.
      return ok(undefined)
    }
  }

  /** Asked once at a time, for all who want it: anybody may begin, and nobody shall have this node press the provider. */
  async #discover (options: ProviderOptions): Promise<Result<Configuration, AnyFailure>> {
    if (this.#known !== undefined && this.#nowMs() < this.#known.untilMs) return ok(this.#known.configuration)
    return await (this.#asking ??= this.#ask(options).finally(() => { this.#asking = undefined }))
  }

  async #ask ({ issuer, clientId, clientSecret, fetch }: ProviderOptions): Promise<Result<Configuration, AnyFailure>> {
    const client = await import('openid-client')
    try {
      const configuration = await client.discovery(new URL(issuer), clientId, undefined, clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret), {
        timeout: TIMEOUT_S,
        // Tokens are verified by their signatures too, not by the connection alone.
        execute: [client.enableNonRepudiationChecks, ...issuer.startsWith('http:') ? [client.allowInsecureRequests] : []],
        [client.customFetch]: async (url, { method, headers, body }) => {
          if (!isTrusted(url)) throw new Error('what the issuer names is no https address')
          return await answered(() => fetch(url, { method: method === 'POST' ? 'POST' : 'GET', headers, body: body instanceof URLSearchParams || typeof body === 'string' ? new TextEncoder().encode(String(body)) : null }))
        }
      })
      this.#known = { configuration, untilMs: this.#nowMs() + KNOWN_MS }
      return ok(configuration)
    } catch {
      return fail(UNREACHABLE)
    }
  }
}

/** The provider could not be asked. */
class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

async function answered (ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask()
  } catch (cause) {
    throw new Unanswered('the provider could not be asked', { cause })
  }
}

function isUnanswered (cause: unknown): boolean {
  return cause instanceof Unanswered || (cause instanceof Error && cause.cause !== undefined && isUnanswered(cause.cause))
}

/** Nothing is sent in clear but on this machine. */
function isTrusted (url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)))
}

const NONE: AnyFailure = { code: 'no-provider', reason: 'this node knows no provider', hint: 'enter with an account; provider.issuer in hanse.toml names one' }
const UNREACHABLE: AnyFailure = { code: 'unreachable', reason: 'the provider does not answer, or not as its issuer should', hint: 'try again, or enter with an account; who runs the node looks at provider.issuer in hanse.toml' }
const NO_ROLE: AnyFailure = { code: 'refused', reason: 'the provider knows you, and gives you no role on this node', hint: 'ask who runs this node for a role' }
