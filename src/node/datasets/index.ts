/**
 * Finds, publishes, fetches, reads and verifies datasets: what the catalogue says of them, with what this node holds of them.
 */
export { questionOf } from './gate.ts'
export { Datasets, type DatasetsOptions, type Found } from './datasets.ts'
export { governedOf, isTooFine, tooFine } from './governing.ts'
export { historyOf } from './history.ts'
export { Publisher, type Governed } from './publisher.ts'
export { Reader } from './reader.ts'
