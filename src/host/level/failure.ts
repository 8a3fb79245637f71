import type { HostError } from '../index.ts'

export function hostError (code: HostError['code'], message: string, cause?: unknown): HostError {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })
}

/** What LevelDB said: it stands in `cause` of the error that `level` throws when opening, else in the error itself. */
export function messageOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

/** Codes of the error and of its cause, for instance `LEVEL_LOCKED` or `ENOSPC`. */
export function codesOf (error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return []
  return ['code' in error ? error.code : undefined, ...codesOf(error.cause)]
}

/**
 * Whether a failed read says that bytes on disk are not what was written. A damaged file makes LevelDB seek to places
 * that do not exist, which it calls an I/O error; so all is damage that is not a want of this process.
 */
export function isDamage (error: unknown): boolean {
  if (codesOf(error).includes('LEVEL_CORRUPTION')) return true
  const message = messageOf(error)
  return message.includes('IO error') && !/too many open files|cannot allocate|permission denied/i.test(message)
}

/** For a failed read: damage as a value, or the error that stopped the reading. */
export function damagedOrThrow (error: unknown): 'damaged' {
  if (isDamage(error)) return 'damaged'
  throw hostError('store.read', `the store could not be read (${messageOf(error)})`, error)
}
