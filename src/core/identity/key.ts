import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import {
  assert, base58, bytesOfBase58, bytesOfHex, concat, equalBytes, fail, hex, isSignatureForm, ok, plain, type Result, type Schema
} from '../../base/index.ts'

/** A member: `did:key` of its Ed25519 root key. */
export type Did = string

export type SigningKey = {
  readonly publicKey: Uint8Array
  sign (bytes: Uint8Array): Uint8Array
}

/** An admitted key. `verify` follows rule Hanse-Ed25519 and never throws. */
export type VerifyingKey = {
  readonly bytes: Uint8Array
  verify (bytes: Uint8Array, signature: Uint8Array): boolean
}

export type KeyFailure = { readonly code: 'length' | 'not-a-point' | 'not-canonical' | 'identity' | 'torsion' }

export const KEY_SIZE_BYTES = 32
const SEED_SIZE_BYTES = 32
export const SIGNATURE_SIZE_BYTES = 64

/** Admission costs a scalar multiplication (1.4 ms), so this many admitted keys are remembered. */
const KEYS_REMEMBERED_MAX = 4096

// Fixed heads of the DER forms of RFC 8410: before 32 bytes of private or public key.
const ED25519_PRIVATE = constant('302e020100300506032b657004220420')
const ED25519_PUBLIC = constant('302a300506032b6570032100')
const X25519_PRIVATE = constant('302e020100300506032b656e04220420')

const IDENTITY = constant('0100000000000000000000000000000000000000000000000000000000000000')

const MULTICODEC_ED25519 = new Uint8Array([0xed, 0x01])
const DID_HEAD = 'did:key:z'
const DID_LENGTH = DID_HEAD.length + 47

/** A multihash "identity" of 36 bytes: the protobuf PublicKey { Type: Ed25519, Data: 32 bytes } of libp2p. */
const PEER_ID_HEAD = new Uint8Array([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])

const remembered = new Map<string, VerifyingKey>()

export function signingKeyOfSeed (seed: Uint8Array): SigningKey {
  const key = privateKeyOf(ED25519_PRIVATE, seed)
  return {
    publicKey: publicBytesOf(key),
    sign: bytes => plain(sign(null, bytes, key))
  }
}

/** The X25519 public key, 32 bytes, of a private seed. */
export function encryptionKeyOfSeed (seed: Uint8Array): Uint8Array {
  return publicBytesOf(privateKeyOf(X25519_PRIVATE, seed))
}

/** Admits a key, once, before any of its signatures counts: only a torsion-free point makes all verifiers agree. */
export function admitKey (bytes: Uint8Array): Result<VerifyingKey, KeyFailure> {
  if (bytes.length !== KEY_SIZE_BYTES) return fail({ code: 'length' })
  const name = hex(bytes)
  const known = remembered.get(name)
  if (known !== undefined) return ok(known)
  const failure = keyFailureOf(bytes)
  if (failure !== undefined) return fail(failure)
  const key = verifyingKey(new Uint8Array(bytes))
  if (remembered.size >= KEYS_REMEMBERED_MAX) {
    const [oldest] = remembered.keys()
    if (oldest !== undefined) remembered.delete(oldest)
  }
  remembered.set(name, key)
  return ok(key)
}

function keyFailureOf (bytes: Uint8Array): KeyFailure | undefined {
  let point: InstanceType<typeof ed25519.Point>
  try {
    // Lenient, so that a point in another encoding is told from no point at all.
    point = ed25519.Point.fromBytes(bytes, true)
  } catch {
    return { code: 'not-a-point' }
  }
  if (!equalBytes(point.toBytes(), bytes)) return { code: 'not-canonical' }
  if (equalBytes(bytes, IDENTITY)) return { code: 'identity' }
  return point.isTorsionFree() ? undefined : { code: 'torsion' }
}

function verifyingKey (bytes: Uint8Array): VerifyingKey {
  const der = concat([ED25519_PUBLIC, bytes])
  let key: KeyObject | undefined
  return {
    bytes,
    verify: (message, signature) => {
      if (!isSignatureForm(signature)) return false
      key ??= createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
      return verify(null, message, key, signature)
    }
  }
}

export function didOfKey (bytes: Uint8Array): Did {
  assert(bytes.length === KEY_SIZE_BYTES, 'a did:key is made of a key of 32 bytes')
  return DID_HEAD + base58(concat([MULTICODEC_ED25519, bytes]))
}

/** The 32 bytes a `did:key` names, not yet admitted; undefined for other methods, key types and spellings. */
export function keyOfDid (did: string): Uint8Array | undefined {
  if (did.length !== DID_LENGTH || !did.startsWith(DID_HEAD)) return undefined
  const bytes = bytesOfBase58(did.slice(DID_HEAD.length))
  if (bytes?.length !== MULTICODEC_ED25519.length + KEY_SIZE_BYTES) return undefined
  const key = bytes.slice(MULTICODEC_ED25519.length)
  return didOfKey(key) === did ? key : undefined
}

/** The admitted root key of a member; undefined when its name is no `did:key` of an admissible key. */
export function rootKeyOf (member: Did): VerifyingKey | undefined {
  const bytes = keyOfDid(member)
  const key = bytes === undefined ? undefined : admitKey(bytes)
  return key?.ok === true ? key.value : undefined
}

/** A `did:key` in a structure. Says nothing yet about the key behind it. */
export const didSchema: Schema<Did> = (value, path) => typeof value === 'string' && keyOfDid(value) !== undefined
  ? ok(value)
  : fail({ path, expected: 'a did:key of an Ed25519 key' })

/** The text by which libp2p knows the holder of an Ed25519 transport key. */
export function peerIdOfKey (bytes: Uint8Array): string {
  assert(bytes.length === KEY_SIZE_BYTES, 'a PeerId is made of a key of 32 bytes')
  return base58(concat([PEER_ID_HEAD, bytes]))
}

function privateKeyOf (head: Uint8Array, seed: Uint8Array): KeyObject {
  assert(seed.length === SEED_SIZE_BYTES, 'a private seed has 32 bytes')
  return createPrivateKey({ key: Buffer.from(concat([head, seed])), format: 'der', type: 'pkcs8' })
}

function publicBytesOf (key: KeyObject): Uint8Array {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(der.length - KEY_SIZE_BYTES))
}

function constant (text: string): Uint8Array {
  const bytes = bytesOfHex(text)
  assert(bytes !== undefined, 'a constant is written in hex')
  return bytes
}
