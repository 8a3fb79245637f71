const NAME_LENGTH_MAX = 64

/** What a name with dots leads to in claims, such as `realm_access.roles`; a claim may have dots in its own name too. */
export function claimAt (claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}

/** The strongest role among those that the values of a claim have; undefined: none has any. `ranks`: from the weakest. */
export function roleIn<R extends string> (claim: unknown, roles: ReadonlyMap<string, R>, ranks: readonly R[]): R | undefined {
  const given = new Set((Array.isArray(claim) ? claim : [claim]).flatMap(value => typeof value === 'string' ? roles.get(value) ?? [] : []))
  return ranks.findLast(rank => given.has(rank))
}

/** How a person is shown. */
export function nameIn (claim: unknown, subject: unknown): string {
  const name = typeof claim === 'string' && claim.trim() !== '' ? claim : String(subject)
  return name.replaceAll(/\p{C}/gu, '').trim().slice(0, NAME_LENGTH_MAX)
}
