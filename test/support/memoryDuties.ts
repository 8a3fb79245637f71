/** What a `HanseNode` says about erasure, receipts and emergencies, in memory: the other side of the API in tests. */
import { fail, ok, utf8 } from '../../src/base/index.ts'
import type { EmergencyView, ErasureView, NodeDuties, UseEntry } from '../../src/node/contract/index.ts'

const MEMBER = { did: 'did:key:z6MkmemoryNode', name: 'Bellevue' }
const TIME_MS = 1_700_000_000_000
const FEED = 'bafyreibml2e4jlvqzbsvkhtx4rnnrpzhqkzmkrmqxrzqmzg3mz4mzqk5ya'

export const SERVED: UseEntry = {
  feed: FEED, record: 3, period: 19_675, isOnLedger: true, timeMs: TIME_MS, what: 'served', member: { did: 'did:key:z6Mkother', name: 'Redmond' }, door: 'sync',
  purpose: 'urn:hanse:purpose:1:waste.collection', agreementId: 'urn:uuid:00000000-0000-4000-8000-000000000001', policyCid: null, records: 12, bytes: 3_400, segments: null, reasons: [], because: null, notice: null
}

export class MemoryDuties implements NodeDuties {
  readonly #erasures: ErasureView[] = []
  readonly #emergencies: EmergencyView[] = []

  erase: NodeDuties['erase'] = async (reference, scope, basis) => {
    if (reference === 'nothing') return fail({ code: 'not-found', reason: 'no dataset "nothing" is known here', hint: 'see "hanse ls"' })
    const ranges = scope.type === 'dataset' ? [[0, 9]] as const : scope.ranges
    const view: ErasureView = {
      notice: FEED, publisher: MEMBER, datasetId: reference, feed: FEED, scope: { type: scope.type === 'dataset' ? 'segments' : scope.type, ranges }, basis,
      timeMs: TIME_MS, deadlineMs: TIME_MS + 86_400_000, here: 'done',
      holders: [{ member: { did: 'did:key:z6Mkother', name: 'Redmond' }, confirmedMs: null }]
    }
    this.#erasures.push(view)
    return ok([view])
  }

  erasures: NodeDuties['erasures'] = () => this.#erasures
  receipts: NodeDuties['receipts'] = ({ limit }) => [{ ...SERVED, what: 'received' } as const].slice(0, limit)
  proveUse: NodeDuties['proveUse'] = async () => ok(utf8('a proof'))

  // A name alone is a member's.
  uses: NodeDuties['uses'] = async reference => reference === 'nothing' || /^[A-Z][a-z]+$/.test(reference)
    ? fail({ code: 'not-found', reason: 'no dataset "nothing" is known here', hint: 'see "hanse ls"' })
    : ok({
      dataset: reference, entries: [SERVED], erasures: this.#erasures,
      agreements: [{
        id: SERVED.agreementId ?? '', provider: MEMBER, consumer: { did: 'did:key:z6Mkother', name: 'Redmond' }, purpose: SERVED.purpose, inForceFromMs: TIME_MS, revokedAtMs: null,
        policyCid: null, sentences: [{ clause: 1, code: 'named', values: { names: ['Redmond'] }, sentence: 'Redmond may use it.', labels: ['enforced'] }], duties: [{ rule: 'obligation/0', state: 'pending' }], isOnLedger: true
      }]
    })

  declareEmergency: NodeDuties['declareEmergency'] = async ({ incident, kinds, area, lifetimeMs }) => {
    const view: EmergencyView = {
      id: FEED, incident, declarer: MEMBER, kinds, area: 'west' in area ? ['8928d89a3bbffff'] : area, declaredAtMs: TIME_MS, expiresAtMs: TIME_MS + lifetimeMs,
      endedMs: null, isActive: true, review: null
    }
    this.#emergencies.push(view)
    return ok(view)
  }

  endEmergency: NodeDuties['endEmergency'] = async reference => {
    const at = this.#emergencies.findIndex(({ incident }) => incident === reference)
    const held = this.#emergencies[at]
    if (held === undefined) return fail({ code: 'not-found', reason: `no emergency "${reference}" is in force`, hint: 'see "hanse emergency list"' })
    this.#emergencies[at] = { ...held, endedMs: TIME_MS + 1, isActive: false }
    return ok(null)
  }

  confirmEmergency: NodeDuties['confirmEmergency'] = async () => ok(null)
  reviewEmergency: NodeDuties['reviewEmergency'] = async () => ok(null)
  emergencies: NodeDuties['emergencies'] = () => this.#emergencies
}
