import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fail, ok, type Result } from '../../base/index.ts'
import type { ConnectorDeclaration } from '../../sdk/index.ts'
import { EXIT, nearest, plain, problem, type Problem } from '../terminal/index.ts'
import { CONNECTOR_SECTION, connectorsOf } from './connectors.ts'
import { configSchema, SETTINGS, type Config, type SettingShape } from './schema.ts'
import { parseToml, type Place } from './toml.ts'

const CONFIG_BYTES_MAX = 1_048_576
const CONFIG_FILE_NAME = 'hanse.toml'
const PREFIX = 'HANSE_'
/** Variables of ours that are no settings: data for tests and the demo, names of images. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['HANSE_DATA', 'HANSE_IMAGE', 'HANSE_BASE'])

export type Source =
  | { readonly type: 'flag', readonly flag: string }
  | { readonly type: 'environment', readonly variable: string }
  | { readonly type: 'file', readonly file: string, readonly line: number }
  | { readonly type: 'default' }

export type Setting = { readonly path: string, readonly value: unknown, readonly source: Source }

export type Loaded = {
  /** Paths in it are absolute. */
  readonly config: Config
  readonly settings: readonly Setting[]
  /** The tables [[connector]] of the file; paths in them are absolute. */
  readonly connectors: readonly ConnectorDeclaration[]
  /** Absolute: the folder of the node. */
  readonly folder: string
  readonly file: string
  readonly fileExists: boolean
}

export type ConfigComplaint = { readonly where: string, readonly reason: string, readonly hint: string }

export type LoadOptions = {
  readonly data: string | undefined
  readonly config: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Settings given on the command line, as text, by path. */
  readonly flags?: ReadonlyMap<string, { readonly flag: string, readonly text: string }>
}

/** The settings that hold: flags before environment before file before default; or everything that is wrong with them. */
export function loadConfig (options: LoadOptions): Result<Loaded, readonly ConfigComplaint[]> {
  const complaints: ConfigComplaint[] = []
  const layers = new Map<string, Setting>(SETTINGS.map(({ path, value }) => [path, { path, value, source: { type: 'default' } }]))
  const environment = environmentLayer(options.environment, complaints)
  const fallback = environment.get('node.data')?.value ?? '~/.hanse'
  const given = options.data ?? (typeof fallback === 'string' ? fallback : '~/.hanse')
  const file = resolve(options.config === undefined ? join(expand(given), CONFIG_FILE_NAME) : expand(options.config))
  const read = readFile(file, options.config !== undefined)
  if (!read.ok) return fail([read.failure])
  const { layer, connectors } = read.value === undefined ? NOTHING : fileLayer(file, read.value, complaints)
  const told = layer.get('node.data')
  if (options.config === undefined && told?.source.type === 'file' && !isFolder(told.value, dirname(file))) {
    complaints.push({
      where: `${file}:${told.source.line}`, reason: 'node.data names another folder than the one this file is in',
      hint: 'Remove it, or name that folder by --data, or this file by --config.'
    })
  }
  const flags = new Map(options.flags)
  if (options.data !== undefined) flags.set('node.data', { flag: '--data', text: options.data })
  for (const [path, setting] of [...layer, ...environment, ...flagLayer(flags, complaints)]) layers.set(path, setting)
  if (complaints.length > 0) return fail(complaints)
  const settings = [...layers.values()]
  const checked = check(settings)
  if (!checked.ok) return checked
  const { node, member, mqtt } = checked.value
  // A path in a file is meant as seen from the file.
  const absolute = (name: string, path: string): string =>
    resolve(layers.get(name)?.source.type === 'file' ? dirname(file) : process.cwd(), expand(path))
  const absoluteFile = (name: string, path: string): string => path === '' ? '' : absolute(name, path)
  const passphraseFile = absoluteFile('member.passphrase_file', member.passphrase_file)
  const tls = { tls_cert_file: absoluteFile('mqtt.tls_cert_file', mqtt.tls_cert_file), tls_key_file: absoluteFile('mqtt.tls_key_file', mqtt.tls_key_file) }
  const provider = { ...checked.value.provider, client_secret_file: absoluteFile('provider.client_secret_file', checked.value.provider.client_secret_file) }
  const config = { ...checked.value, provider, member: { ...member, passphrase_file: passphraseFile }, mqtt: { ...mqtt, ...tls } }
  return ok({ config, settings, connectors, folder: absolute('node.data', node.data), file, fileExists: read.value !== undefined })
}

/** What is wrong, as a command says it. */
export function configProblem (complaints: readonly ConfigComplaint[]): ReturnType<typeof problem> {
  const [first] = complaints
  const reason = complaints.map(({ where, reason }) => `${where}: ${reason}`).join('\n')
  return problem(EXIT.badConfiguration, 'config', reason, [...new Set(complaints.map(({ hint }) => hint))].join(' ') || (first?.hint ?? ''))
}

/** The settings for a command, or the failure to return. */
export function configOf (options: LoadOptions): Result<Loaded, Problem> {
  const loaded = loadConfig(options)
  return loaded.ok ? loaded : configProblem(loaded.failure)
}

function isFolder (value: unknown, folder: string): boolean {
  return typeof value === 'string' && resolve(folder, expand(value)) === folder
}

/** A path with the home folder for a leading `~`. */
export function expand (path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}

function readFile (file: string, named: boolean): Result<string | undefined, ConfigComplaint> {
  try {
    const { size } = statSync(file)
    if (size > CONFIG_BYTES_MAX) {
      return fail({ where: file, reason: `is larger than ${CONFIG_BYTES_MAX} bytes`, hint: 'Is this the right file?' })
    }
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (!named && (code === 'ENOENT' || code === 'ENOTDIR')) return ok(undefined)
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return fail({ where: file, reason: 'is not UTF-8 text', hint: 'Save it as UTF-8.' })
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${String(code)})`
    return fail({ where: file, reason, hint: 'Check the path and its access rights.' })
  }
}

type FileLayer = { readonly layer: Map<string, Setting>, readonly connectors: readonly ConnectorDeclaration[] }
const NOTHING: FileLayer = { layer: new Map(), connectors: [] }

function fileLayer (file: string, text: string, complaints: ConfigComplaint[]): FileLayer {
  const layer = new Map<string, Setting>()
  let connectors: FileLayer['connectors'] = []
  const parsed = parseToml(text)
  const at = ({ line, column }: Place): string => `${file}:${line}:${column}`
  if (!parsed.ok) {
    const { place, reason } = parsed.failure
    complaints.push({ where: at(place), reason, hint: 'Correct the line; hanse config export shows a whole file that is right.' })
    return NOTHING
  }
  const { values, places } = parsed.value
  const placeOf = (path: string): Place => places.get(path) ?? places.get(path.split('.')[0] ?? '') ?? { line: 1, column: 1 }
  const sections = new Set(SETTINGS.map(({ path }) => path.split('.')[0] ?? ''))
  for (const [section, content] of Object.entries(values)) {
    if (section === CONNECTOR_SECTION) {
      const found = connectorsOf(content, path => places.get(path) ?? NOWHERE, at, expand, dirname(file))
      if (found.ok) connectors = found.value
      else complaints.push(...found.failure)
    } else if (!sections.has(section)) {
      complaints.push({ where: at(placeOf(section)), ...unknownKey(section, [...sections, CONNECTOR_SECTION]) })
    } else if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      complaints.push({ where: at(placeOf(section)), reason: `${section} is a section, not a value`, hint: `Write [${section}] above its settings.` })
    } else {
      for (const [key, value] of Object.entries(content)) {
        const path = `${section}.${key}`
        const place = placeOf(path)
        if (shapeOf(path) === undefined) complaints.push({ where: at(place), ...unknownKey(path, SETTINGS.map(each => each.path)) })
        else layer.set(path, { path, value, source: { type: 'file', file, line: place.line } })
      }
    }
  }
  return { layer, connectors }
}

const NOWHERE: Place = { line: 0, column: 0 }

function environmentLayer (environment: LoadOptions['environment'], complaints: ConfigComplaint[]): Map<string, Setting> {
  const layer = new Map<string, Setting>()
  const names = SETTINGS.map(({ path }) => variableOf(path))
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || OTHER_VARIABLES.has(variable) || text === undefined) continue
    const shape = SETTINGS[names.indexOf(variable)]
    if (shape === undefined) {
      const close = nearest(variable, names)
      complaints.push({
        where: plain(variable), reason: 'this variable sets nothing',
        hint: close === undefined ? 'Unset it; hanse config get lists all settings.' : `Did you mean ${close}?`
      })
      continue
    }
    const value = valueOf(shape, text)
    if (value.ok) layer.set(shape.path, { path: shape.path, value: value.value, source: { type: 'environment', variable } })
    else complaints.push({ where: variable, ...value.failure })
  }
  return layer
}

function flagLayer (flags: NonNullable<LoadOptions['flags']>, complaints: ConfigComplaint[]): Map<string, Setting> {
  const layer = new Map<string, Setting>()
  for (const [path, { flag, text }] of flags) {
    const shape = shapeOf(path)
    if (shape === undefined) continue
    const value = valueOf(shape, text)
    if (value.ok) layer.set(path, { path, value: value.value, source: { type: 'flag', flag } })
    else complaints.push({ where: flag, ...value.failure })
  }
  return layer
}

function shapeOf (path: string): SettingShape | undefined {
  return SETTINGS.find(each => each.path === path)
}

/** `HANSE_SYNC__QUOTA_BYTES` sets `sync.quota_bytes`. */
function variableOf (path: string): string {
  return `${PREFIX}${path.replace('.', '__').toUpperCase()}`
}

function valueOf (shape: SettingShape, text: string): Result<unknown, { readonly reason: string, readonly hint: string }> {
  const trimmed = text.trim()
  switch (shape.kind) {
    case 'text': return ok(text)
    case 'list': return ok(trimmed === '' ? [] : trimmed.split(',').map(each => each.trim()))
    case 'whole number': return /^\d{1,16}$/.test(trimmed) ? ok(Number(trimmed)) : notA(shape, text)
    case 'true or false': return trimmed === 'true' || trimmed === 'false' ? ok(trimmed === 'true') : notA(shape, text)
  }
}

function notA (shape: SettingShape, text: string): Result<never, { readonly reason: string, readonly hint: string }> {
  return fail({ reason: `"${plain(text.slice(0, 64))}" is not ${shape.kind === 'true or false' ? '' : 'a '}${shape.kind}`, hint: shape.help })
}

/** Each value against the schema; what is wrong is told where it was set. */
function check (settings: readonly Setting[]): Result<Config, readonly ConfigComplaint[]> {
  const nested: Record<string, Record<string, unknown>> = {}
  for (const { path, value } of settings) {
    const [section = '', key = ''] = path.split('.')
    nested[section] = { ...nested[section], [key]: value }
  }
  const parsed = configSchema.safeParse(nested)
  if (parsed.success) return ok(parsed.data)
  return fail(parsed.error.issues.map(issue => {
    const path = issue.path.slice(0, 2).map(String).join('.')
    const setting = settings.find(each => each.path === path)
    const shape = shapeOf(path)
    return { where: setting === undefined ? path : whereOf(setting.source), reason: `${path}: ${messageOf(issue.message)}`, hint: shape === undefined ? '' : `${path}: ${shape.help}` }
  }))
}

function messageOf (message: string): string {
  return /^(Invalid|Too|Expected|Unrecognized)/.test(message) ? message.charAt(0).toLowerCase() + message.slice(1) : `must be ${message}`
}

export function whereOf (source: Source): string {
  switch (source.type) {
    case 'flag': return source.flag
    case 'environment': return source.variable
    case 'file': return `${source.file}:${source.line}`
    case 'default': return 'default'
  }
}

function unknownKey (path: string, names: readonly string[]): { readonly reason: string, readonly hint: string } {
  const close = nearest(path, names) ?? nearest(path.split('.')[1] ?? '', names.map(name => name.split('.')[1] ?? ''))
  return {
    reason: `there is no setting ${plain(path.slice(0, 128))}`,
    hint: close === undefined ? 'hanse config get lists all settings.' : `Did you mean ${close}?`
  }
}

