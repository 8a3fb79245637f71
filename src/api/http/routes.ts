import type { Scope } from './access.ts'
import type { AnyFailure, Reply } from './replies.ts'
import type { ApiRequest } from './request.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export type Route = {
  readonly method: Method
  /** Segments; one that begins with a colon is a parameter and stands for any one segment that is not empty. */
  readonly path: string
  /** Null: anybody on this machine may ask. */
  readonly scope: Scope | null
  /** A stream without an end, counted apart from calls. */
  readonly live?: boolean
  readonly handle: (request: ApiRequest) => Reply | Promise<Reply>
}

export type Target = { readonly segments: readonly string[], readonly search: URLSearchParams }

const TARGET_LENGTH_MAX = 8_192

/** The path and query of a request line; undefined where they are not in the form that we serve. */
export function targetOf (url: string | undefined): Target | undefined {
  if (url === undefined || !url.startsWith('/') || url.length > TARGET_LENGTH_MAX) return undefined
  const [path = '', ...query] = url.split('?')
  try {
    return { segments: path.slice(1).split('/').map(decodeURIComponent), search: new URLSearchParams(query.join('?')) }
  } catch {
    return undefined
  }
}

export type Match =
  | { readonly type: 'route', readonly route: Route, readonly parameters: Readonly<Record<string, string>> }
  | { readonly type: 'none', readonly failure: AnyFailure, readonly allow?: string }

export function matchRoute (routes: readonly Route[], method: string | undefined, segments: readonly string[]): Match {
  const found = routes.flatMap(route => {
    const parameters = parametersOf(route.path, segments)
    return parameters === undefined ? [] : [{ route, parameters }]
  })
  const match = found.find(({ route }) => route.method === method)
  if (match !== undefined) return { type: 'route', ...match }
  if (found.length === 0) {
    const reason = 'there is nothing at this path'
    return { type: 'none', failure: { code: 'no-such-path', reason, hint: 'ids stand percent-encoded in a path: / is %2F' } }
  }
  const allow = found.map(({ route }) => route.method).join(', ')
  return { type: 'none', allow, failure: { code: 'method-not-allowed', reason: `this path does not take ${String(method).slice(0, 16)}`, hint: `use ${allow}` } }
}

function parametersOf (path: string, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const pattern = path.slice(1).split('/')
  if (pattern.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (!part.startsWith(':')) {
      if (part !== segment) return undefined
    } else {
      if (segment === '') return undefined
      parameters[part.slice(1)] = segment
    }
  }
  return parameters
}
