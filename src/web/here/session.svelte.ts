import { createClient, type Client } from '../../sdk/index.ts'
import { CSRF_HEADER, SESSION_PATH, sessionSchema } from '../../sdk/sessions/index.ts'

type State = 'asking' | 'outside' | 'refused' | 'inside'

/** Whether somebody is signed in here, and the client that speaks for them: by the cookie, with the session's secret on every write. */
export class Session {
  state = $state<State>('asking')
  readonly client: Client
  #csrf = ''

  constructor () {
    this.client = createClient({ baseUrl: location.origin, fetch: (url, init) => this.#fetch(url, init) })
  }

  /** Enters by the link that was opened, once, or goes on with the session that there is. */
  async enter (): Promise<void> {
    const entry = /^#entry=([\w-]+)$/.exec(location.hash)?.[1]
    if (entry !== undefined) history.replaceState(null, '', location.pathname)
    const response = entry === undefined
      ? await fetch(SESSION_PATH)
      : await fetch(SESSION_PATH, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ entry }) })
    const session = response.ok ? sessionSchema.safeParse(await response.json()) : undefined
    if (session?.success !== true) {
      this.state = entry === undefined ? 'outside' : 'refused'
      return
    }
    this.#csrf = session.data.csrf
    this.state = 'inside'
  }

  async leave (): Promise<void> {
    await this.#fetch(SESSION_PATH, { method: 'DELETE' })
    this.state = 'outside'
  }

  async #fetch (url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    // Over HTTP/1.1 a browser sends no stream: it gathers what comes in pieces first, on the disk where it is large.
    const body = init.body instanceof ReadableStream ? await new Response(init.body).blob() : init.body
    if (init.method !== undefined && init.method !== 'GET') headers.set(CSRF_HEADER, this.#csrf)
    const response = await fetch(url, { ...init, headers, ...body === undefined ? {} : { body } })
    if (response.status === 401) this.state = 'outside'
    return response
  }
}
