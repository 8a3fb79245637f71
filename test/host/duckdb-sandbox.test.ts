import { strict as assert } from 'node:assert'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkQuestion } from '../../src/core/sql/index.ts'
import { createSqlEngine } from '../../src/host/duckdb/index.ts'
import type { SqlEngine, SqlTables } from '../../src/host/index.ts'

const SECRET = 'CANARY-4417'

/** Ways out of SQL. `F` is a file that holds the secret, `D` its folder. */
const WAYS: readonly string[] = [
  // Files, by functions
  'SELECT * FROM read_csv(\'F\')', 'SELECT * FROM read_csv_auto(\'F\')', 'SELECT * FROM read_text(\'F\')', 'SELECT * FROM read_blob(\'F\')',
  'SELECT * FROM read_json(\'F\')', 'SELECT * FROM read_json_auto(\'F\')', 'SELECT * FROM read_json_objects(\'F\')', 'SELECT * FROM read_ndjson(\'F\')',
  'SELECT * FROM read_ndjson_auto(\'F\')', 'SELECT * FROM read_ndjson_objects(\'F\')', 'SELECT * FROM read_parquet(\'F\')', 'SELECT * FROM parquet_scan(\'F\')',
  'SELECT * FROM parquet_metadata(\'F\')', 'SELECT * FROM parquet_schema(\'F\')', 'SELECT * FROM parquet_file_metadata(\'F\')', 'SELECT * FROM parquet_kv_metadata(\'F\')',
  'SELECT * FROM sniff_csv(\'F\')', 'SELECT * FROM glob(\'D/*\')', 'SELECT * FROM read_duckdb(\'F\')', 'SELECT * FROM sqlite_scan(\'F\', \'t\')', 'SELECT * FROM postgres_scan(\'host=localhost\', \'public\', \'t\')',
  'SELECT * FROM mysql_query(\'db\', \'SELECT 1\')', 'SELECT * FROM st_read(\'F\')', 'SELECT * FROM read_xlsx(\'F\')', 'SELECT * FROM iceberg_scan(\'F\')', 'SELECT * FROM delta_scan(\'F\')',
  'SELECT * FROM arrow_scan(1, 2, 3)', 'SELECT * FROM seq_scan(\'t\')', 'SELECT * FROM test_all_types()', 'SELECT * FROM repeat_row(1, num_rows = 3)',
  // Files, by names
  'FROM \'F\'', 'FROM "F"', 'SELECT * FROM \'D/*.csv\'', 'SELECT * FROM \'/etc/passwd\'', 'SELECT * FROM "F" AS t', 'SELECT * FROM \'F\' TABLESAMPLE 10%', 'TABLE "F"',
  'SELECT * FROM "D"."secret"', 'SELECT * FROM memory.main."F"', 'SELECT * FROM file:F', 'DESCRIBE \'F\'', 'SUMMARIZE \'F\'', 'SHOW TABLES FROM "D"', 'PIVOT \'F\' ON a',
  // Hidden in other parts
  'SELECT (SELECT content FROM read_text(\'F\'))', 'WITH a AS (SELECT * FROM read_text(\'F\')) SELECT * FROM a', 'SELECT * FROM (SELECT * FROM read_text(\'F\')) AS t',
  'SELECT 1 WHERE EXISTS (FROM read_text(\'F\'))', 'SELECT * FROM range(3) AS r, LATERAL (SELECT * FROM read_text(\'F\')) AS t', 'SELECT unnest((SELECT list(content) FROM read_text(\'F\')))',
  'SELECT 1 UNION ALL SELECT content FROM read_text(\'F\')', 'SELECT CASE WHEN true THEN (SELECT content FROM read_text(\'F\')) END', 'SELECT 1 ORDER BY (SELECT content FROM read_text(\'F\'))',
  'SELECT 1 LIMIT (SELECT length(content) FROM read_text(\'F\'))', 'SELECT count(*) FILTER (WHERE (SELECT true FROM read_text(\'F\')))', 'WITH RECURSIVE a AS (SELECT content FROM read_text(\'F\') UNION SELECT * FROM a) SELECT * FROM a',
  'SELECT sum(1) OVER (ORDER BY (SELECT content FROM read_text(\'F\')))', 'VALUES ((SELECT content FROM read_text(\'F\')))', 'SELECT list_transform([1], x -> (SELECT content FROM read_text(\'F\')))',
  '/* SELECT 1 */ SELECT/**/*/**/FROM/**/read_text/**/(\'F\')', 'SELECT * FROM -- one\nread_text(\'F\')', 'SELECT * FROM READ_TEXT(\'F\')', 'SELECT * FROM "read_text"(\'F\')', 'SELECT * FROM main.read_text(\'F\')',
  'SELECT * FROM system.main.read_text(\'F\')', 'SELECT\u00a0*\u00a0FROM\u00a0read_text(\'F\')', 'SELECT * FROM read_text(E\'F\')', 'SELECT * FROM read_text($$F$$)',
  'SELECT * FROM read_text(chr(47) || \'etc/passwd\')', 'SELECT * FROM query(\'SELECT * FROM read_text(\'\'F\'\')\')', 'SELECT * FROM query_table([\'F\'])', 'SELECT json_execute_serialized_sql(json_serialize_sql(\'SELECT 1\'))',
  'SELECT * FROM json_execute_serialized_sql(json_serialize_sql(\'SELECT * FROM read_text(\'\'F\'\')\'))',
  // Writing
  'COPY (SELECT 1) TO \'D/out.csv\'', 'COPY t FROM \'F\'', 'EXPORT DATABASE \'D/out\'', 'IMPORT DATABASE \'D\'', 'COPY FROM DATABASE memory TO other', 'CREATE TABLE x AS SELECT * FROM read_text(\'F\')',
  'CREATE VIEW v AS SELECT * FROM read_text(\'F\')', 'INSERT INTO t VALUES (1)', 'UPDATE t SET a = 1', 'DELETE FROM t', 'DROP TABLE t', 'ALTER TABLE t ADD COLUMN b INTEGER', 'CREATE MACRO m() AS TABLE SELECT * FROM read_text(\'F\')',
  'CREATE SEQUENCE s', 'SELECT nextval(\'s\')', 'VACUUM', 'CHECKPOINT', 'BEGIN', 'ANALYZE', 'COMMENT ON TABLE t IS \'x\'', 'CREATE TYPE y AS ENUM (\'a\')', 'CREATE SCHEMA z',
  // Other databases, extensions, the network
  'ATTACH \'F\' AS other', 'ATTACH \':memory:\' AS other', 'DETACH memory', 'USE memory', 'INSTALL httpfs', 'LOAD httpfs', 'FORCE INSTALL spatial FROM community', 'LOAD \'D/x.duckdb_extension\'', 'UPDATE EXTENSIONS',
  'SELECT * FROM \'http://127.0.0.1:9/a.csv\'', 'SELECT * FROM \'https://example.org/a.parquet\'', 'SELECT * FROM \'s3://bucket/a.parquet\'', 'SELECT * FROM read_csv(\'http://127.0.0.1:9/a.csv\')', 'SELECT * FROM \'hf://datasets/a/b.csv\'',
  'CREATE SECRET (TYPE s3, KEY_ID \'a\', SECRET \'b\')', 'CREATE PERSISTENT SECRET x (TYPE http)', 'DROP SECRET x', 'SELECT * FROM duckdb_secrets()', 'SELECT * FROM which_secret(\'s3://b\', \'s3\')',
  // Settings, environment, what there is
  'SET memory_limit = \'100GB\'', 'SET enable_external_access = true', 'RESET memory_limit', 'SET GLOBAL threads = 64', 'SET SESSION timezone = \'UTC\'', 'SET VARIABLE x = 1', 'SELECT getvariable(\'x\')', 'PRAGMA database_list',
  'PRAGMA enable_profiling', 'PRAGMA table_info(\'t\')', 'CALL pragma_version()', 'SELECT * FROM pragma_version()', 'SELECT * FROM pragma_table_info(\'t\')', 'SELECT * FROM pragma_database_size()', 'SELECT * FROM pragma_user_agent()',
  'SELECT * FROM pragma_platform()', 'SELECT * FROM duckdb_settings()', 'SELECT * FROM duckdb_tables()', 'SELECT * FROM duckdb_columns()', 'SELECT * FROM duckdb_databases()', 'SELECT * FROM duckdb_functions()',
  'SELECT * FROM duckdb_variables()', 'SELECT * FROM duckdb_memory()', 'SELECT * FROM duckdb_temporary_files()', 'SELECT * FROM duckdb_logs()', 'SELECT * FROM information_schema.tables', 'SELECT * FROM pg_catalog.pg_class',
  'SELECT * FROM sqlite_master', 'SELECT * FROM duckdb_views()', 'SELECT current_setting(\'memory_limit\')', 'SELECT getenv(\'HOME\')', 'SELECT current_user', 'SELECT current_database()', 'SELECT current_schemas(true)',
  'SELECT version()', 'SELECT pg_typeof(1)', 'SELECT txid_current()', 'SELECT has_table_privilege(\'t\', \'select\')', 'SELECT in_search_path(\'memory\', \'main\')', 'SELECT write_log(\'x\')', 'SELECT error(\'x\')',
  // Several, prepared, other kinds
  'SELECT 1; SELECT * FROM read_text(\'F\')', 'SELECT 1; DROP TABLE t', 'PREPARE p AS SELECT * FROM read_text(\'F\')', 'EXECUTE p', 'DEALLOCATE p', 'EXPLAIN SELECT 1', 'EXPLAIN ANALYZE SELECT * FROM read_text(\'F\')', 'SELECT $1', 'SELECT ?',
  '.shell ls', '.read F', '\\copy t from F', 'SELECT COLUMNS(x -> true) FROM range(1)', 'SELECT * FROM t AT (VERSION => 1)', 'SELECT #1 FROM range(1)',
  // More than a machine has: inside of one call nothing counts and nothing stops it
  'SELECT repeat(\'x\', 10)', 'SELECT replace(\'x\', \'x\', \'xx\')', 'SELECT lpad(\'x\', 10, \'y\')', 'SELECT len(range(10))', 'SELECT len(generate_series(1, 10))', 'SELECT array_to_string([1, 2], \',\')'
]

/**
 * What the engine itself would answer: it tells of its own settings and tables, and nothing of the machine or of files. Before these the
 * check stands alone. A new version of the engine that answers more is seen here.
 */
const ANSWERED: readonly string[] = [
  'SELECT * FROM test_all_types()', 'SELECT * FROM repeat_row(1, num_rows = 3)', 'SELECT * FROM duckdb_secrets()', 'SELECT * FROM which_secret(\'s3://b\', \'s3\')', 'SELECT getvariable(\'x\')', 'PRAGMA database_list',
  'PRAGMA table_info(\'t\')', 'SELECT * FROM pragma_version()', 'SELECT * FROM pragma_table_info(\'t\')', 'SELECT * FROM pragma_database_size()', 'SELECT * FROM pragma_user_agent()', 'SELECT * FROM pragma_platform()',
  'SELECT * FROM duckdb_settings()', 'SELECT * FROM duckdb_tables()', 'SELECT * FROM duckdb_columns()', 'SELECT * FROM duckdb_databases()', 'SELECT * FROM duckdb_functions()', 'SELECT * FROM duckdb_variables()',
  'SELECT * FROM duckdb_memory()', 'SELECT * FROM duckdb_temporary_files()', 'SELECT * FROM duckdb_logs()', 'SELECT * FROM information_schema.tables', 'SELECT * FROM pg_catalog.pg_class', 'SELECT * FROM sqlite_master',
  'SELECT * FROM duckdb_views()', 'SELECT current_setting(\'memory_limit\')', 'SELECT current_user', 'SELECT current_database()', 'SELECT current_schemas(true)', 'SELECT version()', 'SELECT pg_typeof(1)', 'SELECT txid_current()',
  'SELECT has_table_privilege(\'t\', \'select\')', 'SELECT in_search_path(\'memory\', \'main\')', 'SELECT write_log(\'x\')', 'SELECT COLUMNS(x -> true) FROM range(1)', 'SELECT #1 FROM range(1)', 'SELECT repeat(\'x\', 10)',
  'SELECT replace(\'x\', \'x\', \'xx\')', 'SELECT lpad(\'x\', 10, \'y\')', 'SELECT len(range(10))', 'SELECT len(generate_series(1, 10))', 'SELECT array_to_string([1, 2], \',\')'
]

describe('sql: ways out', function () {
  let engine: SqlEngine
  let tables: SqlTables
  let folder = ''
  const waysFor = (): readonly string[] => WAYS.map(text => text.replaceAll('D/', `${folder}/`).replaceAll(/(?<=['"$])F(?=['"$])|(?<=file:)F|(?<=\.read )F|(?<=from )F/g, join(folder, 'secret.csv')).replaceAll('"D"', `"${folder}"`))

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-sql-'))
    await writeFile(join(folder, 'secret.csv'), `a\n${SECRET}\n`)
    engine = createSqlEngine()
    const opened = await engine.open({ memoryBytesMax: 64 << 20, threads: 1 })
    assert.ok(opened.ok)
    tables = opened.value
    await tables.create('t', [{ name: 'a', type: 'integer' }])
  })
  after(async () => {
    tables.close()
    engine.close()
    await rm(folder, { recursive: true })
  })

  it('are all refused by the check, or name what is no dataset', async () => {
    assert.ok(WAYS.length >= 50)
    const open: string[] = []
    for (const text of waysFor()) {
      const tree = await engine.parse(text)
      const checked = tree.ok ? checkQuestion(tree.value) : undefined
      // A name that is none of a dataset goes no further: `/etc/passwd` is looked for in the catalogue, and not found.
      const isNothing = checked?.ok === true && checked.value.tables.length > 0 && checked.value.tables.every(({ name }) => !/^[a-z0-9-]+$/.test(name.split('/').at(-1) ?? '') || name.startsWith('/'))
      if (checked?.ok === true && !isNothing) open.push(text)
    }
    assert.deepEqual(open, [])
  })

  it('lead nowhere in the engine, also past the check', async () => {
    const answered: string[] = []
    for (const text of waysFor()) {
      const run = await tables.run({ text, views: [], timeMsMax: 60_000, rowsMax: 1_000, bytesMax: 1 << 20 })
      if (!run.ok) {
        assert.ok(!run.failure.reason.includes(SECRET), text)
        continue
      }
      const shown = JSON.stringify(run.value.rows, (_key, value: unknown) => typeof value === 'bigint' ? Number(value) : value)
      assert.ok(!shown.includes(SECRET) && !shown.includes('secret.csv') && !shown.includes(folder), text)
      answered.push(text)
    }
    assert.deepEqual(await readdir(folder), ['secret.csv'])
    assert.deepEqual(answered, ANSWERED)
  })

  it('stay shut when settings are asked for again', async () => {
    for (const text of ['SET enable_external_access = true', 'SET lock_configuration = false', 'RESET enable_external_access', 'PRAGMA enable_external_access = true']) {
      assert.ok(!(await tables.run({ text, views: [], timeMsMax: 2_000, rowsMax: 1, bytesMax: 1_000 })).ok, text)
    }
    const read = await tables.run({ text: `SELECT * FROM read_text('${join(folder, 'secret.csv')}')`, views: [], timeMsMax: 2_000, rowsMax: 1, bytesMax: 1_000 })
    assert.ok(!read.ok)
  })

  it('end at limits of time, memory and rows, and the next question is answered', async () => {
    const limits = { views: [], timeMsMax: 60_000, rowsMax: 3, bytesMax: 1 << 20 }
    const slow = await tables.run({ ...limits, timeMsMax: 200, text: 'SELECT count(*) FROM range(1000000000000) AS r WHERE hash(r.range) = 1' })
    assert.deepEqual([slow.ok, slow.ok ? '' : slow.failure.code], [false, 'timeout'])
    const large = await tables.run({ ...limits, text: 'SELECT count(DISTINCT range) FROM range(100000000)' })
    assert.deepEqual([large.ok, large.ok ? '' : large.failure.code], [false, 'memory'])
    const many = await tables.run({ ...limits, text: 'SELECT * FROM range(10)' })
    assert.deepEqual(many.ok ? [many.value.rows.length, many.value.isCut] : many.failure, [3, true])
    const left = AbortSignal.abort()
    assert.ok(!(await tables.run({ ...limits, signal: left, text: 'SELECT count(*) FROM range(1000000000000) AS r WHERE hash(r.range) = 1' })).ok)
  })

  it('are not there where the package is not: every call says what to install', async () => {
    const missing = createSqlEngine(() => Promise.reject(new Error('Cannot find package')))
    for (const result of [await missing.parse('SELECT 1'), await missing.write({}), await missing.open({ memoryBytesMax: 1 << 26, threads: 1 })]) {
      assert.deepEqual(result.ok ? '' : [result.failure.code, result.failure.reason], ['missing', 'SQL needs DuckDB: npm install @duckdb/node-api'])
    }
  })
})
