import { fail, ok, type Result } from '../base/index.ts'
import type { Belonging } from './rooms.ts'
import { makeBundle, openBundle, SET_SIZE_BYTES } from './bundle/index.ts'
import type { Failure, HanseNode } from './contract/index.ts'
import { governedOf, historyOf, isTooFine, tooFine } from './datasets/index.ts'
import type { Candidacy, Ceremony } from './founding/index.ts'
import type { NodeOptions } from './options.ts'
import { scrub } from './verifying/index.ts'

/** Undefined while the node belongs to no federation. */
type Here = () => Belonging | undefined

const TERMS_SALT_BYTES = 32
export const NOT_READY: Failure<'not-ready'> = {
  code: 'not-ready', reason: 'this node belongs to no federation yet', hint: 'found one with "hanse invite", or join one with "hanse join TICKET"'
}
const NOT_KNOWN = { code: 'not-found', reason: NOT_READY.reason, hint: NOT_READY.hint } as const
const NO_ROOM = {
  code: 'disk-full', reason: 'less than a twentieth of the disk is free, so nothing is taken in', hint: 'free some space; reading goes on meanwhile'
} as const

const APPLYING: Failure<'refused'> = {
  code: 'refused', reason: 'this node has applied to another federation', hint: 'wait for the members to decide, or make another node'
}
const FOUNDING: Failure<'refused'> = {
  code: 'refused', reason: 'this node is founding a federation', hint: 'wait for it, or make another node'
}

/** The ways into a federation; one at a time. */
export function enteringCalls (here: Here, ceremony: Ceremony, candidacy: Candidacy): Pick<HanseNode, 'invite' | 'join'> {
  return {
    invite: async invitation => {
      const belonging = here()
      if (belonging !== undefined && ceremony.status() === null) return belonging.admissions.invite(invitation.validMs)
      return candidacy.status() !== null ? fail(APPLYING) : ceremony.invite(invitation)
    },
    join: async ticket => {
      if (here() !== undefined) return fail({ code: 'already-member', reason: 'this node belongs to a federation already', hint: 'make another node to join another federation' })
      if (candidacy.takes(ticket)) return ceremony.status() !== null ? fail(FOUNDING) : candidacy.join(ticket)
      return candidacy.status() !== null ? fail(APPLYING) : ceremony.join(ticket)
    }
  }
}

/** What is known of datasets, and what stands in them. */
export function readingCalls (here: Here, { keys }: NodeOptions): Pick<HanseNode, 'datasets' | 'dataset' | 'history' | 'fetch' | 'read' | 'follow' | 'listen' | 'query' | 'content' | 'verify' | 'proof'> {
  return {
    datasets: (query, asker) => here()?.datasets.list(query, asker) ?? [],
    dataset: (reference, asker) => {
      const belonging = here()
      if (belonging === undefined) return fail(NOT_KNOWN)
      const found = belonging.datasets.findFor(reference, asker)
      return found.ok ? ok(belonging.datasets.view(found.value)) : found
    },
    history: async (reference, asker) => {
      const belonging = here()
      if (belonging === undefined) return fail(NOT_KNOWN)
      const found = belonging.datasets.findFor(reference, asker)
      return found.ok ? ok(await historyOf({ ...belonging, own: keys.did }, found.value, asker)) : found
    },
    fetch: async (reference, signal, onProgress = () => {}) => here()?.datasets.fetch(reference, signal, onProgress) ?? fail(NOT_KNOWN),
    read: (reference, what, asker) => here()?.reader.read(reference, what, asker) ?? fail(NOT_KNOWN),
    follow: (reference, how, asker) => here()?.reader.follow(reference, how, asker) ?? fail(NOT_KNOWN),
    listen: (reference, where, listener, asker) => here()?.reader.listen(reference, where, listener, asker) ?? fail(NOT_KNOWN),
    query: async (reference, query, asker) => here()?.querying.query(reference, query, asker) ?? fail(NOT_KNOWN),
    content: async (reference, range, asker) => here()?.reader.content(reference, range, asker) ?? fail(NOT_KNOWN),
    verify: async (reference, onProgress = () => {}) => here()?.reader.verify(reference, onProgress) ?? fail(NOT_KNOWN),
    proof: async (reference, number, asker) => here()?.reader.proof(reference, number, asker) ?? fail(NOT_KNOWN)
  }
}

/** What this member publishes. */
export function publishingCalls (here: Here, { host: { random }, hasRoom }: NodeOptions): Pick<HanseNode, 'publish' | 'derive' | 'derivations' | 'append' | 'withdraw' | 'endPublishing'> {
  return {
    publish: (description, content, onProgress = () => {}, terms) => within(here, async ({ publisher, counting }) => {
      const governed = terms === undefined ? undefined : governedOf(terms, random.bytes(TERMS_SALT_BYTES))
      if (governed?.ok === false) return governed
      if (terms !== undefined && terms.questions === undefined && isTooFine(terms.form, null)) {
        return fail(tooFine('publish them visible to nobody, and derive this dataset from them, as "hanse publish FILE --terms TERMS" does in one step'))
      }
      if (!hasRoom()) return fail(NO_ROOM)
      if (terms?.questions !== undefined) await counting.set(description.datasetId, terms.questions.countedBy)
      return publisher.publish(description, content, onProgress, governed === undefined ? undefined : { ...governed.value, sources: [], derivation: null })
    }),
    derive: (reference, order) => within(here, async ({ derivations }) => hasRoom() ? derivations.derive(reference, order) : fail(NO_ROOM)),
    derivations: () => here()?.derivations.list() ?? [],
    append: (datasetId, records, how) => within(here, async ({ publisher }) => hasRoom() ? publisher.append(datasetId, records, how) : fail(NO_ROOM)),
    withdraw: datasetId => within(here, ({ publisher }) => publisher.withdraw(datasetId)),
    endPublishing: async () => { await here()?.publisher.stop() }
  }
}

/** What is carried by hand, taken back or looked through. */
export function keepingCalls (here: Here, { host: { clock, random }, keys }: NodeOptions): Pick<HanseNode, 'makeBundle' | 'openBundle' | 'revoke' | 'scrub'> {
  return {
    makeBundle: (references, recipient) => within(here, async ({ federation, datasets, reader }) => {
      const did = recipient === undefined ? null : datasets.memberNamed(recipient)
      if (did === undefined) return fail({ code: 'not-found', reason: `nobody is known as "${recipient}"`, hint: 'name the member as "hanse members" does' })
      const wanted = await reader.bundled(references, did)
      if (!wanted.ok) return wanted
      const { feeds, members, files, doors } = federation
      return makeBundle({ feeds, members, files, doors, recipient: did }, wanted.value, clock.nowMs(), random.bytes(SET_SIZE_BYTES))
    }),
    openBundle: (source, onProgress = () => {}) => within(here, async ({ federation }) => {
      const { feeds, members, files } = federation
      const opened = await openBundle(source, { feeds, members, files, clock, own: keys.did }, onProgress)
      for (const feed of feeds.all()) federation.puller.want(feed)
      return opened
    }),
    revoke: envelope => within(here, async ({ catalogue }) => catalogue.revoke(envelope)),
    scrub: async (onProgress = () => {}) => {
      const belonging = here()
      return belonging === undefined ? { segments: 0, damaged: 0, refetched: 0, lost: 0 } : scrub(belonging.federation, onProgress)
    }
  }
}

async function within<T, F> (here: Here, work: (belonging: Belonging) => Promise<Result<T, F>>): Promise<Result<T, F | Failure<'not-ready'>>> {
  const belonging = here()
  return belonging === undefined ? fail(NOT_READY) : work(belonging)
}
