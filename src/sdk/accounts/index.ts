/**
 * Says what client and server exchange about accounts: the people of this node, what each may do, and a passphrase that is never in
 * an answer.
 *
 * A role is a scope, and `admin` more than that: it makes accounts, tokens and links, and takes them back.
 */
import { z } from 'zod'
import { json, type Call, type Operations, type Scope } from '../operation/index.ts'

export const ROLES = ['viewer', 'publisher', 'approver', 'admin'] as const
export type Role = typeof ROLES[number]

const SCOPES: Readonly<Record<Role, Scope>> = { viewer: 'read', publisher: 'operate', approver: 'decide', admin: 'decide' }

export function scopeOfRole (role: Role): Scope {
  return SCOPES[role]
}

export type AccountView = { readonly name: string, readonly role: Role, readonly createdMs: number }
export type NewPassphrase = { readonly passphrase: string }
export type AccountRequest = { readonly name: string, readonly role: Role, readonly passphrase: string }

const NAME_LENGTH_MAX = 64
export const PASSPHRASE_LENGTH_MIN = 12
const PASSPHRASE_LENGTH_MAX = 256

export const accountNameSchema: z.ZodType<string> = z.string().min(1).max(NAME_LENGTH_MAX).regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._@-]*[\p{L}\p{N}])?$/u, 'letters, digits and . _ @ - between them')
export const passphraseSchema: z.ZodType<string> = z.string().min(PASSPHRASE_LENGTH_MIN).max(PASSPHRASE_LENGTH_MAX)
export const accountViewSchema: z.ZodType<AccountView> = z.object({ name: z.string(), role: z.enum(ROLES), createdMs: z.int() })
export const accountsSchema: z.ZodType<readonly AccountView[]> = z.array(accountViewSchema)
const accountRequestSchema: z.ZodType<AccountRequest> = z.strictObject({ name: accountNameSchema, role: z.enum(ROLES), passphrase: passphraseSchema })

const newPassphraseSchema: z.ZodType<NewPassphrase> = z.strictObject({ passphrase: passphraseSchema })

export type AccountCalls = {
  'accounts.list': Call
  'accounts.add': Call<undefined, AccountRequest>
  'accounts.passphrase': Call<undefined, NewPassphrase>
  'accounts.remove': Call
}

export const ACCOUNTS_PATH = '/api/v1/accounts'
const accounts = { tag: 'Access', scope: 'decide', byAdmin: true, path: ACCOUNTS_PATH } as const

export const ACCOUNT_OPERATIONS: Operations<AccountCalls> = {
  'accounts.list': { ...accounts, method: 'GET', summary: 'Accounts of people, and what each may do', answers: { 200: json(accountsSchema) } },
  'accounts.add': {
    ...accounts, method: 'POST', summary: 'Make an account', body: { as: 'json', schema: accountRequestSchema }, answers: { 201: json(accountViewSchema) }, problems: [409]
  },
  'accounts.passphrase': {
    ...accounts, method: 'PUT', path: `${ACCOUNTS_PATH}/:name/passphrase`, summary: 'Give a new passphrase to somebody who forgot it; its sessions and passkeys end',
    body: { as: 'json', schema: newPassphraseSchema }, answers: { 204: null }
  },
  'accounts.remove': { ...accounts, method: 'DELETE', path: `${ACCOUNTS_PATH}/:name`, summary: 'Remove an account; its sessions end', answers: { 204: null } }
}
