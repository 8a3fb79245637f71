/** Rows and bytes of an answer, where nothing is said and at most. */
export const ROWS_DEFAULT = 10_000
export const ROWS_MAX = 1_000_000
export const RESULT_BYTES_MAX = 64 << 20
/** How long the engine may take for one statement: for the people of this node, and for others. */
export const TIME_MS_MAX = 30_000
export const OTHERS_TIME_MS_MAX = 10_000
/** What the engine may take for one database; and for how many. */
export const MEMORY_BYTES_MAX = 512 << 20
export const THREADS = 2
export const SPACES_MAX = 3
/** Rows of a dataset that are read into the engine, and about how many bytes all that it keeps may take. */
export const TABLE_ROWS_MAX = 10_000_000
export const KEPT_BYTES_MAX = 384 << 20
/** Questions that are reckoned at a time, of the people of this node and beside them of others; and that wait, of each. */
export const RUNNING_MAX = 2
export const OTHERS_RUNNING_MAX = 1
export const WAITING_MAX = 16
/** Groups of one SELECT over data in groups, and meetings of the groups of two. */
export const GROUPS_MAX = 100_000
export const MEETINGS_MAX = 200_000
/** Answers that are remembered of one requester and dataset, and for how long. While there is no room, none is given. */
export const ASKED_MAX = 64
export const ASKED_WINDOW_MS: number = 30 * 86_400_000
/** Of one of them, as it is remembered; and of all, so that whatever was taken can be read again. */
export const GROUPING_LENGTH_MAX = 65_536
export const ASKED_BYTES_MAX: number = ASKED_MAX * (GROUPING_LENGTH_MAX + 1_024)
