/**
 * Puts a node into its federation: members, feeds, writer, puller, server, files, network.
 */
export { Federation, type FederationOptions } from './federation.ts'
export { adoptStore, promisedFeeds } from './own.ts'
