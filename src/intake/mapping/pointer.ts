const STEPS_MAX = 32

/** The way into a JSON value that a pointer (RFC 6901) or a dotted path tells. Empty: the value itself. */
export function stepsOf (path: string): readonly string[] {
  if (path === '') return []
  const steps = path.startsWith('/') ? path.slice(1).split('/').map(step => step.replaceAll('~1', '/').replaceAll('~0', '~')) : path.split('.')
  return steps.slice(0, STEPS_MAX)
}

/** Only what an object or list itself has: nothing of their prototypes. */
export function valueAt (value: unknown, steps: readonly string[]): unknown {
  let at: unknown = value
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[step]
  }
  return at
}
