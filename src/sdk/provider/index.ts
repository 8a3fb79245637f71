/**
 * Says what client and server exchange about entering by a provider of the city (OpenID Connect): whether there is one, where to send
 * the browser, and what it came back with.
 */
import { z } from 'zod'
import type { Result } from '../../base/index.ts'
import { json, type Call, type Operations } from '../operation/index.ts'
import { SESSION_PATH, sessionSchema } from '../sessions/index.ts'

/** Null: there is none. */
export type ProviderView = { readonly name: string | null }
/** `url`: of the provider, for the browser. `flow`: is kept by the page that sends it there, and by nobody else. */
export type ProviderJourney = { readonly url: string, readonly flow: string }
/** `answer`: what stands behind the `?` of the address to which the provider sent the browser back. */
export type ProviderAnswer = { readonly flow: string, readonly answer: string }

const viewSchema: z.ZodType<ProviderView> = z.object({ name: z.string().nullable() })
const journeySchema: z.ZodType<ProviderJourney> = z.object({ url: z.string(), flow: z.string() })
const answerSchema: z.ZodType<ProviderAnswer> = z.strictObject({ flow: z.string().min(1).max(256), answer: z.string().min(1).max(8_192) })

export type ProviderCalls = {
  'provider.show': Call
  'provider.begin': Call
  'provider.enter': Call<undefined, ProviderAnswer>
}

export const PROVIDER_PATH = `${SESSION_PATH}/provider`
const provider = { tag: 'Access', path: PROVIDER_PATH, scope: null } as const

export const PROVIDER_OPERATIONS: Operations<ProviderCalls> = {
  'provider.show': { ...provider, method: 'GET', summary: 'Whether people enter by a provider too', answers: { 200: json(viewSchema) } },
  'provider.begin': { ...provider, method: 'POST', path: `${PROVIDER_PATH}/journey`, summary: 'Where a browser goes to enter by the provider', answers: { 200: json(journeySchema) }, problems: [409, 504] },
  'provider.enter': {
    ...provider, method: 'POST', summary: 'Enter with what the provider answered; sets the cookie of a session', body: { as: 'json', schema: answerSchema }, answers: { 201: json(sessionSchema) }, problems: [409, 504]
  }
}

type Sender<F> = { json <T> (call: { readonly method: 'GET' | 'POST', readonly path: string }, schema: z.ZodType<T>): Promise<Result<T, F>> }

/** Calls of the page on which one enters; apart from the client, so that it alone loads them. */
export function providerClient<F> (sender: Sender<F>): { show (): Promise<Result<ProviderView, F>>, begin (): Promise<Result<ProviderJourney, F>> } {
  return {
    show: () => sender.json({ method: 'GET', path: PROVIDER_PATH }, viewSchema),
    begin: () => sender.json({ method: 'POST', path: `${PROVIDER_PATH}/journey` }, journeySchema)
  }
}
