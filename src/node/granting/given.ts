import { hex, textOf } from '../../base/index.ts'
import { decodeGrant, SAID_MEDIA_TYPES, type Grant } from '../../core/grants/index.ts'
import { decodeStatement, type Did } from '../../core/identity/index.ts'
import { addRange, hasIndex, type Ranges } from '../../core/sync/index.ts'
import type { NumberedRecord } from '../contract/index.ts'

const ENVELOPE_BYTES_MAX = 16_384

/** Who holds which keys of one dataset and class under one agreement, on one of its nodes. */
export type Given = {
  readonly agreementId: string
  readonly consumer: Did
  readonly datasetId: string
  readonly class: string
  /** Hex of the X25519 key that they were wrapped for. */
  readonly recipientKey: string
  epochs: Ranges
}

/** What own grants feeds say was given away. */
export class GivenKeys {
  readonly #byDataset = new Map<string, Map<string, Given>>()

  /** Those that were given keys of a dataset and class. */
  of (datasetId: string, feedClass: string): Iterable<Given> {
    return this.#byDataset.get(`${datasetId} ${feedClass}`)?.values() ?? []
  }

  /** Agreements under which anything was given. */
  agreements (): ReadonlySet<string> {
    return new Set([...this.#byDataset.values()].flatMap(each => [...each.values()].map(({ agreementId }) => agreementId)))
  }

  /** Of these epochs, those that this node does not hold yet under this agreement. */
  missing (name: Omit<Given, 'epochs'>, epochs: readonly number[]): readonly number[] {
    const given = this.#byDataset.get(`${name.datasetId} ${name.class}`)?.get(`${name.agreementId} ${name.recipientKey}`)?.epochs ?? []
    return epochs.filter(epoch => !hasIndex(given, epoch))
  }

  /** A grant of one's own, as it stands in the feed. */
  add (grant: Grant, recipientKey: string): void {
    const { agreementId, consumer, datasetId, class: feedClass, epochs: [from, to] } = grant
    const name = `${datasetId} ${feedClass}`
    const all = this.#byDataset.get(name) ?? new Map<string, Given>()
    this.#byDataset.set(name, all)
    const key = `${agreementId} ${recipientKey}`
    const known = all.get(key) ?? { agreementId, consumer, datasetId, class: feedClass, recipientKey, epochs: [] }
    known.epochs = addRange(known.epochs, [from, to + 1])
    all.set(key, known)
  }
}

/** The key of a grant's record. */
export function grantRecordKey (agreementId: string, recipientKey: Uint8Array): string {
  return `${agreementId} ${hex(recipientKey)}`
}

/** What a record of an own grants feed gives, and for which key; undefined for other records. */
export function grantIn ({ mediaType, key, body }: NumberedRecord): { readonly grant: Grant, readonly recipientKey: string } | undefined {
  if (mediaType !== SAID_MEDIA_TYPES.grant) return undefined
  const statement = decodeStatement(body, ENVELOPE_BYTES_MAX)
  const grant = statement.ok ? decodeGrant(statement.value) : statement
  const recipientKey = /^\S+ ([0-9a-f]{64})$/.exec(textOf(key) ?? '')?.[1]
  return grant.ok && recipientKey !== undefined ? { grant: grant.value, recipientKey } : undefined
}
