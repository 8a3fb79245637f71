import { formOfPolicy, meetOfForms, policyOfForm, type Policy, type TermsForm } from '../../core/terms/index.ts'
import { policySentences } from '../catalogue/index.ts'
import type { SentenceView } from '../contract/index.ts'

/** What holds for what was made of several: clause by clause the strictest; where no clauses say it, those of each. */
export function conditionsOf (policies: readonly Policy[], nameOf: (did: string) => string): readonly SentenceView[] {
  const different = [...new Map(policies.map(policy => [policy.policyCid.toString(), policy])).values()]
  const [only, ...others] = different
  if (only === undefined) return []
  const strictest = others.length === 0 ? only : strictestOf(different)
  const sentences = strictest === undefined ? different.flatMap(policy => policySentences(policy, nameOf)) : policySentences(strictest, nameOf)
  return [...new Map(sentences.map(sentence => [`${sentence.clause} ${sentence.sentence}`, sentence])).values()]
}

function strictestOf (policies: readonly Policy[]): Policy | undefined {
  let met: TermsForm | undefined
  for (const policy of policies) {
    const form = formOfPolicy(policy)
    if (form === undefined) return undefined
    const next = met === undefined ? { ok: true as const, value: form } : meetOfForms(met, form)
    if (!next.ok) return undefined
    met = next.value
  }
  const written = met === undefined ? undefined : policyOfForm(met)
  return written?.ok === true ? written.value : undefined
}
