/**
 * Finds, publishes, fetches, reads and verifies datasets: what the catalogue says of them, with what this node holds of them.
 */
export { Datasets, type DatasetsOptions } from './datasets.ts'
