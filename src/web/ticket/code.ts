import { encode } from 'uqr'

/** So much white around it readers need: ISO/IEC 18004. */
const QUIET_MODULES = 4

/**
 * A QR code of a ticket as one path over unit squares. In capitals, which a code holds in little more than half the room; nodes read
 * tickets either way.
 */
export function codeOf (ticket: string): { readonly path: string, readonly size: number } {
  const { data, size } = encode(ticket.toUpperCase(), { ecc: 'L', border: QUIET_MODULES })
  return { path: data.map((row, y) => row.map((isDark, x) => isDark ? `M${x} ${y}h1v1h-1z` : '').join('')).join(''), size }
}
