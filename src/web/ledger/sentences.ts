import type { LedgerStatus } from '../../sdk/index.ts'
import { t, timeText } from '../text/index.ts'

/** What the standing of the ledger means. It stalls only when something waits and cannot be decided. */
export function standingText ({ height, waiting, validators, toleratedFaults, reachable, finalMs }: LedgerStatus): { readonly tone: 'ok' | 'wait', readonly text: string } {
  const lacking = validators - toleratedFaults - reachable
  if (waiting > 0 && lacking > 0) return { tone: 'wait', text: t('ledger.stalled', { count: waiting, lacking }) }
  if (waiting > 0) return { tone: 'wait', text: t('ledger.deciding', { count: waiting }) }
  if (lacking > 0) return { tone: 'ok', text: t('ledger.few', { lacking }) }
  return { tone: 'ok', text: height === 0 ? t('ledger.never') : t('ledger.quiet', { since: timeText(finalMs) }) }
}
