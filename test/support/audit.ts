import { hex } from '../../src/base/index.ts'
import {
  decodeDeclaration, decodeForkProof, decodeHead, verifyForkProof, type Declaration
} from '../../src/core/feed/index.ts'
import { decodeCertificate, decodeCharter, decodeStatement, membershipOf, type Membership } from '../../src/core/identity/index.ts'
import type { Store } from '../../src/host/index.ts'
import { decodeFeedRow, forkKey, headKey, metaKey, rowsOf } from '../../src/node/rows/index.ts'
import { valueOf } from '../core/identity.fixture.ts'

const STATEMENT_BYTES_MAX = 65_536

export type AuditedFeed = {
  readonly declaration: Declaration
  readonly length: number
  readonly root: string
  readonly headEnvelope: Uint8Array | undefined
  /** `none`, the form of a valid fork proof (`same length`, `unequal lengths`), or what is wrong with the one that is kept. */
  readonly fork: string
}

/** What a node's store says, read and judged without the node: its feeds by id. */
export async function audit (store: Store): Promise<ReadonlyMap<string, AuditedFeed>> {
  const membership = await membershipIn(store)
  const feeds = new Map<string, AuditedFeed>()
  for await (const { key, read } of store.entries(rowsOf('feed'))) {
    const number = new DataView(key.buffer, key.byteOffset).getUint32(1)
    const row = read.state === 'found' ? decodeFeedRow(read.value) : undefined
    if (row === undefined) throw new Error('a feed row is damaged')
    const declaration = valueOf(decodeDeclaration(valueOf(decodeStatement(row.declaration, STATEMENT_BYTES_MAX))))
    const [headRead, forkRead] = await store.getMany([headKey(number), forkKey(number)])
    const head = headRead?.state === 'found' ? valueOf(decodeHead(valueOf(decodeStatement(headRead.value, STATEMENT_BYTES_MAX)))) : undefined
    feeds.set(declaration.id.toString(), {
      declaration, length: head?.length ?? 0, root: head === undefined ? '' : hex(head.mmrRoot), headEnvelope: head?.statement.envelope,
      fork: forkRead?.state === 'found' ? verdictOn(forkRead.value, declaration, membership) : 'none'
    })
  }
  return feeds
}

function verdictOn (encoded: Uint8Array, declaration: Declaration, membership: Membership): string {
  const proof = decodeForkProof(encoded)
  if (!proof.ok) return proof.failure.code
  const verified = verifyForkProof(proof.value, declaration, (statement, timeMs) => membership.speaker(statement, timeMs))
  if (!verified.ok) return verified.failure.code
  return proof.value.cover === null ? 'same length' : 'unequal lengths'
}

/** The membership of the charter with all certificates; revocations are not looked at. */
export async function membershipIn (store: Store): Promise<Membership> {
  const charter = await store.get(metaKey('charter'))
  if (charter.state !== 'found') throw new Error('there is no charter')
  let membership = membershipOf(valueOf(decodeCharter(charter.value)))
  for (const envelope of await statementsIn(store)) {
    if (decodeCertificate(envelope).ok) membership = valueOf(membership.withCertificate(envelope, Date.now()))
  }
  return membership
}

/** Envelopes of certificates and revocations. */
export async function statementsIn (store: Store): Promise<readonly Uint8Array[]> {
  const envelopes: Uint8Array[] = []
  for await (const { read } of store.entries(rowsOf('statement'))) if (read.state === 'found') envelopes.push(read.value)
  return envelopes
}
