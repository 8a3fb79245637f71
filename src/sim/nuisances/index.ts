/** Lies beside votes and blocks: broken messages, false claims of height, floods, seals that nobody asked for. */
export { flooder } from './flooder.ts'
export { mutator } from './mutator.ts'
export { reconfigurer } from './reconfigurer.ts'
export { syncLiar } from './syncLiar.ts'
