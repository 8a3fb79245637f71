/**
 * Looks at files that somebody sent before publishing them: what they hold, what to mind, their first rows, a name for them.
 *
 * A file lies in a spool of its own, unpacked where it is gzip or a zip with one file in it, under a random name that holds for whoever
 * sent it, for half an hour, and is then removed. Of one sender a few are kept: the next takes the place of the oldest, and whoever then
 * publishes that one is told so. Nobody's file gives way to another's: where all places are taken, a newcomer is refused. A file is
 * published from there without being sent again, and stays while it is, or thrown away. A restart removes all of them.
 */
export { FileInspector, KEPT_MAX, KEPT_OF_ONE_MAX, type InspectorOptions } from './inspector.ts'
export { idOf, titleOf } from './naming.ts'
