export { playLife, FATES, type Life, type LifeFate } from './schedule.ts'
export type { Broken } from './disks.ts'
