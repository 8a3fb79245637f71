import { didOfKey, encryptionKeyOfSeed, signingKeyOfSeed, type Did, type SigningKey } from '../../core/identity/index.ts'

/** The seeds of a node, 32 bytes each. The root's may stay offline: then its public key is given. */
export type Seeds = {
  readonly root: Uint8Array | undefined
  readonly rootPublicKey: Uint8Array
  readonly node: Uint8Array
  readonly transport: Uint8Array
  readonly encryption: Uint8Array
}

export type Keys = {
  readonly did: Did
  readonly root: SigningKey | undefined
  readonly node: SigningKey
  readonly transport: SigningKey
  readonly transportSeed: Uint8Array
  readonly encryptionKey: Uint8Array
  /** Opens what was wrapped for `encryptionKey`. */
  readonly encryptionSeed: Uint8Array
}

export function keysOf (seeds: Seeds): Keys {
  return {
    did: didOfKey(seeds.rootPublicKey),
    root: seeds.root === undefined ? undefined : signingKeyOfSeed(seeds.root),
    node: signingKeyOfSeed(seeds.node),
    transport: signingKeyOfSeed(seeds.transport),
    transportSeed: seeds.transport,
    encryptionKey: encryptionKeyOfSeed(seeds.encryption),
    encryptionSeed: seeds.encryption
  }
}
