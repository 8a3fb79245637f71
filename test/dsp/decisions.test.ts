import { strict as assert } from 'node:assert'
import { ok, utf8 } from '../../src/base/index.ts'
import { encodeNegotiationMessage, type JsonObject, type NegotiationMove, type Offer } from '../../src/core/agreement/index.ts'
import { readPolicy } from '../../src/core/terms/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { Dsp, type Party } from '../../src/node/dsp/index.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const PROVIDER = 'urn:example:provider'
const TARGET = 'urn:example:provider/bins'

function offerOf (id: string): Offer {
  const policy = readPolicy({ permission: [{ action: 'use' }] })
  assert.ok(policy.ok)
  return { id, target: TARGET, policy: policy.value }
}

/** A consumer that takes the offer `good` by rule, and no other. */
function consumer (posted: { readonly path: string, readonly body: JsonObject | null }[]): Promise<Dsp> {
  const never = { mayOpen: () => ok(null), ask: () => {}, final: async () => {} }
  const party: Party = {
    participantId: 'urn:example:consumer', services: () => [], isAddressOf: () => true, catalogue: () => undefined, dataset: () => undefined,
    negotiations: { ...never, decide: async ({ state, offered }): Promise<NegotiationMove> => ({ do: state === 'OFFERED' && offered?.id === 'urn:good' ? 'accept' : 'wait' }) },
    transfers: { ...never, decide: async () => ({ do: 'wait' }) }
  }
  return Dsp.open({
    party, store: openMemoryStore('decisions'), clock: systemClock, random: systemRandom, log: () => {}, onFatal: cause => assert.fail(String(cause)),
    carry: async ({ path, body }) => {
      posted.push({ path, body })
      return { status: 201, body: { '@type': 'ContractNegotiation', 'providerPid': 'urn:p', 'consumerPid': 'urn:c', 'state': 'REQUESTED' } }
    }
  })
}

describe('decisions about a process', () => {
  it('are about what was decided on, and never about an offer that came in its place', async () => {
    const posted: { readonly path: string, readonly body: JsonObject | null }[] = []
    const dsp = await consumer(posted)
    const begun = await dsp.requestNegotiation({ peer: PROVIDER, peerAddress: 'https://p.example', ownAddress: 'https://c.example', offer: offerOf('urn:asked') })
    assert.ok(begun.ok)
    while (dsp.negotiations.get(begun.value)?.process.state !== 'REQUESTED') await dsp.negotiated.next(new AbortController().signal)
    const offered = (id: string): ReturnType<Dsp['answer']> => dsp.answer({
      peer: PROVIDER, verb: 'POST', path: `/negotiations/${begun.value}/offers`, page: null,
      body: utf8(JSON.stringify(encodeNegotiationMessage({
        type: 'ContractOfferMessage', id: `${id}:message`, providerPid: 'urn:p', consumerPid: begun.value, offer: offerOf(id), callbackAddress: null
      })))
    })
    const answers = await Promise.all([offered('urn:good'), offered('urn:bad')])
    assert.deepEqual(answers.map(({ status }) => status), [200, 200])
    await dsp.stop()
    assert.equal(dsp.negotiations.get(begun.value)?.process.offered?.id, 'urn:bad')
    assert.equal(dsp.negotiations.get(begun.value)?.process.outgoing, null, 'nothing is accepted')
    assert.deepEqual(posted.map(({ path }) => path), ['/negotiations/request'])
  })
})
