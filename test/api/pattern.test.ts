import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { compilePattern, matches, type Budget } from '../../src/api/pattern/index.ts'

const plenty = (): Budget => ({ steps: 10_000_000 })
const isMatch = (pattern: string, text: string): boolean => {
  const compiled = compilePattern(pattern)
  if (!compiled.ok) assert.fail(`${pattern}: ${compiled.failure}`)
  return matches(compiled.value, text, plenty())
}

/** Patterns of what both sides speak. */
const patterns = fc.letrec<{ pattern: string, piece: string }>(tie => ({
  piece: fc.oneof({ maxDepth: 3, withCrossShrink: true },
    fc.constantFrom('a', 'b', 'ä', '.', '[ab]', '[^a]', '[a-c1]', '\\d', '\\w', '\\s', '\\.', '\\S', '^', '$', '[\\d-]', '[\\]a]'),
    fc.tuple(tie('pattern'), fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?')).map(([inner, count]) => `(${inner})${count}`),
    fc.tuple(fc.constantFrom('a', '[ab]', '\\d', '.'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}')).map(parts => parts.join(''))),
  pattern: fc.array(fc.oneof(tie('piece'), fc.constant('|')), { maxLength: 4 }).map(parts => parts.join(''))
})).pattern

describe('pattern', () => {
  it('matches what the engine of ECMAScript matches', () => {
    fc.assert(fc.property(patterns, fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ä', '1', ' ', '.', '\n', '😀'), maxLength: 8 }), (pattern, text) => {
      if (pattern.length <= 100) assert.equal(isMatch(pattern, text), new RegExp(pattern, 'u').test(text), `/${pattern}/ on ${JSON.stringify(text)}`)
    }), { numRuns: 2_000 })
  })

  it('counts exactly', () => {
    for (const [pattern, fits, misses] of [['^a{1,2}$', 'aa', 'aaa'], ['^a{2}$', 'aa', 'a'], ['^(ab){0,1}$', 'ab', 'abab'], ['^a{2,}$', 'aaaa', 'a'], ['^(a|b)+c?$', 'abc', 'abcc'], ['^[^a-c]$', 'd', 'b']] as const) {
      assert.deepEqual([isMatch(pattern, fits), isMatch(pattern, misses)], [true, false], pattern)
    }
  })

  it('answers quickly where backtracking would take for ever', () => {
    for (const pattern of ['(a+)+$', '(a|a)*$', '(a*)*b', '(.*)*x$', '((a{1,9}){1,9}){1,9}$', '(a?){50}a{50}$']) {
      const budget = plenty()
      const compiled = compilePattern(pattern)
      assert.ok(compiled.ok, pattern)
      matches(compiled.value, `${'a'.repeat(2_000)}!`, budget)
      assert.ok(budget.steps > 0, `${pattern}: ${budget.steps}`)
    }
    const spent: Budget = { steps: 100 }
    const long = compilePattern('x$')
    assert.ok(long.ok)
    assert.equal(matches(long.value, `${'a'.repeat(1_000)}x`, spent), false)
    assert.ok(spent.steps <= 0, 'and whoever asked is told')
  })

  it('counts ways that take no character, and ranges, as work', () => {
    for (const [pattern, perCharacter] of [[`${'(|||||){30}'.repeat(6)}z`, 1_500], [`[${'bcdefghijklmno'.split('').join('-')}]z`, 7], ['[bdfhjlnprt]{9}z', 10]] as const) {
      const budget = plenty()
      const compiled = compilePattern(pattern)
      assert.ok(compiled.ok, pattern)
      assert.equal(matches(compiled.value, 'a'.repeat(1_000), budget), false)
      assert.ok(plenty().steps - budget.steps >= 1_000 * perCharacter, `${pattern}: ${plenty().steps - budget.steps}`)
    }
  })

  it('says what it does not take', () => {
    for (const [pattern, said] of [
      ['(a)\\1', 'back-references'], ['(?=a)', 'looking around'], ['(?<name>a)', 'names of groups'], ['\\bx', '\\b'], ['[[:alpha:]]', 'named classes'], ['(', 'without'], [')', 'without'], ['[a', 'without'],
      ['*a', 'nothing before'], ['a{200}', 'counts'], ['a{3,1}', 'counts'], ['a{', 'no count'], ['a**', 'two counts'], ['[z-a]', 'range'], ['\\', 'end'], ['a'.repeat(101), '100 characters'],
      ['((((a{99}){99}))){9}', 'steps'], [`${'('.repeat(20)}a${')'.repeat(20)}`, 'nested']
    ] as const) {
      const compiled = compilePattern(pattern)
      assert.ok(!compiled.ok && compiled.failure.includes(said), `${pattern}: ${compiled.ok ? 'taken' : compiled.failure}`)
    }
  })

  it('never fails but by a reason, whatever it is given', () => {
    fc.assert(fc.property(fc.string({ maxLength: 100, unit: 'binary' }), fc.string({ maxLength: 20 }), (pattern, text) => {
      const compiled = compilePattern(pattern)
      if (compiled.ok) matches(compiled.value, text, plenty())
    }), { numRuns: 500 })
  })
})
