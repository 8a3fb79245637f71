import { fail, ok, type Result } from '../base/index.ts'
import { decodeCharter } from '../core/identity/index.ts'
import { verifyLightProof, type LightFailure } from '../core/light/index.ts'
import type { Failure, NumberedRecord } from './contract/index.ts'

/** A light proof holds one record's body beside seals, certificates and paths. */
export const LEDGER_PROOF_BYTES_MAX = 8_388_608

/** What a light proof of a record shows to whoever holds the charter. */
export type LedgerProofReport = {
  readonly federation: string
  readonly federationName: string
  /** `name` where the charter has one: a member that was admitted later is known by its key alone. */
  readonly publisher: { readonly did: string, readonly name: string | null }
  readonly datasetId: string
  readonly feed: string
  /** The block that anchored the record, and when it was proposed: the record stood in the feed before. */
  readonly epoch: number
  readonly height: number
  readonly timeMs: number
  /** Its number in the feed. */
  readonly record: NumberedRecord
}

/** Verifies, with nothing but the charter, that a record is final in the federation's ledger. No node, no network, no clock. */
export function verifyLedgerProof (charter: Uint8Array, proof: Uint8Array): Result<LedgerProofReport, Failure<'malformed' | 'tampered'>> {
  const sealed = decodeCharter(charter)
  if (!sealed.ok) {
    return fail({ code: 'malformed', reason: 'the charter is not one that all its founders signed', hint: 'take the file charter.cbor out of the folder of a member' })
  }
  const verified = verifyLightProof(sealed.value, proof)
  if (!verified.ok) return fail(inWords(verified.failure))
  const facts = verified.value
  if (facts.kind !== 'record') {
    return fail({ code: 'malformed', reason: `it proves ${facts.kind === 'state' ? 'a row of the state' : 'an operation'} and no record`, hint: 'have one made with "hanse proof export"' })
  }
  const { federation, publisher, datasetId, feed, epoch, height, timeMs, number, record } = facts
  const name = sealed.value.founders.find(({ member }) => member === publisher)?.name ?? null
  return ok({
    federation: federation.toString(), federationName: sealed.value.name, publisher: { did: publisher, name }, datasetId, feed: feed.toString(),
    epoch, height, timeMs, record: { number, key: record.key, timeMs: record.timeMs, operation: record.operation, mediaType: record.mediaType, body: record.body }
  })
}

const OTHER = 'have it made again, and compare the charter with that of a member you trust'

function inWords (failure: LightFailure): Failure<'malformed' | 'tampered'> {
  if (!('code' in failure)) return { code: 'malformed', reason: 'this is no proof', hint: 'have one made with "hanse proof export"' }
  if (failure.code === 'finality') {
    return { code: 'tampered', reason: `its validators are not those that follow from the charter, or did not sign (${failure.reason})`, hint: OTHER }
  }
  return failure.code === 'author'
    ? { code: 'tampered', reason: `its publisher ${failure.author} did not sign it`, hint: OTHER }
    : { code: 'tampered', reason: `its parts do not belong together (${failure.code})`, hint: OTHER }
}
