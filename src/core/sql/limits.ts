/** A question, as text. */
export const QUESTION_BYTES_MAX = 32_768
/** Characters of operators in a row, and comments: what the parser reads again and again. */
export const OPERATOR_BYTES_MAX = 64
export const COMMENTS_MAX = 256
/** Calls that make longer texts of texts, in one question: each may double what another gave. */
export const GROWING_CALLS_MAX = 12
/** Parts of its syntax tree, and how deep they lie in each other. */
export const TREE_NODES_MAX = 4_096
export const TREE_DEPTH_MAX = 64
/** Datasets that one question names. */
export const TABLES_MAX = 16
/** A SELECT over data that may only be told in groups: columns it groups by, what it reckons of them, and the parts of its WHERE. */
export const GROUP_TERMS_MAX = 8
export const MEASURES_MAX = 32
export const CONDITION_PARTS_MAX = 256
/** SELECTs over such data in one question. */
export const GROUPINGS_MAX = 8
/** An answer that is signed: what it says beside its rows, and its rows as CSV. */
export const ANSWER_STATEMENT_BYTES_MAX = 65_536
export const ANSWER_CSV_BYTES_MAX = 4 << 20
