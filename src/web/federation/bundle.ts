import { API_PATH, type Client, type Dataset } from '../../sdk/index.ts'
import { nodeText } from '../text/index.ts'

/** References that fit into one bundle and one address. */
const REFERENCES_MAX = 64

/** A dataset that could go into a bundle, and why not where it may not. */
export type Packed = { readonly dataset: Dataset, readonly because: string | null }

/** Which datasets that are here this member may be given, as its sync door would decide. */
export async function packedFor (client: Client, datasets: readonly Dataset[], member: string): Promise<readonly Packed[]> {
  const here = datasets.filter(({ held, publisher }) => held.phase === 'complete' && publisher.did !== member).slice(0, REFERENCES_MAX)
  return await Promise.all(here.map(async dataset => {
    const explained = await client.explain(dataset.id, { member, door: 'sync' })
    if (!explained.ok) return { dataset, because: nodeText(explained.failure.reason).text }
    return { dataset, because: explained.value.allow ? null : explained.value.reasons.map(({ sentence }) => nodeText(sentence).text).join(', ') }
  }))
}

/** Where the browser fetches the bundle. */
export function bundleAddress (packed: readonly Packed[], recipient: string): string {
  const references = packed.filter(({ because }) => because === null).map(({ dataset }) => dataset.id).join(',')
  return `${API_PATH}/bundles?${new URLSearchParams({ references, recipient }).toString()}`
}
