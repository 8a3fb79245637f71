import { mkdir, open, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fail, hex, ok, sha256Stream, type Result } from '../../base/index.ts'
import { ArchiveBroken, gunzip, isGzip, isZip, openArchive, UNPACKED_BYTES_MAX } from '../archive/index.ts'
import type { SinkFailure } from '../connector/index.ts'
import { publishableName } from '../file/index.ts'

/** A file in the spool: complete, and nobody else's. */
export type Spooled = {
  readonly path: string
  /** What it is called, for people. */
  readonly fileName: string
  readonly sizeBytes: number
  /** Hex. */
  readonly sha256: string
  remove (): Promise<void>
}

type Written = Omit<Spooled, 'fileName' | 'remove'>
type Taking = Result<Spooled, SinkFailure>

/** Of one file, unpacked. */
export const SPOOLED_BYTES_MAX: number = UNPACKED_BYTES_MAX
const HEAD_BYTES = 4
const EXTENSION = /^\.[a-z0-9]{1,8}$/

/** A folder for what is on its way in, of one connector. What is in it when a run begins is of no use to anybody. */
export class Spool {
  readonly #folder: string
  #next = 0

  constructor (folder: string) {
    this.#folder = folder
  }

  async clear (): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
  }

  /** Takes all of it or nothing. Fails where the source or the archive does; throws what the disk throws. */
  async take (chunks: AsyncIterable<Uint8Array>, fileName: string, unpack: 'unpack' | 'as-it-is'): Promise<Taking> {
    const name = publishableName(fileName).slice(-255) || 'file'
    try {
      const [head, whole] = await peek(chunks)
      if (unpack === 'as-it-is') return ok(await this.#kept(whole, name))
      if (isGzip(head)) return ok(await this.#kept(gunzip(whole), name.replace(/\.gz$/i, '') || 'file'))
      const kept = await this.#kept(whole, name)
      return isZip(head) ? await this.#unzipped(kept) : ok(kept)
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      return fail(failure)
    }
  }

  /** The one file of a zip. One with several stays what it is: a document of an office program, a map in parts. */
  async #unzipped (zip: Spooled): Promise<Taking> {
    const archive = await openArchive(zip.path)
    if (!archive.ok) {
      await zip.remove()
      return fail(archive.failure)
    }
    const [entry, ...more] = archive.value.entries
    try {
      if (entry === undefined || more.length > 0) return ok(zip)
      const kept = await this.#kept(archive.value.read(entry), publishableName(entry.name.split('/').at(-1) ?? '') || zip.fileName)
      await zip.remove()
      return ok(kept)
    } catch (error) {
      await zip.remove()
      throw error
    } finally {
      archive.value.close()
    }
  }

  async #kept (chunks: AsyncIterable<Uint8Array>, fileName: string): Promise<Spooled> {
    // Of the name nothing but the extension is used: it helps to tell what is in it.
    const extension = extname(fileName).toLowerCase()
    const path = join(this.#folder, `${this.#next++}${EXTENSION.test(extension) ? extension : ''}`)
    const remove = (): Promise<void> => rm(path, { force: true })
    try {
      return { ...await written(path, chunks), fileName, remove }
    } catch (error) {
      await remove()
      throw error
    }
  }
}

async function written (path: string, chunks: AsyncIterable<Uint8Array>): Promise<Written> {
  const whole = sha256Stream()
  let sizeBytes = 0
  await using file = await open(path, 'wx', 0o600)
  for await (const chunk of chunks) {
    sizeBytes += chunk.length
    if (sizeBytes > SPOOLED_BYTES_MAX) throw new ArchiveBroken({ code: 'too-large', reason: `it has more than ${SPOOLED_BYTES_MAX} bytes`, hint: 'send it in several parts' })
    whole.update(chunk)
    for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
  }
  return { path, sizeBytes, sha256: hex(whole.digest()) }
}

/** The first bytes, and all of them. */
async function peek (chunks: AsyncIterable<Uint8Array>): Promise<[Uint8Array, AsyncGenerator<Uint8Array>]> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let size = 0
  while (size < HEAD_BYTES) {
    const { done, value } = await iterator.next()
    if (done === true) break
    first.push(value)
    size += value.length
  }
  const whole = async function * (): AsyncGenerator<Uint8Array> {
    try {
      yield * first
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return [Uint8Array.from(first.flatMap(chunk => [...chunk.subarray(0, HEAD_BYTES)])), whole()]
}

/** What a source or an archive says of itself when it breaks off; undefined for anything else. */
function failureOf (error: unknown): SinkFailure | undefined {
  if (error instanceof ArchiveBroken) return error.failure
  if (!(error instanceof Error) || !('code' in error) || !('hint' in error)) return undefined
  return { code: String(error.code), reason: error.message, hint: String(error.hint) }
}

