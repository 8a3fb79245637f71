import { strict as assert } from 'node:assert'
import { ok, utf8 } from '../../src/base/index.ts'
import { encodeTransferMessage, type TransferMove } from '../../src/core/agreement/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { Dsp, type Party } from '../../src/node/dsp/index.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const FINISHED_MAX = 1_024

async function provider (): Promise<Dsp> {
  const never = { mayOpen: () => ok(null), ask: () => {}, final: async () => {}, decide: async () => ({ do: 'wait' as const }) }
  const party: Party = {
    participantId: 'urn:example:provider', services: () => [], isAddressOf: () => true, catalogue: () => undefined, dataset: () => undefined,
    negotiations: never, transfers: { ...never, decide: async (): Promise<TransferMove> => ({ do: 'wait' }) }
  }
  return Dsp.open({
    party, store: openMemoryStore('limits'), clock: systemClock, random: systemRandom, log: () => {}, onFatal: cause => assert.fail(String(cause)),
    carry: async () => undefined
  })
}

describe('processes of the Dataspace Protocol', () => {
  it('that one member has opened and ended are forgotten beyond a number, the oldest first, and take no place from others', async () => {
    const dsp = await provider()
    const post = async (peer: string, path: string, body: object): Promise<Readonly<Record<string, unknown>> | null> =>
      (await dsp.answer({ peer, verb: 'POST', path, page: null, body: utf8(JSON.stringify(body)) })).body
    const openAndEnd = async (peer: string, at: number): Promise<string> => {
      const consumerPid = `urn:c:${at}`
      const opened = await post(peer, '/transfers/request', encodeTransferMessage({
        type: 'TransferRequestMessage', id: null, providerPid: null, consumerPid, agreementId: 'urn:a', format: 'f', callbackAddress: 'https://c.example', dataAddress: null
      }))
      const providerPid = String(opened?.['providerPid'])
      const ended = await post(peer, `/transfers/${providerPid}/termination`, encodeTransferMessage({
        type: 'TransferTerminationMessage', id: null, providerPid, consumerPid, code: null, reason: []
      }))
      assert.equal(ended?.['state'], 'TERMINATED')
      return providerPid
    }
    const others = await openAndEnd('urn:example:other', 0)
    const pids: string[] = []
    for (let at = 0; at < FINISHED_MAX + 10; at++) pids.push(await openAndEnd('urn:example:busy', at))
    assert.ok([...dsp.transfers.all()].length <= FINISHED_MAX + 1)
    assert.equal(dsp.transfers.get(pids[0] ?? ''), undefined)
    for (const kept of [others, pids.at(-1) ?? '']) assert.notEqual(dsp.transfers.get(kept), undefined)
    await dsp.stop()
  })
})
