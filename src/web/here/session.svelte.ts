import { createClient, type Client, type Failure, type Role } from '../../sdk/index.ts'
import { CSRF_HEADER, SESSION_PATH, sessionSchema, UNATTENDED_HEADER } from '../../sdk/sessions/index.ts'
import { once } from './once.ts'

type Sent = RequestInit & { readonly onSent?: (sentBytes: number) => void }
const ENDED = 'ended'
/** Without a touch of mouse, keyboard or screen for so long, nobody is at the page: what it asks then keeps no session open. */
const ATTENDED_MS = 60_000
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const

type State = 'asking' | 'outside' | 'refused' | 'inside'

/** Whether somebody is signed in here, and the client that speaks for them: by the cookie, with the session's secret on every write. */
export class Session {
  state = $state<State>('asking')
  role = $state<Role>('viewer')
  /** Null: entered by a link. */
  account = $state<string | null>(null)
  /** A name that the provider gives is none of the accounts here. */
  by = $state<'link' | 'account' | 'provider'>('link')
  /** Whether anybody has one here. */
  hasAccounts = $state(true)
  /** Whether it was open until the node said that it is no more; also after the page was loaded anew. */
  hasEnded = $state(history.state === ENDED)
  /** Whether somebody wanted to leave, and the node did not hear of it. */
  isKept = $state(false)
  /** Why name and passphrase did not open it. */
  failure = $state.raw<Failure | null>(null)
  /** For clients of single pages. */
  readonly options = { baseUrl: location.origin, fetch: once((url: string, init: Sent): Promise<Response> => this.#fetch(url, init)) }
  readonly client: Client = createClient(this.options)
  #csrf = ''
  #touchedMs = Date.now()

  constructor () {
    for (const touch of TOUCHES) addEventListener(touch, () => { this.#touchedMs = Date.now() }, { capture: true, passive: true })
  }

  /** Enters by the link that was opened, once, or goes on with the session that there is. */
  async enter (): Promise<void> {
    const entry = /^#entry=([\w-]+)$/.exec(location.hash)?.[1]
    if (entry !== undefined) history.replaceState(null, '', location.pathname)
    const refused = await this.enterBy(SESSION_PATH, entry === undefined ? undefined : { entry })
    if (refused === null) return
    const isSilent = refused.status === null
    this.failure = isSilent ? refused : null
    this.state = entry === undefined || isSilent ? 'outside' : 'refused'
  }

  /** Enters by name and passphrase. */
  async signIn (name: string, passphrase: string): Promise<void> {
    this.failure = null
    this.failure = await this.enterBy(SESSION_PATH, { name, passphrase })
  }

  /** Enters by whatever opens a session there, or goes on with the one that there is; why the node does not let this browser in, else null. */
  async enterBy (path: string, body?: object): Promise<Failure | null> {
    const response = await fetch(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).catch((cause: unknown) => silent(cause))
    if ('code' in response) return response
    const said: unknown = await response.json().catch(() => undefined)
    const session = sessionSchema.safeParse(said)
    if (!response.ok || !session.success) return failureOf(response.status, said)
    const { role, account, by, hasAccounts, csrf } = session.data
    Object.assign(this, { role, account, by, hasAccounts })
    this.#csrf = csrf
    if (this.hasEnded) history.replaceState(null, '')
    this.hasEnded = false
    this.state = 'inside'
    return null
  }

  /** Whether the node takes from whoever is signed in what publishes and runs it, and what decides for the member. */
  may (scope: 'operate' | 'decide'): boolean {
    return this.role === 'admin' || this.role === 'approver' || (scope === 'operate' && this.role === 'publisher')
  }

  /** Whoever leaves is not told so while the cookie still opens the session. */
  async leave (): Promise<void> {
    const response = await this.#fetch(SESSION_PATH, { method: 'DELETE' }).catch(() => undefined)
    this.isKept = response === undefined || (response.status !== 204 && response.status !== 404 && response.status !== 401)
    if (!this.isKept) this.state = 'outside'
  }

  async #fetch (url: string, { onSent, ...init }: Sent): Promise<Response> {
    const of = this.#csrf
    const headers = new Headers(init.headers)
    // Over HTTP/1.1 a browser sends no stream: it gathers what comes in pieces first, on the disk where it is large.
    const body = init.body instanceof ReadableStream ? await new Response(init.body).blob() : init.body
    if (init.method !== undefined && init.method !== 'GET') headers.set(CSRF_HEADER, this.#csrf)
    if (Date.now() - this.#touchedMs > ATTENDED_MS) headers.set(UNATTENDED_HEADER, '1')
    const response = onSent !== undefined && body instanceof Blob
      ? await (await import('./sending.ts')).sent(url, { ...init, headers, body, onSent })
      : await fetch(url, { ...init, headers, ...body === undefined ? {} : { body } })
    // What was asked in a session before says nothing of this one.
    if (response.status === 401 && of === this.#csrf) {
      if (this.state === 'inside') {
        this.hasEnded = true
        history.replaceState(ENDED, '')
      }
      this.state = 'outside'
    }
    return response
  }
}

function silent (cause: unknown): Failure {
  return { code: 'unreachable', reason: `the node does not answer at ${location.origin}: ${cause instanceof Error ? cause.message : String(cause)}`, hint: 'start it with `hanse start`', status: null }
}

function failureOf (status: number, said: unknown): Failure {
  const { code, detail, hint } = typeof said === 'object' && said !== null ? said as { readonly code?: string, readonly detail?: string, readonly hint?: string } : {}
  return { code: code ?? 'unknown', reason: detail ?? '', hint: hint ?? '', status }
}
