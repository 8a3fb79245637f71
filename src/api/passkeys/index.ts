/**
 * Makes passkeys for accounts and lets in by them: WebAuthn, checked by `@simplewebauthn/server`.
 *
 * A passkey holds for the host name under which the console was open; a browser makes none for an IP address. What it signs names a
 * challenge of ours, which is good once, for some minutes, at this origin, and to make one in the session alone that asked. The person
 * has to be verified by the device. Attestation is not asked for, and what comes with certificates is refused: to look at these
 * would ask other servers. A counter that does not grow is refused: there is a copy of the device.
 *
 * The library is loaded when the first passkey is asked for: it takes 27 MB, and most nodes see none in days.
 */
import { fail, hex, ok, type Result } from '../../base/index.ts'
import type { AccountView } from '../../sdk/accounts/index.ts'
import { PASSKEYS_MAX, type MadePasskey, type PasskeyOptions, type PasskeyPlace, type PasskeyView, type UsedPasskey } from '../../sdk/passkeys/index.ts'
import type { AccountBook, KeptPasskey } from '../accounts/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { Waiting } from '../quota/index.ts'
import { isPlain, placeOf } from './place.ts'

const CHALLENGE_BYTES = 32
const USER_ID_BYTES = 32
/** For how long a browser waits for its person. */
const TIMEOUT_MS = 120_000
/** Ed25519, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257]

export type PasskeyDeskOptions = {
  readonly accounts: AccountBook
  readonly random: (sizeBytes: number) => Uint8Array
  readonly nowMs: () => number
  /** Whether the `Host` header of this value would be ours. */
  readonly answersTo: (host: string) => boolean
}

/** Who asks, and where the browser sees this node. */
type Asker = { readonly origin: string, readonly address: string }
type Member = Asker & { readonly account: string, readonly session: string }

/** What is asked: to enter, or to make a passkey in a session. */
type Asked = { readonly origin: string, readonly session: string | null }

export class PasskeyDesk {
  readonly #options: PasskeyDeskOptions
  readonly #challenges = new Waiting<Asked>({ validMs: 300_000, max: 1_024, addressMax: 32 })

  constructor (options: PasskeyDeskOptions) {
    this.#options = options
  }

  /** Whether a browser makes passkeys for this origin; the same node under another name else, where it has one. */
  place (origin: string): PasskeyPlace {
    if (placeOf(origin) !== undefined) return { isOffered: true, elsewhere: null }
    const { protocol, hostname, port } = new URL(origin)
    const other = `localhost${port === '' ? '' : `:${port}`}`
    const isHere = protocol === 'http:' && /^127\.|^\[::1\]$/.test(hostname) && this.#options.answersTo(other)
    return { isOffered: false, elsewhere: isHere ? `http://${other}` : null }
  }

  list (account: string): readonly PasskeyView[] {
    return this.#options.accounts.passkeysOf(account)?.list.map(viewOf) ?? []
  }

  /** What the browser is asked to make. Whoever calls has asked for the passphrase. */
  async begin ({ origin, address, account, session }: Member): Promise<Result<PasskeyOptions, AnyFailure>> {
    const { accounts, random, nowMs } = this.#options
    const place = placeOf(origin)
    if (place === undefined) return fail(NOT_HERE)
    // One name of the person for all devices: a device then keeps one passkey for an account, and not two that look alike.
    const kept = await accounts.changePasskeys(account, known => known ?? { userId: hex(random(USER_ID_BYTES)), list: [] })
    if (kept === undefined) return fail(GONE)
    if (kept.list.length >= PASSKEYS_MAX) return fail(FULL)
    const { generateRegistrationOptions } = await import('@simplewebauthn/server')
    const made = await generateRegistrationOptions({
      rpName: 'Hanse', rpID: place, userName: account, userDisplayName: account, userID: new Uint8Array(Buffer.from(kept.userId, 'hex')), challenge: new Uint8Array(random(CHALLENGE_BYTES)), timeout: TIMEOUT_MS,
      attestationType: 'none', authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, supportedAlgorithmIDs: ALGORITHMS,
      excludeCredentials: kept.list.filter(each => each.place === place).map(({ id, transports }) => ({ id, transports: [...transports] }))
    })
    this.#challenges.put(made.challenge, { origin, session }, address, nowMs())
    return ok({ ...made })
  }

  /** Keeps what the browser made; answers when it is on the disk. */
  async add ({ origin, account, session }: Member, label: string, { id, rawId, type, response }: MadePasskey): Promise<Result<PasskeyView, AnyFailure>> {
    const { accounts, nowMs } = this.#options
    const place = placeOf(origin)
    if (place === undefined) return fail(NOT_HERE)
    if (!await isPlain(response.attestationObject)) return fail(NOT_MADE)
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
    const verified = await verifyRegistrationResponse({
      response: { id, rawId, type, clientExtensionResults: {}, response: { clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject } },
      expectedChallenge: challenge => this.#isAsked(challenge, { origin, session }), expectedOrigin: origin, expectedRPID: place, requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS
    }).catch(() => undefined)
    if (verified?.registrationInfo === undefined) return fail(NOT_MADE)
    const { credential } = verified.registrationInfo
    const passkey: KeptPasskey = {
      id: credential.id, label, place, publicKey: hex(credential.publicKey), counter: credential.counter, transports: response.transports ?? [], createdMs: nowMs(), lastUsedMs: null
    }
    if (accounts.ownerOf(passkey.id) !== undefined) return fail(KNOWN)
    const kept = await accounts.changePasskeys(account, known => known === undefined || known.list.length >= PASSKEYS_MAX ? undefined : { ...known, list: [...known.list, passkey] })
    return kept === undefined ? fail(FULL) : ok(viewOf(passkey))
  }

  /** Whether there was such a one. */
  async remove (account: string, id: string): Promise<boolean> {
    const isThere = (each: KeptPasskey): boolean => each.id === id
    return await this.#options.accounts.changePasskeys(account, known => known?.list.some(isThere) === true ? { ...known, list: known.list.filter(each => !isThere(each)) } : undefined) !== undefined
  }

  /** What the browser is asked, to enter. It names nobody: the person chooses among those that the device has. */
  async ask ({ origin, address }: Asker): Promise<Result<PasskeyOptions, AnyFailure>> {
    const place = placeOf(origin)
    if (place === undefined) return fail(NOT_HERE)
    const { generateAuthenticationOptions } = await import('@simplewebauthn/server')
    const asked = await generateAuthenticationOptions({ rpID: place, userVerification: 'required', timeout: TIMEOUT_MS, challenge: new Uint8Array(this.#options.random(CHALLENGE_BYTES)) })
    this.#challenges.put(asked.challenge, { origin, session: null }, address, this.#options.nowMs())
    return ok({ ...asked })
  }

  /** The account whose passkey answered; null: none that is to be let in. */
  async check (origin: string, { id, rawId, type, response }: UsedPasskey): Promise<Result<AccountView | null, AnyFailure>> {
    const { accounts } = this.#options
    const place = placeOf(origin)
    if (place === undefined) return fail(NOT_HERE)
    const owner = accounts.ownerOf(id)
    if (owner === undefined || owner.passkey.place !== place) return ok(null)
    const { account, passkeys, passkey } = owner
    const handle = response.userHandle ?? null
    if (handle !== null && Buffer.from(handle, 'base64url').toString('hex') !== passkeys.userId) return ok(null)
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
    const { clientDataJSON, authenticatorData, signature } = response
    const verified = await verifyAuthenticationResponse({
      response: { id, rawId, type, clientExtensionResults: {}, response: { clientDataJSON, authenticatorData, signature } },
      expectedChallenge: challenge => this.#isAsked(challenge, { origin, session: null }), expectedOrigin: origin, expectedRPID: place, requireUserVerification: true,
      credential: { id, publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'hex')), counter: passkey.counter }
    }).catch(() => undefined)
    if (verified?.verified !== true) return ok(null)
    return ok(await this.#used(account, id, verified.authenticationInfo.newCounter) ? account : null)
  }

  #isAsked (challenge: string, { origin, session }: Asked): boolean {
    const asked = this.#challenges.take(challenge, this.#options.nowMs())
    return asked?.origin === origin && asked.session === session
  }

  /** Writes down that it was used; false where that was known already, or it was removed meanwhile. */
  async #used (account: AccountView, id: string, counter: number): Promise<boolean> {
    const { accounts, nowMs } = this.#options
    const kept = await accounts.changePasskeys(account.name, known => {
      const before = known?.list.find(each => each.id === id)
      if (known === undefined || before === undefined || (counter <= before.counter && (counter > 0 || before.counter > 0))) return undefined
      return { ...known, list: known.list.map(each => each === before ? { ...before, counter, lastUsedMs: nowMs() } : each) }
    })
    return kept !== undefined
  }
}

function viewOf ({ id, label, place, createdMs, lastUsedMs }: KeptPasskey): PasskeyView {
  return { id, label, place, createdMs, lastUsedMs }
}

const NOT_HERE: AnyFailure = { code: 'no-passkeys-here', reason: 'passkeys hold for a name, and this address of the node is a number', hint: 'open the console under a name, such as localhost on its own machine' }
const NOT_MADE: AnyFailure = { code: 'invalid', reason: 'what the browser made is not what it was asked for, or it took too long', hint: 'begin anew' }
const KNOWN: AnyFailure = { code: 'taken', reason: 'this passkey is kept already', hint: 'use it, or make one on another device' }
const FULL: AnyFailure = { code: 'too-many-passkeys', reason: `an account has ${PASSKEYS_MAX} passkeys at most`, hint: 'remove those that are not used' }
const GONE: AnyFailure = { code: 'not-found', reason: 'there is no such account any more', hint: 'enter anew' }
