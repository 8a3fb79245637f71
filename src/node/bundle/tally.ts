import { assert } from '../../base/index.ts'
import type { BundleReport } from '../contract/index.ts'
import type { Verified } from './verifying.ts'

const CATALOGUE = 'catalogue'

/** Counts what a bundle holds as it passes. */
export class Tally {
  #federation = ''
  #federationName = ''
  #datasets: readonly string[] = []
  #names: readonly string[] = []
  #feeds = 0
  #records = 0
  segments = 0
  files = 0
  bytes = 0
  /** Segments and files that were not here before. */
  added = 0

  async * count (source: AsyncIterable<Verified>): AsyncGenerator<Verified> {
    for await (const item of source) {
      this.#take(item)
      yield item
    }
  }

  #take (item: Verified): void {
    if (item.type === 'opened') {
      this.#federation = item.charter.federation.toString()
      this.#federationName = item.charter.name
      this.#feeds = item.feeds.length
      const declarations = item.feeds.map(({ declaration }) => declaration).filter(each => each.datasetId !== CATALOGUE && !each.class.startsWith('pair:'))
      const members = new Map(item.charter.founders.map(({ member, name }) => [member, name]))
      this.#datasets = declarations.map(({ publisher, datasetId }) => `${publisher}/${datasetId}`)
      this.#names = declarations.map(({ publisher, datasetId }) => `${members.get(publisher) ?? publisher}/${datasetId}`)
    } else if (item.type === 'segment') {
      this.segments++
      this.#records += item.leaf.count
      this.bytes += item.bytes.length
    } else if (item.type === 'block') {
      this.bytes += item.bytes.length
      if (item.isLast) this.files++
    }
  }

  report (): BundleReport {
    assert(this.#federation !== '', 'a bundle that was read')
    return {
      federation: this.#federation, federationName: this.#federationName, feeds: this.#feeds, segments: this.segments, records: this.#records,
      bytes: this.bytes, files: this.files, added: this.added, datasets: this.#datasets, names: this.#names
    }
  }
}
