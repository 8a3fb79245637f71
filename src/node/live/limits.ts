export type LiveLimits = {
  /** Between two rounds. */
  readonly roundMs: number
  /** Listeners that are told in one turn of the event loop. */
  readonly seatsAtOnce: number
  /** Of one array that listeners are told. */
  readonly portionRecordsMax: number
  readonly portionBytesMax: number
  readonly lagRecordsMax: number
  readonly lagBytesMax: number
  readonly lagMs: number
}

export const LIVE_LIMITS: LiveLimits = {
  roundMs: 20, seatsAtOnce: 128, portionRecordsMax: 512, portionBytesMax: 262_144, lagRecordsMax: 1_000, lagBytesMax: 1_048_576, lagMs: 5_000
}
