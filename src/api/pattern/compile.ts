import { fail, ok, type Result } from '../../base/index.ts'
import { treeOf, type CharacterSet, type Tree } from './syntax.ts'

/** One step of a thread: it takes a character, goes two ways, is where the text begins or ends, or has matched. */
export type Step =
  | { readonly type: 'take', readonly set: CharacterSet }
  | { readonly type: 'split', readonly one: number, readonly other: number }
  | { readonly type: 'start' | 'end' | 'matched' }
export type Pattern = { readonly text: string, readonly program: readonly Step[] }

const PATTERN_LENGTH_MAX = 100
const STEPS_MAX = 2_000

/** A pattern ready to use, or why it is not taken, in words. */
export function compilePattern (text: string): Result<Pattern, string> {
  if (text.length > PATTERN_LENGTH_MAX) return fail(`a pattern has at most ${PATTERN_LENGTH_MAX} characters`)
  const tree = treeOf(text)
  if (!tree.ok) return tree
  const program: Step[] = []
  if (!emit(program, tree.value)) return fail(`its counts make it longer than ${STEPS_MAX} steps`)
  program.push({ type: 'matched' })
  return ok({ text, program })
}

/** Appends the steps of a tree, behind which the next go on; false where there is no room. */
function emit (program: Step[], tree: Tree): boolean {
  if (program.length >= STEPS_MAX) return false
  switch (tree.type) {
    case 'set':
      program.push({ type: 'take', set: tree.set })
      return true
    case 'start': case 'end':
      program.push({ type: tree.type })
      return true
    case 'sequence': return tree.of.every(each => emit(program, each))
    case 'choice': return emitChoice(program, tree.of)
    case 'repeat': return emitRepeat(program, tree)
  }
}

function emitChoice (program: Step[], [first, ...rest]: readonly Tree[]): boolean {
  if (first === undefined) return true
  if (rest.length === 0) return emit(program, first)
  const split = program.push({ type: 'split', one: 0, other: 0 }) - 1
  if (!emit(program, first)) return false
  const jump = program.push({ type: 'split', one: 0, other: 0 }) - 1
  program[split] = { type: 'split', one: split + 1, other: program.length }
  if (!emitChoice(program, rest)) return false
  program[jump] = { type: 'split', one: program.length, other: program.length }
  return true
}

function emitRepeat (program: Step[], { of, min, max }: Extract<Tree, { readonly type: 'repeat' }>): boolean {
  for (let done = 0; done < min; done++) if (!emit(program, of)) return false
  if (max === null) {
    const split = program.push({ type: 'split', one: 0, other: 0 }) - 1
    if (!emit(program, of)) return false
    program.push({ type: 'split', one: split, other: split })
    program[split] = { type: 'split', one: split + 1, other: program.length }
    return true
  }
  const splits: number[] = []
  for (let done = min; done < max; done++) {
    splits.push(program.push({ type: 'split', one: 0, other: 0 }) - 1)
    if (!emit(program, of)) return false
  }
  for (const split of splits) program[split] = { type: 'split', one: split + 1, other: program.length }
  return true
}
