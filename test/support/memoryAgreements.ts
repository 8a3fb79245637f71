/** Agreements that a `HanseNode` has in memory: granted at once for any purpose but `nothing`. */
import { fail, ok } from '../../src/base/index.ts'
import type { AgreementView, NegotiationAnswer, NegotiationView, NodeAgreements } from '../../src/node/contract/index.ts'
import { TIME_MS } from './memoryDatasets.ts'

export class MemoryAgreements implements NodeAgreements {
  /** Datasets that were asked for, by the purpose. */
  readonly negotiated: NegotiationView[] = []
  readonly agreed: AgreementView[] = []

  async requestAgreement (reference: string, purpose: string): ReturnType<NodeAgreements['requestAgreement']> {
    if (purpose === 'nothing') return fail({ code: 'refused', reason: 'its terms are not for this member and the purpose nothing', hint: 'see them with "hanse terms show"' })
    const at = this.negotiated.length + 1
    const other = { did: 'did:key:z6MkRenton', name: 'Renton' }
    const view: NegotiationView = {
      id: `urn:uuid:negotiation-${at}`, role: 'consumer', other, dataset: reference, purpose, state: 'FINALIZED', states: ['REQUESTED', 'AGREED', 'VERIFIED', 'FINALIZED'], isAsked: false, terms: null, sentences: [],
      agreementId: `urn:uuid:agreement-${at}`, changedMs: TIME_MS, ended: null
    }
    this.negotiated.push(view)
    this.agreed.push({
      id: `urn:uuid:agreement-${at}`, role: 'consumer', other, dataset: reference, purpose, sentences: [], inForceFromMs: TIME_MS, revokedAtMs: null,
      isCountersigned: true, ledger: 'waiting'
    })
    return ok(view)
  }

  negotiations (): readonly NegotiationView[] {
    return this.negotiated
  }

  async answerNegotiation (id: string, answer: NegotiationAnswer): ReturnType<NodeAgreements['answerNegotiation']> {
    const at = this.negotiated.findIndex(each => each.id === id)
    const found = this.negotiated[at]
    if (found === undefined) return fail({ code: 'not-found', reason: `no negotiation is called ${id}`, hint: 'see "hanse inbox"' })
    const state = answer.do === 'deny' ? 'TERMINATED' : answer.do === 'limit' ? 'OFFERED' : 'AGREED'
    const answered = { ...found, isAsked: false, state }
    this.negotiated[at] = answered
    return ok(answered)
  }

  agreements (): readonly AgreementView[] {
    return this.agreed
  }

  async endAgreement (id: string): ReturnType<NodeAgreements['endAgreement']> {
    const at = this.agreed.findIndex(each => each.id === id)
    const found = this.agreed[at]
    if (found === undefined) return fail({ code: 'not-found', reason: `no agreement is called ${id}`, hint: 'see "hanse agreements"' })
    const ended = { ...found, revokedAtMs: TIME_MS }
    this.agreed[at] = ended
    return ok(ended)
  }
}
