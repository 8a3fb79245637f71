import type { IncomingHttpHeaders } from 'node:http'

/**
 * The name of the cookie. On plain loopback not every browser takes one that must be secure, and ports share their cookies: the name
 * then carries the port, so that two nodes on one machine do not put each other's people out.
 */
function nameOf (origin: string): string {
  return isSecure(origin) ? '__Host-sid' : `sid-${/:(\d{1,5})$/.exec(origin)?.[1] ?? '80'}`
}

function isSecure (origin: string): boolean {
  return origin.startsWith('https:')
}

export function cookieOf (origin: string, secret: string, maxAgeS: number): string {
  return `${nameOf(origin)}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${isSecure(origin) ? '; Secure' : ''}`
}

const COOKIES_LENGTH_MAX = 8_192

/** What the cookie of this origin holds. Given twice, by whomever, it holds nothing. */
export function secretOf (headers: IncomingHttpHeaders, origin: string): string | undefined {
  const name = nameOf(origin)
  const given = (headers.cookie ?? '').slice(0, COOKIES_LENGTH_MAX).split(';').map(each => each.trim()).filter(each => each.startsWith(`${name}=`))
  return given.length === 1 ? given[0]?.slice(name.length + 1) : undefined
}
