import {
  assert, bytes, decodeCanonical, encodeCanonical, equalBytes, fail, hpkeOpen, hpkeSeal, integer, list, ok, tuple, uint, HPKE_KEY_SIZE_BYTES,
  type CID, type CodecFailure, type HpkeFailure, type Result
} from '../../base/index.ts'
import { datasetIdSchema, statementIdSchema, type FeedClass } from '../feed/index.ts'
import { didSchema, type Did, type Statement } from '../identity/index.ts'
import { EPOCH_KEY_SIZE_BYTES, EPOCH_MAX, FIRST_EPOCH, keyCheckOf, KEY_CHECK_SIZE_BYTES } from '../sealing/index.ts'
import { GRANT_BYTES_MAX, GRANT_EPOCHS_MAX, GRANT_SEALED_BYTES_MAX } from './limits.ts'
import {
  agreementIdSchema, bodyOf, decodeSaid, epochsSchema, formOf, hear, sealedClassSchema,
  type Hearing, type Said, type SaidFailure, type Span
} from './said.ts'

export type EpochKey = { readonly epoch: number, readonly key: Uint8Array }

/** To whom, of what and under which agreement; together with the epochs this is what the wrapping is bound to. */
export type GrantSubject = {
  readonly federation: CID
  readonly publisher: Did
  readonly consumer: Did
  readonly datasetId: string
  readonly class: FeedClass
  readonly agreementId: string
}

export type GrantFields = GrantSubject & {
  /** The first and the last; all between are granted too. */
  readonly epochs: Span
  /** One for each epoch, in order: they must agree with those in the sealed segments. */
  readonly keyChecks: readonly Uint8Array[]
  readonly enc: Uint8Array
  readonly sealed: Uint8Array
  readonly timeMs: number
}

export type Grant = Said<GrantFields>

/**
 * - `key`, `not-opened`: as in HPKE; it was wrapped for another key of this consumer, say, or for other fields.
 * - `contents`: what was wrapped is not one key for each epoch.
 * - `key-check`: the key of this epoch is not the one that its check names.
 */
export type OpenGrantFailure =
  | HpkeFailure
  | { readonly code: 'contents' }
  | { readonly code: 'key-check', readonly epoch: number }

const form = formOf('grant', {
  federation: statementIdSchema,
  publisher: didSchema,
  consumer: didSchema,
  datasetId: datasetIdSchema,
  class: sealedClassSchema,
  agreementId: agreementIdSchema,
  epochs: epochsSchema,
  keyChecks: list(bytes(KEY_CHECK_SIZE_BYTES), GRANT_EPOCHS_MAX, 1),
  enc: bytes(HPKE_KEY_SIZE_BYTES),
  sealed: bytes(1, GRANT_SEALED_BYTES_MAX),
  timeMs: uint()
}, ({ epochs: [from, to], keyChecks }) => to - from + 1 === keyChecks.length
  ? undefined
  : { path: 'keyChecks', expected: 'one check for each epoch' })

const keysSchema = list(tuple(integer(FIRST_EPOCH, EPOCH_MAX), bytes(EPOCH_KEY_SIZE_BYTES)), GRANT_EPOCHS_MAX, 1)
const NONE = new Uint8Array(0)

/** What the wrapping is bound to: the fields that say who may read what. */
function infoOf ({ federation, publisher, consumer, datasetId, class: feedClass, agreementId }: GrantSubject, epochs: Span): Uint8Array {
  return encodeCanonical({ v: 1, federation, kind: 'grantInfo', publisher, consumer, datasetId, class: feedClass, agreementId, epochs })
}

/**
 * The body of a grant of consecutive epochs, to sign. `recipientKey` is the X25519 key in a certificate of the consumer's node;
 * `ephemeralSecret` is fresh, unpredictable, and used once.
 */
export function makeGrant (
  { subject, keys, recipientKey, ephemeralSecret, timeMs }: {
    readonly subject: GrantSubject, readonly keys: readonly EpochKey[], readonly recipientKey: Uint8Array, readonly ephemeralSecret: Uint8Array,
    readonly timeMs: number
  }
): Result<Uint8Array, { readonly code: 'key' }> {
  const [first] = keys
  assert(first !== undefined && keys.length <= GRANT_EPOCHS_MAX, `1 to ${GRANT_EPOCHS_MAX} epochs in one grant`)
  assert(keys.every(({ epoch }, at) => epoch === first.epoch + at), 'epochs without a gap, in order')
  const epochs: Span = [first.epoch, first.epoch + keys.length - 1]
  const plaintext = encodeCanonical(keys.map(({ epoch, key }) => [epoch, key]))
  const wrapped = hpkeSeal({ recipientKey, ephemeralSecret, info: infoOf(subject, epochs), aad: NONE, plaintext })
  if (!wrapped.ok) return wrapped
  return ok(bodyOf(form, { ...subject, epochs, keyChecks: keys.map(({ key }) => keyCheckOf(key)), ...wrapped.value, timeMs }))
}

/** What a statement grants. Who signed it is not looked at: that is `admitGrant`. */
export function decodeGrant (statement: Statement): Result<Grant, CodecFailure> {
  return decodeSaid(form.schema, statement, GRANT_BYTES_MAX)
}

/** The grant in an envelope, if its publisher made it. It counts only in that publisher's `grants` feed for its consumer. */
export function admitGrant (envelope: Uint8Array, hearing: Hearing): Result<Grant, SaidFailure> {
  const heard = hear(envelope, GRANT_BYTES_MAX, decodeGrant, ({ timeMs }) => timeMs, hearing)
  if (!heard.ok) return heard
  const { said, by } = heard.value
  return by === said.publisher ? ok(said) : fail({ code: 'not-theirs', speaker: by })
}

/** The keys in a grant, for the holder of the secret of `recipientKey`. Each agrees with its check. */
export function openGrant (grant: GrantFields, recipientSecret: Uint8Array): Result<readonly EpochKey[], OpenGrantFailure> {
  const { epochs, keyChecks, enc, sealed } = grant
  const opened = hpkeOpen({ recipientSecret, enc, sealed, info: infoOf(grant, epochs), aad: NONE })
  if (!opened.ok) return opened
  const decoded = decodeCanonical(opened.value, keysSchema, GRANT_SEALED_BYTES_MAX)
  if (!decoded.ok || decoded.value.length !== keyChecks.length) return fail({ code: 'contents' })
  const keys = decoded.value.map(([epoch, key]): EpochKey => ({ epoch, key }))
  if (keys.some(({ epoch }, at) => epoch !== epochs[0] + at)) return fail({ code: 'contents' })
  const wrong = keys.find(({ key }, at) => !equalBytes(keyCheckOf(key), keyChecks[at] ?? NONE))
  return wrong === undefined ? ok(keys) : fail({ code: 'key-check', epoch: wrong.epoch })
}
