import { cidOf, type CID } from '../../base/index.ts'
import { admitDeclaration, admitHead, type Declaration, type Head } from '../../core/feed/index.ts'
import { CREDIT_BYTES, decodeStatementHeader, HEAD_BYTES_MAX } from '../../core/sync/index.ts'
import type { Log } from '../../host/index.ts'
import type { Feeds } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import { ask, PeerFault, SYNC_PROTOCOL } from './exchange.ts'
import type { Link } from './link.ts'

/** A peer may rightly hold what was said before a revocation that came here, or under a certificate that is not here yet. */
export function isNobodysFault (code: string): boolean {
  return code === 'unknown-feed' || code === 'unknown-certificate' || code === 'revoked'
}

/** Admits what peers send as the word of a member, fetching the certificates that it takes to judge it. */
export class Admission {
  readonly #feeds: Feeds
  readonly #members: Members
  readonly #log: Log

  constructor (feeds: Feeds, members: Members, log: Log) {
    this.#feeds = feeds
    this.#members = members
    this.#log = log
  }

  /** A head, if the publisher of a feed that is known here made it. Also one shorter than what is held: it may prove a fork. */
  admit (envelope: Uint8Array): ReturnType<typeof admitHead> {
    return admitHead(envelope, {
      federation: this.#members.current.federation,
      declarationOf: id => this.#feeds.get(id)?.declaration,
      heldOf: () => undefined,
      speaker: this.#members.speaker
    })
  }

  /** As `admit`, fetching an unknown certificate from whoever sent the head. */
  async admitFrom (link: Link, envelope: Uint8Array): Promise<Head | undefined> {
    if (envelope.length > HEAD_BYTES_MAX) throw new PeerFault('fault', 'a head beyond its size')
    let head = this.admit(envelope)
    if (!head.ok && head.failure.code === 'unknown-certificate') {
      await this.#fetchCertificate(link, head.failure.certificate)
      head = this.admit(envelope)
    }
    if (head.ok) return head.value
    if (isNobodysFault(head.failure.code)) return undefined
    throw new PeerFault('fault', `a head refused: ${head.failure.code}`)
  }

  async admitDeclarationFrom (link: Link, envelope: Uint8Array): Promise<Declaration | undefined> {
    const admit = (): ReturnType<typeof admitDeclaration> =>
      admitDeclaration(envelope, this.#members.current.federation, this.#members.speaker)
    let declaration = admit()
    if (!declaration.ok && declaration.failure.code === 'unknown-certificate') {
      await this.#fetchCertificate(link, declaration.failure.certificate)
      declaration = admit()
    }
    if (declaration.ok) return declaration.value
    this.#log('warn', 'a feed was refused', { code: declaration.failure.code, from: link.member })
    return undefined
  }

  async #fetchCertificate (link: Link, id: CID): Promise<void> {
    for (const envelope of await this.statements(link, [id])) await this.#members.addCertificate(envelope)
  }

  async statements (link: Link, ids: readonly CID[]): Promise<readonly Uint8Array[]> {
    const envelopes: Uint8Array[] = []
    for await (const item of ask(link.peer, SYNC_PROTOCOL, { verb: 'statements', creditBytes: CREDIT_BYTES.small, ids }, link.gone.signal)) {
      const header = item.type === 'statement' ? decodeStatementHeader(item.header) : undefined
      const isAskedFor = header?.ok === true && ids.some(id => id.equals(header.value.id)) && cidOf('dagCbor', item.payload).equals(header.value.id)
      if (!isAskedFor) throw new PeerFault('fault', 'a statement that was not asked for')
      envelopes.push(item.payload)
    }
    return envelopes
  }
}
