import { pipe } from 'it-pipe'
import { fail, INTEGER_MAX, ok, type CID, type Result } from '../../base/index.ts'
import { faultOfSegment } from '../../core/feed/index.ts'
import { CLOCK_SKEW_MS_MAX, membershipOf } from '../../core/identity/index.ts'
import type { BundleFailure, BundleReport } from '../contract/index.ts'
import { carDecode } from './car.ts'
import { BundleFault, failureOf } from './fault.ts'
import { Tally } from './tally.ts'
import { verified, type Verified } from './verifying.ts'

/** Without a clock no certificate is too early. */
const ANY_TIME_MS: number = INTEGER_MAX - CLOCK_SKEW_MS_MAX

/**
 * Checks all of a bundle without a node, from the charter alone: the one that is given, else the one in the bundle, which
 * proves nothing about who its founders are: compare the federation's id. Looks closer than import, down to every record.
 */
export async function inspectBundle (
  source: AsyncIterable<Uint8Array>, charter?: { readonly federation: CID }
): Promise<Result<BundleReport, BundleFailure>> {
  const tally = new Tally()
  try {
    await pipe(
      source,
      carDecode,
      sections => verified(sections, { federation: charter?.federation, membershipOf, nowMs: ANY_TIME_MS }),
      items => tally.count(items),
      async items => { for await (const item of items) checkRecords(item) }
    )
    return ok(tally.report())
  } catch (cause) {
    if (cause instanceof BundleFault) return fail(failureOf(cause))
    throw cause
  }
}

function checkRecords (item: Verified): void {
  if (item.type !== 'segment') return
  const { feed: { declaration }, index, leaf, bytes } = item
  const fault = faultOfSegment(bytes, declaration, index, leaf)
  if (fault === undefined || fault === 'unreadable') return
  throw new BundleFault('tampered', `segment ${index} of ${declaration.publisher}/${declaration.datasetId} is not what its publisher signed: ${fault}`)
}
