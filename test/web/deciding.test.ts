import { strict as assert } from 'node:assert'
import type { EmergencyView, NegotiationView, ProposalView, UseEntry } from '../../src/sdk/index.ts'
import { csvOf, holdersOf } from '../../src/web/audit/table.ts'
import { itemsOf } from '../../src/web/overview/items.ts'
import { endOfDayMs, purposesOf } from '../../src/web/request/wish.ts'
import { compared } from '../../src/web/requests/compare.ts'
import { lessened } from '../../src/web/requests/less.ts'
import { describeDataset } from '../support/apiServer.ts'

const DAY_MS = 86_400_000
const member = (name: string): { readonly did: string, readonly name: string } => ({ did: `did:key:${name}`, name })
const sentence = (clause: number, text: string) => ({ clause, sentence: text, code: 'other-part', values: {}, labels: [] })

const negotiation = (id: string, given: Partial<NegotiationView>): NegotiationView => ({
  id, role: 'provider', other: member('Renton'), dataset: 'did:key:Bellevue/bins', purpose: null, state: 'REQUESTED', states: ['REQUESTED'], isAsked: true, terms: null,
  sentences: [], agreementId: null, changedMs: 1, ended: null, ...given
})
const proposal = (id: string, given: Partial<ProposalView>): ProposalView => ({
  id, kind: 'park', by: member('Renton'), sentence: '', fields: {}, openedHeight: 1, notAfterMs: 1, state: 'open', yes: [], no: [], needed: 2, members: 3, ...given
})

describe('the inbox', () => {
  it('holds all that waits for a person, and nothing that was decided', () => {
    const items = itemsOf({
      own: 'did:key:Bellevue', alarms: ['the disk is full', 'the disk is full'],
      negotiations: [negotiation('new', { changedMs: 9 }), negotiation('old', { changedMs: 2 }), negotiation('decided', { isAsked: false }), negotiation('offered', { role: 'consumer', changedMs: 5 })],
      proposals: [
        proposal('open', {}), proposal('voted', { yes: ['did:key:Bellevue'] }), proposal('against', { no: ['did:key:Bellevue'] }), proposal('passed', { state: 'passed' }),
        proposal('join', { kind: 'join', fields: { member: 'did:key:Kirkland' } })
      ],
      applications: [{ id: 'a', did: 'did:key:Kirkland', name: 'Kirkland', receivedMs: 1, addresses: [], words: [] }, { id: 'b', did: 'did:key:Kent', name: 'Kent', receivedMs: 1, addresses: [], words: [] }],
      emergencies: []
    })
    assert.deepEqual(items.map(({ kind, id }) => `${kind} ${id}`), [
      'alarm alarm the disk is full', 'request old', 'offer offered', 'request new', 'proposal open', 'proposal join', 'application b'
    ])
  })

  it('says once that data were used under an emergency, and still that one is declared', () => {
    const emergency = { id: 'e', incident: 'flood', declaredAtMs: 1, review: { uses: [], dueMs: 9, reviewedMs: null } } as unknown as EmergencyView
    const waiting = {
      own: 'did:key:Bellevue', negotiations: [], proposals: [], applications: [],
      alarms: ['emergency "flood" (flood) was declared by Kent', 'Renton used "shelters" under emergency "flood": look at it', 'Renton used "shelters" under emergency "fire": look at it']
    }
    assert.deepEqual(itemsOf({ ...waiting, emergencies: [emergency] }).map(item => item.kind === 'alarm' ? item.alarm : item.kind), [waiting.alarms[0], waiting.alarms[2], 'emergency'])
    assert.equal(itemsOf({ ...waiting, emergencies: [] }).length, 3)
  })
})

describe('a request beside the terms', () => {
  it('is marked where it differs; what a dataset says of itself is no part of it', () => {
    const marks = compared([sentence(1, 'Renton may use it.'), sentence(3, 'Until May.')], [sentence(1, 'Renton may use it.'), sentence(3, 'Until June.'), { ...sentence(14, 'Copies are sealed.'), code: 'replicas-members' }, { ...sentence(0, 'Legal notice: none'), code: 'legal-notice' }])
    assert.deepEqual(marks.map(each => `${each.in} ${each.sentence}`), ['both Renton may use it.', 'request Until May.', 'terms Until June.'])
  })

  it('is never said to be as terms that are not known here, or that there are none', () => {
    const asked = [sentence(3, 'Until May.'), sentence(1, 'Renton may use it.')]
    assert.deepEqual(compared(asked, null).map(each => `${each.in} ${each.sentence}`), ['unknown Renton may use it.', 'unknown Until May.'])
    assert.deepEqual(compared(asked, []).map(each => `${each.in} ${each.sentence}`), ['request Renton may use it.', 'request Until May.'])
  })

  it('is answered with less and never with more', () => {
    const terms = (file: ReturnType<typeof lessened>) => file.terms as Readonly<Record<string, unknown>>
    const wide = terms(lessened({ terms: { untilMs: null, summarise: null, purposes: ['p'] } }, { days: 30, isSummary: true }, 5_500))
    assert.deepEqual(wide, { untilMs: 30 * DAY_MS + 5_000, summarise: { minGroupSize: 10 }, purposes: ['p'] })
    const narrow = terms(lessened({ terms: { untilMs: 9_000, summarise: { minGroupSize: 50 } } }, { days: 30, isSummary: true }, 0))
    assert.deepEqual(narrow, { untilMs: 9_000, summarise: { minGroupSize: 50 } })
    assert.deepEqual(terms(lessened({ terms: { untilMs: 9_000 } }, { days: null, isSummary: false }, 0)), { untilMs: 9_000 })
  })
})

describe('purposes to choose from', () => {
  const dataset = (policy: unknown) => ({ ...describeDataset('x'), terms: { policy } }) as unknown as Parameters<typeof purposesOf>[0]

  it('are those that the terms name, a domain with its activities, however the policy is written', () => {
    const constraint = (leftOperand: unknown, rightOperand: unknown) => ({ permission: [{ constraint: [{ and: [{ leftOperand, operator: 'isAnyOf', rightOperand }] }] }] })
    assert.deepEqual(purposesOf(dataset(constraint('purpose', ['urn:hanse:purpose:1:energy']))), ['energy', 'energy.grid-operation', 'energy.efficiency'])
    assert.deepEqual(purposesOf(dataset(constraint({ '@id': 'http://www.w3.org/ns/odrl/2/purpose' }, { '@id': 'urn:hanse:purpose:1:waste.collection' }))), ['waste.collection'])
    assert.ok(purposesOf(dataset({ permission: [{ action: 'use' }] })).length > 40)
  })
})

describe('a day to ask until', () => {
  it('ends at its midnight, also where clocks change', () => {
    const { TZ } = process.env
    process.env['TZ'] = 'Europe/Berlin'
    const ends = ['2026-03-29', '2026-10-25', '2026-06-01', ''].map(endOfDayMs)
    if (TZ === undefined) delete process.env['TZ']
    else process.env['TZ'] = TZ
    assert.deepEqual(ends, [Date.parse('2026-03-29T21:59:59Z'), Date.parse('2026-10-25T22:59:59Z'), Date.parse('2026-06-01T21:59:59Z'), undefined])
  })
})

describe('an audit as a table', () => {
  const entry = (given: Partial<UseEntry>): UseEntry => ({
    feed: 'f', record: 1, period: null, isOnLedger: false, timeMs: 0, what: 'granted', member: member('Renton'), door: null, purpose: null, agreementId: null, policyCid: null,
    records: null, bytes: null, segments: null, reasons: [], because: null, notice: null, ...given
  })

  it('tells who could read it from who keeps what it cannot read', () => {
    const entries = [entry({}), entry({ what: 'served' }), entry({ what: 'served', member: member('Kent') }), entry({ what: 'refused', member: member('Kirkland') })]
    assert.deepEqual(holdersOf({ dataset: 'd', agreements: [], erasures: [], entries }), { readers: 1, keepers: 1 })
  })

  it('is written so that no spreadsheet runs what a member calls itself', () => {
    const csv = csvOf({ dataset: 'd', agreements: [], erasures: [], entries: [entry({ member: { did: 'did:key:x', name: '=HYPERLINK("evil"),"\n' } })] })
    assert.match(csv, /,"'=HYPERLINK\(""evil""\),""\n",did:key:x,/)
  })
})
