/**
 * Carries the Dataspace Protocol over HTTP, in both directions: the endpoints below `/dsp`, the version document, and requests to
 * peers.
 *
 * In: a listener of its own on loopback, with a server in front that has TLS. Who asks is found out by `whoIs`; whoever it does
 * not know gets 401 and nothing else. A body has at most 56 KiB, an answer of a catalogue 4 MiB.
 *
 * Out: never where no address was checked. A host name is resolved once, every address that it has must be public, and the one
 * that was checked is connected to, so that no other answer of the name server counts. Private and loopback addresses, other
 * ports than 80 and 443, and plain HTTP need an entry in the operator's list (`host:port`), for a push one that is also an address of
 * its consumer. No redirects are followed: nothing of this protocol has any. 10 s from the first byte to the answer, of which 256 KiB are taken; it is never shown to anybody.
 */
export { isPublicAddress } from './addresses.ts'
export { httpCarry, type HttpCarryOptions } from './carry.ts'
export { listenDsp, type DspListener, type DspListenOptions, type WhoIs } from './listen.ts'
export { participantOf, serveDsp, type MemberDspOptions, type Participant } from './member.ts'
export { conformanceRoutes } from './conformance.ts'
export { safeRequest, type SafeAnswer, type SafeRequest, type Safety } from './safe.ts'
