import type { Did } from '../../core/identity/index.ts'
import type { AssetFacts, AssetName, Assets } from './question.ts'
import type { StandingAgreement, Standings } from './standings.ts'

/** Derived data of derived data: further back nothing is looked at, and nothing let through. */
const SOURCE_DEPTH_MAX = 16

/** What data were made of, by whatever steps, that is somebody else's. `path`: datasets through which it was found, the nearest first. */
export type OthersSource = { readonly path: readonly string[] } & (
  | { readonly type: 'policy', readonly asset: AssetName, readonly known: AssetFacts | undefined, readonly agreement: StandingAgreement | undefined, readonly policy: Uint8Array }
  /** Its policy is not at hand, and may say anything. */
  | { readonly type: 'unknown' }
  /** Made of itself, or of too many steps. */
  | { readonly type: 'endless' }
)

/** A source of one's own adds nothing, but its own sources count. Data that are open to all have no policy to inherit. */
export function sourcesOfOthers (
  { own, assets, standings }: { readonly own: Did, readonly assets: Assets, readonly standings: Standings }, described: Pick<AssetFacts, 'sources'>
): readonly OthersSource[] {
  const seen = new Set<string>()
  const walk = (from: Pick<AssetFacts, 'sources'>, before: readonly string[]): readonly OthersSource[] => from.sources.flatMap((source): readonly OthersSource[] => {
    const { publisher, datasetId, agreementId, policyCid } = source
    const name = `${publisher}/${datasetId}`
    const path = [...before, name]
    if (before.includes(name) || path.length > SOURCE_DEPTH_MAX) return [{ type: 'endless', path }]
    if (seen.has(`${name}/${agreementId ?? ''}`)) return []
    seen.add(`${name}/${agreementId ?? ''}`)
    const asset = { publisher, datasetId }
    const known = assets.describe(asset)
    if (publisher === own) return known === undefined ? [{ type: 'unknown', path }] : walk(known, path)
    const agreement = agreementId === null ? undefined : standings.get(agreementId)
    const policy = agreement?.policy ?? (agreementId === null ? known?.terms?.policy : undefined)
    if (policy !== undefined) return [{ type: 'policy', path, asset, known, agreement, policy }]
    return agreementId === null && policyCid === null && known?.terms === null ? [] : [{ type: 'unknown', path }]
  })
  return walk(described, [])
}
