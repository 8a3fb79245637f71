/**
 * Says what a decoded structure must look like, with limits, and gives it its type.
 *
 * A structure has exactly the named fields: an unknown one is refused, so that no two versions read one signature
 * differently. Texts are NFC, since two texts that look alike must not be two names.
 */
import type { CID } from 'multiformats/cid'
import { isCid } from './hash.ts'
import { fail, ok, type Result } from './result.ts'

export type SchemaFailure = { readonly path: string, readonly expected: string }
export type Schema<T> = (value: unknown, path: string) => Result<T, SchemaFailure>
export type Parsed<S> = S extends Schema<infer T> ? T : never

export function uint (max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  return (value, path) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
    ? ok(value)
    : fail({ path, expected: `an integer from 0 to ${max}` })
}

export function integer (min: number, max: number): Schema<number> {
  return (value, path) => typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
    ? ok(value)
    : fail({ path, expected: `an integer from ${min} to ${max}` })
}

/** Text of at most `max` UTF-16 units. */
export function text (max: number): Schema<string> {
  return (value, path) => typeof value === 'string' && value.length <= max && value.normalize('NFC') === value
    ? ok(value)
    : fail({ path, expected: `text of at most ${max} characters` })
}

export function matching (pattern: RegExp, expected: string): Schema<string> {
  return (value, path) => typeof value === 'string' && pattern.test(value) ? ok(value) : fail({ path, expected })
}

export function boolean (): Schema<boolean> {
  return (value, path) => typeof value === 'boolean' ? ok(value) : fail({ path, expected: 'true or false' })
}

export function bytes (min: number, max: number = min): Schema<Uint8Array> {
  const expected = min === max ? `${min} bytes` : `${min} to ${max} bytes`
  return (value, path) => value instanceof Uint8Array && value.length >= min && value.length <= max
    ? ok(value)
    : fail({ path, expected })
}

export function cid (): Schema<CID> {
  return (value, path) => isCid(value) ? ok(value) : fail({ path, expected: 'a CID' })
}

export function literal<const L extends string | number | boolean> (...allowed: readonly L[]): Schema<L> {
  return (value, path) => {
    const found = allowed.find(each => each === value)
    return found === undefined ? fail({ path, expected: allowed.join(' or ') }) : ok(found)
  }
}

export function nullable<T> (inner: Schema<T>): Schema<T | null> {
  return (value, path) => value === null ? ok(null) : inner(value, path)
}

export function list<T> (inner: Schema<T>, max: number, min = 0): Schema<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max || value.length < min) {
      return fail({ path, expected: `a list of ${min} to ${max}` })
    }
    const parsed: T[] = []
    for (const [index, each] of value.entries()) {
      const result = inner(each, `${path}[${index}]`)
      if (!result.ok) return result
      parsed.push(result.value)
    }
    return ok(parsed)
  }
}

export function tuple<const S extends ReadonlyArray<Schema<unknown>>> (
  ...inner: S
): Schema<{ readonly [I in keyof S]: Parsed<S[I]> }> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length !== inner.length) {
      return fail({ path, expected: `a list of exactly ${inner.length}` })
    }
    const parsed: unknown[] = []
    for (const [index, schema] of inner.entries()) {
      const result = schema(value[index], `${path}[${index}]`)
      if (!result.ok) return result
      parsed.push(result.value)
    }
    return ok(parsed as { readonly [I in keyof S]: Parsed<S[I]> })
  }
}

export function struct<const F extends Readonly<Record<string, Schema<unknown>>>> (
  fields: F
): Schema<{ readonly [K in keyof F]: Parsed<F[K]> }> {
  const names = Object.keys(fields)
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isCid(value) || value instanceof Uint8Array) {
      return fail({ path, expected: 'a structure' })
    }
    const given = new Map(Object.entries(value))
    const unknown = [...given.keys()].find(name => !names.includes(name))
    if (unknown !== undefined) return fail({ path: `${path}.${unknown.slice(0, 64)}`, expected: 'no such field' })
    const parsed: Record<string, unknown> = {}
    for (const [name, schema] of Object.entries(fields)) {
      if (!given.has(name)) return fail({ path: `${path}.${name}`, expected: 'this field to be present' })
      const result = schema(given.get(name), `${path}.${name}`)
      if (!result.ok) return result
      parsed[name] = result.value
    }
    return ok(parsed as { readonly [K in keyof F]: Parsed<F[K]> })
  }
}

/** One of several structures, told apart by the text in one of their fields. */
export function union<const M extends Readonly<Record<string, Schema<unknown>>>> (
  field: string, members: M
): Schema<{ [K in keyof M]: Parsed<M[K]> }[keyof M]> {
  return (value, path) => {
    const name = typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(field) : undefined
    const member = typeof name === 'string' && Object.hasOwn(members, name) ? members[name] : undefined
    if (member === undefined) {
      return fail({ path: `${path}.${field}`, expected: `one of ${Object.keys(members).join(', ')}` })
    }
    return member(value, path) as Result<{ [K in keyof M]: Parsed<M[K]> }[keyof M], SchemaFailure>
  }
}
