/**
 * Answers with server-sent events: records of a dataset by number, events of the node by a counter, each resumed by `Last-Event-ID`.
 *
 * Its first bytes say behind which id it begins. A record is encoded once for all who listen to it. A comment every 15 s tells that the
 * connection lives. A stream whose right is
 * lost ends with an event `refused`; one that was closed because its reader is too slow, or because something is missing here, ends
 * with an event `closed`: its data say why, and behind which id to begin again. Neither has an id of its own, so that a browser,
 * which opens the stream anew by itself, begins there.
 */
export { recordEvents, type Start } from './records.ts'
export { EventRing, liveReply } from './ring.ts'
