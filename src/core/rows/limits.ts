/** Digits before and behind the point of a number that is measured. More are no measurement. */
export const DIGITS_MAX = 40
/** How deep a row of JSON may be nested to be one. */
export const DEPTH_MAX = 64
/** How deep objects in rows are looked into for fields, and geometries for coordinates. */
export const NESTING_MAX = 3
export const COORDINATES_NESTING_MAX = 6
/** Coordinates of one geometry that are looked at: more make a row without a place. */
export const COORDINATES_MAX = 65_536
