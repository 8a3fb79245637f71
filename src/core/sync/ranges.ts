import type { Range } from './messages.ts'

/** Sorted, disjoint, non-adjacent ranges of segment indexes. */
export type Ranges = readonly Range[]

export function addRange (ranges: Ranges, [from, to]: Range): Ranges {
  if (to <= from) return ranges
  const before = ranges.filter(each => each[1] < from)
  const after = ranges.filter(each => each[0] > to)
  const touching = ranges.filter(each => each[1] >= from && each[0] <= to)
  const start = Math.min(from, ...touching.map(each => each[0]))
  const end = Math.max(to, ...touching.map(each => each[1]))
  return [...before, [start, end], ...after]
}

export function removeRange (ranges: Ranges, [from, to]: Range): Ranges {
  if (to <= from) return ranges
  return ranges.flatMap(([a, b]): Range[] => {
    if (b <= from || a >= to) return [[a, b]]
    const left: Range[] = a < from ? [[a, from]] : []
    const right: Range[] = b > to ? [[to, b]] : []
    return [...left, ...right]
  })
}

export function countOf (ranges: Ranges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0)
}

export function hasIndex (ranges: Ranges, index: number): boolean {
  return ranges.some(([from, to]) => from <= index && index < to)
}
