/**
 * Shows a dataset to people on a page without scripts, and to search engines by schema.org in that page: what its publisher says of
 * it, its terms as sentences, and where it is to be had. For whoever asks: what they may not know of is not found.
 *
 * Words of publishers are text and never markup, in the JSON of schema.org too. The policy of the page lets nothing be loaded, run or
 * framed; its style is let through by its hash. Ids, titles and licences are those of the DCAT catalogue.
 */
import { utf8 } from '../../base/index.ts'
import type { OutletCalls } from '../../sdk/contract/index.ts'
import { askerOf, originOf, type Handler } from '../context/index.ts'
import { problem } from '../http/index.ts'
import { pageOf, STYLE_HASH } from './page.ts'

const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export const showPage: Handler<OutletCalls['datasets.page']> = (context, request) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const dataset = context.node.dataset(request.reference, asker.value)
  if (!dataset.ok) return problem(dataset.failure)
  const bytes = utf8(pageOf(dataset.value, originOf(context, request)))
  return {
    type: 'stream', status: 200, chunks: only(bytes),
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-length': String(bytes.length), 'content-security-policy': POLICY, 'cache-control': 'no-store' }
  }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
