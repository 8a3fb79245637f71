/**
 * Asks web servers that somebody else named, without being led into networks that are not meant: the only HTTP client.
 *
 * - Schemes: https; http only to addresses that the operator allowed. Ports: 443, 80, and those that the operator allowed. No user,
 *   password or fragment.
 * - A host name is resolved once, **every** address that it has must be public, and one of those is connected to, whatever the name
 *   says by then; TLS still wants the name. Private addresses need an entry `host:port` in the operator's list. No connection is shared or kept.
 * - An address that another's answer named may be private only where that other is allowed too.
 * - Redirects are followed by this room, never by Node: at most 3, only of GET, each checked as the first address was. To another origin go
 *   only headers that say what is wanted, none that say who asks.
 * - 10 s to the first byte, 60 s in all, unless the request says otherwise. Bytes are counted after decompression (gzip, deflate, br):
 *   256 MiB at most, unless the request says less, and at most 100 times what came over the wire.
 * - An answer is streamed: its bytes are taken as fast as the caller takes them. One that breaks off, is too long or is not what its headers
 *   say ends with a `WebBroken`, never early and silently.
 * - A failure tells nothing of what a server answered, so it may be shown to whoever named the server.
 *
 * Conditional requests: the caller sends `if-none-match` and `if-modified-since`, gets 304 as an answer, and `etag`, `last-modified`,
 * `cache-control` and `retry-after` among the headers.
 */
export { isPublicAddress } from './addresses.ts'
export { WebBroken } from './broken.ts'
export { createSafeFetch } from './fetch.ts'
export { checkedTarget, type Target } from './target.ts'
export type { SafeAnswer, SafeFailure, SafeFetch, SafeRequest, Safety } from './types.ts'
