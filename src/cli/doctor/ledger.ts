import { readApiFile } from '../../api/index.ts'
import { createClient, type LedgerStatus } from '../../sdk/index.ts'
import { ledgerRows } from '../terminal/index.ts'
import type { Check } from './checks.ts'

const ANSWER_TIMEOUT_MS = 5_000

/** What the running node says of the federation's ledger; nothing of a node in no federation. */
export async function checkLedger (path: string): Promise<readonly Check[]> {
  const file = await readApiFile(path)
  if (!file.ok) return []
  const timed = (url: string, init: RequestInit): Promise<Response> => fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
  const ledger = await createClient({ baseUrl: file.value.url, token: file.value.token, fetch: timed }).ledger()
  return ledger.ok ? [checkOf(ledger.value)] : []
}

/** Whoever finalises nothing loses nothing: no state of the ledger keeps a node from its work. */
export function checkOf (ledger: LedgerStatus): Check {
  const { role, validators, reachable, toleratedFaults } = ledger
  const name = 'ledger'
  const finding = ledgerRows(ledger).map(([, text]) => text).join('\n')
  if (reachable < validators - toleratedFaults) {
    return { name, state: 'warn', finding, fix: 'Ask the members whose nodes are not reachable (hanse members) to start them, or propose to park those that are gone for long while the others still suffice' }
  }
  return role === 'locked'
    ? { name, state: 'warn', finding, fix: 'Run hanse ledger rotate-key: the node votes again from the next seal on, with a key that never voted' }
    : { name, state: 'ok', finding }
}
