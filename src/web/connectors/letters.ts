const SHOWN_LENGTH = 200

/** The beginning of what came, as far as it is text: bytes that are none show as such. */
export function beginningOf (base64: string): string {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  const text = new TextDecoder().decode(bytes).replaceAll(/\p{Cc}/gu, '·')
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)} …` : text
}
