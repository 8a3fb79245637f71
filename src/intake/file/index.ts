/**
 * Reads a file that someone wants to publish: what it holds, how it splits into records, what to warn of before.
 *
 * Splitting is exact: the slices of a file, joined, are the file, byte for byte. A table whose header or row is larger
 * than a record may be is not split; it travels as a file. Reading streams, so memory does not grow with the file.
 * A description is a guess made from all values, and its warnings are for a person to judge: nothing is changed or left out.
 */
export { describeFile, rowTimeMs } from './describe.ts'
export { cellsOf, fieldsOf, isNestedDeeply } from './fields.ts'
export { bytesOfFile, publishableName, recordBatchesOfFile, recordsOfFile } from './records.ts'
export { sniffFile } from './sniff.ts'
export { splitBytes, splitRows } from './split.ts'
export { ROW_BYTES_MAX } from './limits.ts'
export type { Dialect, FileDescription, FileKind, FileWarning, Slice } from './types.ts'
