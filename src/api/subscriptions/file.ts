import { readFile, stat } from 'node:fs/promises'
import { fail, ok, type Result } from '../../base/index.ts'
import type { Asker } from '../../node/contract/index.ts'
import { replaceFile } from '../files/index.ts'
import { SUBSCRIPTIONS_MAX } from './limits.ts'
import type { Kept, Progress } from './types.ts'

const FILE_BYTES_MAX = 33_554_432

export type FileFailure = { readonly code: 'loose-mode' | 'malformed', readonly reason: string, readonly hint: string }

/** None where there is no file yet. They hold secrets of receivers, so nobody else may read them. */
export async function readSubscriptions (path: string): Promise<Result<readonly Kept[], FileFailure>> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return ok([])
  if ((found.mode & 0o077) !== 0) return fail({ code: 'loose-mode', reason: `${path} can be read by others, and it holds secrets of receivers`, hint: `chmod 600 ${path}` })
  const broken = { code: 'malformed', reason: `${path} does not hold the subscriptions of this node`, hint: 'bring it back from a copy, or remove it: then all of them are gone' } as const
  if (found.size > FILE_BYTES_MAX) return fail(broken)
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as { readonly v?: unknown, readonly subscriptions?: unknown }
    if (value.v !== 1 || !Array.isArray(value.subscriptions) || value.subscriptions.length > SUBSCRIPTIONS_MAX) return fail(broken)
    const kept = (value.subscriptions as readonly unknown[]).map(keptOf)
    return kept.every(each => each !== undefined) ? ok(kept) : fail(broken)
  } catch {
    return fail(broken)
  }
}

export async function writeSubscriptions (path: string, subscriptions: Iterable<Kept>): Promise<void> {
  const written = [...subscriptions].map(each => ({ ...each, positions: Object.fromEntries(each.positions) }))
  await replaceFile(path, `${JSON.stringify({ v: 1, subscriptions: written })}\n`)
}

function keptOf (value: unknown): Kept | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, owner, madeBy, createdMs, definition, context, progress, positions } = value as Readonly<Record<string, unknown>>
  const areObjects = [owner, definition, progress, positions].every(each => typeof each === 'object' && each !== null)
  if (typeof id !== 'string' || typeof createdMs !== 'number' || !areObjects) return undefined
  const places = Object.entries(positions as object).flatMap(([dataset, place]: [string, unknown]) => {
    const { feed, next } = (place ?? {}) as { readonly feed?: unknown, readonly next?: unknown }
    return typeof feed === 'string' && Number.isSafeInteger(next) ? [[dataset, { feed, next: next as number }] as const] : []
  })
  return {
    id, owner: owner as Asker, madeBy: typeof madeBy === 'string' ? madeBy : null, createdMs, definition: definition as Kept['definition'], context, progress: { ...FRESH, ...progress as Progress }, positions: new Map(places)
  }
}

export const FRESH: Progress = { timesSent: 0, timesFailed: 0, lastNotificationMs: null, lastSuccessMs: null, lastFailureMs: null, lastReason: null, failuresInRow: 0 }
