/** Where a form begins. Each field stays editable; members, purposes and responders are left for a person to name. */
import { DAY_MS } from '../policy/index.ts'
import type { DatasetForm, TermsForm } from './form.ts'
import { UNSET } from './extracting.ts'

export type TemplateId = 'open' | 'members' | 'neighbours' | 'aggregates' | 'delayed' | 'paid' | 'emergency'

/** `federation`: CID of the charter as text. */
export type TemplateContext = { readonly federation: string, readonly publisherName: string, readonly timeMs: number }

export type Template = {
  readonly id: TemplateId
  readonly begin: (context: TemplateContext) => { readonly terms: TermsForm, readonly dataset: DatasetForm }
}

/** What a new dataset begins with. */
export const TEMPLATE_DEFAULT: TemplateId = 'neighbours'

const HOUR_MS = 3_600_000
const YEAR_MS: number = 365 * DAY_MS
const CLOSED: DatasetForm = { replicas: 'members', licence: null, legalNotice: null }
const LICENCE_OPEN = 'http://publications.europa.eu/resource/authority/licence/CC_BY_4_0'

export const TEMPLATES: readonly Template[] = [
  {
    id: 'open',
    begin: ({ publisherName }) => ({
      terms: { ...UNSET, audience: { type: 'anyone' }, passOn: { type: 'free' }, creditTexts: [publisherName] },
      dataset: { ...CLOSED, licence: LICENCE_OPEN }
    })
  },
  {
    id: 'members',
    begin: ({ federation, publisherName }) => ({
      terms: { ...UNSET, audience: { type: 'members', federation }, passOn: { type: 'results', minGroupSize: 10 }, creditTexts: [publisherName] },
      dataset: CLOSED
    })
  },
  { id: 'neighbours', begin: context => ({ terms: neighbours(context), dataset: CLOSED }) },
  {
    id: 'aggregates',
    begin: ({ federation }) => ({
      terms: {
        ...UNSET,
        audience: { type: 'members', federation },
        summarise: { minGroupSize: 10 },
        h3ResolutionMax: 7,
        timeStepMs: HOUR_MS,
        passOn: { type: 'results', minGroupSize: 10 },
        never: ['linkPersons', 'reidentify']
      },
      dataset: CLOSED
    })
  },
  {
    id: 'delayed',
    begin: ({ federation }) => ({ terms: { ...UNSET, audience: { type: 'members', federation }, delayMs: DAY_MS }, dataset: CLOSED })
  },
  {
    id: 'paid',
    begin: context => ({
      terms: {
        ...UNSET,
        audience: { type: 'members', federation: context.federation },
        ...aYear(context),
        recordsPerDayMax: 500_000,
        fee: { amountMinor: 25, currency: 'EUR', count: 1_000, unit: 'records', creditMinor: 500 },
        reportEveryMs: DAY_MS
      },
      dataset: CLOSED
    })
  },
  {
    id: 'emergency',
    begin: context => ({
      terms: { ...neighbours(context), emergency: { kinds: ['fire', 'flood'], officials: [], responders: [], mode: 'online', mayPassOn: true } },
      dataset: CLOSED
    })
  }
]

function neighbours (context: TemplateContext): TermsForm {
  return {
    ...UNSET,
    audience: { type: 'named', members: [] },
    ...aYear(context),
    keep: { keepMs: 30 * DAY_MS, from: 'agreement-end' },
    reportEveryMs: DAY_MS,
    never: ['reidentify']
  }
}

/** From the beginning of today (UTC), to the last millisecond. */
function aYear ({ timeMs }: TemplateContext): { readonly fromMs: number, readonly untilMs: number } {
  const fromMs = Math.floor(timeMs / DAY_MS) * DAY_MS
  return { fromMs, untilMs: fromMs + YEAR_MS - 1_000 }
}
