/** The Dataspace Protocol as its binding over HTTP brings it to a node, and takes it from there. */
import type { JsonObject } from '../../core/agreement/index.ts'

/** A request as either binding brings it: who asks was found out before. */
export type DspRequest = {
  /** The participant that asks. */
  readonly peer: string
  readonly verb: 'GET' | 'POST'
  /** Below the base, for instance `/negotiations/request`; segments percent-encoded. */
  readonly path: string
  /** Of a catalogue: the page that a link named. */
  readonly page: string | null
  readonly body: Uint8Array | null
}

/** `body` null: none. `next` and `previous` name pages of a catalogue. */
export type DspAnswer = {
  readonly status: number
  readonly body: JsonObject | null
  readonly next?: string
  readonly previous?: string
}

/** What came back to a request of ours; undefined: nobody was reached, or nothing of use came. */
export type Carried = { readonly status: number, readonly body: unknown } | undefined

/** Takes a message to a peer's address: one per scheme. */
export type Carry = (to: {
  readonly peer: string, readonly address: string, readonly path: string, readonly body: JsonObject | null
}) => Promise<Carried>

/** One batch to an address that its consumer named; its status, or undefined where nobody was reached. */
export type Push = (to: {
  readonly consumer: string, readonly address: string, readonly headers: Readonly<Record<string, string>>, readonly body: Uint8Array
}) => Promise<number | undefined>

/** How a node with a web address speaks with others over HTTP; given by whoever listens there. */
export type Web = {
  /** Base of the protocol. */
  readonly address: string
  /** Base of what tokens of transfers open. */
  readonly dataAddress: string
  readonly carry: Carry
  readonly push: Push
  /** Addresses of members and other participants, as the operator entered them. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
}

/** What a signature over HTTP is for: one request and no other. */
export type SignedRequest = { readonly method: 'GET' | 'POST', readonly url: string, readonly body: Uint8Array }

/** What a token of a transfer opens, for whom. */
export type OpenedByToken = {
  readonly pid: string
  readonly agreementId: string
  readonly requester: string
  readonly reference: string
  readonly expiresMs: number
}

export interface NodeProtocol {
  /** From now on, or from when it belongs to a federation on, this node is spoken to over HTTP too. */
  openWeb (web: Web): void
  answerProtocol (request: DspRequest): Promise<DspAnswer>
  /** The member that signed a request; undefined for nobody that is known. */
  memberBehind (authorization: string, request: SignedRequest): Promise<string | undefined>
  /** The `Authorization` header of a request of ours. */
  authorizationFor (audience: string, request: SignedRequest): string
  openedBy (token: string): OpenedByToken | undefined
}
