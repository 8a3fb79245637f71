/**
 * Keeps the keys of a node: makes them, reads them, backs them up, restores them.
 *
 * The member's root key has a file of its own, protected by a passphrase where one was given, and may be kept elsewhere;
 * the three seeds of the node (signing, transport, encryption) are in another, without a passphrase, so that a node starts
 * without a person. Files are keystores of `base`: mode 0600 in a folder of mode 0700, written beside their place, synced
 * and renamed; looser modes are refused. `node.key` also holds the root's public key, so a node knows its member without
 * the root.
 *
 * A restored folder holds a file `restored`: its node may not speak before it knows what its keys had signed already.
 */
export { keyBackupCommand, keyRestoreCommand } from './backup.ts'
export { keepCharter, readCharter } from './charter.ts'
export { folderOf, type Folder } from './folder.ts'
export { initCommand } from './init.ts'
export { newPassphrase, passphraseOfFile, passphraseOption } from './passphrase.ts'
export { readKeys } from './seeds.ts'
