import { concat, hkdfSha256, openAes256Gcm, sealAes256Gcm, utf8 } from '../../base/index.ts'

const SALT_SIZE_BYTES = 32
const ROW_INFO = utf8('hanse/1/keyring/row')
const WRAPPING_INFO = utf8('hanse/1/keyring')
/** Each row has a key of its own, by a fresh salt. */
const NONCE = new Uint8Array(12)

/** The key under which secrets stand in the database, from the encryption seed in the node's keystore. */
export function wrappingKeyOf (encryptionSeed: Uint8Array): Uint8Array {
  return hkdfSha256(encryptionSeed, new Uint8Array(0), WRAPPING_INFO, 32)
}

/** `salt` is fresh and unpredictable. */
export function sealRow (wrappingKey: Uint8Array, rowKey: Uint8Array, salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return concat([salt, sealAes256Gcm(hkdfSha256(wrappingKey, salt, ROW_INFO, 32), NONCE, rowKey, secret)])
}

/** Undefined for a row of another keystore, of another place, or one that was changed. */
export function openRow (wrappingKey: Uint8Array, rowKey: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  const salt = value.subarray(0, SALT_SIZE_BYTES)
  if (salt.length < SALT_SIZE_BYTES) return undefined
  return openAes256Gcm(hkdfSha256(wrappingKey, salt, ROW_INFO, 32), NONCE, rowKey, value.subarray(SALT_SIZE_BYTES))
}
