import { assert, fail, ok } from '../../base/index.ts'
import {
  CONSUMER_NEGOTIATIONS, CONSUMER_TRANSFERS, PROVIDER_NEGOTIATIONS, PROVIDER_TRANSFERS, scripted, scriptStrategy,
  type Dataset, type Negotiation, type NegotiationMove, type Offer, type Transfer, type TransferMove, type View
} from '../../core/agreement/index.ts'
import { readPolicy, type Policy } from '../../core/terms/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import { freshUrn, type Party } from '../dsp/index.ts'

/** The participant that the kit says it is, and the one that it takes us for. */
export const KIT_PARTICIPANT = 'TCK_PARTICIPANT'
export const UNDER_TEST = 'CONNECTOR_UNDER_TEST'

const STEP_MS = 200
const SERVICE = 'urn:hanse:conformance:service'
const DATASETS = ['CAT0101', 'CAT0102', ...Object.keys(PROVIDER_NEGOTIATIONS)]

export type ConformancePartyOptions = {
  readonly clock: Clock
  readonly random: Random
  /** Where this node's processes are called back, once it listens. */
  readonly address: () => string
}

function offerIdOf (datasetId: string): string {
  return `CD123:${datasetId}:456`
}

/** Anybody may use it: the kit looks at messages, not at terms. */
export function anyUse (): Policy {
  const policy = readPolicy({ permission: [{ action: 'use' }] })
  assert(policy.ok, 'a policy of one permission can be read')
  return policy.value
}

export function conformanceParty (options: ConformancePartyOptions): Party {
  const { clock, address } = options
  const datasetOf = (id: string): Dataset => ({
    id, offers: [{ id: offerIdOf(id), target: null, policy: anyUse() }], distributions: [{ format: 'HttpData-PULL', accessService: SERVICE }]
  })
  const pause = (): Promise<void> => new Promise(resolve => { clock.wake(STEP_MS, resolve) })
  const known = (is: boolean): ReturnType<Party['negotiations']['mayOpen']> => is
    ? ok(null)
    : fail({ code: 'not-found', reason: 'There is no such dataset or agreement.', isHidden: true })
  return {
    participantId: UNDER_TEST,
    catalogue: (_, page) => page === null ? { datasets: DATASETS.map(datasetOf), next: null, previous: null } : undefined,
    dataset: (_, id) => DATASETS.includes(id) ? datasetOf(id) : undefined,
    services: () => [{ id: SERVICE, endpointURL: address() }],
    isAddressOf: () => true,
    negotiations: {
      mayOpen: (_, { offer }) => known(scriptOf(datasetIdOf(offer)) !== undefined),
      decide: async negotiation => {
        await pause()
        return negotiationMove(options, negotiation)
      },
      ask: () => {},
      final: async () => {}
    },
    transfers: {
      mayOpen: (_, { agreementId }) => known(agreementId in PROVIDER_TRANSFERS),
      decide: async transfer => {
        await pause()
        return transferMove(options, transfer)
      },
      ask: () => {},
      final: async () => {}
    }
  }
}

function datasetIdOf ({ id, target }: Offer): string {
  return target ?? id.split(':')[1] ?? ''
}

function scriptOf (datasetId: string): (typeof PROVIDER_NEGOTIATIONS)[string] | undefined {
  return PROVIDER_NEGOTIATIONS[datasetId] ?? CONSUMER_NEGOTIATIONS[datasetId]
}

function negotiationMove ({ clock, random }: ConformancePartyOptions, { role, state, requested, offered, visits }: Negotiation): NegotiationMove {
  const offer = requested ?? offered
  if (state === null || offer === null) return { do: 'wait' }
  const dataset = datasetIdOf(offer)
  const view: View = {
    role, state, dataset, requested: requested?.policy ?? null, offered: offered?.policy ?? null, findings: [], decision: null, faults: [], isSigned: true, history: visits
  }
  const step = scriptStrategy(scriptOf(dataset) ?? {})(view)
  switch (step.do) {
    case 'offer':
    case 'counter': return { do: step.do, offer: { id: offer.id, target: dataset, policy: step.offer } }
    case 'verify': return { do: 'verify', countersignature: null }
    case 'agree': return {
      do: 'agree',
      agreement: {
        id: freshUrn(random), provider: UNDER_TEST, consumer: KIT_PARTICIPANT, target: dataset, policy: offer.policy, timestampMs: clock.nowMs(),
        salt: null, providerSignature: null, consumerSignature: null
      }
    }
    case 'accept':
    case 'finalize': return { do: step.do }
    case 'terminate':
    case 'ask':
    case 'wait': return step
  }
}

function transferMove ({ address }: ConformancePartyOptions, { role, state, visits, agreementId }: Transfer): TransferMove {
  const script = (role === 'provider' ? PROVIDER_TRANSFERS : CONSUMER_TRANSFERS)[agreementId] ?? {}
  const act = state === null ? 'wait' : scripted(script, state, visits) ?? 'wait'
  if (act === 'start') {
    const source = { endpointType: 'https://w3id.org/idsa/v4.1/HTTP', endpoint: `${address()}/data`, properties: [{ name: 'authType', value: 'bearer' }] }
    return { do: act, dataAddress: role === 'provider' ? source : null }
  }
  return act === 'suspend' || act === 'terminate' ? { do: act, code: 'script', reason: [] } : { do: act }
}
