import { z } from 'zod'
import { fail, ok, type Result } from '../../base/index.ts'
import { ROLES, type AccountView } from '../../sdk/accounts/index.ts'
import { readOwnFile, replaceFile } from '../files/index.ts'

/** An account as the file holds it. `keystore`: hex of what its passphrase opens. */
export type KeptAccount = AccountView & { readonly keystore: string }

export type AccountFileFailure = { readonly code: 'loose-mode' | 'malformed', readonly reason: string, readonly hint: string }

const fileSchema: z.ZodType<{ readonly accounts: readonly KeptAccount[] }> = z.strictObject({
  accounts: z.array(z.strictObject({ name: z.string(), role: z.enum(ROLES), createdMs: z.int(), keystore: z.hex().max(2_048) }))
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
