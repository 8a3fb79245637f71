/** Lengths are UTF-16 units. All of an entry fits into the body of a record, 262,144 bytes. */
export const TITLE_LENGTH_MAX = 256
export const DESCRIPTION_LENGTH_MAX = 8_192
export const THEME_LENGTH_MAX = 256
export const KEYWORDS_MAX = 64
export const KEYWORD_LENGTH_MAX = 64
export const LICENCE_LENGTH_MAX = 512
export const COLUMNS_MAX = 512
export const COLUMN_NAME_LENGTH_MAX = 256
export const UNIT_LENGTH_MAX = 64
export const FILE_NAME_LENGTH_MAX = 255
export const MODEL_LENGTH_MAX = 128
export const MEMBER_NAME_LENGTH_MAX = 64
export const HOMEPAGE_LENGTH_MAX = 512
/** Datasets of one publisher that are listed; further ones, in the order of their keys, are quarantined. */
export const DATASETS_MAX = 16_384
/** Quarantined entries that are named; all are counted. */
export const QUARANTINE_SHOWN_MAX = 100
/** What is longer is cut: a search is no place to refuse. */
export const QUERY_LENGTH_MAX = 200
export const POLICY_BYTES_MAX = 32_768
/** Datasets that one was made of. */
export const SOURCES_MAX = 64
export const REDACTED_MAX = 512
export const FIELD_LENGTH_MAX = 256
export const NOTICE_LENGTH_MAX = 512
export const PLACES_MAX = 64
export const SECURITY_LEVEL_MAX = 100
