import { cidOf, sha256, utf8, type CID } from '../../src/base/index.ts'
import {
  charterSignature, didOfKey, draftCharter, encryptionKeyOfSeed, issueCertificate, membershipOf, RULES, sealCharter, signingKeyOfSeed,
  type Certificate, type CertificateFields, type Charter, type Did, type Founder, type Membership, type SigningKey
} from '../../src/core/identity/index.ts'

export const DAY_MS: number = 24 * 60 * 60 * 1000
export const FOUNDED_MS = 1_790_000_000_000

export type City = {
  readonly name: string
  readonly did: Did
  readonly root: SigningKey
  readonly node: SigningKey
  readonly transport: SigningKey
  readonly consensus: SigningKey
  readonly encryptionKey: Uint8Array
}

/** All keys of a city follow from its name. */
export function cityNamed (name: string): City {
  const key = (use: string): SigningKey => signingKeyOfSeed(sha256(utf8(`${name} ${use}`)))
  const root = key('root')
  return {
    name, did: didOfKey(root.publicKey), root, node: key('node'), transport: key('transport'), consensus: key('consensus'),
    encryptionKey: encryptionKeyOfSeed(sha256(utf8(`${name} encryption`)))
  }
}

export function cities (count: number): readonly City[] {
  return Array.from({ length: count }, (_, at) => cityNamed(`City ${at + 1}`))
}

export function valueOf<T> (result: { readonly ok: true, readonly value: T } | { readonly ok: false, readonly failure: unknown }): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.failure)}`)
  return result.value
}

export function codeOf (result: { readonly ok: true } | { readonly ok: false, readonly failure: { readonly code: string } }): string {
  return result.ok ? 'ok' : result.failure.code
}

/** The node of a city as a charter names it. */
export function nodeOf (city: City, addresses: readonly string[]): Founder['nodes'][number] {
  return { transportKey: city.transport.publicKey, consensusKey: city.consensus.publicKey, addresses }
}

export function charterOf (founders: readonly City[], name = 'Test Hanse', foundedMs = FOUNDED_MS): Charter {
  const draft = valueOf(draftCharter({
    name,
    foundedMs,
    nonce: sha256(utf8(name)).slice(0, 16),
    founders: founders.map(city => ({
      member: city.did,
      name: city.name,
      nodes: [nodeOf(city, ['/ip4/127.0.0.1/tcp/4001'])]
    })),
    rules: RULES
  }))
  return valueOf(sealCharter(draft.body, founders.map(city => charterSignature(draft.body, city.root))))
}

export function certificateOf (city: City, federation: CID, changes: Partial<CertificateFields> = {}): Certificate {
  return issueCertificate({
    federation,
    nodeKey: city.node.publicKey,
    transportKey: city.transport.publicKey,
    encryptionKey: city.encryptionKey,
    notBeforeMs: FOUNDED_MS,
    notAfterMs: FOUNDED_MS + 90 * DAY_MS,
    ...changes
  }, city.root)
}

/** A federation in which every founder's node has its certificate. */
export function federationOf (founders: readonly City[], name?: string): Membership {
  const charter = charterOf(founders, name)
  return founders.reduce(
    (held, city) => valueOf(held.withCertificate(certificateOf(city, charter.federation).envelope, FOUNDED_MS)),
    membershipOf(charter)
  )
}

export const someCid: CID = cidOf('dagCbor', utf8('some'))
