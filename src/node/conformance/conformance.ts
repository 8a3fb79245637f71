import type { Result } from '../../base/index.ts'
import type { Clock, Log, Random, Store } from '../../host/index.ts'
import type { Carry } from '../contract/index.ts'
import { Dsp } from '../dsp/index.ts'
import { metaKey } from '../rows/index.ts'
import { anyUse, conformanceParty, KIT_PARTICIPANT } from './party.ts'

export type ConformanceOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly carry: Carry
  /** Base at which this node is called back, once it listens. */
  readonly address: () => string
  readonly onFatal: (cause: unknown) => void
  readonly log: Log
}

export type Conformance = {
  readonly dsp: Dsp
  /** What the kit's two trigger addresses do: begin a process as consumer; the pid. */
  negotiate (wanted: { readonly datasetId: string, readonly offerId: string, readonly connectorAddress: string }): Promise<Result<string, { readonly code: 'busy' }>>
  transfer (wanted: { readonly agreementId: string, readonly format: string, readonly connectorAddress: string }): Promise<Result<string, { readonly code: 'busy' }>>
  stop (): Promise<void>
}

/** Whether a database is that of a member: then this mode has no place beside it. */
export async function belongsSomewhere (store: Store): Promise<boolean> {
  return (await store.get(metaKey('charter'))).state !== 'absent'
}

export async function openConformance (options: ConformanceOptions): Promise<Conformance> {
  const { store, clock, random, carry, address, onFatal, log } = options
  const dsp = await Dsp.open({ party: conformanceParty({ clock, random, address }), carry, store, clock, random, onFatal, log })
  dsp.resume()
  const of = (connectorAddress: string): { readonly peer: string, readonly peerAddress: string, readonly ownAddress: string } =>
    ({ peer: KIT_PARTICIPANT, peerAddress: connectorAddress.replace(/\/+$/, ''), ownAddress: address() })
  return {
    dsp,
    negotiate: ({ datasetId, offerId, connectorAddress }) =>
      dsp.requestNegotiation({ ...of(connectorAddress), offer: { id: offerId, target: datasetId, policy: anyUse() } }),
    transfer: ({ agreementId, format, connectorAddress }) =>
      dsp.requestTransfer({ ...of(connectorAddress), agreementId, format, dataAddress: null }),
    stop: () => dsp.stop()
  }
}
