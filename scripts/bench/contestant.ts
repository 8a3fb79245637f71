/**
 * What the benchmark measures, and how a contestant takes part: as scenarios, each a few roles in processes of their own.
 */

export type Better = 'higher' | 'lower'

/** Every figure, in the order of the table. Units stand in the title. */
export const METRICS = {
  appendRecordsPerSecond: { title: 'append, records/s', better: 'higher' },
  diskBytesPerByte: { title: 'disk, bytes stored per byte of records, compacted', better: 'lower' },
  lateJoinRecordsPerSecond: { title: 'late joiner, records/s', better: 'higher' },
  lateJoinMegabytesPerSecond: { title: 'late joiner, MB/s', better: 'higher' },
  sealedRecordsPerSecond: { title: 'replication, open against sealed, records/s', better: 'higher' },
  sealedMegabytesPerSecond: { title: 'replication, open against sealed, MB/s', better: 'higher' },
  fileMegabytesPerSecond: { title: 'file transfer, MB/s', better: 'higher' },
  liveP50Ms: { title: 'live at 500 messages/s after 2 s of it, publish to deliver, p50 ms', better: 'lower' },
  liveP99Ms: { title: 'live at 500 messages/s after 2 s of it, publish to deliver, p99 ms', better: 'lower' },
  liveDeliveredPerSecond: { title: 'live at 500 messages/s, delivered/s', better: 'higher' },
  startupMs: { title: 'start of the process to ready, ms', better: 'lower' },
  idleMegabytes: { title: 'resident memory when idle, MB', better: 'lower' },
  decisionsPerSecond: { title: 'terms, decisions/s of a compiled policy, report where refused', better: 'higher' },
  decisionP99Microseconds: { title: 'terms, one decision, p99 µs', better: 'lower' },
  reportedDecisionsPerSecond: { title: 'terms, decisions/s with a full report each', better: 'higher' },
  reportedDecisionP99Microseconds: { title: 'terms, one decision with a full report, p99 µs', better: 'lower' },
  compileMicroseconds: { title: 'terms, one policy read from JSON and compiled, µs', better: 'lower' }
} as const satisfies Record<string, { readonly title: string, readonly better: Better }>

export type Metric = keyof typeof METRICS
export type Measures = { readonly [M in Metric]?: number }

export const SCENARIO_NAMES = ['append', 'lateJoin', 'sealed', 'file', 'live', 'startup', 'terms'] as const
type ScenarioName = typeof SCENARIO_NAMES[number]

/** What the figures of a scenario stand for: two figures with different conditions are not the same achievement. */
export type Conditions = {
  /** How records are laid into what is hashed, signed or stored as one. */
  readonly packed: string
  /** What is on the disk when a write is acknowledged, or a block counted as received. */
  readonly durable: string
  readonly encrypted: string
  readonly verified: string
}

/** What a role sees of the run. Roles of one scenario start together and hear each other by topic. */
export type Stage = {
  /** Empty, of this role alone, on a real disk; removed afterwards. */
  readonly folder: string
  /** `count`, or less of it in a trial run. */
  scaled (count: number): number
  /** Says something to all other roles. What is said before they listen is kept. */
  tell (topic: string, value?: unknown): void
  /** The next value that another role tells; `T` is what that role is known to tell. */
  hear<T> (topic: string): Promise<T>
  /** Seconds that `work` took. Its CPU seconds count as this role's. */
  measure (work: () => Promise<unknown>): Promise<number>
}

type Role = (stage: Stage) => Promise<Measures>

export type Scenario = {
  readonly name: ScenarioName
  /** Tells the scenarios of one contestant and name apart. */
  readonly variant: string
  readonly conditions: Conditions
  readonly roles: Readonly<Record<string, Role>>
}

export type Contestant = {
  readonly name: string
  /** The packages whose versions the report names; none for Hanse itself. */
  readonly packages: readonly string[]
  readonly scenarios: readonly Scenario[]
}

export const RECORD_SIZE_BYTES = 300
export const FILE_SIZE_BYTES = 100_000_000
export const LIVE_MESSAGES_PER_SECOND = 500
export const LIVE_SECONDS = 8
/** Of these, not counted, for everybody: code that just started is compiled while it runs. */
export const LIVE_WARM_UP_SECONDS = 2

export function idOf (contestant: Contestant, scenario: Scenario): string {
  return `${contestant.name}/${scenario.name}/${scenario.variant}`
}
