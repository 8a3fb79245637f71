/**
 * Answers the sync protocol: listings, statements, heads, leaves with covers, segments, file blocks; bulk and live.
 */
export { Server, type ServeFile } from './serving.ts'
