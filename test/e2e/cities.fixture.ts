import { strict as assert } from 'node:assert'
import type { City } from '../../scripts/demo/city.ts'
import { utf8 } from '../../src/base/index.ts'
import { PURPOSE_NS, type Client } from '../../src/sdk/index.ts'
import { openConsole, type Console, type Look } from '../support/browser.ts'
import { until } from '../support/nodes.ts'

/** What every field that another member fills may hold. */
export const HOSTILE = '<img src=x onerror=alert(1)> "\'}{{7*7}}'

export type Wanted = { readonly datasetId: string, readonly title?: string, readonly to?: readonly string[], readonly purposes?: readonly string[], readonly fromMs?: number }

/** Publishes a small table; with `to`, restricted to these members and purposes. */
export async function publish ({ client }: City, { datasetId, title = datasetId, to, purposes = ['waste.collection'], fromMs }: Wanted): Promise<string> {
  const description = {
    datasetId, title, description: `What ${title} holds`, theme: 'waste', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null,
    schema: [{ name: 'bin', type: 'text', unit: null }, { name: 'full', type: 'integer', unit: null }], access: to === undefined ? 'members' : 'restricted', simulated: false
  } as const
  const lines = ['bin,full\n', 'a,1\n', 'b,2\n']
  const records = lines.map((line, at) => ({ key: utf8(at === 0 ? 'header/0' : `row/${at}`), timeMs: 0, operation: 'put', mediaType: 'text/csv', body: utf8(line) } as const))
  const content = { form: 'table', mediaType: 'text/csv', fileName: `${datasetId}.csv`, sizeBytes: null, records } as const
  const published = await client.publish(description, content, undefined, to === undefined ? undefined : await termsOf(client, to, purposes, fromMs))
  assert.ok(published.ok, JSON.stringify(published))
  return published.value.id
}

async function termsOf (client: Client, members: readonly string[], purposes: readonly string[], fromMs: number | undefined): Promise<{ readonly terms: unknown }> {
  const template = await client.termsTemplate('neighbours')
  assert.ok(template.ok)
  const form = typeof template.value.terms === 'object' ? template.value.terms : {}
  return {
    ...template.value,
    terms: { ...form, audience: { type: 'named', members }, purposes: purposes.map(each => PURPOSE_NS + each), ...fromMs === undefined ? {} : { fromMs, untilMs: fromMs + 86_400_000 } }
  }
}

export async function isListed ({ client }: City, id: string): Promise<void> {
  await until(async () => (await client.dataset(id)).ok, `${id} is listed`)
}

/** Each look that a page must be right in, one after the other. */
const LOOKS: readonly Look[] = [
  { theme: 'light', language: 'en' }, { theme: 'dark', language: 'de' }, { theme: 'dark', language: 'en', width: 400 }, { theme: 'light', language: 'de', width: 400 }
]

/** Opens a page in every look: axe finds nothing, nothing overflows, and a picture is made of it. */
export async function looksRight (city: City, address: string, shown: (opened: Console) => Promise<void>, name: string): Promise<void> {
  for (const look of LOOKS) {
    const opened = await openConsole(city, look)
    await opened.go(address)
    await shown(opened)
    await opened.picture(name)
    assert.deepEqual(await opened.violations(), [], `${name} ${JSON.stringify(look)}`)
    const overflow = await opened.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide, ${JSON.stringify(look)}`)
    await opened.close()
  }
}
