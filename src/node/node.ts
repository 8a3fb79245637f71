import type { Log } from '../host/index.ts'
import { nodeSqlOf } from './asking/index.ts'
import { nodeAgreementsOf, nodeProtocolOf } from './agreements/index.ts'
import { openBeginnings } from './beginnings.ts'
import { enteringCalls, keepingCalls, NOT_READY, publishingCalls, readingCalls } from './calls.ts'
import type { HanseNode, NodeEvent } from './contract/index.ts'
import { eventsOf } from './events.ts'
import { nodeDutiesOf } from './duties/index.ts'
import { Signal } from './feeds/index.ts'
import { Home } from './home.ts'
import { ledgerOf } from './ledger/index.ts'
import type { NodeOptions } from './options.ts'
import type { Belonging } from './rooms.ts'
import { standingCalls } from './status.ts'
import { nodeTermsOf } from './terms/index.ts'

/** Composes a node from its rooms and starts it. */
export async function createNode (options: NodeOptions): Promise<HanseNode> {
  const { store, signer, clock } = options.host
  const startedMs = clock.nowMs()
  const events = new Signal<NodeEvent>()
  const { failed, onFatal } = fatalEnd(options.log)
  const { web, ...protocol } = nodeProtocolOf(() => here()?.agreements)
  const beginnings = await openBeginnings(options)
  const { ceremony, candidacy, profile } = beginnings
  const home = new Home(options, beginnings, { events, web, onFatal })
  const here = (): Belonging | undefined => home.belonging
  ceremony.changed.on(() => {
    const standing = ceremony.status()
    if (standing !== null) events.emit({ type: 'founding', have: standing.have, want: standing.want })
  })
  await home.resume()

  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await home.stop()
    await store.close()
    await signer.close()
  }

  return {
    ...standingCalls(options, home, beginnings, startedMs),
    ...enteringCalls(here, ceremony, candidacy),
    ...publishingCalls(here, options),
    ...readingCalls(here, options),
    ...keepingCalls(here, options),
    ...nodeTermsOf(() => here()?.terms, NOT_READY),
    ...nodeAgreementsOf(() => here()?.agreements, NOT_READY),
    ...nodeDutiesOf(() => here()?.duties, NOT_READY),
    ...ledgerOf(() => here()?.ledger, NOT_READY),
    ...nodeSqlOf(() => here()?.asking, NOT_READY),
    ...protocol,
    ...profile.calls(),
    events: signal => eventsOf(events, signal),
    failed,
    stop: () => stopped ??= stop()
  }
}

/** What nobody can go on from: said once to who waits for `failed`, and logged. */
function fatalEnd (log: Log): { readonly failed: Promise<string>, readonly onFatal: (cause: unknown) => void } {
  const fatal = new Signal<string>()
  return {
    failed: new Promise<string>(resolve => { fatal.on(resolve) }),
    onFatal: cause => {
      const sentence = cause instanceof Error ? cause.message : String(cause)
      log('error', 'the node cannot go on', { reason: sentence })
      fatal.emit(sentence)
    }
  }
}
