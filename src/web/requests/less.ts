import type { TermsFile } from '../../sdk/index.ts'

const DAY_MS = 86_400_000
/** What the engine takes for a group that tells of nobody. */
export const GROUP_MIN = 10

export type Less = { readonly days: number | null, readonly isSummary: boolean }

/** When so many days are over: from now, or from when the terms begin, where that is later. */
export function lessEndMs (file: TermsFile | null, days: number, nowMs: number): number {
  const { fromMs = null, untilMs = null } = typeof file?.terms === 'object' && file.terms !== null ? file.terms as { readonly fromMs?: number | null, readonly untilMs?: number | null } : {}
  const endMs = Math.floor((Math.max(nowMs, fromMs ?? nowMs) + days * DAY_MS) / 1_000) * 1_000
  return untilMs === null ? endMs : Math.min(untilMs, endMs)
}

/** The same terms with less in them: for so many days, in groups alone. Nothing in them ever gets wider. */
export function lessened (file: TermsFile, { days, isSummary }: Less, nowMs: number): TermsFile {
  const form = typeof file.terms === 'object' && file.terms !== null ? file.terms as Readonly<Record<string, unknown>> : {}
  const summary = form['summarise'] as { readonly minGroupSize?: number } | null | undefined
  return {
    terms: {
      ...form,
      ...days === null ? {} : { untilMs: lessEndMs(file, days, nowMs) },
      ...isSummary ? { summarise: { minGroupSize: Math.max(GROUP_MIN, summary?.minGroupSize ?? 0) } } : {}
    }
  }
}
