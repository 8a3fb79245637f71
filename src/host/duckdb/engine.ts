import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { assert, fail, ok, type Result } from '../../base/index.ts'
import type { SqlEngine, SqlFault, SqlTables } from '../index.ts'
import type { Duck } from './duck.ts'
import { faultOf, jsonOf } from './faults.ts'
import { DuckTables } from './tables.ts'

/** Parsing takes little, whatever the text. */
const PARSER_LIMITS = { memoryBytesMax: 128 << 20, threads: 1 }

const MISSING: SqlFault = {
  code: 'missing', position: null, reason: 'SQL needs DuckDB: npm install @duckdb/node-api'
}

/** `load`: how the package is found. */
export function createSqlEngine (load: () => Promise<Duck> = () => import('@duckdb/node-api')): SqlEngine {
  let loading: Promise<Duck | undefined> | undefined
  let parsing: Promise<DuckDBConnection> | undefined
  const opened = new Set<DuckDBInstance>()

  const duckdb = (): Promise<Duck | undefined> => loading ??= load().catch(() => undefined)
  const openInstance = async (duck: Duck, limits: Parameters<typeof configOf>[0]): Promise<DuckDBInstance> => {
    const instance = await duck.DuckDBInstance.create(':memory:', configOf(limits))
    opened.add(instance)
    return instance
  }
  const parser = async (duck: Duck): Promise<DuckDBConnection> => (await openInstance(duck, PARSER_LIMITS)).connect()

  /** One text in, one out, by a function of the engine. */
  async function translated (name: 'json_serialize_sql' | 'json_deserialize_sql', given: string): Promise<Result<string, SqlFault>> {
    const duck = await duckdb()
    if (duck === undefined) return fail(MISSING)
    const connection = await (parsing ??= parser(duck))
    try {
      const argument = name === 'json_serialize_sql' ? '$1::VARCHAR' : '$1::JSON'
      const answered = await connection.runAndReadAll(`SELECT ${name}(${argument})`, [given])
      const text = answered.getRows()[0]?.[0]
      return typeof text === 'string' ? ok(text) : fail({ code: 'fault', reason: 'the parser gave nothing', position: null })
    } catch (cause) {
      return fail(faultOf(cause, given))
    }
  }

  return {
    async parse (text) {
      const serialized = await translated('json_serialize_sql', text)
      if (!serialized.ok) return serialized
      const tree = jsonOf(serialized.value)
      // Infinity is written as such, which is no JSON.
      if (typeof tree !== 'object' || tree === null) return fail({ code: 'invalid', reason: 'a number in it is too large', position: null })
      return 'error' in tree && tree.error === true ? fail(faultOf(tree, text)) : ok(tree)
    },
    async write (tree) {
      const numbers = { isExact: true }
      const text = JSON.stringify(tree, (key, value: unknown) => {
        if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value
        // "Nowhere" is the largest number of 64 bits.
        if (key === 'query_location') return 0
        numbers.isExact = false
        return value
      })
      return numbers.isExact ? translated('json_deserialize_sql', text) : fail({ code: 'invalid', reason: 'a number in it is too large', position: null })
    },
    async open (limits): Promise<Result<SqlTables, SqlFault>> {
      const duck = await duckdb()
      if (duck === undefined) return fail(MISSING)
      const instance = await openInstance(duck, limits)
      return ok(new DuckTables(duck, instance, await instance.connect(), () => { opened.delete(instance) }))
    },
    close () {
      for (const instance of opened) instance.closeSync()
      opened.clear()
      parsing = undefined
    }
  }
}

/** Read in this order: what shuts the way out comes last, because some settings can be made only before it. */
function configOf ({ memoryBytesMax, threads }: { readonly memoryBytesMax: number, readonly threads: number }): Record<string, string> {
  assert(Number.isSafeInteger(memoryBytesMax) && Number.isSafeInteger(threads) && threads > 0, 'limits are whole numbers')
  return {
    temp_directory: '',
    max_temp_directory_size: '0B',
    home_directory: NOWHERE,
    extension_directory: NOWHERE,
    secret_directory: NOWHERE,
    allow_persistent_secrets: 'false',
    allow_unsigned_extensions: 'false',
    allow_community_extensions: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    memory_limit: `${Math.floor(memoryBytesMax / 1_000_000)}MB`,
    threads: String(threads),
    max_expression_depth: '250',
    errors_as_json: 'true',
    enable_external_access: 'false',
    lock_configuration: 'true'
  }
}

/** No folder can be made here. */
const NOWHERE = '/dev/null/hanse'
