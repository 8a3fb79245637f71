import { Worker } from 'node:worker_threads'
import { fail, hex, KEYSTORE_NONCE_SIZE_BYTES, KEYSTORE_SALT_SIZE_BYTES, ok, type Result } from '../../base/index.ts'
import type { AccountRequest, AccountView } from '../../sdk/accounts/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { readAccounts, writeAccounts, type AccountFileFailure, type KeptAccount, type KeptPasskey, type KeptPasskeys } from './file.ts'
import type { Done, Task } from './worker.ts'

const ACCOUNTS_MAX = 256
const SECRET_BYTES = 32
/** Each takes 128 MiB for most of a second: one after the other, and no long line of them. */
const WAITING_MAX = 8
const WORKER = new URL(import.meta.filename.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

export type AccountBookOptions = {
  /** Null: accounts live as long as this process. */
  readonly path: string | null
  readonly random: (sizeBytes: number) => Uint8Array
  readonly nowMs: () => number
}

const BUSY: AnyFailure = { code: 'busy', reason: 'too many passphrases are being looked at', hint: 'try again in some seconds' }

/** The accounts of this node. */
export class AccountBook {
  readonly #options: AccountBookOptions
  readonly #accounts: Map<string, KeptAccount>
  #line: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #decoy: string | undefined

  private constructor (options: AccountBookOptions, kept: readonly KeptAccount[]) {
    this.#options = options
    this.#accounts = new Map(kept.map(account => [keyOf(account.name), account]))
  }

  static async open (options: AccountBookOptions): Promise<Result<AccountBook, AccountFileFailure>> {
    const kept = options.path === null ? ok([]) : await readAccounts(options.path)
    return kept.ok ? ok(new AccountBook(options, kept.value)) : kept
  }

  list (): readonly AccountView[] {
    return [...this.#accounts.values()].map(viewOf)
  }

  /** Answers when it is on the disk. */
  async add ({ name, role, passphrase }: AccountRequest): Promise<Result<AccountView, AnyFailure>> {
    const taken: AnyFailure = { code: 'taken', reason: `there is an account ${name} already`, hint: 'choose another name, or remove that account first' }
    if (this.#accounts.has(keyOf(name))) return fail(taken)
    if (this.#accounts.size >= ACCOUNTS_MAX) return fail({ code: 'too-many-accounts', reason: `there are ${ACCOUNTS_MAX} accounts already`, hint: 'remove those that nobody uses' })
    const sealed = await this.#seal(passphrase)
    if (!sealed.ok) return sealed
    // Another may have been quicker while the passphrase was worked on.
    if (this.#accounts.has(keyOf(name))) return fail(taken)
    const account = { name, role, createdMs: this.#options.nowMs(), keystore: sealed.value }
    await this.#keep(name, account)
    return ok(viewOf(account))
  }

  /** Puts another passphrase in place; answers with the name as it is written in the account, undefined where there is none. `keepsPasskeys`: they still enter. */
  async setPassphrase (name: string, passphrase: string, { keepsPasskeys }: { readonly keepsPasskeys: boolean }): Promise<Result<string | undefined, AnyFailure>> {
    if (!this.#accounts.has(keyOf(name))) return ok(undefined)
    const sealed = await this.#seal(passphrase)
    if (!sealed.ok) return sealed
    // It may have been removed meanwhile.
    const found = this.#accounts.get(keyOf(name))
    if (found === undefined) return ok(undefined)
    await this.#keep(name, { ...found, keystore: sealed.value, passkeys: keepsPasskeys ? found.passkeys : undefined })
    return ok(found.name)
  }

  /** The account, by the name as it is written in it; undefined where there is none. */
  async remove (name: string): Promise<string | undefined> {
    const found = this.#accounts.get(keyOf(name))
    if (found === undefined) return undefined
    await this.#keep(name, undefined)
    return found.name
  }

  /** The account that name and passphrase open; null: none. A name that there is not takes as long as one that there is. */
  async check (name: string, passphrase: string): Promise<Result<AccountView | null, AnyFailure>> {
    const found = this.#accounts.get(keyOf(name))
    if (found === undefined && this.#decoy === undefined) {
      const sealed = await this.#seal(hex(this.#options.random(SECRET_BYTES)))
      if (!sealed.ok) return sealed
      this.#decoy = sealed.value
      return ok(null)
    }
    const opened = await this.#run({ type: 'open', passphrase, keystore: found?.keystore ?? this.#decoy ?? '' })
    if (!opened.ok) return opened
    // It may have been removed meanwhile, or have another passphrase.
    const isStill = found !== undefined && this.#accounts.get(keyOf(name))?.keystore === found.keystore
    return ok(isStill && opened.value === true ? viewOf(found) : null)
  }

  passkeysOf (name: string): KeptPasskeys | undefined {
    return this.#accounts.get(keyOf(name))?.passkeys
  }

  /** Whose passkey this is. */
  ownerOf (id: string): { readonly account: AccountView, readonly passkeys: KeptPasskeys, readonly passkey: KeptPasskey } | undefined {
    for (const account of this.#accounts.values()) {
      const passkey = account.passkeys?.list.find(each => each.id === id)
      if (account.passkeys !== undefined && passkey !== undefined) return { account: viewOf(account), passkeys: account.passkeys, passkey }
    }
    return undefined
  }

  /** Changes what is kept of the passkeys of an account, and answers when that is on the disk; undefined: there is no such account, or `change` wants none. */
  async changePasskeys (name: string, change: (passkeys: KeptPasskeys | undefined) => KeptPasskeys | undefined): Promise<KeptPasskeys | undefined> {
    const found = this.#accounts.get(keyOf(name))
    const passkeys = found === undefined ? undefined : change(found.passkeys)
    if (found === undefined || passkeys === undefined) return undefined
    await this.#keep(name, { ...found, passkeys })
    return passkeys
  }

  async #seal (passphrase: string): Promise<Result<string, AnyFailure>> {
    const { random } = this.#options
    const sealed = await this.#run({ type: 'seal', passphrase, secret: random(SECRET_BYTES), salt: random(KEYSTORE_SALT_SIZE_BYTES), nonce: random(KEYSTORE_NONCE_SIZE_BYTES) })
    return sealed.ok ? ok(String(sealed.value)) : sealed
  }

  async #run (task: Task): Promise<Result<Done, AnyFailure>> {
    if (this.#waiting >= WAITING_MAX) return fail(BUSY)
    this.#waiting++
    const done = this.#line.then(() => inWorker(task))
    this.#line = done.catch(() => undefined)
    try {
      return ok(await done)
    } finally {
      this.#waiting--
    }
  }

  /** Puts an account in the place of what there is, or nothing; what did not reach the disk is not so here either. */
  async #keep (name: string, account: KeptAccount | undefined): Promise<void> {
    const key = keyOf(name)
    const before = this.#accounts.get(key)
    const put = (kept: KeptAccount | undefined): void => {
      if (kept === undefined) this.#accounts.delete(key)
      else this.#accounts.set(key, kept)
    }
    put(account)
    try {
      await this.#write()
    } catch (cause) {
      // Somebody else may have changed it meanwhile.
      if (this.#accounts.get(key) === account) put(before)
      throw cause
    }
  }

  async #write (): Promise<void> {
    const { path } = this.#options
    if (path === null) return
    const written = this.#line.then(() => writeAccounts(path, [...this.#accounts.values()]))
    this.#line = written.catch(() => undefined)
    await written
  }
}

async function inWorker (task: Task): Promise<Done> {
  return await new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: task })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', code => { reject(new Error(`the thread for passphrases ended with ${code}`)) })
  })
}

/** Names that look alike are one. */
function keyOf (name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

function viewOf ({ keystore: _keystore, passkeys: _passkeys, ...view }: KeptAccount): AccountView {
  return view
}
