/**
 * Tells whether a text matches a regular expression that a stranger wrote, in time that grows with text times pattern and no faster.
 *
 * Threads over a small program instead of backtracking (Thompson 1968; Pike's form of it), so no pattern can stall the node. The
 * syntax is what ECMAScript and POSIX extended expressions share: literals, `.`, classes, `\d \w \s` and their opposites, `^ $`,
 * groups, `|`, `* + ?` and counts. A match may stand anywhere in the text. Back-references, looking around and word boundaries are refused, by name.
 */
export { compilePattern, type Pattern } from './compile.ts'
export { matches, type Budget } from './match.ts'
