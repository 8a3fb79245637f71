import { fail } from '../../base/index.ts'
import type { SafeFailure } from './types.ts'

/** An answer that ended otherwise than it should. Known by its `code` where this room is not seen. */
export class WebBroken extends Error {
  override readonly name = 'WebBroken'
  readonly code: SafeFailure['code']
  readonly hint: string

  constructor ({ code, reason, hint }: SafeFailure) {
    super(reason)
    this.code = code
    this.hint = hint
  }

  get failure (): SafeFailure {
    return { code: this.code, reason: this.message, hint: this.hint }
  }
}

const HINTS: Readonly<Record<SafeFailure['code'], string>> = {
  'address': 'name a public server with https; one in your own network needs the operator to allow its HOST:PORT (web.allow in hanse.toml)',
  'unreachable': 'check the address, and whether the server is up',
  'timeout': 'try again later, or ask whoever runs the server',
  'too-large': 'ask for less at once: a filter, a shorter period, or one file of several',
  'redirect': 'name the address at which it ends',
  'encoding': 'ask whoever runs the server to send it with gzip, deflate or br, or uncompressed',
  'broken': 'try again; nothing of it was taken',
  'cancelled': 'run it again when you want it'
}

export function failed (code: SafeFailure['code'], reason: string): { readonly ok: false, readonly failure: SafeFailure } {
  return fail({ code, reason, hint: HINTS[code] })
}

export function broken (code: SafeFailure['code'], reason: string): WebBroken {
  return new WebBroken({ code, reason, hint: HINTS[code] })
}
