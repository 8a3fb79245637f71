/**
 * Reckons questions in SQL by DuckDB, shut in: the port `SqlEngine`.
 *
 * The package `@duckdb/node-api` is optional and loaded when it is first needed; where it is missing every call says so. A database
 * is in memory and has no way out: no external access (files, network, other databases), no extension is installed or loaded, no
 * secret kept, nothing spilled to the disk, and after that its configuration is locked. What a statement may say is checked before,
 * by `core/sql`; this room is the second line, and takes one statement at a time, of the kind SELECT alone.
 *
 * Two things DuckDB does not lock away: its settings can be read, and so can the names of its own tables. Neither tells of the
 * machine more than the limits set here; whoever asks must not reach them all the same, and `core/sql` lets nobody.
 *
 * A run is stopped by interrupt when its time is over or its asker leaves; memory has a limit for each database; of a result no more
 * is kept than was asked for. Positions are those of characters (UTF-16) in the text; in a tree they stay as the parser gives them:
 * bytes of UTF-8.
 */
export { createSqlEngine } from './engine.ts'
