import type { Contestant } from './contestant.ts'
import { helia } from './contestants/helia.ts'
import { hypercore } from './contestants/hypercore.ts'
import { orbitdb } from './contestants/orbitdb.ts'

/** Hanse first: the ratios are to it. */
export const CONTESTANTS: readonly Contestant[] = [hypercore, orbitdb, helia]
