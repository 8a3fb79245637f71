/**
 * Reads the settings of a node: flags before environment before hanse.toml before defaults.
 *
 * `schema.ts` is the one source of names, types, defaults, checks and help. A setting or a `HANSE_` variable that it does
 * not know is an error with its place and the nearest name that it knows: a typo must not silently mean the default.
 * No secret is a setting; `member.passphrase_file` names the file of one.
 */
export { configCommands } from './commands.ts'
export { editConnectors, withPaths } from './connectors.ts'
export { configOf, configProblem, expand, loadConfig, type LoadOptions } from './load.ts'
export { isPlace, SETTINGS, type Config } from './schema.ts'
export { renderToml } from './toml.ts'
