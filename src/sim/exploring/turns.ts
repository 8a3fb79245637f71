import { NULLIFY } from '../../core/finality/index.ts'
import { TICK, type Item, type Locals, type Sent } from './locals.ts'

/** Messages that an engine gets one after the other, of which only the last makes it say something. */
export type EngineTurn = { readonly to: number, readonly taken: readonly number[], readonly sent: readonly Sent[] }

type Prefix = { readonly state: number, readonly taken: readonly number[] }

/**
 * All turns of an engine in a state with these messages on their way, and no more of them than needed.
 *
 * Why this is a sound reduction. A delivery that makes an engine say nothing and show nothing changes that engine alone, so it
 * commutes with all that others do meanwhile; every run is therefore like one in which each engine takes its silent deliveries
 * right before the next one that is not silent, and a run ends with a delivery that is not silent or might as well end before.
 * A silent delivery that is not needed for what follows (the turn without it, and then it, leads to the same state with the
 * same messages) is put off to a later turn, which leaves a shorter one; that is checked case by case, not assumed. What is
 * assumed: a silent NOTARIZE or FINALIZE vote is looked at by what concerns the same view, type and block alone, and a silent
 * NULLIFY vote by what concerns its view, so a turn need not mix those of different kinds.
 */
export function turnsOf (locals: Locals, state: number, waiting: readonly number[]): readonly EngineTurn[] {
  const turns = new Map<string, EngineTurn>()
  const seen = new Set<string>()
  const prefixes: Prefix[] = [{ state, taken: [] }]
  for (let prefix = prefixes.pop(); prefix !== undefined; prefix = prefixes.pop()) {
    for (const item of [...waiting, TICK]) {
      if (item !== TICK && (prefix.taken.includes(item) || !isKin(locals, prefix.taken, item))) continue
      const move = locals.move(prefix.state, item)
      const taken = [...prefix.taken, item]
      if (move.isVisible) {
        const name = `${move.to}/${taken.filter(each => each !== TICK).toSorted((a, b) => a - b).join()}/${namesOf(move.sent)}`
        if (!turns.has(name) && isNeeded(locals, state, taken, move.to, move.sent)) turns.set(name, { to: move.to, taken, sent: move.sent })
      } else if (move.to !== prefix.state) {
        const name = `${move.to}/${taken.filter(each => each !== TICK).toSorted((a, b) => a - b).join()}`
        if (seen.has(name)) continue
        seen.add(name)
        prefixes.push({ state: move.to, taken })
      }
    }
  }
  return [...turns.values()]
}

function isKin (locals: Locals, taken: readonly number[], item: number): boolean {
  const { vote } = locals.item(item)
  if (vote === null) return true
  return taken.every(each => {
    const other = each === TICK ? null : locals.item(each).vote
    if (other === null || (vote.type === NULLIFY) !== (other.type === NULLIFY)) return true
    return vote.type === NULLIFY ? vote.view === other.view : vote.about === other.about
  })
}

/** Whether each silent delivery is needed: without it, and with it afterwards, something else would become of it. */
function isNeeded (locals: Locals, state: number, taken: readonly number[], to: number, sent: readonly Sent[]): boolean {
  const last = taken.at(-1) ?? TICK
  const names = namesOf(sent)
  return taken.slice(0, -1).every((put, at) => {
    let now = state
    for (const each of taken.toSpliced(at, 1).slice(0, -1)) {
      const move = locals.move(now, each)
      if (move.isVisible) return true
      now = move.to
    }
    const without = locals.move(now, last)
    if (!without.isVisible) return true
    const after = locals.move(without.to, put)
    return after.to !== to || namesOf([...without.sent, ...after.sent]) !== names
  })
}

function namesOf (sent: readonly Sent[]): string {
  return [...new Set(sent.map(({ to, item }) => `${to}:${item}`))].toSorted().join()
}

export function labelOf (item: Item | undefined): string {
  return item === undefined ? 'time passes' : item.label
}
