/**
 * Reads QR codes by ISO/IEC 18004, from perfect modules: what a telephone reads once it has found them. Of the levels of correction
 * it knows L alone; where one module is wrong it fails, because every block must be a code word of its Reed-Solomon code.
 */
import { strict as assert } from 'node:assert'

/** For versions 1 to 40 at level L: code words of correction in each block, and blocks. */
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25]
const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
const LEVEL_L = 1
const FORMAT_MASK = 0x5412

type Dark = (x: number, y: number) => boolean

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, x => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => x * y % 2 + x * y % 3 === 0,
  (x, y) => (x * y % 2 + x * y % 3) % 2 === 0, (x, y) => ((x + y) % 2 + x * y % 3) % 2 === 0
]

/** Modules that an SVG path of unit squares draws, as `M3 4h1v1h-1z`, within a quiet zone. */
export function modulesOfPath (path: string, quiet: number, size: number): readonly (readonly boolean[])[] {
  const squares = new Set([...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x} ${y}`))
  assert.equal([...squares].reduce((sum, square) => sum + `M${square}h1v1h-1z`.length, 0), path.length, 'the path holds nothing but squares')
  for (const square of squares) assert.ok(square.split(' ').every(at => Number(at) >= quiet && Number(at) < size - quiet), 'the quiet zone is empty')
  const inner = Array.from({ length: size - 2 * quiet }, (_, at) => at + quiet)
  return inner.map(y => inner.map(x => squares.has(`${x} ${y}`)))
}

/** The text in a code. */
export function readQr (modules: readonly (readonly boolean[])[]): string {
  const size = modules.length
  const version = (size - 17) / 4
  assert.ok(Number.isInteger(version) && version >= 1 && version <= 40, `no code has ${size} modules a side`)
  const dark: Dark = (x, y) => modules[y]?.[x] === true
  finders(dark, size)
  const format = formatOf(dark) ^ FORMAT_MASK
  assert.equal(format >> 13, LEVEL_L, 'of another level')
  return textOf(bitsOf(dataOf(wordsOf(dark, size, version, MASKS[format >> 10 & 7] ?? assert.fail()), version)), version)
}

function finders (dark: Dark, size: number): void {
  for (const [left, top] of [[0, 0], [size - 7, 0], [0, size - 7]] as const) {
    for (let y = 0; y < 7; y++) {
      for (let x = 0; x < 7; x++) assert.equal(dark(left + x, top + y), Math.max(Math.abs(x - 3), Math.abs(y - 3)) !== 2, 'a finder is broken')
    }
  }
}

function formatOf (dark: Dark): number {
  const places = [...[0, 1, 2, 3, 4, 5, 7, 8].map(y => [8, y] as const), [7, 8] as const, ...[5, 4, 3, 2, 1, 0].map(x => [x, 8] as const)]
  return places.reduce((bits, [x, y], at) => bits | Number(dark(x, y)) << at, 0)
}

/** Whether a module is for finding and timing, and none of the data. */
function isFunction (x: number, y: number, size: number, version: number): boolean {
  if (x === 6 || y === 6) return true
  if ((x < 9 && y < 9) || (x >= size - 8 && y < 9) || (x < 9 && y >= size - 8)) return true
  if (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6))) return true
  const centres = centresOf(size, version)
  return centres.some(cx => centres.some(cy => Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2 && !isAtFinder(cx, cy, size)))
}

function isAtFinder (x: number, y: number, size: number): boolean {
  return (x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6)
}

function centresOf (size: number, version: number): readonly number[] {
  if (version === 1) return []
  const count = Math.floor(version / 7) + 2
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - at * step)]
}

/** Code words in the order in which they are drawn: two columns at a time, up and down, from the right. */
function wordsOf (dark: Dark, size: number, version: number, mask: (x: number, y: number) => boolean): readonly number[] {
  const bits: boolean[] = []
  for (let right = size - 1, isUp = true; right >= 1; right -= 2, isUp = !isUp) {
    if (right === 6) right = 5
    for (let row = 0; row < size; row++) {
      const y = isUp ? size - 1 - row : row
      for (const x of [right, right - 1]) if (!isFunction(x, y, size, version)) bits.push(dark(x, y) !== mask(x, y))
    }
  }
  return Array.from({ length: Math.floor(bits.length / 8) }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((word, bit) => word << 1 | Number(bit), 0))
}

/** Words of data in their order, out of blocks that are interleaved, each checked. */
function dataOf (words: readonly number[], version: number): readonly number[] {
  const [count, correction] = [BLOCKS[version - 1] ?? 0, CORRECTION[version - 1] ?? 0]
  const short = Math.floor(words.length / count) - correction
  const longs = words.length % count
  const blocks = Array.from({ length: count }, (): number[] => [])
  let at = 0
  for (let row = 0; row <= short; row++) {
    blocks.forEach((block, index) => { if (row < short || index >= count - longs) block.push(words[at++] ?? 0) })
  }
  const data = blocks.map(block => [...block])
  for (let row = 0; row < correction; row++) for (const block of blocks) block.push(words[at++] ?? 0)
  for (const block of blocks) assert.ok(isCodeWord(block, correction), 'a block does not fit its correction')
  return data.flat()
}

/** Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1: zero at every power of the root. */
function isCodeWord (block: readonly number[], correction: number): boolean {
  let root = 1
  for (let power = 0; power < correction; power++, root = times(root, 2)) {
    if (block.reduce((sum, word) => times(sum, root) ^ word, 0) !== 0) return false
  }
  return true
}

function times (a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = product << 1 ^ (product >> 7) * 0x11d
    product ^= (b >> bit & 1) * a
  }
  return product
}

function bitsOf (data: readonly number[]): (size: number) => number {
  const bits = data.map(word => word.toString(2).padStart(8, '0')).join('')
  let at = 0
  return size => {
    const taken = bits.slice(at, at += size)
    return taken === '' ? 0 : Number.parseInt(taken, 2)
  }
}

function textOf (take: (size: number) => number, version: number): string {
  const [BYTES, LETTERS] = [4, 2]
  let text = ''
  for (let mode = take(4); mode !== 0; mode = take(4)) {
    if (mode === LETTERS) {
      const length = take(version < 10 ? 9 : version < 27 ? 11 : 13)
      for (let left = length; left > 0; left -= 2) {
        const value = take(left > 1 ? 11 : 6)
        text += left > 1 ? `${ALPHANUMERIC[Math.floor(value / 45)]}${ALPHANUMERIC[value % 45]}` : ALPHANUMERIC[value]
      }
    } else {
      assert.equal(mode, BYTES, `a segment of mode ${mode}`)
      const length = take(version < 10 ? 8 : 16)
      text += String.fromCharCode(...Array.from({ length }, () => take(8)))
    }
  }
  return text
}
