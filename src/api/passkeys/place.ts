import { isIP } from 'node:net'

/** The host name for which a browser makes passkeys under this origin; undefined: for none, as under an IP address or without TLS beyond this machine. */
export function placeOf (origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined
  const { protocol, hostname } = new URL(origin)
  if (isIP(hostname) !== 0 || hostname.startsWith('[') || hostname === '') return undefined
  return protocol === 'https:' || hostname === 'localhost' ? hostname : undefined
}

/** Whether no certificates come with it: the device says nothing of itself, or signs for itself. */
export async function isPlain (attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const attested = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
    const format = attested.get('fmt')
    return format === 'none' || (format === 'packed' && attested.get('attStmt').get('x5c') === undefined)
  } catch {
    return false
  }
}
