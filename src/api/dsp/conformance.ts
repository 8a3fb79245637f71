import { z } from 'zod'
import type { Result } from '../../base/index.ts'
import { json, problem, type ApiRequest, type Reply, type Route } from '../http/index.ts'

const address = z.string().max(2_048)
const name = z.string().min(1).max(256)
const negotiation = z.object({ datasetId: name, offerId: name, providerId: name, connectorAddress: address })
const transfer = z.object({ agreementId: name, format: name, providerId: name, connectorAddress: address })

export type Triggers = {
  negotiate (wanted: { readonly datasetId: string, readonly offerId: string, readonly connectorAddress: string }): Promise<Result<string, { readonly code: 'busy' }>>
  transfer (wanted: { readonly agreementId: string, readonly format: string, readonly connectorAddress: string }): Promise<Result<string, { readonly code: 'busy' }>>
}

/** The two addresses at which the public kit makes this node begin a process. No part of the protocol; conformance mode alone. */
export function conformanceRoutes (triggers: Triggers, onFatal: (cause: unknown) => void): readonly Route[] {
  // The answer goes out before anything is done.
  const later = (work: () => Promise<unknown>): Reply => {
    setImmediate(() => { work().catch(onFatal) })
    return json({ accepted: true }, 202)
  }
  const route = <T>(path: string, schema: z.ZodType<T>, work: (wanted: T) => Promise<unknown>): Route => ({
    method: 'POST', path, scope: null,
    handle: async (request: ApiRequest) => {
      const wanted = await request.json(schema)
      return wanted.ok ? later(() => work(wanted.value)) : problem(wanted.failure)
    }
  })
  return [
    route('/conformance/negotiations', negotiation, wanted => triggers.negotiate(wanted)),
    route('/conformance/transfers', transfer, wanted => triggers.transfer(wanted))
  ]
}
