/** How often something may happen: `perSecond` in the long run, `burst` at once. */
export type Rate = { readonly perSecond: number, readonly burst: number }

type Bucket = { readonly filled: number, readonly atMs: number }

/**
 * Token buckets by name. Remembers at most `max` names: the one that was quiet longest goes first, and would begin full again, which
 * is what it had become meanwhile or little more.
 */
export class Buckets {
  readonly #max: number
  /** In the order of their last use. */
  readonly #buckets: Map<string, Bucket> = new Map()

  constructor (max: number) {
    this.#max = max
  }

  /** Takes one; else tells in how many milliseconds there is one. */
  take (name: string, { perSecond, burst }: Rate, nowMs: number): number {
    const known = this.#buckets.get(name)
    const filled = known === undefined ? burst : Math.min(burst, known.filled + Math.max(0, nowMs - known.atMs) * perSecond / 1_000)
    const isEnough = filled >= 1
    this.#buckets.delete(name)
    this.#buckets.set(name, { filled: isEnough ? filled - 1 : filled, atMs: nowMs })
    const oldest = this.#buckets.size > this.#max ? this.#buckets.keys().next().value : undefined
    if (oldest !== undefined) this.#buckets.delete(oldest)
    return isEnough ? 0 : Math.ceil((1 - filled) * 1_000 / perSecond)
  }

  get size (): number {
    return this.#buckets.size
  }
}

/** What counts as one address, whatever port some servers in front write behind it: who has an IPv6 network of 64 bits has all its addresses. */
export function networkOf (address: string): string {
  const host = /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '').split('%')[0] ?? ''
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = tail === undefined ? before : [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0'), ...after]
  return `${groups.slice(0, 4).map(group => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')}::/64`
}
