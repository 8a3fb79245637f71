import type { TermsFile } from '../../sdk/index.ts'

const DAY_MS = 86_400_000
/** What the engine takes for a group that tells of nobody. */
export const GROUP_MIN = 10

export type Less = { readonly days: number | null, readonly isSummary: boolean }

/** The same terms with less in them: for so many days from now, in groups alone. Nothing in them ever gets wider. */
export function lessened (file: TermsFile, { days, isSummary }: Less, nowMs: number): TermsFile {
  const form = typeof file.terms === 'object' && file.terms !== null ? file.terms as Readonly<Record<string, unknown>> : {}
  const endMs = days === null ? null : Math.floor((nowMs + days * DAY_MS) / 1_000) * 1_000
  const until = form['untilMs']
  const summary = form['summarise'] as { readonly minGroupSize?: number } | null | undefined
  return {
    terms: {
      ...form,
      ...endMs === null ? {} : { untilMs: typeof until === 'number' ? Math.min(until, endMs) : endMs },
      ...isSummary ? { summarise: { minGroupSize: Math.max(GROUP_MIN, summary?.minGroupSize ?? 0) } } : {}
    }
  }
}
