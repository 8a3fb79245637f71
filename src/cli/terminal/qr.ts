import { renderUnicodeCompact } from 'uqr'

/** What version 40 holds in bytes at the lowest correction: ISO/IEC 18004 table 7. */
const QR_BYTES_MAX = 2_953

/** A QR code of two modules a character, to be read from a terminal; undefined for a text that is too long for one. */
export function qrText (text: string): string | undefined {
  return Buffer.byteLength(text) > QR_BYTES_MAX ? undefined : renderUnicodeCompact(text, { ecc: 'L', border: 2 })
}
