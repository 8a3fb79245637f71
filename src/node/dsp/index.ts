/**
 * Speaks the Dataspace Protocol 2025-1 for a party: keeps its processes, answers what either binding brings, carries messages.
 *
 * The machines of `core/agreement` say what happens; this room performs it. Each process is a row, synced before any message
 * that it makes leaves. Inputs of one process are performed one after the other; what its peer sends or asks waits while a
 * message of ours is unanswered, for at most a second, since both may be waiting. Nothing polls: one alarm per process.
 *
 * | request | answer |
 * |---|---|
 * | first message | 201; the same again: the process it opened |
 * | later message | 200; a wrong state, role or shape: 400 with an error that has both pids |
 * | pid that is not known, or not of this peer's | 404 without a body |
 * | catalogue | pages of 100 datasets that this viewer may know of; a filter is refused |
 *
 * A `Party` is whom this node speaks for: `node/agreements` for a member, `node/conformance` for the public kit. Bindings bring
 * a `DspRequest` whose sender they know, and take the `DspAnswer` back: `/hanse/dsp/1` here, HTTPS in `api/dsp`. On libp2p a
 * REQUEST is canonical `{verb, path, body, creditBytes}` with `path` from `/dsp` on, END `{status, headers: {link}, body}`; a body
 * of more than 32 KiB comes as DATA before it. Addresses are `libp2p://<peerId>/dsp`.
 */
export { freshUrn } from './ids.ts'
export { ANSWER_BYTES_MAX, REQUEST_TIMEOUT_MS } from './limits.ts'
export type { CataloguePage, Conduct, OpeningFailure, Party } from './party.ts'
export { Dsp, type DspOptions } from './service.ts'
export { DSP_PROTOCOL, dspHandler, libp2pAddress, libp2pCarry, linkOf, peerIdOfAddress } from './wire.ts'
