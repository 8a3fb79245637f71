/**
 * Stands in for `zod` in a browser: the same checks, with those ways to write them that `sdk` uses and no others, for a third of the bytes.
 * The build puts it in the place of the package. What it lacks fails when the page is opened that needs it.
 */
import * as zod from 'zod/mini'

type Schema = zod.ZodMiniType & { readonly def: { readonly type: string } }

/** Ways to write a schema further, on all schemas. */
const WAYS: ThisType<Schema> & Record<string, (this: Schema, ...given: never[]) => unknown> = {
  nullable () { return zod.nullable(this) },
  optional () { return zod.optional(this) },
  exactOptional () { return zod.exactOptional(this) },
  default (value: never) { return zod._default(this, value) },
  transform (change: (value: unknown) => unknown) { return zod.pipe(this, zod.transform(change)) },
  refine (isRight: (value: unknown) => boolean, complaint?: string) { return this.check(zod.refine(isRight, complaint)) },
  overwrite (change: (value: unknown) => unknown) { return this.check(zod.overwrite(change)) },
  min (least: number) { return this.check(isNumber(this) ? zod.gte(least) : zod.minLength(least)) },
  max (most: number) { return this.check(isNumber(this) ? zod.lte(most) : zod.maxLength(most)) },
  length (length: number) { return this.check(zod.length(length)) },
  regex (form: RegExp, complaint?: string) { return this.check(zod.regex(form, complaint)) },
  catchall (others: never) { return zod.catchall(this as never, others) },
  int () { return this.check(zod.int()) },
  positive () { return this.check(zod.positive()) },
  // What is said of a schema is read by those who write OpenAPI.
  describe () { return this },
  meta () { return this }
}
Object.assign(zod.ZodMiniType.prototype, WAYS)

function isNumber ({ def }: Schema): boolean {
  return def.type === 'number' || def.type === 'int'
}

export const z = {
  array: zod.array, base64: zod.base64, boolean: zod.boolean, coerce: { number: zod.coerce.number }, discriminatedUnion: zod.discriminatedUnion, enum: zod.enum,
  hex: zod.hex, int: zod.int, json: zod.json, literal: zod.literal, looseObject: zod.looseObject, null: zod.null, number: zod.number, object: zod.object, record: zod.record, strictObject: zod.strictObject, string: zod.string,
  tuple: zod.tuple, union: zod.union, unknown: zod.unknown
}
