/**
 * The functions that a question may use. None of them reads anything but its arguments, and none makes of short ones something long:
 * inside of one call DuckDB neither counts memory nor hears an interrupt, so that `replace`, `repeat`, `lpad` or `range` as a value
 * could take all of a machine's (measured: five calls of `replace` took 17 GB and a minute). Those that put texts together are few in
 * one question, since a column that is put to itself, and what comes out to itself, grows as fast (81 times `||` took 5 GB).
 */
const lines = (text: string): readonly string[] => text.trim().split(/\s+/)

const OPERATORS = lines('+ - * / // % ** ^ || ~~ !~~ ~~* !~~* ~~~ & | << >> ~ @ -> ->> @> <@ ^@ like_escape not_like_escape ilike_escape not_ilike_escape')

const AGGREGATES = lines(`
  count count_star sum avg mean min max median mode stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
  regr_slope regr_intercept regr_r2 regr_count regr_avgx regr_avgy regr_sxx regr_syy regr_sxy skewness kurtosis entropy mad
  quantile quantile_cont quantile_disc percentile_cont percentile_disc approx_quantile approx_count_distinct
  bool_and bool_or product fsum kahan_sum favg first last any_value arbitrary arg_min arg_max min_by max_by
  list array_agg string_agg group_concat listagg histogram count_if countif bit_and bit_or bit_xor geomean geometric_mean
`)

const WINDOWS = lines('row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value last_value nth_value first last')

const SCALARS = lines(`
  abs ceil ceiling floor round round_even trunc sign sqrt cbrt exp ln log log2 log10 pow power mod fmod fdiv greatest least degrees radians pi
  sin cos tan asin acos atan atan2 cot gcd lcm isnan isinf isfinite even factorial
  coalesce ifnull nullif if constant_or_null
  lower upper lcase ucase length len strlen trim ltrim rtrim substring substr left right reverse concat concat_ws contains prefix suffix
  starts_with ends_with strpos instr position split_part string_split str_split ascii chr unicode ord translate strip_accents
  regexp_matches regexp_extract regexp_full_match
  like_escape format_bytes initcap md5 sha256 hash
  year month day hour minute second millisecond microsecond quarter week weekofyear weekday dayofweek isodow dayofmonth dayofyear yearweek
  decade century millennium isoyear epoch epoch_ms era
  date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub date_add time_bucket age last_day dayname monthname
  make_date make_time make_timestamp strftime strptime try_strptime to_timestamp timezone now get_current_timestamp today current_date get_current_time
  to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds to_quarters to_decades to_centuries
  list_value array_value row struct_pack struct_extract array_extract list_extract list_element list_contains array_contains list_has list_length array_length
  list_sum list_avg list_min list_max list_count list_sort list_distinct list_unique list_reverse list_slice array_slice list_concat
  list_position unnest flatten element_at map_extract map_keys map_values cardinality
  json_extract json_extract_string json_array_length json_type json_valid json_keys json_structure json_value json_exists json_contains
  json to_json
  bit_count greatest_common_divisor least_common_multiple isoyear typeof
`)

const FUNCTIONS: ReadonlySet<string> = new Set([...OPERATORS, ...AGGREGATES, ...SCALARS])
const AGGREGATE_NAMES: ReadonlySet<string> = new Set(AGGREGATES)
const WINDOW_NAMES: ReadonlySet<string> = new Set([...WINDOWS, ...AGGREGATES])
/** Functions that may stand where a table does. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['range', 'generate_series', 'unnest'])

const GROWING: ReadonlySet<string> = new Set(['||', 'concat', 'concat_ws', 'list_concat', 'array_concat', 'json', 'to_json'])

/** By how much a call may lengthen what it is given: one for each argument beside the first. */
export function growthOf (name: string, argumentsCount: number): number {
  return GROWING.has(name) ? Math.max(1, argumentsCount - 1) : 0
}

export function isFunctionKnown (name: string): boolean {
  return FUNCTIONS.has(name)
}

export function isAggregate (name: string): boolean {
  return AGGREGATE_NAMES.has(name)
}

export function isWindowKnown (name: string): boolean {
  return WINDOW_NAMES.has(name)
}

export function isTableFunctionKnown (name: string): boolean {
  return TABLE_FUNCTIONS.has(name)
}

/** Types that a value may be cast to; lists of them too. */
export const TYPES: ReadonlySet<string> = new Set(lines(`
  NULL BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL VARCHAR CHAR STRING_LITERAL INTEGER_LITERAL
  DATE TIME TIMESTAMP INTERVAL
`).concat('TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_S', 'TIMESTAMP_MS'))

/** Words that the engine takes for a function where no column has that name. */
const TIMES_NOW: ReadonlySet<string> = new Set(['current_date', 'current_timestamp', 'current_time'])

export function isWordOfEngine (name: string): boolean {
  return (name.startsWith('current_') && !TIMES_NOW.has(name)) || name === 'session_user' || name === 'localtime' || name === 'localtimestamp'
}
