import type { Failure } from './failure.ts'

/**
 * Who asks for data, where it is not the people of this node: a member by its did, or null for somebody outside; what for, as a
 * full IRI; and under which agreement alone. What is left out of the latter two is found where only one fits.
 */
export type Asker = { readonly requester?: string | null | undefined, readonly purpose?: string | undefined, readonly agreementId?: string | undefined }

/** The right was lost while something was being given out; thrown, because it shows in the middle of a stream. */
export class RightLost extends Error {
  override readonly name = 'RightLost'
  readonly failure: Failure<'not-found' | 'refused'>

  constructor (failure: Failure<'not-found' | 'refused'>) {
    super(failure.reason)
    this.failure = failure
  }
}
