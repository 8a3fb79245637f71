/**
 * Serves routes over HTTP/1.1 on loopback: admission, limits, bodies, replies. Knows nothing of the node.
 *
 * A request passes, in this order: the `Host` header names us (421 otherwise: DNS rebinding), path and method lead to a
 * route, its address and its caller do not ask too often (429 with Retry-After), the caller has the scope of the route and is one of
 * this node's people where the route is for them alone, a slot is free (503 with Retry-After otherwise). A handler returns
 * a `Reply`; this room writes it. Bodies are read with limits; a refused body is read on for a while and thrown away, so
 * that the refusal reaches its sender. Plain HTTP beyond loopback is refused.
 */
export { preferred } from './accept.ts'
export { bearerOf, isAllowedHost, isWrite, PUBLIC, type Authenticate, type Caller, type Credentials } from './access.ts'
export type { Outlet, Upgrade } from './outlet.ts'
export { DEFAULT_LIMITS, type Limits } from './limits.ts'
export {
  bytesOrProblem, json, jsonOrProblem, line, problem, progressing, tagged, tagOf, withHeartbeats, type AnyFailure, type Headers, type Reply
} from './replies.ts'
export { ApiRequest, BodyBroken, invalid, parseJson, splitLine } from './request.ts'
export type { Route } from './routes.ts'
export { listenHttp, type HttpCounters, type HttpServer, type Listen, type ListenFailure, type Log } from './server.ts'
