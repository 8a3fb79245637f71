/** An expected outcome that a caller must look at: a value, or a failure with a `code` and the facts that explain it. */
export type Result<T, F> =
  | { readonly ok: true, readonly value: T }
  | { readonly ok: false, readonly failure: F }

export function ok<T> (value: T): { readonly ok: true, readonly value: T } {
  return { ok: true, value }
}

export function fail<const F> (failure: F): { readonly ok: false, readonly failure: F } {
  return { ok: false, failure }
}

/** A broken invariant: a bug of ours, never outside input. Stays on in production (a node that meets one stops writing). */
class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
  readonly code = 'assertion'
}

export function assert (condition: unknown, sentence: string): asserts condition {
  if (condition !== true) throw new AssertionFailure(sentence)
}

/** Closes a switch over a union: adding a member without a case no longer compiles. */
export function unreachable (value: never): never {
  throw new AssertionFailure(`no case for ${JSON.stringify(value)}`)
}
