import type { TermsSentence } from '../../sdk/index.ts'

/** A sentence of the request, of the terms, or of both; `unknown`: nobody can tell. */
export type Compared = TermsSentence & { readonly in: 'both' | 'request' | 'terms' | 'unknown' }

/** What a dataset says of itself beside its offer, and nobody asks for. */
const OWN_CODES = ['replicas-members', 'replicas-recipients', 'replicas-nobody', 'legal-notice']

/**
 * The request beside the terms of the dataset, clause by clause: what is only asked for stands before what it replaces. Null: its terms are
 * not known here, and nothing is said to be as they have it.
 */
export function compared (request: readonly TermsSentence[], terms: readonly TermsSentence[] | null): readonly Compared[] {
  if (terms === null) return request.map(each => ({ ...each, in: 'unknown' as const })).toSorted((a, b) => a.clause - b.clause)
  const isIn = (sentences: readonly TermsSentence[], { sentence }: TermsSentence): boolean => sentences.some(each => each.sentence === sentence)
  return [
    ...request.map(each => ({ ...each, in: isIn(terms, each) ? 'both' as const : 'request' as const })),
    ...terms.filter(each => !OWN_CODES.includes(each.code) && !isIn(request, each)).map(each => ({ ...each, in: 'terms' as const }))
  ].toSorted((a, b) => a.clause - b.clause)
}
