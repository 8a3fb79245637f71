/**
 * Pulls from addresses: files of tables, and feeds of cities by their readers.
 *
 * - It looks again after the interval that is declared, or what the source says of itself where that is longer (`max-age`, the ttl of a
 *   feed), and a tenth more by chance. After a failure it waits twice as long each time, up to an hour, or as long as the server asks for.
 * - It asks with the conditions of the last time (ETag, Last-Modified), so that what did not change is not sent. What came is compared
 *   by its hash; only other bytes are another version. Conditions are remembered when everything is durable, never before.
 * - All or nothing: a download goes to the disk first. One that breaks off, is too large or is not what it should be stores nothing, and says
 *   so; the good copy from before stays.
 * - Of a feed the newest state by key is kept in a stream: what changed is appended, what is gone is deleted. Its tables are versions of
 *   datasets; sources that a catalogue names are pulled each into a dataset of its own. The rest of a feed goes on where one part fails.
 * - Rows of a stream are known by key and time: what a source shows again is not stored again. One that shows more rows at once than are
 *   remembered is refused.
 *
 * The address is called by `host/web`, which is not led into private networks.
 */
export { createPullConnector, type PullOptions } from './connector.ts'
