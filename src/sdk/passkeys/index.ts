/**
 * Says what client and server exchange about passkeys: where they work, what a browser is asked to make or to use, what it answers.
 *
 * Requests for the browser and its answers are those of WebAuthn Level 3 in JSON (`parseCreationOptionsFromJSON`, `toJSON`). A passkey
 * holds for one host name, `place`, and for one account; it enters as a passphrase does.
 */
import { z } from 'zod'
import type { Result } from '../../base/index.ts'
import { json, type Call, type Operations } from '../operation/index.ts'
import { SESSION_PATH, sessionSchema } from '../sessions/index.ts'

export const PASSKEYS_MAX = 10
const PIECE_LENGTH_MAX = 65_536
const ID_LENGTH_MAX = 1_400
const LABEL_LENGTH_MAX = 64

/** Whether passkeys work at the address that was asked; `elsewhere`: where else this node answers, and they do. */
export type PasskeyPlace = { readonly isOffered: boolean, readonly elsewhere: string | null }
export type PasskeyView = { readonly id: string, readonly label: string, readonly place: string, readonly createdMs: number, readonly lastUsedMs: number | null }
/** What a browser is asked, as it takes it. */
export type PasskeyOptions = { readonly challenge: string, readonly [name: string]: unknown }

type Credential<Response> = { readonly id: string, readonly rawId: string, readonly type: 'public-key', readonly response: Response }
export type MadePasskey = Credential<{ readonly clientDataJSON: string, readonly attestationObject: string, readonly transports?: readonly string[] | undefined }>
export type UsedPasskey = Credential<{
  readonly clientDataJSON: string, readonly authenticatorData: string, readonly signature: string, readonly userHandle?: string | null | undefined
}>

const piece = z.string().regex(/^[\w-]+$/).max(PIECE_LENGTH_MAX)
const id = z.string().regex(/^[\w-]+$/).max(ID_LENGTH_MAX)
const madeSchema: z.ZodType<MadePasskey> = z.object({
  id, rawId: id, type: z.literal('public-key'),
  response: z.object({ clientDataJSON: piece, attestationObject: piece, transports: z.array(z.string().max(32)).max(16).optional() })
})
const usedSchema: z.ZodType<UsedPasskey> = z.object({
  id, rawId: id, type: z.literal('public-key'),
  response: z.object({ clientDataJSON: piece, authenticatorData: piece, signature: piece, userHandle: z.string().max(128).nullable().optional() })
})
const labelSchema: z.ZodType<string> = z.string().min(1).max(LABEL_LENGTH_MAX)
const addSchema: z.ZodType<PasskeyAddition> = z.object({ label: labelSchema, credential: madeSchema })
const enterSchema: z.ZodType<PasskeyEntry> = z.object({ credential: usedSchema })
const confirmSchema: z.ZodType<Confirmation> = z.strictObject({ passphrase: z.string().min(1).max(256) })
const placeSchema: z.ZodType<PasskeyPlace> = z.object({ isOffered: z.boolean(), elsewhere: z.string().nullable() })
const optionsSchema: z.ZodType<PasskeyOptions> = z.looseObject({ challenge: z.string() })
const viewSchema: z.ZodType<PasskeyView> = z.object({ id: z.string(), label: z.string(), place: z.string(), createdMs: z.int(), lastUsedMs: z.int().nullable() })
const viewsSchema: z.ZodType<readonly PasskeyView[]> = z.array(viewSchema)

type PasskeyAddition = { readonly label: string, readonly credential: MadePasskey }
type PasskeyEntry = { readonly credential: UsedPasskey }
type Confirmation = { readonly passphrase: string }

export type PasskeyCalls = {
  'passkeys.place': Call
  'passkeys.ask': Call
  'passkeys.enter': Call<undefined, PasskeyEntry>
  'passkeys.list': Call
  'passkeys.begin': Call<undefined, Confirmation>
  'passkeys.add': Call<undefined, PasskeyAddition>
  'passkeys.remove': Call
}

export const PASSKEY_ENTRY_PATH = `${SESSION_PATH}/passkey`
const OWN_PATH = `${SESSION_PATH}/passkeys`
const entry = { tag: 'Access', path: PASSKEY_ENTRY_PATH, scope: null } as const
const own = { tag: 'Access', path: OWN_PATH, scope: 'read' } as const

export const PASSKEY_OPERATIONS: Operations<PasskeyCalls> = {
  'passkeys.place': { ...entry, method: 'GET', summary: 'Whether passkeys work at this address, and where else', answers: { 200: json(placeSchema) } },
  'passkeys.ask': {
    ...entry, method: 'POST', path: `${PASSKEY_ENTRY_PATH}/challenge`, summary: 'What a browser is asked, to enter with a passkey', answers: { 200: json(optionsSchema) }, problems: [409]
  },
  'passkeys.enter': {
    ...entry, method: 'POST', summary: 'Enter with a passkey; sets the cookie of a session', body: { as: 'json', schema: enterSchema }, answers: { 201: json(sessionSchema) }, problems: [409]
  },
  'passkeys.list': { ...own, method: 'GET', summary: 'Passkeys of the account that is signed in', answers: { 200: json(viewsSchema) }, problems: [404, 409] },
  'passkeys.begin': {
    ...own, method: 'POST', path: `${OWN_PATH}/challenge`, summary: 'What a browser is asked, to make a passkey; the passphrase is asked again', body: { as: 'json', schema: confirmSchema },
    answers: { 200: json(optionsSchema) }, problems: [404, 409]
  },
  'passkeys.add': {
    ...own, method: 'POST', summary: 'Keep a passkey that the browser made', body: { as: 'json', schema: addSchema }, answers: { 201: json(viewSchema) }, problems: [404, 409]
  },
  'passkeys.remove': {
    ...own, method: 'DELETE', path: `${OWN_PATH}/:id`, summary: 'Remove a passkey of the account that is signed in; its other sessions end', answers: { 204: null }, problems: [409]
  }
}

/** What sends a call and reads its answer: the transport of a client. */
type Sender<F> = {
  json <T> (call: { readonly method: 'GET' | 'POST' | 'DELETE', readonly path: string, readonly headers?: Readonly<Record<string, string>>, readonly body?: string }, schema: z.ZodType<T>): Promise<Result<T, F>>
  call (call: { readonly method: 'DELETE', readonly path: string }): Promise<Result<unknown, F>>
}

/** Calls of a page; apart from the client, so that only pages that need them load them. Entering is a call of the session. */
export type PasskeyClient<F> = {
  place (): Promise<Result<PasskeyPlace, F>>
  ask (): Promise<Result<PasskeyOptions, F>>
  list (): Promise<Result<readonly PasskeyView[], F>>
  begin (passphrase: string): Promise<Result<PasskeyOptions, F>>
  add (label: string, credential: unknown): Promise<Result<PasskeyView, F>>
  remove (id: string): Promise<Result<unknown, F>>
}

export function passkeyClient<F> (sender: Sender<F>): PasskeyClient<F> {
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<Result<T, F>> =>
    sender.json({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, schema)
  return {
    place: () => sender.json({ method: 'GET', path: PASSKEY_ENTRY_PATH }, placeSchema),
    ask: () => sender.json({ method: 'POST', path: `${PASSKEY_ENTRY_PATH}/challenge` }, optionsSchema),
    list: () => sender.json({ method: 'GET', path: OWN_PATH }, viewsSchema),
    begin: passphrase => post(`${OWN_PATH}/challenge`, { passphrase }, optionsSchema),
    add: (label, credential) => post(OWN_PATH, { label, credential }, viewSchema),
    remove: passkey => sender.call({ method: 'DELETE', path: `${OWN_PATH}/${encodeURIComponent(passkey)}` })
  }
}

