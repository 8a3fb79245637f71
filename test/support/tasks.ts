import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'

/**
 * How long a page kept from answering: by the clock on the wall, and by that of its thread. Where others want the processors too, a task
 * waits for them, and the clock on the wall tells nothing of the page: it is judged by what its own thread reckoned.
 */
export type Tasks = {
  readonly longestMs: number, readonly busiestMs: number, readonly above50: number
  /** Drawn by WebGL, and read back to be shown, for want of a graphics card. */
  readonly pictures: number
  /** Of these the ones that the page waited for until they were drawn. */
  readonly awaited: number
}

type TraceEvent = { readonly name: string, readonly pid: number, readonly tid: number, readonly ts: number, readonly dur?: number, readonly tdur?: number, readonly args?: { readonly name?: string } }

/** Traces the page until the answer is called. */
export async function watchTasks (page: Page): Promise<() => Promise<Tasks>> {
  const browser = page.context().browser()
  assert.ok(browser !== null)
  await browser.startTracing(page, { categories: ['toplevel', 'gpu'] })
  return async () => {
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] }
    const threads = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(threadOf))
    const named = (name: string): readonly TraceEvent[] => traceEvents.filter(event => event.name === name && threads.has(threadOf(event)))
    const [tasks, pictures, waits] = [named('ThreadControllerImpl::RunTask'), named('GLES2::ReadPixels'), named('ImplementationBase::WaitForCmd')]
    assert.ok(tasks.length > 0)
    const longest = (times: readonly number[]): number => times.reduce((most, time) => Math.max(most, time), 0) / 1_000
    return {
      longestMs: longest(tasks.map(({ dur = 0 }) => dur)), busiestMs: longest(tasks.map(({ tdur = 0 }) => tdur)),
      above50: tasks.filter(({ dur = 0 }) => dur > 50_000).length,
      pictures: pictures.length, awaited: pictures.filter(picture => waits.some(wait => isWithin(wait, picture))).length
    }
  }
}

function isWithin (inner: TraceEvent, outer: TraceEvent): boolean {
  return threadOf(inner) === threadOf(outer) && inner.ts >= outer.ts && inner.ts <= outer.ts + (outer.dur ?? 0)
}

function threadOf ({ pid, tid }: TraceEvent): string {
  return `${pid}/${tid}`
}
