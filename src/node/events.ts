import type { Catalogue } from './catalogue/index.ts'
import type { Dataset, NodeEvent } from './contract/index.ts'
import type { Datasets } from './datasets/index.ts'
import type { Federation } from './federation/index.ts'
import { Signal } from './feeds/index.ts'

const EVENTS_QUEUED_MAX = 10_000

/** Tells of what happens in the federation as events. */
export function announce (
  { federation, catalogue, datasets }: { readonly federation: Federation, readonly catalogue: Catalogue, readonly datasets: Datasets }, events: Signal<NodeEvent>
): void {
  federation.peersChanged.on(({ member, isUp }) => {
    events.emit({ type: 'peer', did: member, name: federation.members.nameOf(member), reachable: isUp })
  })
  catalogue.changed.on(({ publisher, datasetId, isNew }) => {
    events.emit({ type: 'dataset', id: `${publisher}/${datasetId}`, change: isNew ? 'new' : 'changed' })
  })
  const complete = new Set<string>()
  datasets.changed.on(id => {
    const found = datasets.find(id)
    const dataset: Dataset | undefined = found.ok ? datasets.view(found.value) : undefined
    if (dataset === undefined) return
    if (dataset.held.phase === 'frozen') events.emit({ type: 'dataset', id, change: 'frozen' })
    if (dataset.held.phase !== 'complete') complete.delete(id)
    else if (!complete.has(id)) {
      complete.add(id)
      events.emit({ type: 'dataset', id, change: 'complete' })
    }
  })
}

/** Events from now on. A reader that lags by too many is ended: it reads anew. */
export async function * eventsOf (events: Signal<NodeEvent>, signal: AbortSignal): AsyncGenerator<NodeEvent> {
  const queue: NodeEvent[] = []
  const came = new Signal<void>()
  let isTooSlow = false
  const stop = events.on(event => {
    if (queue.length >= EVENTS_QUEUED_MAX) isTooSlow = true
    else queue.push(event)
    came.emit()
  })
  try {
    while (!signal.aborted && !isTooSlow) {
      const next = queue.shift()
      if (next !== undefined) yield next
      else await came.next(signal)
    }
  } finally {
    stop()
  }
}
