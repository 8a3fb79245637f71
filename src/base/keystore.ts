import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto'
import { concat, equalBytes } from './bytes.ts'
import { decodeCanonical, encodeCanonical } from './codec.ts'
import { plain, sha256, HASH_SIZE_BYTES } from './hash.ts'
import { assert, fail, ok, type Result } from './result.ts'
import { bytes, literal, struct, uint, union, type Parsed } from './schema.ts'

/**
 * - `needs-passphrase`: it is protected and no passphrase was given.
 * - `not-opened`: the passphrase is wrong or the bytes are damaged; no cipher can tell which.
 * - `damaged`: an unprotected keystore is not what was written.
 * - `too-costly`: its key derivation asks for more than the caps allow; opening it would be an attack on this machine.
 */
export type KeystoreFailure = {
  readonly code: 'malformed' | 'newer-version' | 'needs-passphrase' | 'not-opened' | 'damaged' | 'too-costly'
}

export const KEYSTORE_SIZE_BYTES_MAX = 1_048_576
export const KEYSTORE_SALT_SIZE_BYTES = 16
export const KEYSTORE_NONCE_SIZE_BYTES = 12

const VERSION = 1
const KEY_SIZE_BYTES = 32
const TAG_SIZE_BYTES = 16
const HEADER_SIZE_BYTES_MAX = 256

/** 128 MiB and about 0.4 s: RFC 7914, with N as OWASP advises for secrets that matter. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const
/** Caps on read: 512 MiB of memory at most, and four times the work. */
const MEMORY_BYTES_MAX = 2 ** 29
const P_MAX = 4

const envelope = struct({ header: bytes(1, HEADER_SIZE_BYTES_MAX), body: bytes(TAG_SIZE_BYTES, KEYSTORE_SIZE_BYTES_MAX) })
const versioned = struct({
  v: uint(),
  kind: literal('keystore'),
  kdf: union('name', {
    none: struct({ name: literal('none') }),
    scrypt: struct({
      name: literal('scrypt'), n: uint(2 ** 31), r: uint(2 ** 16), p: uint(2 ** 16),
      salt: bytes(KEYSTORE_SALT_SIZE_BYTES), nonce: bytes(KEYSTORE_NONCE_SIZE_BYTES)
    })
  })
})
type Kdf = Extract<Parsed<typeof versioned>['kdf'], { name: 'scrypt' }>

/**
 * Secrets for a file: under a passphrase by scrypt and AES-256-GCM with the header as associated data, or, without one,
 * in clear with a digest, so that damage is seen. `salt` and `nonce` must be fresh and unpredictable.
 */
export function sealKeystore (
  secret: Uint8Array, protection: { readonly passphrase: Uint8Array, readonly salt: Uint8Array, readonly nonce: Uint8Array } | undefined
): Uint8Array {
  if (protection === undefined) {
    const header = encodeCanonical({ v: VERSION, kind: 'keystore', kdf: { name: 'none' } })
    return encodeCanonical({ header, body: concat([secret, sha256(header, secret)]) })
  }
  const { passphrase, salt, nonce } = protection
  assert(passphrase.length > 0, 'a passphrase has at least one byte')
  const kdf: Kdf = { name: 'scrypt', ...COST, salt, nonce }
  const header = encodeCanonical({ v: VERSION, kind: 'keystore', kdf: { ...kdf } })
  const cipher = createCipheriv('aes-256-gcm', keyOf(passphrase, kdf), nonce).setAAD(header)
  const sealed = concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  return encodeCanonical({ header, body: sealed })
}

/** The secret in a keystore. The passphrase is not used where there is no protection. */
export function openKeystore (source: Uint8Array, passphrase: Uint8Array | undefined): Result<Uint8Array, KeystoreFailure> {
  const read = readKeystore(source)
  if (!read.ok) return read
  const { header, body, kdf } = read.value
  if (kdf.name === 'none') {
    if (body.length < HASH_SIZE_BYTES) return fail({ code: 'malformed' })
    const secret = body.slice(0, -HASH_SIZE_BYTES)
    return equalBytes(sha256(header, secret), body.slice(-HASH_SIZE_BYTES)) ? ok(secret) : fail({ code: 'damaged' })
  }
  if (passphrase === undefined) return fail({ code: 'needs-passphrase' })
  const decipher = createDecipheriv('aes-256-gcm', keyOf(passphrase, kdf), kdf.nonce)
    .setAAD(header).setAuthTag(body.slice(-TAG_SIZE_BYTES))
  try {
    return ok(concat([decipher.update(body.slice(0, -TAG_SIZE_BYTES)), decipher.final()]))
  } catch {
    return fail({ code: 'not-opened' })
  }
}

/** Whether a passphrase is needed to open it. */
export function isProtectedKeystore (source: Uint8Array): Result<boolean, KeystoreFailure> {
  const read = readKeystore(source)
  return read.ok ? ok(read.value.kdf.name !== 'none') : read
}

function readKeystore (source: Uint8Array): Result<{
  readonly header: Uint8Array, readonly body: Uint8Array, readonly kdf: Kdf | { readonly name: 'none' }
}, KeystoreFailure> {
  const outer = decodeCanonical(source, envelope, KEYSTORE_SIZE_BYTES_MAX)
  if (!outer.ok) return fail({ code: 'malformed' })
  const { header, body } = outer.value
  const inner = decodeCanonical(header, versioned, HEADER_SIZE_BYTES_MAX)
  if (!inner.ok) return fail({ code: 'malformed' })
  const { v, kdf } = inner.value
  if (v !== VERSION) return fail({ code: v > VERSION ? 'newer-version' : 'malformed' })
  if (kdf.name === 'scrypt') {
    const { n, r, p } = kdf
    if (n < 2 || !Number.isInteger(Math.log2(n)) || r < 1 || p < 1) return fail({ code: 'malformed' })
    if (128 * n * r > MEMORY_BYTES_MAX || p > P_MAX) return fail({ code: 'too-costly' })
  }
  return ok({ header, body, kdf })
}

function keyOf (passphrase: Uint8Array, { n, r, p, salt }: Kdf): Uint8Array {
  // The room that OpenSSL asks for beside the 128 * N * r of RFC 7914 section 6.
  const maxmem = 128 * n * r + 128 * r * (p + 2) + 65_536
  return plain(scryptSync(passphrase, salt, KEY_SIZE_BYTES, { N: n, r, p, maxmem }))
}
