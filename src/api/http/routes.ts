import type { Method, Scope } from '../../sdk/operation/index.ts'
import type { AnyFailure, Reply } from './replies.ts'
import type { ApiRequest } from './request.ts'

export type Route = {
  readonly method: Method
  /** Segments; one that begins with a colon is a parameter and stands for any one segment that is not empty. */
  readonly path: string
  /** Null: anybody on this machine may ask. */
  readonly scope: Scope | null
  /** A stream without an end, counted apart from calls. */
  readonly live?: boolean
  /** Also for callers that are not of this node's people. */
  readonly forOthers?: boolean
  /** For admins alone, whatever the scope of others. */
  readonly byAdmin?: boolean
  readonly handle: (request: ApiRequest) => Reply | Promise<Reply>
}

export type Target = { readonly segments: readonly string[], readonly search: URLSearchParams, readonly isTooLong: boolean }

const TARGET_LENGTH_MAX = 8_192

/** The path and query of a request line; undefined where they are not in the form that we serve. */
export function targetOf (url: string | undefined): Target | undefined {
  if (url === undefined || !url.startsWith('/')) return undefined
  const [path = '', ...query] = url.split('?')
  try {
    return { segments: path.slice(1).split('/').map(decodeURIComponent), search: new URLSearchParams(query.join('?')), isTooLong: url.length > TARGET_LENGTH_MAX }
  } catch {
    return undefined
  }
}

export type Match =
  | { readonly type: 'route', readonly route: Route, readonly parameters: Readonly<Record<string, string>> }
  | { readonly type: 'none', readonly failure: AnyFailure, readonly allow?: string }

/** Routes by the number of their segments, those with fewer parameters first: what is named exactly wins. */
export class RouteTable {
  readonly #bySegments: ReadonlyMap<number, readonly Pattern[]>

  constructor (routes: readonly Route[]) {
    const patterns = routes.map(route => ({ route, parts: route.path.slice(1).split('/') }))
    const parameters = ({ parts }: Pattern): number => parts.filter(part => part.startsWith(':')).length
    this.#bySegments = Map.groupBy(patterns.toSorted((one, other) => parameters(one) - parameters(other)), ({ parts }) => parts.length)
  }

  match (method: string | undefined, segments: readonly string[]): Match {
    const found: Route[] = []
    let exact: number | undefined
    for (const { route, parts } of this.#bySegments.get(segments.length) ?? []) {
      const parameters = parametersOf(parts, segments)
      if (parameters === undefined) continue
      const count = Object.keys(parameters).length
      exact ??= count
      if (count !== exact) break
      if (route.method === method) return { type: 'route', route, parameters }
      found.push(route)
    }
    return { type: 'none', ...missing(method, found) }
  }
}

type Pattern = { readonly route: Route, readonly parts: readonly string[] }

function missing (method: string | undefined, found: readonly Route[]): { readonly failure: AnyFailure, readonly allow?: string } {
  if (found.length === 0) {
    const reason = 'there is nothing at this path'
    return { failure: { code: 'no-such-path', reason, hint: 'ids stand percent-encoded in a path: / is %2F' } }
  }
  const allow = found.map(route => route.method).join(', ')
  return { allow, failure: { code: 'method-not-allowed', reason: `this path does not take ${String(method).slice(0, 16)}`, hint: `use ${allow}` } }
}

function parametersOf (parts: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
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
