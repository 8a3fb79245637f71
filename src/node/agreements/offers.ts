import { textOf, utf8 } from '../../base/index.ts'
import { CATALOG_PAGE_DATASETS_MAX, type Dataset, type DataService, type Distribution, type Offer } from '../../core/agreement/index.ts'
import type { Advertisement, DatasetEntry } from '../../core/catalogue/index.ts'
import { formOfPolicy, policyOfForm, PURPOSE_NS, type Policy } from '../../core/terms/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { AssetName, Doors, Policies } from '../doors/index.ts'
import type { CataloguePage, Party } from '../dsp/index.ts'

export const SYNC_FORMAT = 'urn:hanse:format:sync:1'
export const PULL_FORMAT = 'HttpData-PULL'
export const PUSH_FORMAT = 'HttpData-PUSH'

const PURPOSE = 'http://www.w3.org/ns/odrl/2/purpose'
/** Of data without terms: whoever may know of it may use it. */
const ANY_USE = utf8(JSON.stringify({ permission: [{ action: 'use' }] }))

/** `<publisher did>/<datasetId>`: what a dataset is called in the protocol, as everywhere. */
export function targetOf ({ publisher, datasetId }: AssetName): string {
  return `${publisher}/${datasetId}`
}

export function assetOfTarget (target: string): AssetName | undefined {
  const slash = target.lastIndexOf('/')
  return slash < 1 ? undefined : { publisher: target.slice(0, slash), datasetId: target.slice(slash + 1) }
}

/** What a description offers; undefined where its terms cannot be read. */
export function policyOfEntry (policies: Policies, { terms }: DatasetEntry): Policy | undefined {
  const ready = policies.of(terms?.policy ?? ANY_USE)
  return ready.ok ? ready.value.policy : undefined
}

export function offerOf (policy: Policy, target: string | null): Offer {
  return { id: `urn:hanse:offer:${policy.policyCid.toString()}`, target, policy }
}

/** A dataset in a catalogue; what cannot be read is left out of it. */
function datasetOf (policies: Policies, { publisher, entry }: Advertisement, distributions: readonly Distribution[]): Dataset | undefined {
  const policy = policyOfEntry(policies, entry)
  return policy === undefined || distributions.length === 0
    ? undefined
    : { id: targetOf({ publisher, datasetId: entry.datasetId }), offers: [offerOf(policy, null)], distributions }
}

/** The one purpose that a bound policy names in every permission; undefined where it names none, several or no single one. */
export function purposeOf ({ permissions }: Policy): string | undefined {
  const named = permissions.map(({ constraints }) => constraints.flatMap(each =>
    each.type === 'atomic' && each.leftOperand === PURPOSE && each.rightOperand.length === 1 ? each.rightOperand : []))
  const [first] = named[0] ?? []
  return first !== undefined && named.every(purposes => purposes.length === 1 && purposes[0] === first) ? first : undefined
}

/** Whether every permission says what for, so that there are only so many purposes. */
export function namesPurposes ({ permissions }: Policy): boolean {
  return permissions.every(({ constraints }) => constraints.some(each => each.type === 'atomic' && each.leftOperand === PURPOSE))
}

/** The same, ending no later than this; undefined where nothing is left of it, or no form says it. */
export function shortened (policy: Policy, untilMs: number): Policy | undefined {
  const form = formOfPolicy(policy)
  if (form === undefined || (form.fromMs !== null && form.fromMs >= untilMs)) return undefined
  const shorter = policyOfForm({ ...form, untilMs: Math.min(form.untilMs ?? untilMs, untilMs) })
  return shorter.ok ? shorter.value : undefined
}

/** A purpose as people write it, or in full. */
export function purposeIri (text: string): string {
  return text.includes(':') ? text : PURPOSE_NS + text
}

export type MemberPartyOptions = {
  readonly own: string
  readonly doors: Doors
  readonly catalogue: Pick<Catalogue, 'entries'>
  readonly negotiations: Party['negotiations']
  readonly transfers: Party['transfers'] & { formats (): readonly string[] }
  readonly services: () => readonly DataService[]
  readonly isAddressOf: (peer: string, address: string) => boolean
}

/** A member as the protocol sees it: its own datasets, each for whom may know of it. */
export function memberParty (options: MemberPartyOptions): Party {
  const { own, doors, catalogue, negotiations, transfers, services, isAddressOf } = options
  const visible = (viewer: string): readonly Advertisement[] => [...catalogue.entries()]
    .filter(({ publisher, entry }) => publisher === own && !entry.withdrawn &&
      doors.decide({ door: 'advertise', requester: viewer, asset: { publisher, datasetId: entry.datasetId } }).allow)
    .toSorted((a, b) => a.entry.datasetId < b.entry.datasetId ? -1 : 1)
  const shown = (advertisement: Advertisement): Dataset | undefined => {
    const [member = '', web] = services().map(({ id }) => id)
    const distributions: readonly Distribution[] = transfers.formats().map(format => ({ format, accessService: format === SYNC_FORMAT ? member : web ?? member }))
    return datasetOf(doors.policies, advertisement, distributions)
  }
  return {
    participantId: own, services, isAddressOf, negotiations, transfers,
    catalogue: (viewer, page) => pageOf(viewer, page, visible(viewer), shown),
    dataset: (viewer, id) => {
      const asset = assetOfTarget(id)
      const found = visible(viewer).find(({ publisher, entry }) => publisher === asset?.publisher && entry.datasetId === asset.datasetId)
      return found === undefined ? undefined : shown(found)
    }
  }
}

/** Pages by position. A page is of one viewer and one state of its catalogue: how much is in it and what changed last. */
function pageOf (
  viewer: string, page: string | null, all: readonly Advertisement[], shown: (advertisement: Advertisement) => Dataset | undefined
): CataloguePage | undefined {
  const height = `${all.length}.${all.reduce((newest, { entry }) => Math.max(newest, entry.modifiedMs), 0)}`
  const asked = page === null ? { viewer, height, from: 0 } : readPage(page)
  if (asked === undefined || asked.viewer !== viewer || asked.height !== height) return undefined
  const { from } = asked
  const link = (at: number): string => Buffer.from(utf8(JSON.stringify([viewer, height, at]))).toString('base64url')
  const datasets = all.slice(from, from + CATALOG_PAGE_DATASETS_MAX).flatMap(each => shown(each) ?? [])
  return {
    datasets,
    next: from + CATALOG_PAGE_DATASETS_MAX < all.length ? link(from + CATALOG_PAGE_DATASETS_MAX) : null,
    previous: from > 0 ? link(Math.max(0, from - CATALOG_PAGE_DATASETS_MAX)) : null
  }
}

function readPage (page: string): { readonly viewer: string, readonly height: string, readonly from: number } | undefined {
  try {
    const [viewer, height, from, ...rest] = JSON.parse(textOf(new Uint8Array(Buffer.from(page, 'base64url'))) ?? '') as unknown[]
    const isWhole = typeof viewer === 'string' && typeof height === 'string' && typeof from === 'number' && Number.isSafeInteger(from) && from >= 0
    return isWhole && rest.length === 0 ? { viewer, height, from } : undefined
  } catch {
    return undefined
  }
}
