/**
 * Keeps the keys that open sealed data: own epoch keys, and those that were granted.
 *
 * Both stand in the signer database, which is never cloned or rolled back and small enough to be rewritten whole: only so is a
 * destroyed key gone from the disk. Each row is encrypted under a key of its own, by HKDF from a fresh salt and the wrapping
 * key, which follows from the encryption seed in the node's keystore; old pages of a disk tell nothing without that file.
 * ```
 * e | datasetIdSize u8 | datasetId | classSize u8 | class | epoch u32   own epoch: salt 32 | AES-256-GCM({key, sinceMs}), aad = row key
 * u | digest of the grant's statement                                   received grant: salt 32 | AES-256-GCM({envelope, keys})
 * ```
 * A key is on the disk before it seals anything. A number of an epoch is never used again, though its key may be destroyed or
 * damaged: two keys of one number would give two checks, and nobody could tell which is right. Rows that cannot be read are
 * counted and never guessed at.
 *
 * `Epochs` tells the writer which key seals the next segment of an own feed. A new epoch begins with the next segment, never
 * while all is quiet: the first one; when somebody who holds the newest key has no right to it any more (`LossOf`); after 30
 * days; when a head names a newer one than is here, as after a backup. Whether anybody has lost it is asked anew after `review`,
 * at the moment at which the first right of a holder ends by time, and once a minute.
 */
export { Epochs, type EpochsOptions, type LossOf } from './epochs.ts'
export { Keyring, type HeldGrant, type KeyWanted, type KeyringFields, type OwnEpoch } from './keyring.ts'
export { wrappingKeyOf } from './sealedRow.ts'
