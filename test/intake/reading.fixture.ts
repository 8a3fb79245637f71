/** Carries documents to readers as a connector does: from memory, and through files where a reader asks for one. */
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, ok, textOf, utf8, type Result } from '../../src/base/index.ts'
import type { Document, Output, ReadFailure, Reader, Reading } from '../../src/intake/reader/index.ts'
import type { RecordInput } from '../../src/sdk/index.ts'

export const NOW_MS = 1_700_000_100_000
const SECRET: Uint8Array = new Uint8Array(32).fill(7)

export type Pages = Readonly<Record<string, string | Uint8Array>>

/** Reads the page at `first` and all that the reader asks for. The session is closed after `use`. */
export async function readPages<T = Reading> (
  reader: Reader, pages: Pages, first: string, use: (reading: Reading) => T | Promise<T> = reading => reading as T, nowMs: number = NOW_MS
): Promise<Result<T, ReadFailure>> {
  const folder = mkdtempSync(join(tmpdir(), 'hanse-reading-'))
  const session = reader.begin({ nowMs, secret: SECRET })
  try {
    const waiting = [{ name: '', url: first, optional: false }]
    for (let count = 0; waiting.length > 0; count++) {
      assert.ok(count < 1_000, 'a reader comes to an end')
      const asked = waiting.shift()
      if (asked === undefined) break
      const content = Object.hasOwn(pages, asked.url) ? pages[asked.url] : undefined
      if (content === undefined) {
        assert.ok(asked.optional, `${asked.url} is not there`)
        continue
      }
      const taken = await session.take(documentOf(asked.name, asked.url, typeof content === 'string' ? utf8(content) : content, folder))
      if (!taken.ok) return taken
      waiting.push(...taken.value)
    }
    const reading = await session.finish()
    return reading.ok ? ok(await use(reading.value)) : reading
  } finally {
    session.close()
    rmSync(folder, { recursive: true })
  }
}

function documentOf (name: string, url: string, bytes: Uint8Array, folder: string): Document {
  return {
    name, url, mediaType: null,
    bytes: async sizeBytesMax => bytes.length <= sizeBytesMax ? ok(bytes) : fail({ code: 'too-large', reason: 'it is too large', hint: 'take less' }),
    file: async () => {
      const path = join(folder, 'document')
      writeFileSync(path, bytes)
      return ok(path)
    }
  }
}

export async function recordsOf (output: Output | undefined): Promise<readonly RecordInput[]> {
  assert.ok(output !== undefined, 'the reader has such an output')
  return output.form === 'records' ? output.records : await Array.fromAsync(output.records())
}

export type Thing = { readonly key: string, readonly timeMs: number, readonly body: unknown }

/** Records of JSON by key. */
export async function thingsOf (reading: Reading, suffix: string | null): Promise<readonly Thing[]> {
  const records = await recordsOf(reading.outputs.find(each => each.suffix === suffix))
  return records.map(({ key, timeMs, operation, body }) =>
    ({ key: textOf(key) ?? '', timeMs, body: operation === 'delete' ? null : JSON.parse(textOf(body) ?? '') as unknown }))
}
