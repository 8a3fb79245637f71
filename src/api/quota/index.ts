/** Says how often somebody may ask, and how much may be under way for them: buckets of tokens by name, and slots of which strangers get a share. */
export { Buckets, networkOf, type Rate } from './buckets.ts'
export { Slots, type Share } from './slots.ts'
export { Waiting } from './waiting.ts'
