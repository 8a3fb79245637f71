import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** An answer without an end, written into as things come. */
export interface Outlet {
  /** What the reader has not taken, beside what the network holds. */
  readonly unsentBytes: number
  write (bytes: Uint8Array): void
  /** Resolves when nothing is unsent, or the reader has gone. */
  drained (): Promise<void>
}

/** A connection that speaks another protocol from now on. */
export type Upgrade = { readonly message: IncomingMessage, readonly socket: Duplex, readonly head: Buffer }

export function outletOf (response: ServerResponse): Outlet {
  return {
    get unsentBytes () { return response.writableLength },
    write (bytes) { if (!response.destroyed) response.write(bytes) },
    drained: () => drained(response)
  }
}

/** Resolves when a slow reader has taken what was written, or has gone. */
export async function drained (response: ServerResponse): Promise<void> {
  if (response.destroyed || response.writableLength === 0) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}
