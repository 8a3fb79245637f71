import {
  bytes, decodeCanonical, encodeCanonical, equalBytes, fail, isProtectedKeystore, KEYSTORE_NONCE_SIZE_BYTES, KEYSTORE_SALT_SIZE_BYTES, KEYSTORE_SIZE_BYTES_MAX,
  literal, ok, openKeystore, sealKeystore, struct, type KeystoreFailure, type Result
} from '../../base/index.ts'
import type { Random } from '../../host/index.ts'
import { keysOf, type Seeds } from '../../node/index.ts'
import { folderOf, readSecretFile, writeSecretFile, type Folder, type SecretFileFailure } from './folder.ts'

const SEED_SIZE_BYTES = 32
const SECRET_BYTES_MAX = 1_024

const rootSecret = struct({ v: literal(1), kind: literal('root-seed'), root: bytes(SEED_SIZE_BYTES) })
const nodeSecret = struct({
  v: literal(1), kind: literal('node-seeds'), rootPublicKey: bytes(SEED_SIZE_BYTES),
  node: bytes(SEED_SIZE_BYTES), transport: bytes(SEED_SIZE_BYTES), encryption: bytes(SEED_SIZE_BYTES)
})

export type FullSeeds = Seeds & { readonly root: Uint8Array }

export type KeyFailure = SecretFileFailure | {
  readonly code: KeystoreFailure['code'] | 'mismatch'
  readonly path: string
  readonly reason: string
  readonly hint: string
}

export type HeldKeys = {
  readonly seeds: Seeds
  /** True: the root's seed is under a passphrase that was not given, and `seeds.root` is undefined. */
  readonly rootLocked: boolean
}

export function newSeeds (random: Random): FullSeeds {
  const root = random.bytes(SEED_SIZE_BYTES)
  const rest = { node: random.bytes(SEED_SIZE_BYTES), transport: random.bytes(SEED_SIZE_BYTES), encryption: random.bytes(SEED_SIZE_BYTES) }
  // The public key is asked of the room that knows keys; until then any bytes stand for it.
  const { root: key } = keysOf({ root, rootPublicKey: root, ...rest })
  return { root, rootPublicKey: key?.publicKey ?? root, ...rest }
}

/** The two files: the root's, protected where there is a passphrase, and the node's, which starts without a person. */
export function sealSeeds (seeds: FullSeeds, passphrase: string | undefined, random: Random): { readonly root: Uint8Array, readonly node: Uint8Array } {
  const { root, rootPublicKey, node, transport, encryption } = seeds
  return {
    root: sealSecret(encodeCanonical({ v: 1, kind: 'root-seed', root }), passphrase, random),
    node: sealSecret(encodeCanonical({ v: 1, kind: 'node-seeds', rootPublicKey, node, transport, encryption }), undefined, random)
  }
}

export function sealSecret (secret: Uint8Array, passphrase: string | undefined, random: Random): Uint8Array {
  return sealKeystore(secret, passphrase === undefined ? undefined : {
    passphrase: passphraseBytes(passphrase), salt: random.bytes(KEYSTORE_SALT_SIZE_BYTES), nonce: random.bytes(KEYSTORE_NONCE_SIZE_BYTES)
  })
}

/** One passphrase has several ways to be typed; all of them must open. */
function passphraseBytes (passphrase: string): Uint8Array {
  return new TextEncoder().encode(passphrase.normalize('NFKC'))
}

export async function writeKeyFiles (folder: Folder, files: { readonly root: Uint8Array, readonly node: Uint8Array }): Promise<void> {
  await writeSecretFile(folder.rootKey, files.root)
  await writeSecretFile(folder.nodeKey, files.node)
}

/** The keys of the node in this folder. Without a passphrase a protected root stays closed. */
export async function readKeys (path: string, passphrase: string | undefined): Promise<Result<HeldKeys, KeyFailure>> {
  const folder = folderOf(path)
  const rootFile = await readSecretFile(folder.rootKey, KEYSTORE_SIZE_BYTES_MAX)
  const nodeFile = await readSecretFile(folder.nodeKey, KEYSTORE_SIZE_BYTES_MAX)
  if (!nodeFile.ok) return nodeFile
  // The root may be kept elsewhere on purpose: then the node runs, and cannot renew its certificate.
  if (!rootFile.ok && rootFile.failure.code !== 'absent') return rootFile
  return openKeyFiles({ root: rootFile.ok ? rootFile.value : undefined, node: nodeFile.value }, passphrase, folder)
}

export function openKeyFiles (
  files: { readonly root: Uint8Array | undefined, readonly node: Uint8Array }, passphrase: string | undefined, names: { readonly rootKey: string, readonly nodeKey: string }
): Result<HeldKeys, KeyFailure> {
  const node = openSecret(files.node, nodeSecret, undefined, names.nodeKey)
  if (!node.ok) return node
  const { rootPublicKey, node: nodeSeed, transport, encryption } = node.value
  const seeds = { root: undefined, rootPublicKey, node: nodeSeed, transport, encryption }
  if (files.root === undefined) return ok({ seeds, rootLocked: false })
  const isProtected = isProtectedKeystore(files.root)
  if (isProtected.ok && isProtected.value && passphrase === undefined) return ok({ seeds, rootLocked: true })
  const opened = openSecret(files.root, rootSecret, passphrase, names.rootKey)
  if (!opened.ok) return opened
  const { root } = opened.value
  if (!equalBytes(keysOf({ ...seeds, root }).root?.publicKey ?? root, rootPublicKey)) {
    return fail({
      code: 'mismatch', path: names.rootKey, reason: `${names.rootKey} and ${names.nodeKey} belong to different members`,
      hint: 'Put back the file that belongs here, or restore both from one backup.'
    })
  }
  return ok({ seeds: { ...seeds, root }, rootLocked: false })
}

export function openSecret<T> (
  file: Uint8Array, schema: Parameters<typeof decodeCanonical<T>>[1], passphrase: string | undefined, path: string
): Result<T, KeyFailure> {
  const opened = openKeystore(file, passphrase === undefined ? undefined : passphraseBytes(passphrase))
  if (!opened.ok) return fail({ code: opened.failure.code, path, ...sentenceOf(opened.failure.code, path) })
  const decoded = decodeCanonical(opened.value, schema, Math.max(SECRET_BYTES_MAX, opened.value.length))
  return decoded.ok ? decoded : fail({ code: 'malformed', path, ...sentenceOf('malformed', path) })
}

function sentenceOf (code: KeystoreFailure['code'], path: string): { readonly reason: string, readonly hint: string } {
  switch (code) {
    case 'malformed': return { reason: `${path} is not what hanse writes there`, hint: 'Check the path, or restore the file from a backup.' }
    case 'newer-version': return { reason: `${path} was written by a newer hanse`, hint: 'Install the version that wrote it.' }
    case 'needs-passphrase': return { reason: `${path} is protected by a passphrase`, hint: 'Give it with --passphrase-file FILE.' }
    case 'not-opened': return { reason: `The passphrase does not open ${path}, or the file is damaged`, hint: 'Try again; if you are sure of the passphrase, use another copy of the file.' }
    case 'damaged': return { reason: `${path} is damaged: it is not what was written`, hint: 'Restore it with hanse key restore from a backup.' }
    case 'too-costly': return { reason: `${path} asks for more work than hanse ever asks for; opening it would block this machine`, hint: 'Do not use this file: somebody made it so.' }
  }
}
