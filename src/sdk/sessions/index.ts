/**
 * Says what client and server exchange about sessions of the console: a link for one entry, what a session may do, its end.
 *
 * One enters by a link or by name and passphrase. The cookie holds the session; every write carries `csrf` in the header `CSRF_HEADER`
 * besides. Passkeys are in `sdk/passkeys`, a provider
 * of the city in `sdk/provider`.
 */
import { z } from 'zod'
import { accountNameSchema, passphraseSchema, ROLES, type Role } from '../accounts/index.ts'
import { json, SCOPES, type Call, type Operations, type Scope } from '../operation/index.ts'

/** A link for one entry, within a few minutes. Whoever has it enters as one of the people of this node. */
export type Entry = { readonly url: string, readonly expiresMs: number }

export type EntryRequest = { readonly entry: string } | { readonly name: string, readonly passphrase: string }

export type Session = {
  readonly scope: Scope
  readonly role: Role
  /** Null: entered by a link. */
  readonly account: string | null
  /** A name that the provider gives is none of the accounts here. */
  readonly by: 'link' | 'account' | 'provider'
  /** Whether anybody has an account here: the first is made by who entered by a link. */
  readonly hasAccounts: boolean
  /** Goes with every write, in the header of that name. */
  readonly csrf: string
  /** When it ends if nobody asks anything more, and at the latest. */
  readonly idleEndMs: number
  readonly endMs: number
}

export const CSRF_HEADER = 'hanse-csrf'
/** Of what a page asks by itself while nobody is at it: such a request does not keep the session open. */
export const UNATTENDED_HEADER = 'hanse-unattended'
export const SESSION_PATH = '/api/v1/session'

export const entrySchema: z.ZodType<Entry> = z.object({ url: z.string(), expiresMs: z.int() })
const entryRequestSchema: z.ZodType<EntryRequest> = z.union([
  z.strictObject({ entry: z.string().min(1).max(256) }), z.strictObject({ name: accountNameSchema, passphrase: z.string().min(1).max(256) })
])
export const sessionSchema: z.ZodType<Session> = z.object({
  scope: z.enum(SCOPES), role: z.enum(ROLES), account: z.string().nullable(), by: z.enum(['link', 'account', 'provider']), hasAccounts: z.boolean(), csrf: z.string(), idleEndMs: z.int(), endMs: z.int()
})

/** One's own passphrase: the one until now, and the one from now on. */
export type PassphraseChange = { readonly passphrase: string, readonly newPassphrase: string }

const passphraseChangeSchema: z.ZodType<PassphraseChange> = z.strictObject({ passphrase: z.string().min(1).max(256), newPassphrase: passphraseSchema })

export type SessionCalls = {
  'sessions.invite': Call
  'sessions.begin': Call<undefined, EntryRequest>
  'sessions.show': Call
  'sessions.passphrase': Call<undefined, PassphraseChange>
  'sessions.end': Call
}

const session = { tag: 'Access', path: SESSION_PATH } as const

export const SESSION_OPERATIONS: Operations<SessionCalls> = {
  'sessions.invite': {
    ...session, method: 'POST', path: `${SESSION_PATH}/entries`, scope: 'decide', byAdmin: true, summary: 'A link with which a browser enters once', answers: { 201: json(entrySchema) }
  },
  'sessions.begin': {
    ...session, method: 'POST', scope: null, summary: 'Enter with the token of a link, or with name and passphrase; sets the cookie of a session', body: { as: 'json', schema: entryRequestSchema },
    answers: { 201: json(sessionSchema) }
  },
  'sessions.show': { ...session, method: 'GET', scope: 'read', summary: 'The session of this cookie', answers: { 200: json(sessionSchema) }, problems: [404] },
  'sessions.passphrase': {
    ...session, method: 'PUT', path: `${SESSION_PATH}/passphrase`, scope: 'read', summary: 'Change the passphrase of the account that is signed in; its other sessions end',
    body: { as: 'json', schema: passphraseChangeSchema }, answers: { 204: null }, problems: [404, 409]
  },
  'sessions.end': { ...session, method: 'DELETE', scope: 'read', summary: 'Leave: the cookie opens nothing any more', answers: { 204: null }, problems: [404] }
}
