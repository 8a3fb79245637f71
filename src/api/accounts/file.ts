import { z } from 'zod'
import { fail, ok, type Result } from '../../base/index.ts'
import { ROLES, type AccountView } from '../../sdk/accounts/index.ts'
import { readOwnFile, replaceFile } from '../files/index.ts'

/** A passkey as the file holds it. `id`, `transports`: as the browser said them; `place`: the host name for which it holds; `publicKey`: hex of a COSE key. */
export type KeptPasskey = {
  readonly id: string
  readonly label: string
  readonly place: string
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly createdMs: number
  readonly lastUsedMs: number | null
}

/** Under what name the devices of a person keep its passkeys, in hex, and the passkeys. */
export type KeptPasskeys = { readonly userId: string, readonly list: readonly KeptPasskey[] }

/** An account as the file holds it. `keystore`: hex of what its passphrase opens; `passkeys`: left out by builds that knew none. */
export type KeptAccount = AccountView & { readonly keystore: string, readonly passkeys?: KeptPasskeys | undefined }

export type AccountFileFailure = { readonly code: 'loose-mode' | 'malformed', readonly reason: string, readonly hint: string }

const passkeysSchema: z.ZodType<KeptPasskeys> = z.strictObject({
  userId: z.hex().max(128),
  list: z.array(z.strictObject({
    id: z.string(), label: z.string(), place: z.string(), publicKey: z.hex(), counter: z.int().min(0), transports: z.array(z.string()), createdMs: z.int(), lastUsedMs: z.int().nullable()
  }))
})
const fileSchema: z.ZodType<{ readonly accounts: readonly KeptAccount[] }> = z.strictObject({
  accounts: z.array(z.strictObject({ name: z.string(), role: z.enum(ROLES), createdMs: z.int(), keystore: z.hex().max(2_048), passkeys: passkeysSchema.optional() }))
})

export async function readAccounts (path: string): Promise<Result<readonly KeptAccount[], AccountFileFailure>> {
  const file = await readOwnFile(path)
  if (file.state === 'absent') return ok([])
  if (file.state === 'loose-mode') {
    return fail({ code: 'loose-mode', reason: `others may read or write ${path}, which says who may use this node`, hint: `look whether an account was added to it, then chmod 600 ${path}` })
  }
  const parsed = fileSchema.safeParse(file.json)
  return parsed.success
    ? ok(parsed.data.accounts)
    : fail({ code: 'malformed', reason: `${path} is not what this node wrote`, hint: 'restore it, or remove it: then nobody has an account, and "hanse open" lets you in' })
}

export async function writeAccounts (path: string, accounts: readonly KeptAccount[]): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ accounts }, undefined, 2)}\n`)
}
