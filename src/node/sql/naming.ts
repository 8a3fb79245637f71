import { ok, type Result } from '../../base/index.ts'
import { recipeOf, boundsOf, type Recipe } from '../../core/derivation/index.ts'
import type { RowFormat } from '../../core/rows/index.ts'
import { characterAt, folded, type NamedTable } from '../../core/sql/index.ts'
import { formOfPolicy, type DerivationBounds, type ReasonCode, type TermsForm } from '../../core/terms/index.ts'
import type { Asker, SqlFailure } from '../contract/index.ts'
import type { Datasets, Found } from '../datasets/index.ts'
import { refusalOf, type DoorDecision, type Question } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { refused } from './failures.ts'

/** A dataset under the name by which a question calls it. */
export type Meant = { readonly name: string, readonly position: number | undefined, readonly found: Found }

/** How much of it whoever asks may be told: rows as they are; groups alone; nothing here, its publisher may know more. */
export type Way =
  | { readonly type: 'rows', readonly question: Question, readonly decision: DoorDecision }
  | { readonly type: 'groups', readonly question: Question, readonly decision: DoorDecision, readonly recipe: Recipe, readonly minGroupSize: number }
  | { readonly type: 'remote', readonly refusal: SqlFailure }

/** Reasons that a publisher may answer otherwise: what leaves is less there, or is counted there. */
const ELSEWHERE: ReadonlySet<ReasonCode> = new Set(['detail.raw-asset', 'detail.too-fine', 'delay.too-fresh', 'count.query-only', 'count.exhausted', 'records.exhausted', 'fact.missing'])
const H3_RESOLUTION_DEFAULT = 7
const STEP_MS_DEFAULT = 3_600_000

/** Datasets that the asker may know of, by their names in a question. */
export function meantBy (
  tables: readonly NamedTable[], datasets: Datasets, asker: Asker | undefined, text: string, named?: ReadonlyMap<string, string>
): Result<readonly Meant[], SqlFailure> {
  const meant: Meant[] = []
  for (const { name, byte } of tables) {
    const position = byte === null ? undefined : characterAt(text, byte)
    const found = datasets.findFor(named === undefined ? name : named.get(folded(name)) ?? '', asker)
    if (!found.ok) return refused({ ...found.failure, ...position === undefined ? {} : { position } })
    meant.push({ name, position, found: found.value })
  }
  return ok(meant)
}

export function assetOfFound ({ publisher, entry: { datasetId } }: Found): Question['asset'] {
  return { publisher, datasetId }
}

/** The question at the door `sql`. Without an asker the people of this node ask. */
function doorQuestion (found: Found, own: string, asker: Asker | undefined, records: number): Question {
  return {
    door: 'sql', asset: assetOfFound(found), requester: asker?.requester === undefined ? own : asker.requester, purpose: asker?.purpose, agreementId: asker?.agreementId,
    form: 'plaintext', records
  }
}

function refusalOfDoor (decision: DoorDecision, { name, position }: Meant): SqlFailure {
  const refusal = refusalOf(decision)
  return { ...refusal, reason: `"${name}": ${refusal.reason}`, ...position === undefined ? {} : { position } }
}

/** How one dataset may be told to whoever asks. `countedBy`: undefined where nobody said. */
export function wayTo (
  meant: Meant, { federation, own, asker, records, format, countedBy }: {
    readonly federation: Federation, readonly own: string, readonly asker: Asker | undefined, readonly records: number, readonly format: RowFormat | undefined
    readonly countedBy: string | null | undefined
  }
): Result<Way, SqlFailure> {
  const { doors } = federation
  const { found } = meant
  const question = doorQuestion(found, own, asker, records)
  const decision = doors.decide(question)
  if (decision.allow) return ok({ type: 'rows', question, decision })
  const refusal = refusalOfDoor(decision, meant)
  if (found.publisher !== own) {
    return decision.reasons.some(({ code }) => ELSEWHERE.has(code)) && !decision.isHidden ? ok({ type: 'remote', refusal }) : turnedAway(federation, question, refusal)
  }
  const demanded = demandedOf(federation, found, decision)
  if (demanded === undefined || format === undefined) return turnedAway(federation, question, refusal)
  if (countedBy === undefined) {
    return refused({ ...refusal, hint: 'its publisher did not say whom or what its rows are about, so no groups can be counted: "questions" in its terms' })
  }
  const recipe = groupsRecipe(demanded.form, { ...format, publisher: own, datasetId: found.entry.datasetId }, countedBy)
  if (recipe === undefined) return turnedAway(federation, question, refusal)
  const asked: Question = { ...question, made: boundsOfGroups(recipe, demanded.form, demanded.minGroupSize) }
  const grouped = doors.decide(asked)
  if (grouped.allow) return ok({ type: 'groups', question: asked, decision: grouped, recipe, minGroupSize: demanded.minGroupSize })
  return turnedAway(federation, asked, refusalOfDoor(grouped, meant))
}

/** Written down as what was refused. */
function turnedAway ({ doors }: Federation, question: Question, failure: SqlFailure): Result<never, SqlFailure> {
  doors.turnAway(question)
  return refused(failure)
}

/** What terms ask groups to be: of the dataset itself, and of what it was made of. Undefined: no size of groups opens it. */
function demandedOf (federation: Federation, { entry }: Found, decision: DoorDecision): { readonly form: TermsForm, readonly minGroupSize: number } | undefined {
  const { doors, standings } = federation
  const formOf = (policy: Uint8Array | undefined): TermsForm | undefined => {
    const ready = policy === undefined ? undefined : doors.policies.of(policy)
    return ready?.ok === true ? formOfPolicy(ready.value.policy) : undefined
  }
  const agreement = decision.agreementId === null ? undefined : standings.get(decision.agreementId)
  const form = formOf(agreement?.policy ?? entry.terms?.policy)
  if (form === undefined) return undefined
  const sources = doors.policiesOfSources(entry.datasetId).flatMap(policy => formOf(policy) ?? [])
  const sizes = [form, ...sources].flatMap(({ summarise, passOn }, at) => [summarise?.minGroupSize ?? [], at > 0 && 'minGroupSize' in passOn ? passOn.minGroupSize : []].flat())
  return sizes.length === 0 ? undefined : { form, minGroupSize: Math.max(...sizes) }
}

/** How rows are made coarser before they are counted; every column but that of the entities is kept. */
function groupsRecipe (form: TermsForm, source: RowFormat & { readonly publisher: string, readonly datasetId: string }, countedBy: string | null): Recipe | undefined {
  const { publisher, datasetId, delimiter, columns } = source
  const hidden = countedBy === null ? [] : [countedBy]
  const recipe = recipeOf({
    summarise: null, redactFields: [...new Set([...form.redactFields, ...hidden])], h3ResolutionMax: form.h3ResolutionMax ?? H3_RESOLUTION_DEFAULT,
    timeStepMs: form.timeStepMs ?? STEP_MS_DEFAULT, delayMs: form.delayMs
  }, { publisher, datasetId, delimiter, columns })
  return recipe.ok ? recipe.value : undefined
}

function boundsOfGroups (recipe: Recipe, form: TermsForm, minGroupSize: number): DerivationBounds {
  const bounds = boundsOf(recipe)
  return { ...bounds, operations: [...bounds.operations, 'summarise'], minGroupSize, redactedFields: [...new Set([...bounds.redactedFields, ...form.redactFields])] }
}
