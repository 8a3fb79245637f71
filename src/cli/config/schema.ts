import { z } from 'zod'
import { CONNECTORS_MAX, declarationSchema } from '../../sdk/index.ts'

const MEMBER_NAME_LENGTH_MAX = 128
const PATH_LENGTH_MAX = 4_096
const ADDRESSES_MAX = 16
const HOST_NAMES_MAX = 64
const PARTICIPANTS_MAX = 1_024
const GIB = 1_073_741_824

const ADDRESS = /^\/(ip4|ip6|dns|dns4|dns6)\/[^/\s]{1,253}\/tcp\/\d{1,5}$/
const PLACE = /^(|-?\d{1,2}(\.\d{1,10})?,-?\d{1,3}(\.\d{1,10})?)$/

/** Loopback alone: an address that others reach needs TLS, which this version does not have. */
const loopback = z.string().regex(/^(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/, 'a loopback address and a port, for instance 127.0.0.1:7480')
  .refine(text => portOf(text) <= 65_535, 'a port from 0 (any free one) to 65535')

/** Any address: where it is not of this machine, what travels there wants TLS. */
const anywhere = z.string().regex(/^([a-z0-9.-]{1,253}|\[[0-9a-f:.]+\]):\d{1,5}$/, 'HOST:PORT, for instance 127.0.0.1:1883')
  .refine(text => portOf(text) <= 65_535, 'a port from 0 (any free one) to 65535')

const addresses = z.array(z.string().regex(ADDRESS, 'an address like /ip4/0.0.0.0/tcp/4210')
  .refine(text => portOf(text) <= 65_535, 'a port of at most 65535')).max(ADDRESSES_MAX)

/** Over TLS, but on this machine. */
const ISSUER = /^(|https:\/\/[^\s/?#@]+(\/[^\s?#]*)?|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(\/[^\s?#]*)?)$/

function portOf (address: string): number {
  return Number(/\d+$/.exec(address)?.[0] ?? 0)
}

const path = z.string().max(PATH_LENGTH_MAX)

/** The one source of names, types, defaults, checks and help. Units are in the names. */
export const configSchema = z.strictObject({
  member: z.strictObject({
    name: z.string().max(MEMBER_NAME_LENGTH_MAX).default('').describe('What neighbours call this member.'),
    place: z.string().regex(PLACE, 'LATITUDE,LONGITUDE in degrees, for instance 53.87,10.69').default('')
      .refine(text => isPlace(text), 'a latitude up to 90 and a longitude up to 180 degrees')
      .describe('Where the member is, as LATITUDE,LONGITUDE in degrees, until somebody says otherwise in the console. Empty: not told.'),
    stored_in: z.array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'a country of ISO 3166, for instance DE')).max(64).default([])
      .describe('Countries in which what this member is given is kept: its signed word, which terms may ask for. Empty: none is claimed.'),
    security_level: z.int().min(0).max(100).default(0).describe('Security level at which it is kept, as its federation counts them. 0: none is claimed.'),
    passphrase_file: path.default('').describe('A file whose first line opens the member key, where that is protected. Empty: hanse asks.')
  }).prefault({}),
  node: z.strictObject({
    data: path.default('~/.hanse').describe('The folder of the node: keys, databases, this file.')
  }).prefault({}),
  network: z.strictObject({
    listen: addresses.min(1).default(['/ip4/0.0.0.0/tcp/4210']).describe('Addresses on which other members reach this node.'),
    announce: addresses.default([]).describe('Addresses told to others instead, for a node behind a router that forwards a port.'),
    lan: z.boolean().default(true).describe('Finds members on the local network, and dials private addresses.'),
    profile: z.enum(['normal', 'off-grid']).default('normal').describe('off-grid waits longer and talks less, for slow radio links.'),
    gossip: z.boolean().default(true).describe('Tells others at once that something is new. Without it they find out by asking.'),
    join_listen: addresses.default(['/ip4/0.0.0.0/tcp/4211']).describe('Addresses on which applicants reach this node while a founding is open.')
  }).prefault({}),
  api: z.strictObject({
    listen: loopback.default('127.0.0.1:7480').describe('Address of the interface for commands and programs on this machine. Port 0 takes a free one.'),
    metrics_listen: z.union([loopback, z.literal('')]).default('127.0.0.1:7481').describe('Address of the metrics for Prometheus. Empty: none.'),
    public: z.boolean().default(false).describe('Answers programs without a token too, with what anybody may read.'),
    behind_proxy: z.boolean().default(false).describe('A server with TLS stands in front and writes X-Forwarded-For and X-Forwarded-Proto.'),
    host_names: z.array(z.string().regex(/^[a-z0-9.-]{1,253}$/, 'a host name')).max(HOST_NAMES_MAX).default([])
      .describe('Names under which that server is reached: other names than these and those of this machine are refused.')
  }).prefault({}),
  provider: z.strictObject({
    issuer: z.string().regex(ISSUER, 'an https address, or one of this machine, without a query').default('')
      .describe('Issuer of an OpenID Connect provider by which people enter the console too, for instance https://login.bellevue.example. Empty: none.'),
    name: z.string().max(64).default('').describe('What people call it: "Sign in with NAME". Empty: the name of its server.'),
    client_id: z.string().max(256).default('').describe('Name of this console at the provider. There, its redirect address is the address of the console with / at its end.'),
    client_secret_file: path.default('').describe('A file whose first line is the secret for that. Empty: a public client.'),
    scope: z.string().regex(/^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'openid, and names behind it').max(256).default('openid profile').describe('What is asked of the provider.'),
    role_claim: z.string().min(1).max(256).default('roles').describe('Claim of the identity token that says what a person may do; with dots where it lies deeper, as realm_access.roles.'),
    name_claim: z.string().min(1).max(256).default('name').describe('Claim of how a person is shown.'),
    roles: z.array(z.string().regex(/^\S.{0,255} (viewer|publisher|approver|admin)$/, 'VALUE ROLE, for instance gis-team publisher')).max(256).default([])
      .describe('Values of that claim and the role each gives: VALUE ROLE, with viewer, publisher, approver or admin. Nobody else enters by the provider.')
  }).refine(({ issuer, client_id: id }) => issuer === '' || id !== '', { path: ['client_id'], message: 'set together with provider.issuer' }).prefault({}),
  mqtt: z.strictObject({
    listen: z.union([anywhere, z.literal('')]).default('').describe('Address of the MQTT broker of this node, for instance 127.0.0.1:1883. Empty: none.'),
    tls_cert_file: path.default('').describe('Certificate (PEM) of the broker. Empty: no TLS.'),
    tls_key_file: path.default('').describe('Key (PEM) of that certificate.'),
    insecure_lan: z.boolean().default(false).describe('Lets the broker listen on other addresses than this machine\'s without TLS: tokens and data travel in clear there.')
  }).refine(({ tls_cert_file: cert, tls_key_file: key }) => (cert === '') === (key === ''), { path: ['tls_key_file'], message: 'set together with mqtt.tls_cert_file' })
    .refine(({ listen, tls_cert_file: cert, insecure_lan: insecure }) => listen === '' || cert !== '' || insecure || loopback.safeParse(listen).success, {
      path: ['listen'], message: 'an address of this machine, unless mqtt.tls_cert_file is set, or mqtt.insecure_lan by whoever knows that tokens travel in clear'
    }).prefault({}),
  sync: z.strictObject({
    datasets: z.enum(['all', 'subscribed']).default('all').describe('Which datasets of other members this node keeps a copy of.'),
    quota_bytes: z.int().min(0).default(10 * GIB).describe('How much of other members\' data this node keeps at most.')
  }).prefault({}),
  ledger: z.strictObject({
    profile: z.enum(['lan', 'wan', 'radio']).default('wan').describe('How far apart in time the members that decide are: one network, a continent, or slow radio links. A wrong choice costs time alone.')
  }).prefault({}),
  storage: z.strictObject({
    segment_bytes_target: z.int().min(65_536).max(1_000_000).default(262_144).describe('Size at which a segment of records is closed.'),
    linger_ms: z.int().min(0).max(10_000).default(50).describe('How long a segment waits for more records before it is closed.'),
    write_buffer_bytes: z.int().min(4_194_304).max(268_435_456).default(8_388_608).describe('What the database gathers in memory before it writes a table, three times over while much comes in.'),
    scrub_hours: z.int().min(1).max(8_760).default(24).describe('How long a full check of all stored data takes at most.')
  }).prefault({}),
  dsp: z.strictObject({
    listen: z.union([loopback, z.literal('')]).default('').describe('Address of the Dataspace Protocol over HTTP, for a server with TLS in front. Empty: only between members that are connected.'),
    url: z.string().regex(/^(|https:\/\/[^\s/?#]+(\/[^\s?#]*[^\s?#/])?)$/, 'an https address without a slash at its end').default('')
      .describe('How others reach it, for instance https://hanse.bellevue.example. Empty: as it listens.'),
    participants: z.array(z.string().regex(/^did:key:z\w{1,128} https?:\/\/\S{1,2000}( sha256:[0-9a-f]{64})?$/, 'DID ADDRESS, or DID ADDRESS sha256:HEX')).max(PARTICIPANTS_MAX).default([])
      .describe('Members that are reached over HTTP, and connectors that are no nodes, by a did:key: DID ADDRESS, with the SHA-256 of the token that a connector sends.'),
    allow: z.array(z.string().regex(/^[^\s:/]{1,253}:\d{1,5}$/, 'HOST:PORT')).max(PARTICIPANTS_MAX).default([])
      .describe('HOST:PORT of servers in private networks, or without TLS, that this node may call.')
  }).prefault({}),
  web: z.strictObject({
    allow: z.array(z.string().regex(/^([^\s:/[\]]{1,253}|\[[0-9a-f:.]{2,45}\]):\d{1,5}$/, 'HOST:PORT')).max(PARTICIPANTS_MAX).default([])
      .describe('HOST:PORT of servers in private networks, or without TLS, that connectors and subscriptions may call.'),
    ports: z.array(z.string().regex(/^\d{1,5}$/, 'a port')).max(64).default([])
      .describe('Ports of public servers with TLS that they may call, beside 443 and 80.')
  }).prefault({}),
  ngsi: z.strictObject({
    access: z.enum(['members', 'public']).default('members').describe('Who may have the streams that are opened for entities which others send to this node.'),
    contexts: z.array(z.string().regex(/^https?:\/\/\S{1,1000} \S.{0,4000}$/, 'URL FILE')).max(64).default([])
      .describe('JSON-LD contexts beside those that are built in: URL FILE, the file that holds it. None is ever fetched.')
  }).prefault({}),
  conformance: z.strictObject({
    enabled: z.boolean().default(false).describe('Runs what the public test kit of the Dataspace Protocol is run against, in place of a node. Never beside data.'),
    listen: loopback.default('127.0.0.1:7483').describe('Address at which the kit finds it.')
  }).prefault({}),
  log: z.strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('What the node writes to its log.')
  }).prefault({})
})

export type Config = z.output<typeof configSchema>

type SettingKind = 'text' | 'whole number' | 'true or false' | 'list'

export type SettingShape = {
  /** As in `network.listen`. */
  readonly path: string
  readonly kind: SettingKind
  readonly help: string
  readonly value: unknown
}

/** The sections with their settings and defaults, in the order of the schema. */
export const SETTINGS: readonly SettingShape[] = shapes()

function shapes (): SettingShape[] {
  const defaults = configSchema.parse({})
  return Object.entries(defaults).flatMap(([section, settings]) => Object.entries(settings).map(([key, value]): SettingShape => {
    const shape = configSchema.shape[section as keyof Config].unwrap().shape
    const help = new Map<string, z.ZodType>(Object.entries(shape)).get(key)?.description ?? ''
    return { path: `${section}.${key}`, kind: kindOf(value), help, value }
  }))
}

function kindOf (value: unknown): SettingKind {
  if (Array.isArray(value)) return 'list'
  return typeof value === 'number' ? 'whole number' : typeof value === 'boolean' ? 'true or false' : 'text'
}

export function isPlace (text: string): boolean {
  if (text === '') return true
  const [latitude = NaN, longitude = NaN] = text.split(',').map(Number)
  return PLACE.test(text) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
}

/** The schema for editors and other programs: JSON Schema 2020-12. */
export function jsonSchema (): Readonly<Record<string, unknown>> {
  const whole = configSchema.extend({ connector: z.array(declarationSchema).max(CONNECTORS_MAX).optional().describe('What brings data in: a table for each connector.') })
  return { ...z.toJSONSchema(whole, { io: 'input' }), title: 'hanse.toml' }
}
