/**
 * Encrypts: AES-256-GCM, HKDF-SHA256 (RFC 5869), and to a recipient's key by HPKE (RFC 9180).
 *
 * HPKE in base mode with one suite: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002; one message a
 * context, since each of ours has an ephemeral key of its own. Synchronous and without chance: the ephemeral secret is an
 * input, must be fresh and unpredictable, and is used once.
 */
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { concat, u16, utf8 } from './bytes.ts'
import { HASH_SIZE_BYTES, plain } from './hash.ts'
import { assert, fail, ok, type Result } from './result.ts'

export const HPKE_KEY_SIZE_BYTES = 32
const AES_KEY_SIZE_BYTES = 32
const AES_NONCE_SIZE_BYTES = 12
export const AES_TAG_SIZE_BYTES = 16

export type Hpke = {
  /** The ephemeral public key, 32 bytes. */
  readonly enc: Uint8Array
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array
}

/**
 * - `key`: no X25519 key, or one of small order, with which every shared secret is zero (RFC 9180 section 7.1.4).
 * - `not-opened`: other bytes, another recipient, `info` or `aad`: no cipher can tell which.
 */
export type HpkeFailure = { readonly code: 'key' | 'not-opened' }

// Fixed heads of the DER forms of RFC 8410: before 32 bytes of private or public key.
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex')
const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex')

const KEM = u16(0x0020)
const KDF = u16(0x0001)
const AEAD = u16(0x0002)
const KEM_SUITE = concat([utf8('KEM'), KEM])
const HPKE_SUITE = concat([utf8('HPKE'), KEM, KDF, AEAD])
const VERSION_LABEL = utf8('HPKE-v1')
const MODE_BASE = new Uint8Array([0])
const NONE = new Uint8Array(0)

/** Ciphertext and, behind it, the tag of 16 bytes. A key and a nonce are used together once. */
export function sealAes256Gcm (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  return concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Undefined where key, nonce, `aad` or any byte differs. */
export function openAes256Gcm (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const tagAt = sealed.length - AES_TAG_SIZE_BYTES
  if (tagAt < 0) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: AES_TAG_SIZE_BYTES })
    .setAAD(aad).setAuthTag(sealed.subarray(tagAt))
  const opened = plain(decipher.update(sealed.subarray(0, tagAt)))
  try {
    decipher.final()
    return opened
  } catch {
    return undefined
  }
}

/** RFC 5869, of which at most 255 hashes can be had. An empty salt is the same as one of zeros. */
export function hkdfSha256 (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, sizeBytes: number): Uint8Array {
  return expand(hmac(salt, [ikm]), [info], sizeBytes)
}

/** Encrypts `plaintext` to the holder of an X25519 key. */
export function hpkeSeal (
  { recipientKey, ephemeralSecret, info, aad, plaintext }: {
    readonly recipientKey: Uint8Array, readonly ephemeralSecret: Uint8Array, readonly info: Uint8Array, readonly aad: Uint8Array,
    readonly plaintext: Uint8Array
  }
): Result<Hpke, { readonly code: 'key' }> {
  const ephemeral = privateKeyOf(ephemeralSecret)
  const enc = publicBytesOf(ephemeral)
  const shared = sharedSecretOf(ephemeral, recipientKey, enc, recipientKey)
  if (shared === undefined) return fail({ code: 'key' })
  const { key, nonce } = scheduleOf(shared, info)
  return ok({ enc, sealed: sealAes256Gcm(key, nonce, aad, plaintext) })
}

/** What was encrypted to the key of `recipientSecret`. Never throws on foreign bytes. */
export function hpkeOpen (
  { recipientSecret, enc, sealed, info, aad }: Hpke & {
    readonly recipientSecret: Uint8Array, readonly info: Uint8Array, readonly aad: Uint8Array
  }
): Result<Uint8Array, HpkeFailure> {
  const recipient = privateKeyOf(recipientSecret)
  const shared = sharedSecretOf(recipient, enc, enc, publicBytesOf(recipient))
  if (shared === undefined) return fail({ code: 'key' })
  const { key, nonce } = scheduleOf(shared, info)
  const opened = openAes256Gcm(key, nonce, aad, sealed)
  return opened === undefined ? fail({ code: 'not-opened' }) : ok(opened)
}

/** RFC 9180 section 4.1, `ExtractAndExpand` of the DH value under the context of both public keys. */
function sharedSecretOf (own: KeyObject, otherKey: Uint8Array, enc: Uint8Array, recipientKey: Uint8Array): Uint8Array | undefined {
  if (otherKey.length !== HPKE_KEY_SIZE_BYTES) return undefined
  let dh: Uint8Array
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([X25519_PUBLIC, otherKey]), format: 'der', type: 'spki' })
    dh = diffieHellman({ privateKey: own, publicKey })
  } catch {
    // OpenSSL refuses keys of small order itself.
    return undefined
  }
  // "recipients MUST check whether the Diffie-Hellman shared secret is the all-zero value and abort if so" (section 7.1.4)
  if (dh.every(byte => byte === 0)) return undefined
  const prk = labeledExtract(KEM_SUITE, NONE, 'eae_prk', dh)
  return labeledExpand(KEM_SUITE, prk, 'shared_secret', concat([enc, recipientKey]), HASH_SIZE_BYTES)
}

/** RFC 9180 section 5.1, `KeySchedule` of base mode: `psk` and `psk_id` are empty. The first nonce is `base_nonce` itself. */
function scheduleOf (shared: Uint8Array, info: Uint8Array): { readonly key: Uint8Array, readonly nonce: Uint8Array } {
  const context = concat([
    MODE_BASE, labeledExtract(HPKE_SUITE, NONE, 'psk_id_hash', NONE), labeledExtract(HPKE_SUITE, NONE, 'info_hash', info)
  ])
  const secret = labeledExtract(HPKE_SUITE, shared, 'secret', NONE)
  return {
    key: labeledExpand(HPKE_SUITE, secret, 'key', context, AES_KEY_SIZE_BYTES),
    nonce: labeledExpand(HPKE_SUITE, secret, 'base_nonce', context, AES_NONCE_SIZE_BYTES)
  }
}

function labeledExtract (suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hmac(salt, [VERSION_LABEL, suite, utf8(label), ikm])
}

function labeledExpand (suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, sizeBytes: number): Uint8Array {
  return expand(prk, [u16(sizeBytes), VERSION_LABEL, suite, utf8(label), info], sizeBytes)
}

function expand (prk: Uint8Array, info: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  assert(sizeBytes <= 255 * HASH_SIZE_BYTES, 'HKDF expands to 255 hashes at most')
  const blocks: Uint8Array[] = []
  for (let count = 1; blocks.length * HASH_SIZE_BYTES < sizeBytes; count++) {
    blocks.push(hmac(prk, [blocks.at(-1) ?? NONE, ...info, new Uint8Array([count])]))
  }
  return concat(blocks).slice(0, sizeBytes)
}

function hmac (key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const running = createHmac('sha256', key)
  for (const part of parts) running.update(part)
  return plain(running.digest())
}

function privateKeyOf (secret: Uint8Array): KeyObject {
  assert(secret.length === HPKE_KEY_SIZE_BYTES, 'an X25519 secret of 32 bytes')
  return createPrivateKey({ key: Buffer.concat([X25519_PRIVATE, secret]), format: 'der', type: 'pkcs8' })
}

function publicBytesOf (key: KeyObject): Uint8Array {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(der.length - HPKE_KEY_SIZE_BYTES))
}
