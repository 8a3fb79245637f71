import { cidOf } from '../../base/index.ts'
import type { LedgerFacts } from '../../core/identity/index.ts'
import type { MembershipFacts } from '../../core/ledger/index.ts'

/** What the ledger's rows say of membership, in the words of identity. */
export function ledgerFactsOf ({ members, certificates }: MembershipFacts): LedgerFacts {
  const revokedSinceMs = new Map(certificates.flatMap(({ envelope, revokedSinceMs: sinceMs }): [string, number][] =>
    sinceMs === null ? [] : [[cidOf('dagCbor', envelope).toString(), sinceMs]]))
  return {
    members: members.map(({ did, sinceHeight, endedMs, nodes }) => ({
      did, sinceHeight, endedSinceMs: endedMs ?? undefined,
      nodes: nodes.map(({ transportKey, addresses, certificate }) => ({ transportKey, addresses, certificate: certificate ?? undefined }))
    })),
    revokedSinceMs: certificate => revokedSinceMs.get(certificate.toString())
  }
}
