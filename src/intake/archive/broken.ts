import { RATIO_FROM_BYTES, RATIO_MAX, UNPACKED_BYTES_MAX } from './limits.ts'

export type ArchiveFailure = {
  readonly code: 'unreadable' | 'damaged' | 'encrypted' | 'too-many-entries' | 'too-large' | 'unsafe' | 'method'
  readonly reason: string
  readonly hint: string
}

/** Stops the reading of an archive that is not what it said it was. */
export class ArchiveBroken extends Error {
  override readonly name = 'ArchiveBroken'
  readonly failure: ArchiveFailure

  constructor (failure: ArchiveFailure) {
    super(failure.reason)
    this.failure = failure
  }
}

export function tooLarge (unpacked: number, packed: number): ArchiveFailure | undefined {
  if (unpacked > UNPACKED_BYTES_MAX) {
    return { code: 'too-large', reason: `unpacked it has more than ${UNPACKED_BYTES_MAX} bytes`, hint: 'send it in several parts' }
  }
  if (unpacked > RATIO_FROM_BYTES && unpacked > packed * RATIO_MAX) {
    return { code: 'too-large', reason: `it grows to more than ${RATIO_MAX} times its size when it is unpacked`, hint: 'send it unpacked, if it is what it should be' }
  }
  return undefined
}

export function damaged (reason: string): ArchiveFailure {
  return { code: 'damaged', reason, hint: 'send it again; nothing of it was taken' }
}
