/**
 * Looks at files that somebody sent before publishing them: what they hold, what to mind, their first rows, a name for them.
 *
 * A file lies in a spool of its own, unpacked where it is gzip or a zip with one file in it, under a random name that holds for whoever
 * sent it, for half an hour, and is then removed; at most eight at once. It is published from there without being sent again, or thrown
 * away. A restart removes all of them.
 */
export { FileInspector, type InspectorOptions } from './inspector.ts'
export { idOf, titleOf } from './naming.ts'
