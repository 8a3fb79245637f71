import { signingKeyOfSeed } from '../../src/core/identity/index.ts'
import type { Clock, Host, Row, Store } from '../../src/host/index.ts'
import { joinPort, openNetwork } from '../../src/host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createNode, keysOf, type HanseNode, type NodeOptions, type Seeds } from '../../src/node/index.ts'
import { committing } from './committing.ts'
import { openMemoryStore, type MemoryStore } from './memory-store.ts'
import { freePort } from '../../scripts/ports.ts'

/** Where the power goes: at the commit of this number, counted over both databases, before or after it is durable. */
export type Cut = { readonly commit: number, readonly durable: boolean }

/**
 * A city whose databases are in memory, with a real network: it can be killed at any step, its rows can be damaged or put
 * back to what they were, and it starts again over what was durable.
 */
export class MemoryCity {
  readonly name: string
  readonly seeds: Seeds
  readonly port: number
  readonly options: Partial<NodeOptions>
  store: MemoryStore = openMemoryStore('store of ada')
  signer: MemoryStore = openMemoryStore('signer of ada')
  #node: HanseNode | undefined
  #kill: () => Promise<void> = async () => {}
  /** Every row of the signer, as it was committed: what was promised. */
  readonly promised: Row[] = []
  commits = 0

  private constructor (name: string, seeds: Seeds, port: number, options: Partial<NodeOptions>) {
    this.name = name
    this.seeds = seeds
    this.port = port
    this.options = options
  }

  static async make (name: string, options: Partial<NodeOptions> = {}): Promise<MemoryCity> {
    const [root, node, transport, encryption] = [1, 2, 3, 4].map(() => systemRandom.bytes(32))
    if (root === undefined || node === undefined || transport === undefined || encryption === undefined) throw new Error('four seeds')
    const seeds = { root, rootPublicKey: signingKeyOfSeed(root).publicKey, node, transport, encryption }
    return new MemoryCity(name, seeds, await freePort(), options)
  }

  get node (): HanseNode {
    if (this.#node === undefined) throw new Error(`${this.name} does not run`)
    return this.#node
  }

  /** Resolves with false where the power went before the node was up. */
  async start (cut?: Cut): Promise<boolean> {
    this.#reopen()
    this.commits = 0
    const power = new AbortController()
    const opened: Promise<{ stop (): Promise<void> }>[] = []
    const keep = <T extends { stop (): Promise<void> }>(open: () => Promise<T>): Promise<T> => {
      // Reads go on without power, and would lead on to ports that the next start needs.
      if (power.signal.aborted) return new Promise<never>(() => {})
      const opening = open()
      opened.push(opening)
      return opening
    }
    const { clock, stop } = mortalClock()
    const kill = async (): Promise<void> => {
      power.abort()
      stop()
      // Also what is just being opened.
      for (const each of await Promise.allSettled(opened)) if (each.status === 'fulfilled') await each.value.stop()
    }
    const wired = (store: Store): Store => wire(store, power, () => ++this.commits, cut)
    const host: Host = {
      clock, random: systemRandom, store: wired(this.store),
      signer: wired(told(this.signer, row => { this.promised.push(row) })),
      openNetwork: options => keep(() => openNetwork(options)),
      join: { listen: options => keep(() => joinPort.listen(options)), call: options => joinPort.call(options) }
    }
    const address = `/ip4/127.0.0.1/tcp/${this.port}`
    const starting = createNode({
      host, keys: keysOf(this.seeds), name: this.name, listen: [address], announce: [address], joinListen: ['/ip4/127.0.0.1/tcp/0'],
      joinAnnounce: [], lan: false, profile: 'normal', gossip: true, listingEveryMs: 500, keepsAll: true, quotaBytes: 1e12,
      segmentBytesTarget: 65_536, lingerMs: 5, scrubHours: 24, hasRoom: () => true, log: () => {}, ...this.options
    })
    const dark = new Promise<undefined>(resolve => { power.signal.addEventListener('abort', () => resolve(undefined)) })
    this.#node = await Promise.race([starting, dark])
    this.#kill = kill
    return this.#node !== undefined
  }

  /** Ends it as kill -9 does: nothing more is written, said or done. */
  async kill (): Promise<void> {
    this.#node = undefined
    await this.#kill()
    this.#reopen()
  }

  async stop (): Promise<void> {
    await this.#node?.stop()
    this.#node = undefined
    this.#reopen()
  }

  /** What is durable, to be looked at and changed while nothing runs. */
  #reopen (): void {
    this.store = this.store.reopen()
    this.signer = this.signer.reopen()
  }
}

function wire (store: Store, power: AbortController, count: () => number, cut: Cut | undefined): Store {
  const never = new Promise<never>(() => {})
  return committing(store, async rows => {
    if (power.signal.aborted) return never
    const isLast = count() === cut?.commit
    if (!isLast || cut.durable) await store.commit(rows)
    if (power.signal.aborted) return never
    if (!isLast) return
    power.abort()
    return never
  })
}

function told (store: Store, tell: (row: Row) => void): Store {
  return committing(store, async rows => {
    for (const row of rows) tell(row)
    await store.commit(rows)
  })
}

/** The real clock, of which nothing comes any more once it is stopped. */
function mortalClock (): { readonly clock: Clock, readonly stop: () => void } {
  const waiting = new Set<() => void>()
  let isStopped = false
  const clock: Clock = {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs(),
    wake (delayMs, run) {
      if (isStopped) return () => {}
      const cancel = systemClock.wake(delayMs, () => {
        waiting.delete(cancel)
        run()
      })
      waiting.add(cancel)
      return () => {
        waiting.delete(cancel)
        cancel()
      }
    }
  }
  const stop = (): void => {
    isStopped = true
    for (const cancel of waiting) cancel()
  }
  return { clock, stop }
}
