import { fail, hex, ok, type Result } from '../../base/index.ts'
import { TOKEN_VALID_MS, type MadeToken, type TokenRequest, type TokenView } from '../../sdk/tokens/index.ts'
import type { AnyFailure, Caller } from '../http/index.ts'
import { readTokens, writeTokens, type KeptToken, type TokenFileFailure } from './file.ts'
import { createToken, digestOf, TOKEN_BYTES, type KnownToken } from './token.ts'

const TOKENS_MAX = 1_024
const ID_BYTES = 8
const HOUR_MS = 3_600_000
/** A last use is written after so long at the latest, with others of that time. */
const WRITE_AFTER_MS = 60_000
/** Who is anybody, in a token. */
const OUTSIDE = 'outside'

export type TokenBookOptions = {
  /** Null: tokens live as long as this process. */
  readonly path: string | null
  /** Tokens of this start, which are in no file: of one of the people of this node. */
  readonly known: readonly KnownToken[]
  readonly random: (sizeBytes: number) => Uint8Array
  readonly nowMs: () => number
  readonly onBroken: (cause: unknown) => void
}

/** All tokens that open this API. */
export class TokenBook {
  readonly #options: TokenBookOptions
  readonly #known: ReadonlyMap<string, Caller>
  /** By digest. */
  readonly #kept: Map<string, KeptToken> = new Map()
  #written: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  private constructor (options: TokenBookOptions, kept: readonly KeptToken[]) {
    this.#options = options
    this.#known = new Map(options.known.map(({ sha256, scope }) => [sha256, { id: sha256, scope, isAdmin: scope === 'decide' }]))
    for (const token of kept) this.#kept.set(token.sha256, token)
  }

  static async open (options: TokenBookOptions): Promise<Result<TokenBook, TokenFileFailure>> {
    const kept = options.path === null ? ok([]) : await readTokens(options.path)
    return kept.ok ? ok(new TokenBook(options, kept.value)) : kept
  }

  /** Whom a token lets ask; undefined for one that is not known or over. */
  callerOf (token: string): Caller | undefined {
    const digest = digestOf(token)
    const known = this.#known.get(digest)
    if (known !== undefined) return known
    const kept = this.#kept.get(digest)
    const nowMs = this.#options.nowMs()
    if (kept === undefined || kept.expiresMs <= nowMs) return undefined
    this.#used(kept, nowMs)
    const { id, scope, requester, purpose } = kept
    const isOver = (): boolean => this.#isOver(digest)
    return {
      id, scope, isOver, isEnded: isOver, ...requester === null ? {} : { requester: requester === OUTSIDE ? null : requester }, ...purpose === null ? {} : { purpose }
    }
  }

  #isOver (digest: string): boolean {
    const kept = this.#kept.get(digest)
    return kept === undefined || kept.expiresMs <= this.#options.nowMs()
  }

  list (): readonly TokenView[] {
    return [...this.#kept.values()].map(viewOf)
  }

  /** Answers when it is on the disk. */
  async make (request: Omit<TokenRequest, 'requester'> & { readonly requester: string | null }): Promise<Result<MadeToken, AnyFailure>> {
    const { random, nowMs } = this.#options
    const createdMs = nowMs()
    for (const [digest, { expiresMs }] of this.#kept) if (expiresMs <= createdMs) this.#kept.delete(digest)
    if (this.#kept.size >= TOKENS_MAX) {
      return fail({ code: 'too-many-tokens', reason: `there are ${TOKENS_MAX} tokens already`, hint: 'revoke those that nobody uses, see "hanse token list"' })
    }
    const token = createToken(random(TOKEN_BYTES))
    const { label, scope, requester, purpose = null, validMs = TOKEN_VALID_MS } = request
    const kept: KeptToken = {
      id: hex(random(ID_BYTES)), label, scope, requester, purpose, createdMs, expiresMs: createdMs + validMs, lastUsedHourMs: null, sha256: digestOf(token)
    }
    this.#kept.set(kept.sha256, kept)
    try {
      await this.#write()
    } catch (cause) {
      // Nobody was told of it.
      this.#kept.delete(kept.sha256)
      throw cause
    }
    return ok({ token, view: viewOf(kept) })
  }

  async revoke (id: string): Promise<Result<null, AnyFailure>> {
    const found = [...this.#kept.values()].find(kept => kept.id === id)
    if (found === undefined) return fail({ code: 'not-found', reason: `no token is called ${id.slice(0, 64)}`, hint: 'see "hanse token list"' })
    this.#kept.delete(found.sha256)
    await this.#write()
    return ok(null)
  }

  async close (): Promise<void> {
    if (this.#timer !== undefined) await this.#write()
    await this.#written
  }

  #used (kept: KeptToken, nowMs: number): void {
    const lastUsedHourMs = nowMs - nowMs % HOUR_MS
    if (kept.lastUsedHourMs === lastUsedHourMs) return
    this.#kept.set(kept.sha256, { ...kept, lastUsedHourMs })
    this.#timer ??= setTimeout(() => { this.#write().catch(this.#options.onBroken) }, WRITE_AFTER_MS)
  }

  /** One after the other: each writes what is there when its turn comes. */
  #write (): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { path } = this.#options
    if (path === null) return Promise.resolve()
    const written = this.#written.then(() => writeTokens(path, [...this.#kept.values()]))
    this.#written = written.catch(() => undefined)
    return written
  }
}

function viewOf ({ sha256: _digest, ...view }: KeptToken): TokenView {
  return view
}
