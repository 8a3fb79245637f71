import { equalBytes, fail, hex, ok, sha256, textOf, utf8, type Result } from '../../base/index.ts'
import { decodeCertificate, didOfKey, peerIdOfKey, type Certificate } from '../../core/identity/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import type { SignedRequest } from '../contract/index.ts'
import type { Members } from '../members/index.ts'
import { REQUEST_IDS_MAX, REQUEST_IDS_PER_MEMBER_MAX, REQUEST_LIFETIME_MS_MAX, REQUEST_SKEW_MS_MAX, REQUEST_TOKEN_BYTES_MAX } from './limits.ts'
import type { Voice } from './signing.ts'

const ID_BYTES = 16
const TYPE = 'hanse+jwt'

type Claims = {
  readonly iss: string, readonly sub: string, readonly aud: string, readonly iat: number, readonly exp: number, readonly jti: string
  readonly htm: string, readonly htu: string, readonly bh: string, readonly fed: string, readonly cert: string
}

export type TokenFailure = { readonly code: 'size' | 'malformed' | 'algorithm' | 'certificate' | 'signature' | 'audience' | 'request' | 'time' | 'replayed' | 'busy' }

/** The `Authorization` header for one request over HTTP: a JWT (RFC 7519) by the node key, with the certificate that says whose it is. */
export function authorizationOf (
  { federation, certificate, key }: Voice, audience: string, { method, url, body }: SignedRequest, clock: Clock, random: Random
): string {
  const nowS = Math.floor(clock.nowMs() / 1000)
  const claims: Claims = {
    iss: certificate.member, sub: certificate.member, aud: audience, iat: nowS, exp: nowS + REQUEST_LIFETIME_MS_MAX / 1000,
    jti: textOfBytes(random.bytes(ID_BYTES)), htm: method, htu: url, bh: textOfBytes(sha256(body)), fed: federation.toString(),
    cert: textOfBytes(certificate.envelope)
  }
  const name = didOfKey(key.publicKey)
  const header = { alg: 'EdDSA', typ: TYPE, kid: `${name}#${name.slice('did:key:'.length)}` }
  const signed = `${textOfBytes(utf8(JSON.stringify(header)))}.${textOfBytes(utf8(JSON.stringify(claims)))}`
  return `Bearer ${signed}.${textOfBytes(key.sign(utf8(signed)))}`
}

/** Finds out which member signed a request, and that it did so for this node, now and once. */
export class RequestTokens {
  readonly #own: string
  readonly #members: Pick<Members, 'current' | 'addCertificate'>
  readonly #clock: Clock
  /** Heard ids with their members and the time from which on they need not be known any more, oldest first. */
  readonly #heard = new Map<string, { readonly member: string, readonly untilMs: number }>()
  readonly #counts = new Map<string, number>()

  constructor ({ own, members, clock }: { readonly own: string, readonly members: Pick<Members, 'current' | 'addCertificate'>, readonly clock: Clock }) {
    this.#own = own
    this.#members = members
    this.#clock = clock
  }

  async memberOf (authorization: string, request: SignedRequest): Promise<Result<string, TokenFailure>> {
    if (authorization.length > REQUEST_TOKEN_BYTES_MAX) return refused('size')
    const [, head = '', body = '', signature = ''] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? []
    const header = objectOf(head)
    const claims = claimsOf(objectOf(body))
    if (header === undefined || claims === undefined) return refused('malformed')
    if (header['alg'] !== 'EdDSA' || header['typ'] !== TYPE) return refused('algorithm')
    const certificate = await this.#certificateOf(claims)
    if (certificate === undefined) return refused('certificate')
    if (!certificate.nodeKey.verify(utf8(`${head}.${body}`), bytesOfText(signature))) return refused('signature')
    if (claims.aud !== this.#own) return refused('audience')
    const isThis = claims.htm === request.method && claims.htu === request.url && equalBytes(bytesOfText(claims.bh), sha256(request.body))
    return isThis ? this.#inTime(claims, certificate.member) : refused('request')
  }

  async #certificateOf ({ iss, sub, fed, cert }: Claims): Promise<Certificate | undefined> {
    const envelope = bytesOfText(cert)
    const certificate = decodeCertificate(envelope)
    if (!certificate.ok || iss !== sub || certificate.value.member !== iss || fed !== this.#members.current.federation.toString()) return undefined
    const { id, transportKey, notBeforeMs, notAfterMs } = certificate.value
    if (this.#members.current.certificate(id) === undefined && !(await this.#members.addCertificate(envelope)).ok) return undefined
    const nowMs = this.#clock.nowMs()
    const isInForce = notBeforeMs <= nowMs && nowMs < notAfterMs && this.#members.current.memberOfPeer(peerIdOfKey(transportKey)) === iss
    return isInForce ? this.#members.current.certificate(id) : undefined
  }

  #inTime ({ iat, exp, iss, jti }: Claims, member: string): Result<string, TokenFailure> {
    const nowMs = this.#clock.nowMs()
    const [issuedMs, endMs] = [iat * 1000, exp * 1000]
    const isTimely = endMs - issuedMs <= REQUEST_LIFETIME_MS_MAX && issuedMs <= nowMs + REQUEST_SKEW_MS_MAX && nowMs <= endMs + REQUEST_SKEW_MS_MAX
    if (!isTimely) return refused('time')
    for (const [id, { member: of, untilMs }] of this.#heard) {
      if (untilMs >= nowMs) break
      this.#heard.delete(id)
      this.#count(of, -1)
    }
    // However long it is, it takes no more room than another.
    const id = hex(sha256(utf8(`${iss} ${jti}`)))
    if (this.#heard.has(id)) return refused('replayed')
    if (this.#heard.size >= REQUEST_IDS_MAX || (this.#counts.get(member) ?? 0) >= REQUEST_IDS_PER_MEMBER_MAX) return refused('busy')
    this.#heard.set(id, { member, untilMs: nowMs + REQUEST_LIFETIME_MS_MAX + 2 * REQUEST_SKEW_MS_MAX })
    this.#count(member, 1)
    return ok(member)
  }

  #count (member: string, change: 1 | -1): void {
    const count = (this.#counts.get(member) ?? 0) + change
    if (count === 0) this.#counts.delete(member)
    else this.#counts.set(member, count)
  }
}

function refused (code: TokenFailure['code']): Result<never, TokenFailure> {
  return fail({ code })
}

function claimsOf (claims: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  const texts = ['iss', 'sub', 'aud', 'jti', 'htm', 'htu', 'bh', 'fed', 'cert'].every(name => typeof claims?.[name] === 'string')
  const times = ['iat', 'exp'].every(name => Number.isSafeInteger(claims?.[name]))
  return texts && times ? claims as Claims : undefined
}

function objectOf (part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(textOf(bytesOfText(part)) ?? '')
    return typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : undefined
  } catch {
    return undefined
  }
}

function textOfBytes (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function bytesOfText (text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}
