import type { OperationView } from '../../sdk/index.ts'
import { t } from '../text/index.ts'

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

const NEWS: readonly string[] = ['proposal.open', 'ballot', 'member.leave', 'dataset.put', 'policy.version', 'agreement.commit', 'agreement.revoke', 'feed.fork']
/** Datasets that nodes keep for themselves: what they say of their data, and who read what. */
const INNER: readonly unknown[] = ['catalogue', 'access']

/** Whether people did it, for people to know; else it is what nodes do to keep the books. */
export function isNews ({ name, fields }: OperationView): boolean {
  return NEWS.includes(name) && !INNER.includes(fields['dataset'])
}
