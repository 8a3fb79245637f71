/** Bytes of the normal form. */
export const POLICY_BYTES_MAX: number = 32 * 1024
/** Permissions, prohibitions, obligations and duties of permissions together. */
export const RULES_MAX = 32
/** Constraints of one rule, those inside of others counted too; its duties count apart. */
export const CONSTRAINTS_PER_RULE_MAX = 64
/** How deep constraints may stand in each other. */
export const NESTING_MAX = 4
/** Values of one right operand, and profiles of a policy. */
export const LIST_VALUES_MAX = 256
/** UTF-8 bytes of one text. */
export const TEXT_BYTES_MAX = 512
/** How deep a member that we do not know may be nested. */
export const FOREIGN_DEPTH_MAX = 16
/** Members that we do not know, in one object. */
export const FOREIGN_MEMBERS_MAX = 64
/** Smallest group that a summary may show, whatever a form says. */
export const GROUP_SIZE_MIN = 5
