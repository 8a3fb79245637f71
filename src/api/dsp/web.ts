import type { Result } from '../../base/index.ts'

/** The client of `host/web`, as far as this protocol needs it. */
export type Web = (request: {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
  readonly bytesMax: number
  readonly timeoutMs: number
  readonly onlyAllowed?: readonly string[]
}) => Promise<Result<{ readonly status: number, whole (): Promise<Result<Uint8Array, unknown>> }, unknown>>
