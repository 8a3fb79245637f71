import type { ProposalView } from '../../sdk/index.ts'
import { listText, numberText, t, timeText } from '../text/index.ts'

/** What a proposal would change, in a sentence. `nameOf`: names of members by their DIDs. */
export function proposalText ({ kind, fields, sentence }: Pick<ProposalView, 'kind' | 'fields' | 'sentence'>, nameOf: (did: string) => string): string {
  const member = nameOf(String(fields['member']))
  switch (kind) {
    case 'join': return t(fields['seat'] === true ? 'proposal.join.seat' : 'proposal.join.plain', { member })
    case 'remove': return t('proposal.remove', { member })
    case 'park': return t('proposal.park', { member })
    case 'rebind': return t('proposal.rebind', { member })
    case 'params': return t('proposal.params', { params: listText(paramsOf(fields['params'])) })
    case 'charter': return t('proposal.charter', shareOf(fields['votesAbove']))
    case 'protocol': return t('proposal.protocol', { version: Number(fields['version']), height: Number(fields['notBeforeHeight']) })
    default: return sentence
  }
}

/** How many votes it has and lacks, and until when. */
export function tallyText ({ yes, no, needed, members, notAfterMs, state }: ProposalView): string {
  if (state !== 'open') return t(`proposal.state.${state}`)
  return t('proposal.tally', { yes: yes.length, no: no.length, needed, members, until: timeText(notAfterMs) })
}

function paramsOf (params: unknown): readonly string[] {
  return Array.isArray(params) ? params.map((each: unknown) => Array.isArray(each) ? t('proposal.param', { name: String(each[0]), value: numberText(Number(each[1])) }) : String(each)) : []
}

function shareOf (share: unknown): { readonly parts: number, readonly of: number } {
  const { parts = 0, of = 0 } = typeof share === 'object' && share !== null ? share as { readonly parts?: number, readonly of?: number } : {}
  return { parts, of }
}
