import { assert, base32Text, fail, hex, ok, sha256, utf8, type Result } from '../../base/index.ts'
import { scopeOfRole, type AccountView, type Role } from '../../sdk/accounts/index.ts'
import type { Session } from '../../sdk/sessions/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { Guard } from './guard.ts'

const SECRET_BYTES = 32
const ENTRY_MS = 600_000
const ENTRIES_MAX = 16
const IDLE_MS = 1_800_000
const ABSOLUTE_MS = 43_200_000
const SESSIONS_MAX = 256
/** Of one name: whoever enters again and again puts nobody else out. */
const SESSIONS_OF_ONE_MAX = 16

export type SessionBookOptions = { readonly random: (sizeBytes: number) => Uint8Array, readonly nowMs: () => number }

/** Who entered. `account` null: by a link, which makes an admin. `by`: a name that the provider gives is none of the accounts here. */
export type Person = { readonly account: string | null, readonly by: 'link' | 'account' | 'provider', readonly role: Role }

/** An open session. `id` is the digest of what the cookie holds. */
export type OpenSession = Person & { readonly id: string, readonly csrf: string, readonly usedMs: number, readonly endMs: number }

export type Begun = { readonly secret: string, readonly session: OpenSession }
type Said = { readonly reason: string, readonly hint: string }
export type EntryFailure = AnyFailure & { readonly waitMs?: number }

/** Entries and sessions, by digest, as long as the process lives. Both are bounded: the oldest give way. */
export class SessionBook {
  readonly #options: SessionBookOptions
  /** When each ends. */
  readonly #entries: Map<string, number> = new Map()
  readonly #sessions: Map<string, OpenSession> = new Map()
  readonly #guard: Guard = new Guard()

  constructor (options: SessionBookOptions) {
    this.#options = options
  }

  /** A secret with which somebody enters once. */
  invite (): { readonly entry: string, readonly expiresMs: number } {
    this.#guard.reset()
    const entry = this.#secret()
    const expiresMs = this.#options.nowMs() + ENTRY_MS
    this.#entries.set(digestOf(entry), expiresMs)
    bound(this.#entries, ENTRIES_MAX)
    return { entry, expiresMs }
  }

  /** The session that an entry opens, and what its cookie holds. An entry is gone with the first attempt, also a late one. */
  begin (entry: string, address: string): Result<Begun, EntryFailure> {
    const late = this.#mustWait(address)
    if (late !== undefined) return late
    const digest = digestOf(entry)
    const expiresMs = this.#entries.get(digest)
    this.#entries.delete(digest)
    if (expiresMs === undefined || expiresMs <= this.#options.nowMs()) {
      return this.#refuse(address, { reason: 'this link opens nothing, or nothing any more', hint: 'make a new one with "hanse open"' })
    }
    return ok(this.#open({ account: null, by: 'link', role: 'admin' }))
  }

  /** The same for whoever `check` finds; `unknown`: what is said to whom it does not. */
  async beginBy (
    check: () => Promise<Result<Pick<AccountView, 'name' | 'role'> | null, AnyFailure>>, address: string, by: 'account' | 'provider', unknown: Said
  ): Promise<Result<Begun, EntryFailure>> {
    const late = this.#mustWait(address)
    if (late !== undefined) return late
    const checked = await check()
    if (!checked.ok) return checked
    if (checked.value === null) return this.#refuse(address, unknown)
    const { name, role } = checked.value
    return ok(this.#open({ account: name, by, role }))
  }

  /** Whether `check` knows its passphrase for that of the account: slowed down as entering is, for a session may be somebody else's by now. */
  async confirm (check: () => Promise<Result<AccountView | null, AnyFailure>>, address: string): Promise<Result<null, EntryFailure>> {
    const late = this.#mustWait(address)
    if (late !== undefined) return late
    const checked = await check()
    if (!checked.ok) return checked
    if (checked.value !== null) return ok(null)
    this.#guard.failed(address, this.#options.nowMs())
    return fail({ code: 'refused', reason: 'this is not the passphrase of your account', hint: 'look for capital letters; an admin gives you a new one if you forgot it' })
  }

  #mustWait (address: string): Result<never, EntryFailure> | undefined {
    const nowMs = this.#options.nowMs()
    if (this.#guard.waitMs(address, nowMs) === 0) return undefined
    this.#guard.failed(address, nowMs)
    return fail({
      code: 'too-many', reason: 'too many attempts to enter failed from this address', hint: 'make a new link with "hanse open" on the machine of the node',
      waitMs: this.#guard.waitMs(address, nowMs)
    })
  }

  #refuse (address: string, said: Said): Result<never, EntryFailure> {
    this.#guard.failed(address, this.#options.nowMs())
    return fail({ code: 'unauthorised', ...said })
  }

  #open (person: Person): Begun {
    const nowMs = this.#options.nowMs()
    const secret = this.#secret()
    const session = { ...person, id: digestOf(secret), csrf: this.#secret(), usedMs: nowMs, endMs: nowMs + ABSOLUTE_MS }
    const own = [...this.#sessions.values()].filter(({ account, by }) => account !== null && account === person.account && by === person.by)
    if (own.length >= SESSIONS_OF_ONE_MAX) this.#sessions.delete(own[0]?.id ?? '')
    this.#sessions.set(session.id, session)
    bound(this.#sessions, SESSIONS_MAX)
    return { secret, session }
  }

  /** The session of a cookie; used by this, unless nobody is there who asks. */
  find (secret: string, isAttended: boolean): OpenSession | undefined {
    const nowMs = this.#options.nowMs()
    const session = this.#sessions.get(digestOf(secret))
    // One that is over stays until others need its place: what is downloaded by it may still be ended.
    if (session === undefined || isOver(session, nowMs)) return undefined
    const used = isAttended ? { ...session, usedMs: nowMs } : session
    // Last in line: the one that asked nothing for longest gives way first.
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, used)
    return used
  }

  byId (id: string): OpenSession | undefined {
    return this.#sessions.get(id)
  }

  /** Without using it. */
  isOver (id: string): boolean {
    const session = this.#sessions.get(id)
    return session === undefined || isOver(session, this.#options.nowMs())
  }

  /** Whether somebody ended it or its longest time is up, as opposed to nobody having asked anything for a while. */
  isEnded (id: string): boolean {
    const session = this.#sessions.get(id)
    return session === undefined || this.#options.nowMs() >= session.endMs
  }

  /** All of an account, but for one that goes on. */
  endOf (account: string, exceptId?: string): void {
    for (const [id, session] of this.#sessions) if (session.by === 'account' && session.account === account && id !== exceptId) this.#sessions.delete(id)
  }

  end (id: string): void {
    this.#sessions.delete(id)
  }

  #secret (): string {
    const random = this.#options.random(SECRET_BYTES)
    assert(random.length === SECRET_BYTES, 'a secret has 256 bits')
    return base32Text(random)
  }
}

export function viewOf ({ account, by, role, csrf, usedMs, endMs }: OpenSession, hasAccounts: boolean): Session {
  return { scope: scopeOfRole(role), role, account, by, hasAccounts, csrf, idleEndMs: Math.min(endMs, usedMs + IDLE_MS), endMs }
}

function isOver ({ endMs, usedMs }: OpenSession, nowMs: number): boolean {
  return nowMs >= endMs || nowMs >= usedMs + IDLE_MS
}

function digestOf (secret: string): string {
  return hex(sha256(utf8(secret)))
}

function bound (map: Map<string, unknown>, max: number): void {
  const oldest = map.size > max ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
}
