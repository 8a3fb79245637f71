/**
 * Says of a column whether it seems to tell about people: by its heading, and by the form of its values.
 *
 * A guess, in English and German, that a person judges. It keeps no value, and looks only at the beginning of a long one.
 */
export { patternOf, personalWarning } from './personal.ts'
export type { PersonalKind, PersonalWarning } from './types.ts'
