/** Decisions of the terms engine: policies with every clause, bound as in agreements, over requests of which one in ten is refused. */
import process from 'node:process'
import {
  bind, compile, policyOfForm, readPolicy, TEMPLATES, writePolicy,
  type CompiledPolicy, type Facts, type Policy, type ReportWish, type TermsForm, type TermsRequest
} from '../../../src/core/terms/index.ts'
import type { Measures, Stage } from '../contestant.ts'

const DECISIONS = 2_000_000
const TIMED = 400_000
const COMPILATIONS = 4_000
const WARM_UP = 200_000
const POLICIES = 64
const REFUSED_EVERY = 10
const NOW_MS = 1_796_169_600_000
const DAY_MS = 86_400_000
const FEDERATION = 'bafyreieq3w6qx5qzuwrjueubhvoncxfkgkkfsh72d5wihxdx3jv5h7cnze'
const PURPOSE = 'urn:hanse:purpose:1:waste.collection'
const READ = 'http://www.w3.org/ns/odrl/2/read'

type Asked = { readonly compiled: CompiledPolicy, readonly request: TermsRequest, readonly facts: Facts }

export async function decideOnly (stage: Stage): Promise<Measures> {
  const { perSecond, p99Microseconds } = await decisions(stage, 'when-refused')
  const policies = Array.from({ length: POLICIES }, (_, at) => policyOf(at))
  const texts = policies.map(policy => JSON.stringify(writePolicy(policy)))
  const count = stage.scaled(COMPILATIONS)
  const seconds = await stage.measure(async () => {
    for (let at = 0; at < count; at++) {
      const read = readPolicy(JSON.parse(texts[at % POLICIES] ?? ''))
      if (!read.ok || compile(read.value).unknownTerms.length > 0) throw new Error('a policy of the benchmark is not known to it')
    }
  })
  return { decisionsPerSecond: perSecond, decisionP99Microseconds: p99Microseconds, compileMicroseconds: seconds / count * 1e6 }
}

export async function decideWithReport (stage: Stage): Promise<Measures> {
  const { perSecond, p99Microseconds } = await decisions(stage, 'always')
  return { reportedDecisionsPerSecond: perSecond, reportedDecisionP99Microseconds: p99Microseconds }
}

async function decisions (stage: Stage, report: ReportWish): Promise<{ readonly perSecond: number, readonly p99Microseconds: number }> {
  const policies = Array.from({ length: POLICIES }, (_, at) => policyOf(at))
  const compiled = policies.map(compile)
  const asked = Array.from({ length: POLICIES * REFUSED_EVERY }, (_, at) => askedOf(at, policies, compiled))
  const allowed = run(asked, WARM_UP, report)
  if (allowed !== WARM_UP - Math.floor(WARM_UP / REFUSED_EVERY)) throw new Error(`${allowed} of ${WARM_UP} allowed`)
  const count = stage.scaled(DECISIONS)
  const seconds = await stage.measure(async () => { run(asked, count, report) })
  const timed = new Float64Array(stage.scaled(TIMED))
  for (let at = 0; at < timed.length; at++) {
    const startedNs = process.hrtime.bigint()
    decide(asked, at, report)
    timed[at] = Number(process.hrtime.bigint() - startedNs)
  }
  timed.sort()
  return { perSecond: count / seconds, p99Microseconds: (timed[Math.floor(timed.length * 0.99)] ?? Number.NaN) / 1_000 }
}

function run (asked: readonly Asked[], count: number, report: ReportWish): number {
  let allowed = 0
  for (let at = 0; at < count; at++) if (decide(asked, at, report)) allowed++
  return allowed
}

function decide (asked: readonly Asked[], at: number, report: ReportWish): boolean {
  const each = asked[at % asked.length]
  if (each === undefined) throw new Error('nothing to ask')
  return each.compiled.evaluate(each.request, each.facts, report).allow
}

const member = (at: number): string => `did:key:z6MkMember${at}`

/** Every clause at once, for ten members, bound to one of them and a purpose. */
function policyOf (at: number): Policy {
  const begun = TEMPLATES.find(({ id }) => id === 'emergency')?.begin({ federation: FEDERATION, publisherName: 'Ada', timeMs: NOW_MS }).terms
  if (begun === undefined) throw new Error('no template')
  const form: TermsForm = {
    ...begun,
    audience: { type: 'named', members: Array.from({ length: 10 }, (_, index) => member(at + index)) },
    purposes: ['urn:hanse:purpose:1:waste', 'urn:hanse:purpose:1:mobility.traffic-management'],
    summarise: { minGroupSize: 10 + at }, h3ResolutionMax: 7, timeStepMs: 3_600_000, redactFields: ['driverName', 'plate'], delayMs: DAY_MS,
    requestsMax: 1_000_000, requestsPerDayMax: 10_000, recordsPerDayMax: 500_000, passOn: { type: 'named-or-results', members: [member(200)], minGroupSize: 10 },
    fee: { amountMinor: 25, currency: 'EUR', count: 1_000, unit: 'records', creditMinor: 500 }, creditTexts: ['Ada'], storedIn: ['DE', 'NL'], securityLevelMin: 2,
    emergency: { kinds: ['fire', 'flood'], officials: [member(300)], responders: [member(301), member(302)], mode: 'online', mayPassOn: true }
  }
  const policy = policyOfForm(form)
  const agreed = policy.ok ? bind(policy.value, member(at), PURPOSE) : undefined
  if (agreed === undefined) throw new Error('the form of the benchmark makes no policy')
  return agreed
}

function askedOf (at: number, policies: readonly Policy[], ready: readonly CompiledPolicy[]): Asked {
  const [policy, compiled] = [policies[at % POLICIES], ready[at % POLICIES]]
  if (policy === undefined || compiled === undefined) throw new Error('no policy')
  const isRefused = at % REFUSED_EVERY === REFUSED_EVERY - 1
  return {
    compiled,
    request: {
      door: 'read', action: READ, timeMs: NOW_MS + at, requester: member(at % POLICIES), records: 1_000, form: 'plaintext',
      purpose: isRefused ? 'urn:hanse:purpose:1:commerce.advertising' : PURPOSE,
      asset: {
        datasetId: 'bench', feedClass: 'restricted', area: ['872830828ffffff'],
        derivation: { operations: ['summarise'], minGroupSize: 100, h3Resolution: 7, timeStepMs: 3_600_000, delayMs: DAY_MS, redactedFields: ['driverName', 'plate'] }
      }
    },
    facts: {
      membership: { status: 'active', classes: ['municipality'], federation: FEDERATION },
      agreement: { id: `urn:uuid:${at}`, inForceFromMs: NOW_MS - DAY_MS, revokedAtMs: null },
      lease: { ageMs: 0, stalenessMaxMs: 0 },
      counters: { requests: 10, requestsToday: 5, recordsToday: 5_000 },
      payment: { owedMinor: 300, vouchedMinor: 100 },
      claims: { storedIn: ['DE'], securityLevel: 2 },
      emergencies: [],
      duties: Object.fromEntries(policy.obligations.map((_, index) => [`obligation/${index}`, 'pending' as const]))
    }
  }
}
