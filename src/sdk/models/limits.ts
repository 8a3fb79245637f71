/** A record's body has room for 262,144 bytes; what stands beside an entity's attributes needs some of it. */
export const ENTITY_BYTES_MAX = 131_072
export const ATTRIBUTES_MAX = 256
export const ATTRIBUTE_NAME_LENGTH_MAX = 128
export const ID_LENGTH_MAX = 512
export const TYPE_LENGTH_MAX = 128
export const TEXT_LENGTH_MAX = 65_536
/** Of objects and lists within an attribute. */
export const DEPTH_MAX = 16
/** Values within one entity, counted at all depths. */
export const VALUES_MAX = 16_384
export const LIST_LENGTH_MAX = 1_024
/** All positions of a geometry. */
export const POSITIONS_MAX = 8_192
