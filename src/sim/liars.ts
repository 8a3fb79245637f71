import {
  badJustifier, conflicter, equivocator, falseFinalizer, impersonator, nuller, outdated, slowLeader, timestampLiar, twin, withholder
} from './adversaries/index.ts'
import type { Liar } from './ground/index.ts'
import { flooder, mutator, reconfigurer, syncLiar } from './nuisances/index.ts'

/** All kinds of liars by name. */
export const LIARS: Readonly<Record<string, Liar>> = {
  equivocator, conflicter, impersonator, nuller, withholder, outdated, reconfigurer, mutator, syncLiar, flooder, timestampLiar, falseFinalizer,
  badJustifier, slowLeader, twin
}
