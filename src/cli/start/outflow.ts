import { fail } from '../../base/index.ts'
import type { BrokerCaller, Outflow } from '../../intake/broker/index.ts'
import type { Asker, HanseNode } from '../../node/contract/index.ts'

/** What the broker gives out, by the doors of the node. */
export function outflowOf (node: HanseNode): Outflow {
  return {
    listen (reference, caller, { take, end }) {
      return node.listen(reference, { last: 0 }, { take, end: why => { end(why?.reason ?? 'the node stops') } }, askerOf(caller))
    },
    async latest (reference, caller, { key, limit, after }) {
      const page = await node.query(reference, { latest: true, key, limit, after }, askerOf(caller))
      return page.ok ? page : fail(page.failure)
    }
  }
}

function askerOf ({ requester, purpose }: BrokerCaller): Asker {
  return { ...requester === undefined ? {} : { requester }, ...purpose === undefined ? {} : { purpose } }
}
