import type { TermsSentence } from '../../sdk/index.ts'

const LABELS: Readonly<Record<TermsSentence['labels'][number], string>> = {
  enforced: 'enforced here', attested: 'attested by the other side', contractual: 'words that both signed'
}

export function labelText (label: TermsSentence['labels'][number]): string {
  return LABELS[label]
}
