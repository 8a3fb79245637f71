import { decodeCharter, type Charter } from '../core/identity/index.ts'
import { SQL_PROTOCOL, nodeSqlOf } from './asking/index.ts'
import { nodeAgreementsOf, nodeProtocolOf } from './agreements/index.ts'
import { closeBelonging, openBelonging } from './belonging.ts'
import { enteringCalls, keepingCalls, NOT_READY, publishingCalls, readingCalls } from './calls.ts'
import { DSP_PROTOCOL } from './dsp/index.ts'
import { ConsensusKeys } from './consensus/index.ts'
import type { HanseNode, NodeEvent } from './contract/index.ts'
import { announce, eventsOf } from './events.ts'
import { nodeDutiesOf } from './duties/index.ts'
import { promisedFeeds } from './federation/index.ts'
import { Signal } from './feeds/index.ts'
import { Candidacy, Ceremony, JoinListener } from './founding/index.ts'
import { nodeMetrics } from './metrics.ts'
import { ledgerOf } from './ledger/index.ts'
import type { NodeOptions } from './options.ts'
import { Profile } from './profile/index.ts'
import type { Belonging } from './rooms.ts'
import { metaKey } from './rows/index.ts'
import { statusOf } from './status.ts'
import { nodeTermsOf } from './terms/index.ts'
import { scrub } from './verifying/index.ts'

const CHARTER = metaKey('charter')
/** Composes a node from its rooms and starts it. */
export async function createNode (options: NodeOptions): Promise<HanseNode> {
  const { host, keys, name, log } = options
  const { clock, store } = host
  const startedMs = clock.nowMs()
  const events = new Signal<NodeEvent>()
  const fatal = new Signal<string>()
  const failed = new Promise<string>(resolve => { fatal.on(resolve) })
  let belonging: Belonging | undefined
  const stopping = new AbortController()
  let isStopping = false
  let isBelonging = false
  let cancelScrub: () => void = () => {}

  const onFatal = (cause: unknown): void => {
    const sentence = cause instanceof Error ? cause.message : String(cause)
    log('error', 'the node cannot go on', { reason: sentence })
    fatal.emit(sentence)
  }

  const { web, ...protocol } = nodeProtocolOf(() => belonging?.agreements)
  const consensusKeys = await ConsensusKeys.load(host.signer, host.random)
  const consensusKey = async (): Promise<Uint8Array> => (await consensusKeys.first()).publicKey
  const listener = new JoinListener({
    join: host.join, transportSeed: keys.transportSeed, listen: options.joinListen, announce: options.joinAnnounce, log
  })
  const ceremony = new Ceremony({
    store, clock, random: host.random, join: host.join, keys, consensusKey, name, addresses: options.announce, listener
  })
  const candidacy = new Candidacy({ store, clock, join: host.join, keys, consensusKey, name, addresses: options.announce })
  ceremony.changed.on(() => {
    const standing = ceremony.status()
    if (standing !== null) events.emit({ type: 'founding', have: standing.have, want: standing.want })
  })
  for (const sealed of [ceremony.founded, candidacy.admitted]) sealed.on(charter => { if (!isBelonging) belong(charter, true).catch(onFatal) })

  const profile = await Profile.load(store, { own: keys.did, name, place: options.place })
  const charter = await keptCharter(options)
  if (charter !== undefined) await belong(charter, false)
  await ceremony.resume(charter !== undefined)
  await candidacy.resume(charter !== undefined)

  async function belong (sealed: Charter, isNew: boolean): Promise<void> {
    isBelonging = true
    await options.keepCharter?.(sealed.envelope)
    if (isNew) await store.commit([{ type: 'put', key: CHARTER, value: sealed.envelope }])
    const welcome = await candidacy.welcome(sealed)
    belonging = await openBelonging(options, sealed, { consensusKeys, listener, profile, welcome, stopped: stopping.signal, onFatal })
    const { federation, agreements, asking } = belonging
    options.onRooms?.(belonging)
    announce(belonging, events)
    if (isStopping) return
    await federation.connect({ [DSP_PROTOCOL]: agreements.handler, [SQL_PROTOCOL]: asking.handler() })
    agreements.resume(web())
    events.emit({ type: 'ready', federation: sealed.federation.toString() })
    log('info', 'ready', { federation: sealed.federation.toString(), name: sealed.name })
    scheduleScrub()
  }

  function scheduleScrub (): void {
    cancelScrub = clock.wake(options.scrubHours * 3_600_000, () => {
      if (belonging !== undefined) scrub(belonging.federation, () => {}).catch(onFatal).finally(scheduleScrub)
    })
  }

  return {
    ...nodeDutiesOf(() => belonging?.duties, NOT_READY),
    ...ledgerOf(() => belonging?.ledger, NOT_READY),
    ...nodeAgreementsOf(() => belonging?.agreements, NOT_READY),
    ...protocol,
    ...nodeTermsOf(() => belonging?.terms, NOT_READY),
    ...nodeSqlOf(() => belonging?.asking, NOT_READY),
    ...enteringCalls(() => belonging, ceremony, candidacy),
    ...readingCalls(() => belonging, options),
    ...publishingCalls(() => belonging, options),
    ...keepingCalls(() => belonging, options),
    failed,
    status: () => statusOf(options, {
      belonging, isBelonging, isStopping, founding: ceremony.status() ?? candidacy.status(), problem: ceremony.problem ?? candidacy.problem, startedMs
    }),
    peers: () => belonging?.counts.peers() ?? [],
    members: () => belonging?.federation.members.current.members().map(({ did, revokedSinceMs }) => (
      { did, name: belonging?.federation.members.nameOf(did) ?? did, revoked: revokedSinceMs !== undefined, place: profile.placeOf(did) })) ?? [],
    ...profile.calls(),
    events: signal => eventsOf(events, signal),
    metrics: () => belonging === undefined ? new Map() : new Map([...nodeMetrics(belonging.federation, startedMs, clock), ...belonging.reader.live.metrics()]),
    async stop () {
      if (isStopping) return
      isStopping = true
      stopping.abort()
      cancelScrub()
      await candidacy.stop()
      await ceremony.stop()
      await listener.stop()
      if (belonging !== undefined) await closeBelonging(belonging)
      await host.store.close()
      await host.signer.close()
    }
  }
}

/** The charter of the store, or the one that is kept outside where damage took it; the store then has it again. */
async function keptCharter ({ host: { store, signer }, charter }: NodeOptions): Promise<Charter | undefined> {
  const read = await store.get(CHARTER)
  const inside = read.state === 'found' ? decodeCharter(read.value) : undefined
  if (inside?.ok === true) return inside.value
  const outside = charter === undefined ? undefined : decodeCharter(charter)
  if (outside?.ok === true) {
    await store.commit([{ type: 'put', key: CHARTER, value: outside.value.envelope }])
    return outside.value
  }
  // What was signed stands in the signer: a node that signed belongs somewhere, and must not begin anew.
  if (await promisedFeeds(signer) > 0) throw new Error('the charter of this federation is damaged or lost: copy the file charter.cbor of another member into this folder')
  return undefined
}
