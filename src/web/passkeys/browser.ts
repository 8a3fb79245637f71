import { fail, ok, type Result } from '../../base/index.ts'
import type { PasskeyOptions } from '../../sdk/passkeys/index.ts'

/** Why the browser gave none: the person said no or waited too long; the device has one already; anything else, in its words. */
export type Refusal = { readonly why: 'cancelled' | 'known' | 'failed', readonly detail: string }

/** Whether this browser has passkeys at all, and may use them on this page. */
export function hasPasskeys (): boolean {
  return isSecureContext && 'PublicKeyCredential' in globalThis && 'parseCreationOptionsFromJSON' in PublicKeyCredential
}

/** Lets the person make one; the answer is for the node. */
export async function makePasskey (options: PasskeyOptions): Promise<Result<unknown, Refusal>> {
  return await asked(async () => await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON) }))
}

/** Lets the person choose one. */
export async function choosePasskey (options: PasskeyOptions): Promise<Result<unknown, Refusal>> {
  return await asked(async () => await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON) }))
}

async function asked (run: () => Promise<Credential | null>): Promise<Result<unknown, Refusal>> {
  try {
    const credential = await run()
    return credential instanceof PublicKeyCredential ? ok(credential.toJSON()) : fail({ why: 'cancelled', detail: '' })
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : ''
    return fail({ why: name === 'NotAllowedError' || name === 'AbortError' ? 'cancelled' : name === 'InvalidStateError' ? 'known' : 'failed', detail: cause instanceof Error ? cause.message : String(cause) })
  }
}
