/**
 * Measures how fast a table comes into a running node, and in how much memory: `node scripts/measure/csv.ts [rows] [csv|geojson]
 * [folder|publish]`, 10,000,000 rows of CSV by a watched folder where nothing is said. Prints one JSON document.
 *
 * The node is a process of its own with LevelDB, started as anybody starts it. Time counts from the file's appearance under its name, or the
 * begin of `hanse publish`, until everything is durable, signed and in the catalogue. `form`: the installed command where `npm run build` has
 * made it, and else its sources. `resident` is the most that the process ever had, as the kernel counts it (VmHWM); `own` and `mapped` are the
 * most of its own pages and of those of files that it maps, looked at ten times a second: they need not have been at the same time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hanse, startCity, stopCities, type City } from '../demo/city.ts'
import { NODE_FLAGS, PROGRAM } from '../program.ts'

const [ROWS = '10000000', FORMAT = 'csv', WAY = 'folder'] = process.argv.slice(2)
const rows = Number(ROWS)
const LOOK_MS = 100
const BEGIN_MS = Date.UTC(2026, 0, 1)

type Memory = { residentBytes: number, ownBytes: number, mappedBytes: number }

const NOTHING: Memory = { residentBytes: 0, ownBytes: 0, mappedBytes: 0 }

const folder = await mkdtemp(join(tmpdir(), 'hanse-csv-'))
try {
  const drop = join(folder, 'drop')
  const data = join(folder, 'node')
  await mkdir(drop)
  await hanse('init', '--name', 'Bellevue', '--data', data)
  await appendFile(join(data, 'hanse.toml'), `
[network]
listen = ["/ip4/127.0.0.1/tcp/0"]
join_listen = []
lan = false
${WAY === 'folder' ? `
[[connector]]
kind = "folder"
name = "drop"
path = ${JSON.stringify(drop)}
interval_s = 1
[connector.dataset]
id = "bins"
title = "Bins"
` : ''}`)
  const city = await startCity('Bellevue', data, undefined, PROGRAM.path)
  await found(city)
  const part = join(folder, `bins.${FORMAT}`)
  await write(part)
  const { size } = await stat(part)
  const before = memoryOf(city.process.pid)
  const peaks = { node: { ...before }, client: { ...NOTHING } }
  const looking = setInterval(() => { raise(peaks.node, memoryOf(city.process.pid)) }, LOOK_MS)
  const beganMs = performance.now()
  await (WAY === 'folder' ? byFolder(part, drop) : byCommand(part, data, peaks.client))
  const seconds = (performance.now() - beganMs) / 1_000
  raise(peaks.node, memoryOf(city.process.pid))
  clearInterval(looking)
  const dataset = await city.client.dataset('bins')
  if (!dataset.ok) throw new Error(dataset.failure.reason)
  const { records, sizeBytes } = dataset.value.distribution
  if (sizeBytes !== size || (records ?? 0) < rows) throw new Error(`${records} records of ${sizeBytes} bytes, not ${rows} of ${size}`)
  console.log(JSON.stringify({
    rows, format: FORMAT, way: WAY, form: PROGRAM.form, sizeBytes: size, seconds: Math.round(seconds * 10) / 10, rowsPerSecond: Math.round(rows / seconds),
    megabytes: { idle: inMegabytes(before), peak: inMegabytes(peaks.node), ...WAY === 'folder' ? {} : { client: inMegabytes(peaks.client) } },
    cores: availableParallelism(), load: loadavg().map(each => Math.round(each * 10) / 10)
  }))
} finally {
  await stopCities()
  await rm(folder, { recursive: true, force: true })
}

async function found ({ client }: City): Promise<void> {
  const invited = await client.invite({ federationName: 'Alone', want: 1, validMs: 60_000 })
  if (!invited.ok) throw new Error(invited.failure.reason)
  for (;;) {
    const status = await client.status()
    if (status.ok && status.value.state === 'ready') return
    await wait()
  }
}

async function byFolder (part: string, drop: string): Promise<void> {
  await rename(part, join(drop, `bins.${FORMAT}`))
  while (!existsSync(join(drop, 'done', `bins.${FORMAT}`))) {
    const reason = join(drop, 'failed', `bins.${FORMAT}.reason.txt`)
    if (existsSync(reason)) throw new Error(readFileSync(reason, 'utf8'))
    await wait()
  }
}

async function byCommand (part: string, data: string, peak: Memory): Promise<void> {
  const child = spawn(process.execPath, [...NODE_FLAGS, PROGRAM.path, 'publish', part, '--id', 'bins', '--yes', '--data', data, '--json', '--no-input'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const looking = setInterval(() => { raise(peak, memoryOf(child.pid)) }, LOOK_MS)
  const [code] = await once(child, 'exit')
  clearInterval(looking)
  if (code !== 0) throw new Error(`hanse publish ended with ${String(code)}`)
}

/** Rows as sensors write them: about 66 bytes of CSV each, some with quotes. */
async function write (path: string): Promise<void> {
  await using file = await open(path, 'w')
  let text = FORMAT === 'csv' ? 'bin_id,observed_at,latitude,longitude,fill_pct,battery_v,temperature_c,note\n' : '{"type":"FeatureCollection","features":[\n'
  for (let at = 0; at < rows; at++) {
    text += FORMAT === 'csv' ? csvRow(at) : `${featureOf(at)}${at === rows - 1 ? '\n]}\n' : ',\n'}`
    if (text.length < 1 << 20 && at < rows - 1) continue
    await file.write(text)
    text = ''
  }
}

function csvRow (at: number): string {
  const [latitude, longitude] = placeOf(at)
  return `bin-${at % 5_000},${new Date(BEGIN_MS + at * 1_000).toISOString()},${latitude},${longitude},${at % 101},${(3 + at % 60 / 100).toFixed(2)},${at % 350 / 10},${at % 50 === 0 ? '"emptied, cleaned"' : ''}\n`
}

function featureOf (at: number): string {
  const [latitude, longitude] = placeOf(at)
  return `{"type":"Feature","geometry":{"type":"Point","coordinates":[${longitude},${latitude}]},"properties":{"bin_id":"bin-${at % 5_000}","observed_at":"${new Date(BEGIN_MS + at * 1_000).toISOString()}","fill_pct":${at % 101}}}`
}

function placeOf (at: number): [latitude: string, longitude: string] {
  return [(47.5 + at % 1_000 / 10_000).toFixed(4), (-122.2 + at % 777 / 10_000).toFixed(4)]
}

function memoryOf (pid: number | undefined): Memory {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1_024
    return { residentBytes: bytes('VmHWM'), ownBytes: bytes('RssAnon'), mappedBytes: bytes('RssFile') }
  } catch {
    return NOTHING
  }
}

function raise (peak: Memory, now: Memory): void {
  peak.residentBytes = Math.max(peak.residentBytes, now.residentBytes)
  peak.ownBytes = Math.max(peak.ownBytes, now.ownBytes)
  peak.mappedBytes = Math.max(peak.mappedBytes, now.mappedBytes)
}

function inMegabytes ({ residentBytes, ownBytes, mappedBytes }: Memory): Readonly<Record<'resident' | 'own' | 'mapped', number>> {
  return { resident: Math.round(residentBytes / 1e6), own: Math.round(ownBytes / 1e6), mapped: Math.round(mappedBytes / 1e6) }
}

function wait (): Promise<void> {
  return new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
}
