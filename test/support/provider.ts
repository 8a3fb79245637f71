/** A provider of OpenID Connect on this machine, small and obedient: it says what a test tells it to say, also what is wrong. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const CLIENT = { id: 'hanse', secret: 'a secret of the client' }

/** What the next identity token says, over what is right. */
export type Word = { readonly claims?: Readonly<Record<string, unknown>>, readonly signedBy?: 'other', readonly algorithm?: 'none' }

export type Provider = {
  readonly issuer: string
  /** Said to everybody until it is changed. */
  word: Word
  /** How often each path was asked. */
  readonly asked: Map<string, number>
  /** Answers nothing any more. */
  isSilent: boolean
  stop (): Promise<void>
}

type Code = { readonly redirect: string, readonly nonce: string, readonly challenge: string }

export async function startProvider (): Promise<Provider> {
  const [own, other] = [keys(), keys()]
  const codes = new Map<string, Code>()
  const asked = new Map<string, number>()
  let issuer = ''
  const provider = { word: {} as Word, asked, isSilent: false }
  const tokenOf = ({ nonce }: Code): string => {
    const nowS = Math.floor(Date.now() / 1_000)
    const { claims = {}, signedBy, algorithm } = provider.word
    const head = base64({ alg: algorithm ?? 'RS256', kid: 'first', typ: 'JWT' })
    const body = base64({ iss: issuer, aud: CLIENT.id, sub: 'u-17', name: 'Ada Böhm', iat: nowS, exp: nowS + 60, nonce, ...claims })
    const signature = algorithm === 'none' ? '' : sign('sha256', Buffer.from(`${head}.${body}`), (signedBy === 'other' ? other : own).privateKey).toString('base64url')
    return `${head}.${body}.${signature}`
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    asked.set(url.pathname, (asked.get(url.pathname) ?? 0) + 1)
    if (provider.isSilent) {
      response.destroy()
      return
    }
    const json = (value: unknown, status = 200): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)) }
    if (url.pathname === '/.well-known/openid-configuration') {
      json({
        issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`, response_types_supported: ['code'], subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'], code_challenge_methods_supported: ['S256'], authorization_response_iss_parameter_supported: true
      })
    } else if (url.pathname === '/keys') json({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'first', alg: 'RS256', use: 'sig' }] })
    else if (url.pathname === '/authorize') {
      const code = randomBytes(16).toString('base64url')
      const redirect = url.searchParams.get('redirect_uri') ?? ''
      codes.set(code, { redirect, nonce: url.searchParams.get('nonce') ?? '', challenge: url.searchParams.get('code_challenge') ?? '' })
      const back = new URL(redirect)
      for (const [name, value] of Object.entries({ code, state: url.searchParams.get('state') ?? '', iss: issuer })) back.searchParams.set(name, value)
      response.writeHead(302, { location: back.href }).end()
    } else if (url.pathname === '/token') {
      void bodyOf(request).then(form => {
        const code = codes.get(form.get('code') ?? '')
        codes.delete(form.get('code') ?? '')
        const isClient = request.headers.authorization === `Basic ${Buffer.from(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret).replaceAll('%20', '+')}`).toString('base64')}`
        const isRight = code !== undefined && isClient && form.get('redirect_uri') === code.redirect && createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') === code.challenge
        if (isRight) json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token: tokenOf(code) })
        else json({ error: 'invalid_grant' }, 400)
      })
    } else json({}, 404)
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(provider, {
    issuer,
    stop: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise(resolve => { server.close(resolve) })
    }
  })
}

function keys (): { readonly publicKey: KeyObject, readonly privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2_048 })
}

function base64 (value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function bodyOf (request: AsyncIterable<Buffer>): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}
