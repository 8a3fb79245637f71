const USUAL = 5_000

const asked = process.env['HANSE_FRAMES']

/** How many mutated frames a decoder gets: few on every run, as many as `HANSE_FRAMES` says for `npm run fuzz`. */
export function framesOf (usual: number = USUAL): number {
  return asked === undefined ? usual : Number(asked)
}

/** That of all tests; none where somebody asked for more frames than usual, and waits for them. */
export const FRAMES_TIMEOUT_MS: number = asked === undefined ? 120_000 : 0
