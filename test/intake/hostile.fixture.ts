/** Files that somebody sends to do harm, or that broke on their way. All are made when they are needed. */
import { truncate, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { zipOf } from './zip.fixture.ts'

const MEGABYTE = 1 << 20
const ROW = 'x,1\n'
const DEEP = 100_000

export type Hostile = {
  readonly name: string
  readonly fileName: string
  readonly write: (path: string) => Promise<void>
  /** What a watched folder and a pull say of it. Undefined: it is data like any other, and is published as it is. */
  readonly refusal: RegExp | undefined
  /** What `hanse publish` says, which publishes what a person wants; undefined: nothing. */
  readonly warning?: RegExp
  /** Whether rows of it may be stored one by one. */
  readonly isTable?: true
}

const content = (text: string | Uint8Array): Hostile['write'] => path => writeFile(path, text)
const packed = (bytes: () => Uint8Array): Hostile['write'] => path => writeFile(path, bytes())
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function flatZip (): Uint8Array {
  const content = Uint8Array.from({ length: MEGABYTE }, (_, at) => at * at % 251)
  return zipOf(Array.from({ length: 3_000 }, (_, at) => ({ name: String(at), content, saidCrc32: 1, ...at === 0 ? {} : { sameAs: 0 } })))
}

function nestedZip (): Uint8Array {
  let zip = zipOf(Array.from({ length: 16 }, (_, at) => ({ name: `${at}.bin`, content: new Uint8Array(MEGABYTE) })))
  for (let depth = 0; depth < 5; depth++) {
    const inner = zip
    zip = zipOf(Array.from({ length: 16 }, (_, at) => ({ name: `${at}.zip`, content: inner })))
  }
  return zip
}

export const HOSTILE: readonly Hostile[] = [
  { name: 'a gzip bomb', fileName: 'bomb.csv.gz', write: packed(() => gzipSync(new Uint8Array(64 * MEGABYTE).fill(0x61))), refusal: /more than 100 times/ },
  { name: 'a zip bomb', fileName: 'bomb.zip', write: packed(() => zipOf([{ name: 'bomb.csv', content: new Uint8Array(64 * MEGABYTE).fill(0x61) }])), refusal: /more than 100 times/ },
  {
    name: 'a flat zip bomb, whose entries share their bytes', fileName: 'flat.zip', refusal: /more than 100 times/,
    write: packed(flatZip)
  },
  { name: 'a nested zip bomb', fileName: 'nested.zip', write: packed(nestedZip), refusal: /no CSV table/ },
  { name: 'a zip that says it is small', fileName: 'lies.zip', write: packed(() => zipOf([{ name: 'a.csv', content: utf8('id,n\n' + ROW.repeat(100_000)), saidSizeBytes: 100 }])), refusal: /damaged|cut short/ },
  { name: 'a zip with a name that leads out', fileName: 'slip.zip', write: packed(() => zipOf([{ name: '../../../../tmp/hanse-escaped.csv', content: utf8('id,n\nx,1\n') }])), refusal: /leads out/ },
  { name: 'a zip with an absolute name', fileName: 'absolute.zip', write: packed(() => zipOf([{ name: '/tmp/hanse-escaped.csv', content: utf8('id,n\nx,1\n') }])), refusal: /leads out/ },
  { name: 'a zip with a link', fileName: 'link.zip', write: packed(() => zipOf([{ name: 'a.csv', content: utf8('/etc/passwd'), mode: 0o120777 }])), refusal: /a link or a device/ },
  { name: 'an encrypted zip', fileName: 'secret.zip', write: packed(() => zipOf([{ name: 'a.csv', content: utf8('id,n\nx,1\n'), flags: 1 }])), refusal: /encrypted/ },
  { name: 'gzip that is cut short', fileName: 'cut.csv.gz', write: packed(() => gzipSync(`id,n\n${ROW.repeat(5_000)}`).subarray(0, 60)), refusal: /cut short/ },
  { name: 'a million columns', fileName: 'wide.csv', write: content(`${Array.from({ length: 1_000_000 }, (_, at) => `c${at}`).join(',')}\n${','.repeat(999_999)}\n`), refusal: /larger than 262144 bytes/, warning: /larger than 262144 bytes/ },
  { name: 'as many columns as a row can hold', fileName: 'commas.csv', write: content(`${','.repeat(200_000)}\n`.repeat(5)), refusal: undefined, warning: /more than 10000 columns/, isTable: true },
  { name: 'a line without an end', fileName: 'line.csv', write: async path => { await writeFile(path, `id,n\n${ROW.repeat(20_000)}`); await truncate(path, 4 * 1_024 * MEGABYTE) }, refusal: /more than 1073741824 bytes/, warning: /larger than 262144 bytes/ },
  { name: 'a row that no record can hold', fileName: 'row.csv', write: content(`id,n\n${ROW.repeat(20)}${'y'.repeat(300_000)},2\n`), refusal: /larger than 262144 bytes/, warning: /larger than 262144 bytes/ },
  { name: 'a quote that never ends', fileName: 'quote.csv', write: content(`id,n\n${ROW.repeat(20)}"y,1\n${ROW.repeat(20)}`), refusal: /quote that never ends/, warning: /quote that never ends/, isTable: true },
  { name: 'UTF-16', fileName: 'utf16.csv', write: content(Buffer.from(`\uFEFFid,n\n${ROW.repeat(20)}`, 'utf16le')), refusal: /UTF-16/, warning: /UTF-16/ },
  { name: 'zero bytes', fileName: 'zero.csv', write: content(`id,n\nx,1\n\u0000,2\n${ROW.repeat(20)}`), refusal: /no text in UTF-8/, warning: /no text in UTF-8/ },
  { name: 'another charset', fileName: 'latin.csv', write: content(Buffer.from(`id,n\nM\xfcllplatz,1\n${ROW.repeat(20)}`, 'latin1')), refusal: undefined, warning: /not UTF-8/, isTable: true },
  { name: 'bytes that are no text, late in the file', fileName: 'late.csv', write: content(Buffer.concat([Buffer.from(`id,n\n${ROW.repeat(30_000)}`), Buffer.from([0xff, 0xfe, 0x2c, 0x31, 0x0a])])), refusal: undefined, isTable: true },
  { name: 'columns that are called like properties of objects', fileName: 'proto.csv', write: content('__proto__,constructor,hasOwnProperty,toString\n1,2,3,4\n5,6,7,8\n'), refusal: undefined, isTable: true },
  { name: 'keys that are called like properties of objects', fileName: 'proto.ndjson', write: content('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"n":1}\n'.repeat(3)), refusal: /no CSV table/, isTable: true },
  { name: 'formulas in cells', fileName: 'formula.csv', write: content('id,note\na,"=cmd|\' /C calc\'!A0"\nb,+1+1\nc,-2+3\nd,@SUM(A1)\ne,"\t=1+1"\n'), refusal: undefined, isTable: true },
  { name: 'a geometry that is nested without end', fileName: 'deep.geojson', write: content(`{"type":"FeatureCollection","features":[\n{"type":"Feature","properties":{"n":1},"geometry":{"type":"MultiPolygon","coordinates":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}}\n]}`), refusal: /nested deeper/, warning: /nested deeper/ },
  { name: 'GeoJSON that is cut short', fileName: 'cut.geojson', write: content('{"type":"FeatureCollection","features":[\n{"type":"Feature","properties":{"n":1},"geometry":null},\n{"type":"Feature","prop'), refusal: /cut short/, warning: /cut short/, isTable: true },
  { name: 'objects that are nested without end', fileName: 'deep.ndjson', write: content(`{"a":1}\n{"a":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}\n`), refusal: /nested deeper/, warning: /nested deeper/ },
  { name: 'quotes that stall an expression', fileName: 'stall.json', write: content(`{"a":"${'\\"'.repeat(32_000)}`), refusal: /no CSV table/ },
  { name: 'a page that asks to sign in', fileName: 'login.csv', write: content('<!DOCTYPE html><html><body>Sign in</body></html>\n'), refusal: /a page/, warning: /a page/ },
  { name: 'nothing', fileName: 'empty.csv', write: content(''), refusal: /nothing in it/ }
]

/** A folder of CSV takes these; for the others the format is left open. */
export const isForCsv = ({ refusal }: Hostile): boolean => refusal === undefined || /CSV/.test(refusal.source)
