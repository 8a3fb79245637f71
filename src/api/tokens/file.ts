import { z } from 'zod'
import { fail, ok, type Result } from '../../base/index.ts'
import { SCOPES } from '../../sdk/operation/index.ts'
import type { TokenView } from '../../sdk/tokens/index.ts'
import { readOwnFile, replaceFile } from '../files/index.ts'

/** A token as the file holds it. */
export type KeptToken = TokenView & { readonly sha256: string }

export type TokenFileFailure = { readonly code: 'loose-mode' | 'malformed', readonly reason: string, readonly hint: string }

const fileSchema: z.ZodType<{ readonly tokens: readonly KeptToken[] }> = z.strictObject({
  tokens: z.array(z.strictObject({
    id: z.string(), label: z.string(), scope: z.enum(SCOPES), requester: z.string().nullable(), purpose: z.string().nullable(), createdMs: z.int(),
    expiresMs: z.int(), lastUsedHourMs: z.int().nullable(), sha256: z.hex().length(64)
  }).refine(({ scope, requester }) => requester === null || scope === 'read', 'a token that names a requester can only read'))
})

export async function readTokens (path: string): Promise<Result<readonly KeptToken[], TokenFileFailure>> {
  const file = await readOwnFile(path)
  if (file.state === 'absent') return ok([])
  if (file.state === 'loose-mode') {
    return fail({ code: 'loose-mode', reason: `others may read or write ${path}, which says who may use this node`, hint: `look whether a token was added to it, then chmod 600 ${path}` })
  }
  const parsed = fileSchema.safeParse(file.json)
  return parsed.success
    ? ok(parsed.data.tokens)
    : fail({ code: 'malformed', reason: `${path} is not what this node wrote`, hint: 'restore it, or remove it: then no token but that of this start is valid' })
}

export async function writeTokens (path: string, tokens: readonly KeptToken[]): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ tokens }, undefined, 2)}\n`)
}
