import { strict as assert } from 'node:assert'
import { cidOf } from '../../src/base/index.ts'
import type { AccessRecord } from '../../src/node/access/index.ts'
import type { NumberedRecord } from '../../src/node/contract/index.ts'
import { gated } from '../../src/node/datasets/gate.ts'
import { ada, ben, cyd, NOW_MS } from '../core/feed.fixture.ts'
import { openDoors } from '../support/doors.ts'
import { agreementOf, FOR_BEN, movingClock, policyOf, restricted } from './doors.fixture.ts'

const bins = { publisher: ada.did, datasetId: 'bins' }
const FIVE_A_DAY = policyOf([FOR_BEN, { leftOperand: 'urn:hanse:terms:1:recordsPerDay', operator: 'lteq', rightOperand: '5' }])

/** Counts as the access log does: what was written down. */
function counting (): { readonly counters: () => { readonly requests: number, readonly requestsToday: number, readonly recordsToday: number }, readonly record: (record: AccessRecord) => Promise<boolean>, readonly refuse: () => void } {
  let [requests, recordsToday] = [0, 0]
  return {
    counters: () => ({ requests, requestsToday: requests, recordsToday }),
    record: async record => {
      requests += record.requests
      recordsToday += record.records
      return true
    },
    refuse: () => {}
  }
}

describe('doors: passages beside each other', () => {
  for (const door of ['sync', 'stream'] as const) {
    it(`${door}: share what an agreement allows a day, however many are open at once`, async () => {
      const { doors, standings } = await openDoors({ own: ada.did, clock: movingClock(NOW_MS), access: counting() }, { describe: () => restricted(FIVE_A_DAY) })
      await standings.put(agreementOf({ policy: FIVE_A_DAY, purpose: null }))
      const open = Array.from({ length: 4 }, () => doors.enter({ door, requester: ben.did, asset: bins, records: 0 }))
      let given = 0
      for (let round = 0; round < 5; round++) for (const passage of open) if (await passage.take({ records: 1, bytes: 10 })) given++
      assert.equal(given, 5)
    })
  }

  it('do not count a second time what was given already, when they are asked again', async () => {
    const { doors, standings } = await openDoors({ own: ada.did, clock: movingClock(NOW_MS), access: counting() }, { describe: () => restricted(FIVE_A_DAY) })
    await standings.put(agreementOf({ policy: FIVE_A_DAY, purpose: null }))
    const passage = doors.enter({ door: 'read', requester: ben.did, asset: bins, records: 5 })
    assert.equal(await passage.take({ records: 4, bytes: 40 }), true)
    await standings.heard(ada.did, NOW_MS)
    assert.equal(passage.isOpen, true)
    assert.equal(await passage.take({ records: 1, bytes: 10 }), true)
    assert.equal(await passage.take({ records: 1, bytes: 10 }), false)
  })

  it('end a read in the middle of what was let through, as soon as the right is lost', async () => {
    const policy = policyOf([FOR_BEN])
    const { doors, standings } = await openDoors({ own: ada.did, clock: movingClock(NOW_MS), access: counting() }, { describe: () => restricted(policy) })
    await standings.put(agreementOf({ policy, purpose: null }))
    const rows = async function * (): AsyncGenerator<NumberedRecord> {
      for (let number = 0; number < 10; number++) yield { number, key: new Uint8Array(1), timeMs: 1, operation: 'put', mediaType: 'text/csv', body: new Uint8Array(1) }
    }
    const reading = gated(rows(), doors, { door: 'read', requester: ben.did, asset: bins, records: 10 })
    assert.equal((await reading.next()).value?.number, 0)
    await standings.revoke(agreementOf().id, NOW_MS)
    await assert.rejects(reading.next(), { name: 'RightLost' })
  })

  it('lead to an own file through own datasets alone, whatever others say that they have it too', async () => {
    const uses = [{ asset: bins, isSealed: true }, { asset: { publisher: ben.did, datasetId: 'copied' }, isSealed: false }]
    const root = cidOf('raw', new Uint8Array([1]))
    const own = await openDoors({ own: ada.did, clock: movingClock(NOW_MS) }, { uses })
    assert.deepEqual(own.doors.usesOf(root), [uses[0]])
    const replica = await openDoors({ own: cyd.did, clock: movingClock(NOW_MS) }, { uses })
    assert.deepEqual(replica.doors.usesOf(root), uses)
  })
})
