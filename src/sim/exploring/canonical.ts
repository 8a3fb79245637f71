import { hex, sha256, utf8 } from '../../base/index.ts'
import type { Cert, Vote } from '../../core/finality/index.ts'
import type { Engine } from '../ground/index.ts'
import { DELTA_MS } from './stage.ts'

const NEVER_MS = 1_000_000_000_000
const NOBODY: ReadonlySet<number> = new Set()
const NOTHING: ReadonlyMap<never, never> = new Map<never, never>()

/** Peers of whom nothing is known but that they are there. */
export function strangers ({ peers }: Engine): Engine['peers'] {
  return new Map([...peers].map(([name, peer]) => [name, {
    ...peer, view: 0, finView: 0, statusProposal: null, statusView: 0, connected: null, claim: null,
    heardMs: Number.NEGATIVE_INFINITY, answeredMs: Number.NEGATIVE_INFINITY
  }]))
}

/**
 * The same engine without what serves its patience and its manners alone, so that many states become one:
 * - how long Δ is, whom it suspects, when it heard whom: these decide when a deadline comes, and here it may come at any time;
 * - when it repeats itself: every message stays deliverable for ever, so a repetition says nothing new;
 * - what its peers are known to have: then it tells all of them everything once, and messages may always stay undelivered;
 * - without relays, what it would ask for: nobody answers.
 * None of these reaches a vote or a block; what remains is what the vote rules look at.
 */
export function normalised (engine: Engine, nowMs: number, peers: Engine['peers'] = engine.peers, hasRelays: boolean = true): Engine {
  const laterMs = nowMs + NEVER_MS
  return {
    ...engine, ...hasRelays ? {} : { certsAskedMs: laterMs, wants: new Map([...engine.wants].map(([name, each]) => [name, { ...each, askedMs: laterMs }])) }, deltaMs: DELTA_MS, retryMs: nowMs, backoffMs: NEVER_MS, finLearntMs: nowMs, suspects: NOBODY, activeSinceMs: nowMs, activeMs: nowMs,
    statusOwed: false, statusSentMs: nowMs, newest: NOTHING, includable: null, foreign: NOTHING, entry: null,
    peers
  }
}

/**
 * One short name for all states that behave alike from here on. Times are elapsed times, and one that is past the last threshold
 * that looks at it is as good as any later one. Votes are a set: a certificate is made of the very quorum that is there when it
 * becomes one, and what comes later changes nothing. Own rows below finality are gone or bind nothing. What an engine thinks of
 * views beyond the last one never leaves it.
 */
export function canonicalOf (engine: Engine, nowMs: number, viewsMax: number): string {
  const { view, views, blocks, wants, signing, final, pool, evidence, halted, epoch } = engine
  const elapsed = (ms: number, max: number): number => Math.min(nowMs - ms, max)
  const isNullified = signing.byView.get(view)?.nullified === true
  const armed = engine.armedMs === null ? '-' : isNullified ? 'x' : elapsed(engine.armedMs, 3 * DELTA_MS)
  const parts: (string | number)[] = [epoch.number, final.name, final.view, final.proof === null ? '' : nameOfCert(final.proof.cert), halted ?? '', signing.lock.type]
  if (view <= viewsMax) {
    parts.push(view, armed, elapsed(engine.enteredMs, DELTA_MS), elapsed(engine.certsAskedMs, DELTA_MS), engine.rotation % Math.max(1, epoch.nodes.length - 1),
      [...pool.keys()].toSorted().join(), evidence.map(({ name }) => name).join())
  }
  for (const [at, { votes, notarized, nullified, finalized, proposal }] of [...views].toSorted(([a], [b]) => a - b)) {
    if (at > viewsMax) continue
    parts.push(`v${at}`, votes.map(({ vote, digest }) => `${vote.signer}${vote.type}${digest ?? ''}`).toSorted().join(),
      proposal?.name ?? '', ...[notarized, nullified, finalized].map(each => each === null ? '' : nameOfCert(each.cert)))
  }
  for (const [name, { outcome, isUnjust, block }] of [...blocks].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    if (block.header.view <= viewsMax) parts.push(`b${name}`, outcome === null ? 0 : 1, isUnjust ? 1 : 0)
  }
  for (const [name, { askedMs, sinceMs, first }] of [...wants].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    parts.push(`w${name}`, first ?? '', askedMs === null ? `s${elapsed(sinceMs, DELTA_MS)}` : `a${elapsed(askedMs, DELTA_MS)}`)
  }
  for (const [at, { proposed, notarized, nullified, finalized }] of [...signing.byView].toSorted(([a], [b]) => a - b)) {
    if (at > final.view && at <= viewsMax) parts.push(`s${at}`, proposed ?? '', notarized ?? '', nullified ? 1 : 0, finalized ?? '')
  }
  parts.push(...ownVotes(engine).filter(each => each.view <= viewsMax).map(nameOfVote).toSorted())
  return hex(sha256(utf8(parts.join('|')))).slice(0, 32)
}

/** All that it ever signed above finality. */
export function ownVotes ({ signing, final }: Engine): readonly Vote[] {
  return signing.rows.map(({ vote }) => vote).filter(({ view }) => view > final.view)
}

export function nameOfVote ({ view, type, digest, signer }: Vote): string {
  return `${view}/${type}/${signer}/${digest === null ? '' : hex(digest)}`
}

function nameOfCert ({ view, type, digest, bitmap }: Cert): string {
  return `${view}/${type}/${digest === null ? '' : hex(digest)}/${hex(bitmap)}`
}
