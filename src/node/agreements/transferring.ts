import { fail, hex, ok, sha256, utf8 } from '../../base/index.ts'
import { isFlowing, type DataAddress, type Transfer, type TransferMove, type TransferRequestMessage } from '../../core/agreement/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { OpenedByToken } from '../contract/index.ts'
import type { StandingAgreement, Standings } from '../doors/index.ts'
import type { Conduct } from '../dsp/index.ts'
import { TOKEN_LIFETIME_MS, TOKENS_MAX } from './limits.ts'
import { PULL_FORMAT, PUSH_FORMAT, SYNC_FORMAT, targetOf } from './offers.ts'

const HTTP_ENDPOINT = 'https://w3id.org/idsa/v4.1/HTTP'
const SYNC_ENDPOINT = 'urn:hanse:endpoint:sync:1'

const TOKEN_BYTES = 32

/** Tokens of running transfers, by their digests. What a token opens is still for the door to decide, at each read. */
export class Tokens {
  readonly #opened = new Map<string, OpenedByToken>()
  readonly #byPid = new Map<string, string>()

  static fresh (random: Random): string {
    return Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url')
  }

  add (token: string, opened: OpenedByToken): void {
    this.close(opened.pid)
    const [oldest] = this.#byPid.keys()
    if (this.#byPid.size >= TOKENS_MAX && oldest !== undefined) this.close(oldest)
    const digest = hex(sha256(utf8(token)))
    this.#opened.set(digest, opened)
    this.#byPid.set(opened.pid, digest)
  }

  /** The transfer moves no data any more, for now or for good. */
  close (pid: string): void {
    const digest = this.#byPid.get(pid)
    if (digest !== undefined) this.#opened.delete(digest)
    this.#byPid.delete(pid)
  }

  open (token: string, nowMs: number): OpenedByToken | undefined {
    const opened = this.#opened.get(hex(sha256(utf8(token))))
    return opened === undefined || opened.expiresMs <= nowMs ? undefined : opened
  }
}

export type TransferringOptions = {
  readonly own: string
  readonly standings: Standings
  readonly catalogue: Pick<Catalogue, 'entry'>
  readonly clock: Clock
  readonly random: Random
  /** Where outsiders read by token; null for a node without a web address. */
  readonly dataAddress: () => string | null
  readonly peerId: () => string | undefined
  /** A push begins, goes on or stops. */
  readonly flows: (transfer: Transfer, agreement: StandingAgreement, isFlowing: boolean) => void
}

/** How a member conducts transfers: starts what stands under an agreement, and opens the door by a token for as long as it runs. */
export class Transferring implements Conduct<TransferRequestMessage, Transfer, TransferMove> {
  readonly #options: TransferringOptions
  readonly tokens: Tokens = new Tokens()

  constructor (options: TransferringOptions) {
    this.#options = options
  }

  formats (): readonly string[] {
    return this.#options.dataAddress() === null ? [SYNC_FORMAT] : [SYNC_FORMAT, PULL_FORMAT, PUSH_FORMAT]
  }

  mayOpen (peer: string, { agreementId, format, dataAddress }: TransferRequestMessage): ReturnType<Conduct<TransferRequestMessage, Transfer, TransferMove>['mayOpen']> {
    const agreement = this.#options.standings.get(agreementId)
    if (agreement === undefined || agreement.provider !== this.#options.own || agreement.consumer !== peer) {
      return fail({ code: 'not-found', reason: 'There is no such agreement.', isHidden: true })
    }
    const refused = (code: string, reason: string): ReturnType<typeof this.mayOpen> => fail({ code, reason, isHidden: false })
    if (agreement.revokedAtMs !== null) return refused('agreement.revoked', 'The agreement was ended.')
    if (!this.formats().includes(format)) return refused('format', `The formats here are ${this.formats().join(', ')}.`)
    if (format === PUSH_FORMAT && (dataAddress?.endpoint ?? null) === null) return refused('data-address', 'A push needs a dataAddress with an endpoint.')
    return ok(null)
  }

  async decide (transfer: Transfer): Promise<TransferMove> {
    const { role, state, agreementId, format } = transfer
    const agreement = this.#options.standings.get(agreementId)
    if (role !== 'provider' || state !== 'REQUESTED') return { do: 'wait' }
    if (agreement === undefined || agreement.revokedAtMs !== null) return { do: 'terminate', code: 'agreement.revoked', reason: ['The agreement was ended.'] }
    return { do: 'start', dataAddress: this.#addressFor(transfer, agreement, format) }
  }

  ask (): void {}

  async final (transfer: Transfer): Promise<void> {
    this.changed(transfer)
  }

  /** Told of every change: a token opens while the transfer runs, and not a moment longer. */
  changed (transfer: Transfer): void {
    const { standings, flows } = this.#options
    const { providerPid, role, agreementId } = transfer
    const agreement = standings.get(agreementId)
    if (role !== 'provider' || providerPid === null || agreement === undefined) return
    // Whoever has heard the start may come before its answer has.
    const start = transfer.outgoing?.message.type === 'TransferStartMessage' ? transfer.outgoing.message : undefined
    const isOpen = (start !== undefined || isFlowing(transfer)) && agreement.revokedAtMs === null
    const token = (start?.dataAddress ?? transfer.source)?.properties.find(({ name }) => name === 'authorization')?.value
    if (!isOpen) this.tokens.close(providerPid)
    else if (token !== undefined) {
      this.tokens.add(token, {
        pid: providerPid, agreementId, requester: agreement.consumer, reference: targetOf({ publisher: agreement.provider, datasetId: agreement.datasetId }),
        expiresMs: transfer.changedMs + TOKEN_LIFETIME_MS
      })
    }
    if (transfer.format === PUSH_FORMAT) flows(transfer, agreement, isOpen && isFlowing(transfer))
  }

  #addressFor ({ providerPid }: Transfer, { datasetId, provider }: StandingAgreement, format: string): DataAddress | null {
    const { random, dataAddress, peerId, catalogue } = this.#options
    if (format === PULL_FORMAT) {
      const properties = [{ name: 'authorization', value: Tokens.fresh(random) }, { name: 'authType', value: 'bearer' }]
      return { endpointType: HTTP_ENDPOINT, endpoint: `${dataAddress() ?? ''}/${encodeURIComponent(providerPid ?? '')}`, properties }
    }
    if (format !== SYNC_FORMAT) return null
    const { feed, firstRecord } = catalogue.entry(provider, datasetId)?.distribution ?? { feed: null, firstRecord: 0 }
    return {
      endpointType: SYNC_ENDPOINT, endpoint: `libp2p://${peerId() ?? ''}`,
      properties: [...feed === null ? [] : [{ name: 'feed', value: feed.toString() }], { name: 'from', value: String(firstRecord) }]
    }
  }
}
