import { PURPOSE_NS, type Client, type Failure, type Purpose, type TermsFile, type TermsReview } from '../../sdk/index.ts'

/** No conditions beside who may read it. */
const NO_TERMS = 'none'
export const TEMPLATES = [NO_TERMS, 'open', 'members', 'neighbours', 'aggregates', 'delayed', 'paid', 'emergency'] as const
export type Template = typeof TEMPLATES[number]

export const AUDIENCES = ['anyone', 'members', 'named'] as const
export type Audience = typeof AUDIENCES[number]
export const PASSINGS = ['no', 'results', 'free'] as const
export type Passing = typeof PASSINGS[number]

/** Resolutions of H3, from exact to coarse; their cells are about so many kilometres wide. */
export const AREAS = [{ resolution: null, widthKm: 0 }, { resolution: 8, widthKm: 1 }, { resolution: 7, widthKm: 2.5 }, { resolution: 6, widthKm: 6.5 }, { resolution: 5, widthKm: 17 }] as const
/** Hours that times are told in. */
export const STEPS_H = [0, 1, 24] as const

const GROUP_SIZE = 10
const HOUR_MS = 3_600_000
const REVIEW_AFTER_MS = 250
const DAY_MS = 86_400_000

type Clauses = Readonly<Record<string, unknown>>

/** Terms that somebody is about to set, and what the node says of them. */
export class Draft {
  template = $state<Template>(NO_TERMS)
  /** Of a dataset without terms. */
  access = $state<'members' | 'public'>('members')
  audience = $state<Audience>('members')
  /** Of an audience of named members: their dids. */
  named = $state<readonly string[]>([])
  purposes = $state<readonly Purpose[]>([])
  /** A day as a field of days writes it, in UTC; empty: without end. */
  until = $state('')
  redacted = $state<readonly string[]>([])
  /** Rows are told in groups of so many, by the column that says whom they are about; null: as they are. */
  groupSize = $state<number | null>(null)
  entity = $state<string | null>(null)
  delayHours = $state(0)
  resolution = $state<number | null>(null)
  stepHours = $state(0)
  passing = $state<Passing>('results')
  /** What was written by hand in place of the form. */
  byHand = $state<string | null>(null)
  review = $state.raw<TermsReview | null>(null)
  failure = $state.raw<Failure | null>(null)
  isAsking = $state(false)
  readonly #client: Client
  #begun = $state.raw<TermsFile>({})
  #timer: ReturnType<typeof setTimeout> | undefined
  #run = 0
  #beginnings = 0

  constructor (client: Client) {
    this.#client = client
  }

  /** Begins anew with a template; what was left out for the sake of people stays left out. */
  async begin (template: Template): Promise<void> {
    const beginning = ++this.#beginnings
    this.byHand = null
    if (template === NO_TERMS) {
      this.template = template
      this.redacted = []
      this.groupSize = null
      return
    }
    const begun = await this.#client.termsTemplate(template)
    // Another was chosen meanwhile.
    if (beginning !== this.#beginnings) return
    this.failure = begun.ok ? null : begun.failure
    if (!begun.ok) return
    this.#begun = begun.value
    this.template = template
    this.#take(clausesOf(begun.value))
  }

  get hasTerms (): boolean {
    return this.byHand !== null || this.template !== NO_TERMS
  }

  /** As the node reads it; undefined: there are none. */
  get file (): TermsFile | undefined {
    if (this.byHand !== null) return parsed(this.byHand)
    if (this.template === NO_TERMS) return undefined
    const clauses = clausesOf(this.#begun)
    const terms = {
      ...clauses,
      audience: this.audience === 'named' ? { type: 'named', members: this.named } : this.audience === 'anyone' ? { type: 'anyone' } : membersOf(clauses),
      purposes: this.purposes.map(purpose => PURPOSE_NS + purpose),
      untilMs: this.until === '' ? null : Date.parse(`${this.until}T00:00:00Z`) + DAY_MS - 1_000,
      redactFields: this.redacted, summarise: this.groupSize === null ? null : { minGroupSize: this.groupSize },
      delayMs: this.delayHours === 0 ? null : this.delayHours * HOUR_MS, h3ResolutionMax: this.resolution, timeStepMs: this.stepHours === 0 ? null : this.stepHours * HOUR_MS,
      passOn: passingOf(this.passing, clauses)
    }
    return { ...this.#begun, terms }
  }

  /** Columns that nobody else gets, whichever way the terms were written; so with the two below. */
  get withheld (): readonly string[] {
    return listOf(this.#clauses['redactFields'])
  }

  get leastGroup (): number | null {
    const size = memberOf(this.#clauses['summarise'], 'minGroupSize')
    return typeof size === 'number' ? size : null
  }

  get hoursLater (): number {
    const { delayMs } = this.#clauses
    return typeof delayMs === 'number' ? Math.round(delayMs / HOUR_MS) : 0
  }

  get isCoarse (): boolean {
    return this.#clauses['h3ResolutionMax'] != null || this.#clauses['timeStepMs'] != null
  }

  get #clauses (): Clauses {
    return clausesOf(this.file ?? {})
  }

  get text (): string {
    return this.byHand ?? JSON.stringify(this.file ?? {}, null, 2)
  }

  /** Asks the node what it would mean, a moment after the last change. */
  ask (): void {
    clearTimeout(this.#timer)
    const file = this.file
    const run = ++this.#run
    if (file === undefined) {
      this.review = null
      if (this.byHand === null) this.failure = null
      this.isAsking = false
      return
    }
    this.isAsking = true
    this.#timer = setTimeout(() => {
      void this.#client.reviewTerms(file).then(review => {
        if (run !== this.#run) return
        this.isAsking = false
        this.failure = review.ok ? null : review.failure
        this.review = review.ok ? review.value : null
      })
    }, REVIEW_AFTER_MS)
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#run++
  }

  #take (clauses: Clauses): void {
    const { audience, passOn, summarise, redactFields, delayMs, untilMs, h3ResolutionMax, timeStepMs } = clauses
    this.resolution = typeof h3ResolutionMax === 'number' ? h3ResolutionMax : null
    this.stepHours = typeof timeStepMs === 'number' ? Math.round(timeStepMs / HOUR_MS) : 0
    this.audience = typeOf(audience) === 'anyone' ? 'anyone' : typeOf(audience) === 'members' ? 'members' : 'named'
    this.named = listOf(memberOf(audience, 'members'))
    this.purposes = []
    this.until = typeof untilMs === 'number' ? new Date(untilMs).toISOString().slice(0, 10) : ''
    this.redacted = [...new Set([...this.redacted, ...listOf(redactFields)])]
    const size = memberOf(summarise, 'minGroupSize')
    this.groupSize = typeof size === 'number' ? size : null
    this.delayHours = typeof delayMs === 'number' ? Math.round(delayMs / HOUR_MS) : 0
    this.passing = typeOf(passOn) === 'free' ? 'free' : typeOf(passOn) === 'results' ? 'results' : 'no'
  }
}

function clausesOf ({ terms }: TermsFile): Clauses {
  return typeof terms === 'object' && terms !== null ? { ...terms } : {}
}

/** The charter that members are members of stands in the template alone. */
function membersOf ({ audience }: Clauses): unknown {
  return typeOf(audience) === 'members' ? audience : { type: 'members', federation: '' }
}

function passingOf (passing: Passing, { passOn }: Clauses): unknown {
  if (passing !== 'results') return { type: passing }
  return typeOf(passOn) === 'results' ? passOn : { type: 'results', minGroupSize: GROUP_SIZE }
}

function memberOf (value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}

function typeOf (value: unknown): unknown {
  return memberOf(value, 'type')
}

function listOf (value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
}

/** What is no JSON goes to the node as what it is not: it says so. */
function parsed (text: string): TermsFile {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { terms: text }
  } catch {
    return { terms: text }
  }
}
