import type { Client } from '../../sdk/index.ts'

/** Titles of datasets by their ids, asked for once each: requests and agreements name datasets by id alone. */
export class Titles {
  #titles = $state<Readonly<Record<string, string>>>({})
  readonly #asked = new Set<string>()
  readonly #client: Client

  constructor (client: Client) {
    this.#client = client
  }

  /** Its title; the short id until that is known, and where the catalogue has it no more. */
  of (id: string): string {
    return this.#titles[id] ?? id.slice(id.lastIndexOf('/') + 1)
  }

  /** Asks for the titles of these where nobody has. */
  async know (ids: readonly string[]): Promise<void> {
    await Promise.all(ids.filter(id => !this.#asked.has(id)).map(async id => {
      this.#asked.add(id)
      const found = await this.#client.dataset(id)
      if (found.ok) this.#titles = { ...this.#titles, [id]: found.value.title }
    }))
  }
}
