import type { Profile } from '../../core/consensus/index.ts'

const KiB = 1024
const SECOND = 1_000
const HOUR = 3_600 * SECOND

export type ProfileName = 'lan' | 'wan' | 'radio'

/** Times for three kinds of lines. `radio` means slow IP links. A wrong choice costs time, never safety. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  lan: {
    deltaMs: 250, batchWindowMs: 50, backoffMaxMs: 60 * SECOND, heartbeatMs: 6 * HOUR, bodyBytesMax: 1024 * KiB, driftMsMax: 30 * SECOND
  },
  wan: {
    deltaMs: SECOND, batchWindowMs: 250, backoffMaxMs: 60 * SECOND, heartbeatMs: 6 * HOUR, bodyBytesMax: 1024 * KiB, driftMsMax: 30 * SECOND
  },
  radio: {
    deltaMs: 10 * SECOND, batchWindowMs: 2 * SECOND, backoffMaxMs: 600 * SECOND, heartbeatMs: 24 * HOUR, bodyBytesMax: 32 * KiB,
    driftMsMax: 30 * SECOND
  }
}
