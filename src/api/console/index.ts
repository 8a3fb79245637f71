/**
 * Serves the console to browsers, from the same origin as the API: one page, and its assets under names that hold their hashes.
 *
 * Nothing on it comes from elsewhere and nothing is sent elsewhere: the policy on the page forbids it. Assets are packed once, when
 * they are first asked for, and stay in memory; the page itself is never kept by a browser, so that a new version is seen at once.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { plain } from '../../base/index.ts'
import { problem, type ApiRequest, type Reply, type Route } from '../http/index.ts'

const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin'
}
/** A worker is held to the policy that its own script came with, and the map's loads others by evaluating an import. */
const ASSET_HEADERS = { 'cache-control': 'public, max-age=31536000, immutable', 'content-security-policy': "frame-ancestors 'none'" }

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', mjs: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', json: 'application/json',
  svg: 'image/svg+xml', png: 'image/png'
}
/** Smaller ones fit into a packet as they are. */
const PACKED_FROM_BYTES = 1_400
const BROTLI_QUALITY = 9

type Coding = 'br' | 'gzip' | 'identity'

/** The files that the build of the console made in this folder; without them there is a page that says so. */
export async function consoleRoutes (folder: string): Promise<readonly Route[]> {
  const page = await fileAt(join(folder, 'index.html'))
  const assets = new Map<string, Asset>()
  for (const name of await readdir(join(folder, 'assets')).catch(() => [])) {
    const bytes = await fileAt(join(folder, 'assets', name))
    if (bytes !== undefined) assets.set(name, new Asset(bytes, typeOf(name)))
  }
  const index = page === undefined ? undefined : new Asset(page, typeOf('index.html'))
  return [
    { method: 'GET', path: '/', scope: null, handle: async request => index === undefined ? problem(NOT_BUILT) : await index.reply(request, PAGE_HEADERS) },
    {
      method: 'GET', path: '/assets/:name', scope: null,
      handle: async request => await assets.get(request.parameters['name'] ?? '')?.reply(request, ASSET_HEADERS) ?? problem(NO_ASSET)
    }
  ]
}

const NOT_BUILT = { code: 'not-found', reason: 'the console was not built into this installation', hint: 'run "npm run build", and start the node again' }
const NO_ASSET = { code: 'not-found', reason: 'the console has no such file', hint: 'load the page anew' }

async function fileAt (path: string): Promise<Uint8Array | undefined> {
  return await readFile(path).then(plain, () => undefined)
}

function typeOf (name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}

class Asset {
  readonly #bytes: Uint8Array
  readonly #type: string
  readonly #packed = new Map<Coding, Promise<Uint8Array>>()

  constructor (bytes: Uint8Array, type: string) {
    this.#bytes = bytes
    this.#type = type
  }

  async reply (request: ApiRequest, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const coding = this.#codingFor(request.header('accept-encoding') ?? '')
    const packed = this.#packed.get(coding) ?? this.#pack(coding)
    this.#packed.set(coding, packed)
    const bytes = await packed
    return {
      type: 'stream', status: 200, chunks: only(bytes),
      headers: {
        ...headers, 'content-type': this.#type, 'content-length': String(bytes.length), 'vary': 'accept-encoding',
        ...coding === 'identity' ? {} : { 'content-encoding': coding }
      }
    }
  }

  #codingFor (accepted: string): Coding {
    if (this.#bytes.length < PACKED_FROM_BYTES || this.#type.startsWith('image/png')) return 'identity'
    return /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : 'identity'
  }

  async #pack (coding: Coding): Promise<Uint8Array> {
    switch (coding) {
      case 'identity': return this.#bytes
      case 'gzip': return plain(await promisify(gzip)(this.#bytes, { level: 9 }))
      case 'br': return plain(await promisify(brotliCompress)(this.#bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }))
    }
  }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
