/**
 * Keeps who was given what: one record for each access, in a feed of this node, before the bytes go out.
 *
 * The feed is of class `restricted:access`, its datasetId `access`, in mode `log`. Written are accesses to what has terms: at
 * the publisher's doors, and by own users to what was agreed with others. Streams and replication write one record when they
 * begin and then one a minute, or for each part where what goes out is limited. A refusal is counted; the first of each agreement,
 * reason and hour is written too.
 *
 * What counts against a limit is the fold of this feed. Where the feed is not whole, the counts are unknown, and whatever has
 * a limit is refused. The ledger anchors the feed as any other: that is the root of each period's accesses.
 */
export { ACCESS_CLASS, ACCESS_DATASET_ID, AccessLog, type AccessLogOptions, type Counters } from './log.ts'
export { ACCESS_MEDIA_TYPE, decodeAccess, encodeAccess, type AccessRecord } from './record.ts'
