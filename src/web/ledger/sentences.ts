import type { LedgerStatus, OperationView } from '../../sdk/index.ts'
import { t, timeText } from '../text/index.ts'

const OPERATIONS = [
  'proposal.open', 'ballot', 'member.leave', 'node.put', 'catalogue.set', 'key.bind', 'key.rotate', 'key.revoke', 'validator.ready', 'validator.unpark', 'dataset.put',
  'dataset.anchor', 'policy.version', 'agreement.commit', 'agreement.revoke', 'receipts.root', 'feed.fork'
] as const

/** What an entry does, in a sentence; one of a later version by its name alone. `by`: who signed it. */
export function entryText (by: string, { name, fields }: OperationView): string {
  const known = OPERATIONS.find(each => each === name)
  if (known === undefined) return t('ledger.entry.other', { by, name })
  if (known === 'ballot') return t(fields['yes'] === true ? 'ledger.entry.ballot.yes' : 'ledger.entry.ballot.no', { by })
  const heads = fields['heads']
  return t(`ledger.entry.${known}`, { by, dataset: typeof fields['dataset'] === 'string' ? fields['dataset'] : '', count: Array.isArray(heads) ? heads.length : 0 })
}

/** What the standing of the ledger means. It stalls only when something waits and cannot be decided. */
export function standingText ({ height, waiting, validators, toleratedFaults, reachable, finalMs }: LedgerStatus): { readonly tone: 'ok' | 'wait', readonly text: string } {
  const lacking = validators - toleratedFaults - reachable
  if (waiting > 0 && lacking > 0) return { tone: 'wait', text: t('ledger.stalled', { count: waiting, lacking }) }
  if (waiting > 0) return { tone: 'wait', text: t('ledger.deciding', { count: waiting }) }
  if (lacking > 0) return { tone: 'ok', text: t('ledger.few', { lacking }) }
  return { tone: 'ok', text: height === 0 ? t('ledger.never') : t('ledger.quiet', { since: timeText(finalMs) }) }
}
