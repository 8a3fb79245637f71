import { unreachable } from '../../base/index.ts'
import type { BundleFailure } from '../contract/index.ts'

/** What ends the reading of a bundle. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault'
  readonly code: BundleFailure['code']

  constructor (code: BundleFailure['code'], reason: string) {
    super(reason)
    this.code = code
  }
}

export function failureOf ({ code, message: reason }: BundleFault): BundleFailure {
  return { code, reason, hint: hintOf(code) }
}

function hintOf (code: BundleFailure['code']): string {
  switch (code) {
    case 'malformed': return 'this is no bundle, or one of a newer version; have it made again with "hanse bundle make"'
    case 'tampered': return 'do not use this file; have it made again, and ask who has had the medium in hand'
    case 'other-federation': return 'open it on a node of that federation; "hanse bundle inspect" shows what is in it'
    case 'cut-short': return 'copy the file again and open it: what is here already is not read twice'
    case 'too-large': return 'make several bundles with fewer datasets each'
    case 'not-found': return 'fetch it first: "hanse get" waits until all of it is here'
    case 'refused': return 'see who may have it with "hanse terms show DATASET"'
    case 'not-ready': return 'found or join a federation first'
    default: return unreachable(code)
  }
}

/** Passes on what comes before a fault, and then ends: that much is verified and worth keeping. */
export async function * untilFault<T> (source: AsyncIterable<T>, onFault: (fault: BundleFault) => void): AsyncGenerator<T> {
  try {
    yield * source
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause
    onFault(cause)
  }
}
