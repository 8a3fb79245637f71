/**
 * Finds, publishes, fetches, reads and verifies datasets: what the catalogue says of them, with what this node holds of them.
 */
export { Datasets, type DatasetsOptions } from './datasets.ts'
export { Publisher } from './publisher.ts'
export { Reader } from './reader.ts'
