import { ok, type Result } from '../../base/index.ts'
import { readCapped, writeSecretFile, type Folder, type SecretFileFailure } from './folder.ts'

export const CHARTER_LENGTH_MAX = 65_536

/** The charter that is kept outside of the store; empty where this node belongs to no federation. */
export async function readCharter ({ charter }: Folder): Promise<Result<Uint8Array, SecretFileFailure>> {
  try {
    return await readCapped(charter, CHARTER_LENGTH_MAX)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok(new Uint8Array(0))
    throw error
  }
}

/** Keeps the charter outside of the store. It never changes: one that is there stays. */
export async function keepCharter (folder: Folder, envelope: Uint8Array): Promise<void> {
  const kept = await readCharter(folder)
  if (!kept.ok || !Buffer.from(kept.value).equals(envelope)) await writeSecretFile(folder.charter, envelope)
}
