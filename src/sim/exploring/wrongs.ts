import { hex } from '../../base/index.ts'
import { decodeMessage, type Effect } from '../../core/consensus/index.ts'
import { decodeEvidence, FINALIZE, NOTARIZE, NULLIFY, type Vote } from '../../core/finality/index.ts'
import type { Engine, ToyState } from '../ground/index.ts'
import { nameOfVote, ownVotes } from './canonical.ts'
import type { Stage } from './stage.ts'

/** What an honest engine must not have done in one step, as sentences. */
export function wrongsOf (stage: Stage, actor: number, before: Engine, after: Engine, effects: readonly Effect<ToyState>[]): readonly string[] {
  if (stage.actors[actor]?.isHonest !== true) return []
  const own = ownVotes(before)
  const known = new Set(own.map(nameOfVote))
  const rows = new Map([...own, ...after.signing.rows.map(({ vote }) => vote)].map(vote => [nameOfVote(vote), vote]))
  const signed = [...rows].filter(([name, { view }]) => !known.has(name) && view > before.final.view).map(([, vote]) => vote)
  return [
    ...signed.flatMap(vote => contradictions(vote, [...own, ...signed])),
    ...signed.flatMap(vote => orderOf(vote, own)),
    ...effects.flatMap(effect => wrongEffect(stage, effect))
  ]
}

/** Pairs that prove a lie. */
function contradictions (vote: Vote, others: readonly Vote[]): readonly string[] {
  return others.flatMap(other => {
    if (other.view !== vote.view || other === vote) return []
    const isSame = (other.digest === null ? '' : hex(other.digest)) === (vote.digest === null ? '' : hex(vote.digest))
    const types = [other.type, vote.type].toSorted((a, b) => a - b).join()
    const isWrong = (other.type === vote.type && !isSame) || types === `${NULLIFY},${FINALIZE}` || (types === `${NOTARIZE},${FINALIZE}` && !isSame)
    return isWrong ? [`signs ${nameOfVote(vote)} beside ${nameOfVote(other)}`] : []
  })
}

/** NOTARIZE with NULLIFY is no lie, but only in this order. */
function orderOf (vote: Vote, before: readonly Vote[]): readonly string[] {
  const isLate = vote.type === NOTARIZE && before.some(({ type, view }) => type === NULLIFY && view === vote.view)
  return isLate ? [`notarizes at view ${vote.view} after it gave it up`] : []
}

function wrongEffect ({ actors }: Stage, effect: Effect<ToyState>): readonly string[] {
  if (effect.type === 'alarm') return [`raises an alarm: ${effect.code}: ${effect.sentence}`]
  if (effect.type === 'blame') {
    return actors.some(({ name, isHonest }) => name === effect.peer && isHonest) ? [`blames an honest node for ${effect.reason}`] : []
  }
  if (effect.type !== 'send') return []
  const decoded = decodeMessage(effect.message, 65_536)
  if (!decoded.ok || decoded.value.kind !== 'evidence') return []
  const evidence = decodeEvidence(decoded.value.evidence)
  if (!evidence.ok) return ['tells evidence that cannot be read']
  const { signer } = evidence.value.kind === 'bad-justification' ? evidence.value.vote : evidence.value.first
  return actors.some(each => each.signer === signer && each.isHonest) ? [`accuses honest ${actors.find(each => each.signer === signer)?.label ?? ''} of ${evidence.value.kind}`] : []
}
