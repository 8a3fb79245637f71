/**
 * Carries the Dataspace Protocol over HTTP, in both directions: the endpoints below `/dsp`, the version document, and requests to
 * peers.
 *
 * In: a listener of its own on loopback, with a server in front that has TLS. Who asks is found out by `whoIs`; whoever it does
 * not know gets 401 and nothing else. A body has at most 56 KiB, an answer of a catalogue 4 MiB.
 *
 * Out: by the client that the composition passes in, which is not led into private networks (`host/web`). For a push counts of the
 * operator's list only what is also an address of its consumer. No redirects are followed: nothing of this protocol has any. 10 s from the
 * first byte to the answer, of which 256 KiB are taken; it is never shown to anybody.
 */
export { httpCarry, type HttpCarryOptions } from './carry.ts'
export { listenDsp, type DspListener, type DspListenOptions, type WhoIs } from './listen.ts'
export { participantOf, serveDsp, type MemberDspOptions, type Participant } from './member.ts'
export { conformanceRoutes } from './conformance.ts'
export type { Web } from './web.ts'
