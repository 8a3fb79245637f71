/**
 * Says what client and server exchange about tokens: who may use the API, as what, in whose name, until when. A token itself is in one
 * answer alone, the one that made it.
 */
import { z } from 'zod'
import { json, SCOPES, type Call, type Operations, type Scope } from '../operation/index.ts'

export type TokenView = {
  readonly id: string
  readonly label: string
  readonly scope: Scope
  /** Null: one of the people of this node. Else in whose name it reads: a member's did, or `outside`, who is anybody. */
  readonly requester: string | null
  /** What for, where a request does not say, as a full IRI. */
  readonly purpose: string | null
  readonly createdMs: number
  readonly expiresMs: number
  /** To the hour; null: never yet. */
  readonly lastUsedHourMs: number | null
}

export type TokenRequest = {
  readonly label: string
  readonly scope: Scope
  /** A member by did or name, or `outside`. Such a token can only read. */
  readonly requester?: string | undefined
  readonly purpose?: string | undefined
  readonly validMs?: number | undefined
}

/** `token` is shown this once. */
export type MadeToken = { readonly token: string, readonly view: TokenView }

const LABEL_LENGTH_MAX = 128
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
export const TOKEN_VALID_MS = 365 * DAY_MS
const TOKEN_VALID_MS_MAX = 10 * 365 * DAY_MS

const tokenRequestSchema: z.ZodType<TokenRequest> = z.strictObject({
  label: z.string().min(1).max(LABEL_LENGTH_MAX),
  scope: z.enum(SCOPES),
  requester: z.string().min(1).max(512).optional(),
  purpose: z.string().max(128).regex(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/, 'an IRI').optional(),
  validMs: z.int().min(MINUTE_MS).max(TOKEN_VALID_MS_MAX).optional()
}).refine(({ scope, requester }) => requester === undefined || scope === 'read', 'a token that names a requester can only read')

const tokenViewSchema: z.ZodType<TokenView> = z.object({
  id: z.string(), label: z.string(), scope: z.enum(SCOPES), requester: z.string().nullable(), purpose: z.string().nullable(), createdMs: z.int(),
  expiresMs: z.int(), lastUsedHourMs: z.int().nullable()
})
export const tokensSchema: z.ZodType<readonly TokenView[]> = z.array(tokenViewSchema)
export const madeTokenSchema: z.ZodType<MadeToken> = z.object({ token: z.string(), view: tokenViewSchema })

export type TokenCalls = {
  'tokens.list': Call
  'tokens.make': Call<undefined, TokenRequest>
  'tokens.revoke': Call
}

export const TOKENS_PATH = '/api/v1/tokens'
const tokens = { tag: 'Access', scope: 'decide', byAdmin: true, path: TOKENS_PATH } as const

export const TOKEN_OPERATIONS: Operations<TokenCalls> = {
  'tokens.list': { ...tokens, method: 'GET', summary: 'Tokens that were made, without what they are', answers: { 200: json(tokensSchema) } },
  'tokens.make': {
    ...tokens, method: 'POST', summary: 'Make a token; it is shown in this answer alone', body: { as: 'json', schema: tokenRequestSchema },
    answers: { 201: json(madeTokenSchema) }, problems: [404, 409]
  },
  'tokens.revoke': { ...tokens, method: 'DELETE', path: `${TOKENS_PATH}/:id`, summary: 'End a token at once', answers: { 204: null } }
}
