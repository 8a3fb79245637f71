/** A ledger in memory with two members of four, whom the test may let vote: the other side of the API in tests. */
import { fail, hex, ok, sha256, utf8, type Result } from '../../src/base/index.ts'
import type {
  ApplicationView, AuditEntry, BlockView, Failure, LedgerCheck, LedgerMember, LedgerStatus, NodeLedger, ProposalRequest, ProposalView, Submitted
} from '../../src/node/contract/index.ts'

const TIME_MS = 1_700_000_000_000
const NAMES = ['Bellevue', 'Renton', 'Kent', 'Tukwila'] as const
const DIDS: Readonly<Record<string, string>> = { Bellevue: 'did:key:z6MkmemoryNode' }
const NOT_READY: Failure<'not-ready'> = { code: 'not-ready', reason: 'this node belongs to no federation yet', hint: 'found one' }

export const didOf = (name: string): string => DIDS[name] ?? `did:key:z6Mk${name}`
export const idOf = (text: string): string => hex(sha256(utf8(text)))

type MemoryProposal = Omit<ProposalView, 'yes' | 'no' | 'state'> & { readonly yes: string[], readonly no: string[], state: ProposalView['state'] }

export class MemoryLedger implements NodeLedger {
  /** Undefined as of a node in no federation. */
  status: LedgerStatus | undefined = {
    epoch: 2, height: 41, digest: idOf('block 41'), stateRoot: idOf('state'), finalMs: TIME_MS, role: 'validator', validators: 4, toleratedFaults: 1,
    reachable: 4, waiting: 0, view: 1, sentence: 'Nothing to decide since block 41 became final'
  }
  /** What the next transaction meets, instead of becoming final. */
  refusal: Failure<'refused' | 'root-locked' | 'busy'> | undefined
  isSlow = false
  isDamaged = false
  readonly applied: ApplicationView[] = []
  readonly opened: MemoryProposal[] = []
  readonly told: string[] = []

  ledger (): LedgerStatus | undefined {
    return this.status
  }

  ledgerMembers (): readonly LedgerMember[] {
    const seats = ['validator', 'validator', 'parked', 'none'] as const
    return this.status === undefined ? [] : NAMES.map((name, at) => ({
      did: didOf(name), name, seat: seats[at] ?? 'none', sinceHeight: at < 3 ? 0 : 17, removed: name === 'Tukwila',
      nodes: [{ peerId: `12D3KooW${name}`, addresses: [`/ip4/127.0.0.1/tcp/${4_001 + at}`] }]
    }))
  }

  applications (): readonly ApplicationView[] {
    return this.applied
  }

  async blocks ({ before = Number.MAX_SAFE_INTEGER, limit }: Parameters<NodeLedger['blocks']>[0]): Promise<readonly BlockView[]> {
    const newest = Math.min(before - 1, this.status?.height ?? 0)
    return Array.from({ length: Math.min(limit, newest) }, (_, at) => this.#block(newest - at))
  }

  #block (height: number): BlockView {
    const by = { did: didOf('Renton'), name: 'Renton' }
    return {
      epoch: 2, height, view: 1, digest: idOf(`block ${height}`), parent: idOf(`block ${height - 1}`), type: height % 10 === 0 ? 'seal' : 'normal',
      timeMs: TIME_MS + height * 1_000, proposer: by, stateRoot: idOf(`state ${height}`),
      transactions: height % 10 === 0 ? [] : [{
        id: idOf(`transaction ${height}`), author: by, operations: [{ index: 0, name: 'dataset.anchor', fields: { heads: [{ feed: 'bafyfeed', length: 3 }] } }]
      }]
    }
  }

  proposals (): readonly ProposalView[] {
    return this.opened.toReversed()
  }

  async propose (request: ProposalRequest, withinMs: number): ReturnType<NodeLedger['propose']> {
    const unknown = request.kind === 'params' ? Object.keys(request.params).find(name => name !== 'anchorEveryMs') : undefined
    if (unknown !== undefined) {
      return fail({ code: 'invalid', reason: `there is no parameter "${unknown}"`, hint: 'the parameters are anchorEveryMs' })
    }
    const proposal = idOf(`proposal ${this.opened.length}`)
    const said = this.#say(`propose ${JSON.stringify(request)} ${withinMs}`)
    if (!said.ok) return said
    const { kind, ...fields } = request
    this.opened.push({
      id: proposal, kind, by: { did: didOf('Bellevue'), name: 'Bellevue' }, sentence: `Decide ${kind} ${JSON.stringify(fields)}`, fields, openedHeight: 42,
      notAfterMs: TIME_MS + 30 * 86_400_000, state: 'open', yes: [didOf('Bellevue')], no: [], needed: 3, members: 3
    })
    return ok({ ...said.value, proposal })
  }

  async vote (proposal: string, yes: boolean, withinMs: number): ReturnType<NodeLedger['vote']> {
    const said = this.#say(`vote ${proposal} ${String(yes)} ${withinMs}`)
    if (said.ok && this.opened.every(({ id }) => id !== proposal)) return fail({ code: 'refused', reason: 'there is no such proposal', hint: 'see "hanse proposals"' })
    if (said.ok) this.count(proposal, 'Bellevue', yes)
    return said
  }

  /** A member's vote as the ledger counts it. */
  count (proposal: string, name: string, yes: boolean): void {
    const held = this.opened.find(({ id }) => id === proposal)
    if (held === undefined) throw new Error(`no proposal ${proposal}`)
    const did = didOf(name)
    for (const list of [held.yes, held.no]) if (list.includes(did)) list.splice(list.indexOf(did), 1)
    held[yes ? 'yes' : 'no'].push(did)
    if (held.yes.length >= held.needed) held.state = 'passed'
  }

  async rotateKey (withinMs: number): ReturnType<NodeLedger['rotateKey']> {
    return this.#say(`rotate-key ${withinMs}`)
  }

  async author (operations: readonly Uint8Array[], withinMs: number): ReturnType<NodeLedger['author']> {
    return this.#say(`author ${operations.length} ${withinMs}`)
  }

  async submit (transaction: Uint8Array, withinMs: number): ReturnType<NodeLedger['submit']> {
    return this.#say(`submit ${hex(transaction)} ${withinMs}`)
  }

  #say (what: string): Result<Submitted, Failure<'refused' | 'root-locked' | 'busy' | 'not-ready'>> {
    if (this.status === undefined) return fail(NOT_READY)
    if (this.refusal !== undefined) return fail(this.refusal)
    this.told.push(what)
    return ok(this.isSlow ? { id: idOf(what), state: 'waiting', height: null } : { id: idOf(what), state: 'final', height: 42 })
  }

  async verifyLedger (): Promise<LedgerCheck | undefined> {
    if (this.status === undefined) return undefined
    return {
      verified: !this.isDamaged, fromHeight: 1, height: 41,
      checks: [{ name: 'charter', ok: true, detail: 'signed by all its founders' }, { name: 'hashes', ok: !this.isDamaged, detail: this.isDamaged ? 'block 7 is not what it was' : '41 blocks' }]
    }
  }

  async ledgerProof (reference: string, record: number): ReturnType<NodeLedger['ledgerProof']> {
    if (reference !== 'Bellevue/rows') return fail({ code: 'not-found', reason: `no dataset is called ${reference}`, hint: '`hanse ls` shows those there are' })
    return record < 3 ? ok(utf8(`proof of record ${record}`)) : fail({ code: 'not-anchored', reason: 'the ledger has no anchor of this record yet', hint: 'try again' })
  }

  anchor (): ReturnType<NodeLedger['anchor']> {
    return this.status === undefined ? null : { height: 40, timeMs: TIME_MS, length: 3, epoch: 2 }
  }

  async audit (subject: string): ReturnType<NodeLedger['audit']> {
    if (subject !== 'Renton') return fail({ code: 'not-found', reason: `nothing is called ${subject}`, hint: 'see what there is' })
    const entries: readonly AuditEntry[] = [1, 2].map(height => ({
      height, timeMs: TIME_MS, transaction: idOf(`transaction ${height}`), by: { did: didOf('Renton'), name: 'Renton' },
      operation: { index: 0, name: height === 1 ? 'dataset.put' : 'dataset.anchor', fields: { dataset: 'rows' } }
    }))
    return ok(entries)
  }

  checkpoint (): ReturnType<NodeLedger['checkpoint']> {
    return this.status === undefined ? fail(NOT_READY) : ok(utf8('a signed word'))
  }
}
