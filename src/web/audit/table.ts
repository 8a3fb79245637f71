import type { UseEntry, UseReport } from '../../sdk/index.ts'
import { API_PATH } from '../../sdk/index.ts'
import { isoText } from '../text/index.ts'

/** Where the proof of an entry is fetched. */
export function proofAddress ({ feed, record }: UseEntry): string {
  return `${API_PATH}/uses/proof?${new URLSearchParams({ feed, record: String(record) }).toString()}`
}

/** What was given out without an agreement is a copy that cannot be read. */
export function isSealed ({ what, agreementId }: UseEntry): boolean {
  return what === 'served' && agreementId === null
}

/** Who could read it, and who has a copy that it cannot read. */
export function holdersOf ({ entries }: UseReport): { readonly readers: number, readonly keepers: number } {
  const had = entries.filter(({ what, member }) => member !== null && what !== 'refused')
  const readers = new Set(had.filter(entry => entry.what === 'granted' || (entry.what === 'served' && !isSealed(entry))).map(({ member }) => member?.did))
  const keepers = new Set(had.filter(isSealed).map(({ member }) => member?.did).filter(did => !readers.has(did)))
  return { readers: readers.size, keepers: keepers.size }
}

const COLUMNS = ['time', 'what', 'member', 'did', 'door', 'purpose', 'agreement', 'records', 'bytes', 'ledger'] as const

/** All entries as CSV (RFC 4180), for whoever works with tables; texts that a spreadsheet would take for formulas are made harmless. */
export function csvOf ({ entries }: UseReport): string {
  const rows = entries.map(({ timeMs, what, member, door, purpose, agreementId, records, bytes, isOnLedger }) => [
    isoText(timeMs) ?? timeMs, what, member?.name ?? '', member?.did ?? '', door ?? '', purpose ?? '', agreementId ?? '', records ?? '', bytes ?? '', isOnLedger ? 'yes' : 'no'
  ])
  return [COLUMNS, ...rows].map(row => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

function cell (value: string | number): string {
  const text = String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
