import type { Agreements } from './agreements/index.ts'
import type { Counting, Desk } from './asking/index.ts'
import type { Catalogue } from './catalogue/index.ts'
import type { Datasets, Publisher, Reader } from './datasets/index.ts'
import type { Derivations } from './derivations/index.ts'
import type { Duties } from './duties/index.ts'
import type { Federation } from './federation/index.ts'
import type { Admissions } from './founding/index.ts'
import type { LedgerRoom } from './ledger/index.ts'
import type { PeerCounts } from './metrics.ts'
import type { Querying } from './querying/index.ts'
import type { TermsDesk } from './terms/index.ts'

/** What there is once the node belongs to a federation. */
export type Belonging = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly datasets: Datasets
  readonly publisher: Publisher
  readonly reader: Reader
  readonly derivations: Derivations
  readonly querying: Querying
  readonly terms: TermsDesk
  readonly ledger: LedgerRoom
  readonly counts: PeerCounts
  readonly admissions: Admissions
  readonly agreements: Agreements
  readonly duties: Duties
  readonly asking: Desk
  readonly counting: Counting
}

/** The rooms that are not seen whole through `HanseNode`. */
export type Rooms = Pick<Belonging, 'federation' | 'catalogue' | 'datasets' | 'publisher' | 'reader' | 'duties' | 'querying'>
