import type { Result } from '../../base/index.ts'

/** What an operator allows beside public servers with TLS. */
export type Safety = {
  /** `host:port` as an address has it: may be private, plain HTTP and on any port. `loopback`: whatever is on this machine. */
  readonly allowed: readonly string[] | 'loopback'
  /** Ports of public servers with TLS, beside 443 and 80. */
  readonly ports?: readonly number[]
  /** All addresses of a name; the system's resolver where nothing is said. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

export type SafeRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  /** Redirects that are followed; 0, the default: a redirect is the answer. */
  readonly redirectsMax?: number
  /** Of the answer, after decompression. */
  readonly bytesMax?: number
  readonly firstByteTimeoutMs?: number
  readonly timeoutMs?: number
  /** Of what the operator allowed, only these entries count for this request. */
  readonly onlyAllowed?: readonly string[]
  /** The address whose answer named this one. What the operator allowed counts only where that one is allowed too: a stranger's catalogue leads into no private network. */
  readonly namedBy?: string
  readonly signal?: AbortSignal
}

export type SafeAnswer = {
  readonly status: number
  /** Where it came from, after redirects. */
  readonly url: string
  /** By names in lower case; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Read once. Throws `WebBroken`. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** All bytes at once, in place of `bytes`. */
  whole (): Promise<Result<Uint8Array, SafeFailure>>
  /** Ends what was not read to its end. An answer is read or cancelled. */
  cancel (): void
}

export type SafeFailure = {
  readonly code: 'address' | 'unreachable' | 'timeout' | 'too-large' | 'redirect' | 'encoding' | 'broken' | 'cancelled'
  readonly reason: string
  readonly hint: string
}

export type SafeFetch = (request: SafeRequest) => Promise<Result<SafeAnswer, SafeFailure>>
