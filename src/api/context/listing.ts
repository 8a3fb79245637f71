import { setImmediate } from 'node:timers/promises'
import type { Asker, Dataset, HanseNode } from '../../node/contract/index.ts'

/** So many are judged and shown at once. */
const PAGE = 500

/** All datasets that the asker may know of, each once, a page at a time with other work of the node in between. */
export async function * pagesOfDatasets (node: Pick<HanseNode, 'datasets'>, asker: Asker): AsyncGenerator<readonly Dataset[]> {
  // Where the last of a page was withdrawn meanwhile, the next page begins anew.
  const seen = new Set<string>()
  for (let after: string | undefined; ;) {
    const page = node.datasets({ limit: PAGE, ...after === undefined ? {} : { after } }, asker)
    const fresh = page.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    yield fresh
    after = page.at(-1)?.id
    if (page.length < PAGE || after === undefined) return
    await setImmediate()
  }
}
