import { assert, ok, type Result } from '../../base/index.ts'
import { DOCUMENT_BYTES_MAX } from './limits.ts'
import type { ReadContext, Reader, ReadFailure, Reading } from './types.ts'

/** A reader of feeds that are one document each. */
export function oneDocument (
  kind: Reader['kind'], accept: string, read: (bytes: Uint8Array, context: ReadContext) => Result<Reading, ReadFailure> | Promise<Result<Reading, ReadFailure>>
): Reader {
  return {
    kind,
    accept,
    begin: context => {
      let reading: Result<Reading, ReadFailure> | undefined
      return {
        take: async document => {
          const bytes = await document.bytes(DOCUMENT_BYTES_MAX)
          if (!bytes.ok) return bytes
          reading = await read(bytes.value, context)
          return reading.ok ? ok([]) : reading
        },
        finish: async () => {
          assert(reading !== undefined, 'a session takes its document before it is finished')
          return reading
        },
        close () {}
      }
    }
  }
}
