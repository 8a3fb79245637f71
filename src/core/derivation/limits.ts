export const RECIPE_BYTES_MAX = 262_144
export const COLUMNS_MAX = 512
export const FIELD_LENGTH_MAX = 256
export const PLACES_MAX = 16
export const GROUP_FIELDS_MAX = 16
export const MEASURES_MAX = 64
/** Fewer entities than this are no group, whatever a recipe says. */
export const GROUP_SIZE_FLOOR = 5
export const GROUP_SIZE_MAX = 1_000_000
export const H3_RESOLUTION_MAX = 15
export const TIME_STEP_MS_MAX = 31_622_400_000
export const CLOSE_AFTER_MS_MAX = 2_678_400_000
export const DELAY_MS_MAX = 31_622_400_000
/** How long after its publication a window still takes late records. */
export const LATE_MS = 604_800_000
export const FORGET_EVERY_MS = 3_600_000
/** A record whose time is further ahead of the clock than this would hold up all that come after it. */
export const AHEAD_MS_MAX = 86_400_000
/** Groups, entities and distinct values that the open windows hold, together: about 100 bytes of memory each. */
export const STATE_ITEMS_MAX = 500_000
export const STATE_BYTES_MAX = 67_108_864
/** The values that name a group, together. A row with longer ones is in none. */
export const GROUP_TEXT_LENGTH_MAX = 4_096
/** Digits of a sum of such numbers. */
export const SUM_DIGITS_MAX = 60
