import type { Contestant } from './contestant.ts'
import { hanseContestant } from './contestants/hanse.ts'
import { compactHanse, openHanse } from './contestants/hanseNode.ts'
import { helia } from './contestants/helia.ts'
import { hypercore } from './contestants/hypercore.ts'
import { orbitdb } from './contestants/orbitdb.ts'

/** Hanse first: the ratios are to it. */
export const CONTESTANTS: readonly Contestant[] = [hanseContestant(openHanse, compactHanse), hypercore, orbitdb, helia]
