/** What a `HanseNode` in memory says of terms: they are read as they are, and open a dataset to nobody but this member. */
import { fail, ok } from '../../src/base/index.ts'
import { termsOf } from '../../src/node/terms/index.ts'
import type { HanseNode, NodeTerms } from '../../src/node/contract/index.ts'
import { DID, NAME, TIME_MS } from './memoryDatasets.ts'

export class MemoryTerms implements NodeTerms {
  readonly #find: (reference: string) => ReturnType<HanseNode['dataset']>

  constructor (find: (reference: string) => ReturnType<HanseNode['dataset']>) {
    this.#find = find
  }

  readTerms (json: unknown): ReturnType<NodeTerms['readTerms']> {
    return termsOf(json, name => name === NAME ? DID : undefined)
  }

  templateOf (name: string): ReturnType<NodeTerms['templateOf']> {
    return name === 'members' ? ok({ template: name, terms: {}, visibility: 'members' }) : fail({ code: 'not-found', reason: `there is no template "${name}"`, hint: 'members' })
  }

  reviewTerms (order: Parameters<NodeTerms['reviewTerms']>[0]): ReturnType<NodeTerms['reviewTerms']> {
    return ok({
      policyCid: 'bafypolicy', policy: {}, access: 'members', sentences: [{ clause: 1, code: 'any-member', values: {}, sentence: 'Any member of the federation may use it.', labels: ['enforced'] }], findings: [],
      derived: order.form.summarise === null ? null : { byEntity: true }, anyone: false,
      readers: [{ did: DID, name: NAME, may: 'now', sees: `all of it (${order.form.audience.type})`, reasons: [] }]
    })
  }

  explain (reference: string, { door = 'read', purpose, member }: Parameters<NodeTerms['explain']>[1]): ReturnType<NodeTerms['explain']> {
    const dataset = this.#find(reference)
    return dataset.ok
      ? ok({
        dataset: dataset.value.id, member: member === null ? null : { did: DID, name: NAME }, door, purpose: purpose ?? null, allow: false, policyCid: null, agreementId: null,
        evaluatedAtMs: TIME_MS, validUntilMs: null, dependsOn: [], reasons: [{ code: 'agreement.none', sentence: 'there is no agreement for it', subject: null, rule: null, clause: null, source: [] }], rules: []
      })
      : dataset
  }
}
