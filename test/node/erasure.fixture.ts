import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../src/host/index.ts'
import { systemClock } from '../../src/host/system/index.ts'

/** Files below a folder in which these bytes stand anywhere: tables, logs, manifests and all. */
export async function filesWith (folder: string, canary: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const { name, parentPath } of (await readdir(folder, { recursive: true, withFileTypes: true })).filter(each => each.isFile())) {
    const path = join(parentPath, name)
    // LevelDB may take away what it has just replaced.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    if (bytes.includes(canary)) found.push(path)
  }
  return found
}

/** The real clock, put forward: whoever wanted to be woken meanwhile is woken, in order. */
export type PutForward = Clock & {
  advance (ms: number): void
  /** As a computer that slept: whoever is late is woken once. */
  jump (ms: number): void
}

export function clockToPutForward (): PutForward {
  let aheadMs = 0
  type Waiting = { dueMs: number, readonly run: () => void, cancel: () => void }
  const waiting = new Set<Waiting>()
  const clock = {
    nowMs: (): number => systemClock.nowMs() + aheadMs,
    monotonicMs: (): number => systemClock.monotonicMs() + aheadMs,
    wake (delayMs: number, run: () => void): () => void {
      const each: Waiting = { dueMs: clock.monotonicMs() + delayMs, run, cancel: () => {} }
      const fire = (): void => {
        waiting.delete(each)
        run()
      }
      each.cancel = systemClock.wake(delayMs, fire)
      waiting.add(each)
      return () => {
        waiting.delete(each)
        each.cancel()
      }
    },
    advance (ms: number): void {
      const end = clock.monotonicMs() + ms
      for (;;) {
        const [next] = [...waiting].filter(({ dueMs }) => dueMs <= end).toSorted((a, b) => a.dueMs - b.dueMs)
        if (next === undefined) break
        aheadMs += Math.ceil(Math.max(0, next.dueMs - clock.monotonicMs()))
        waiting.delete(next)
        next.cancel()
        next.run()
      }
      aheadMs += Math.ceil(Math.max(0, end - clock.monotonicMs()))
    },
    jump (ms: number): void {
      aheadMs += ms
      for (const each of [...waiting].filter(({ dueMs }) => dueMs <= clock.monotonicMs())) {
        waiting.delete(each)
        each.cancel()
        each.run()
      }
    }
  }
  return clock
}
