import { strict as assert } from 'node:assert'
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plain, utf8 } from '../../src/base/index.ts'
import { describeFile, rowTimeMs, splitRows } from '../../src/intake/file/index.ts'
import type { Content, HanseNode, RecordInput } from '../../src/node/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'

const FOLDER = process.env['HANSE_DATA'] ?? '../shared/data'
const FETCH_WITHIN_MS = 60_000

describe('real data of cities', function () {
  this.timeout(300_000)
  let cities: readonly City[] = []
  let files: readonly string[] = []

  before(async function () {
    if (!existsSync(FOLDER)) {
      console.error(`      there is no folder ${FOLDER}: set HANSE_DATA to one with files to publish`)
      this.skip()
    }
    files = readdirSync(FOLDER).filter(name => name !== 'SOURCES.md')
    cities = [await makeCity('Bellevue'), await makeCity('Seattle'), await makeCity('Renton')]
    await found(cities, 'Corridor')
    await connected(cities)
  })
  after(() => removeCities(cities))

  it('are published by two cities, replicated to the others, read back byte-identical and verified', async () => {
    assert.ok(files.length > 0)
    for (const file of files) await publish(publisherOf(cities, file).node, file)
    for (const city of cities) {
      for (const file of files) {
        const reference = `${publisherOf(cities, file).name}/${idOf(file)}`
        await until(() => city.node.dataset(reference).ok, `${city.name} hears of ${reference}`)
        const fetched = await city.node.fetch(reference, AbortSignal.timeout(FETCH_WITHIN_MS))
        assert.ok(fetched.ok, JSON.stringify(fetched))
        assert.ok(readFileSync(join(FOLDER, file)).equals(await contentOf(city.node, reference)), `${reference} on ${city.name}`)
        const report = await city.node.verify(reference)
        assert.ok(report.ok && report.value.verified, JSON.stringify(report))
      }
    }
  })

  it('answer the corridor question from replicas on a third node', async function () {
    const [seattleFile, bellevueFile] = ['seattle_mts_trail_west_i90_2016_2017.csv', 'bellevue_i90_sr520_2016_2017.csv']
    if (!files.includes(seattleFile) || !files.includes(bellevueFile)) this.skip()
    const third = cities[2]?.node
    assert.ok(third !== undefined)
    const seattle = hourly((await contentOf(third, `Seattle/${idOf(seattleFile)}`)).toString(), 'mts-trail-west-of-i90')
    const bellevue = hourly((await contentOf(third, `Bellevue/${idOf(bellevueFile)}`)).toString(), 'bellevue-i90')
    const pairs = [...seattle].flatMap(([hour, bicycles]) => {
      const other = bellevue.get(hour)
      return other === undefined ? [] : [[bicycles, other] as const]
    })
    assert.equal(pairs.length, 14_451)
    assert.equal(correlation(pairs).toFixed(3), '0.835')
  })
})

function publisherOf (cities: readonly City[], file: string): City {
  const city = cities[file.startsWith('bellevue') || file.startsWith('metr') || file.startsWith('freight') ? 0 : 1]
  assert.ok(city !== undefined)
  return city
}

function idOf (file: string): string {
  return file.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

async function publish (node: HanseNode, file: string): Promise<void> {
  const path = join(FOLDER, file)
  const described = await describeFile(path)
  assert.ok(described.ok, JSON.stringify(described))
  const { form, mediaType, fileName, kind, columns, box, time } = described.value
  const records = async function * (): AsyncGenerator<RecordInput> {
    let number = 0
    for await (const { part, bytes } of splitRows(path, kind)) {
      const timeMs = (part === 'row' ? rowTimeMs(described.value, bytes) : undefined) ?? 0
      yield { key: utf8(`${part}/${number++}`), timeMs: Math.max(0, timeMs), operation: 'put', mediaType, body: bytes }
    }
  }
  const bytes = async function * (): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) yield plain(chunk)
  }
  const content: Content = form === 'table'
    ? { form, mediaType, fileName, records: records() }
    : { form: 'file', mediaType, fileName, bytes: bytes() }
  const published = await node.publish({
    datasetId: idOf(file), title: file, description: '', theme: 'transport', keywords: [], licence: '', spatial: box,
    temporal: time === null ? null : { fromMs: time.fromMs, toMs: time.toMs }, schema: columns.slice(0, 512), access: 'members', simulated: false
  }, content)
  assert.ok(published.ok, `${file}: ${JSON.stringify(published)}`)
}

async function contentOf (node: HanseNode, reference: string): Promise<Buffer> {
  const content = await node.content(reference)
  assert.ok(content.ok, JSON.stringify(content))
  const parts: Uint8Array[] = []
  for await (const part of content.value.bytes) parts.push(part)
  return Buffer.concat(parts)
}

/** Bicycles by hour of one counter. */
function hourly (table: string, counter: string): ReadonlyMap<string, number> {
  const rows = table.trim().split('\n').slice(1).map(row => row.split(','))
  return new Map(rows.flatMap(([hour = '', name, bicycles = '']) => name === counter && bicycles !== '' ? [[hour, Number(bicycles)]] : []))
}

function correlation (pairs: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  const sum = (term: (pair: readonly [number, number]) => number): number => pairs.reduce((total, pair) => total + term(pair), 0)
  return sum(([x, y]) => (x - a) * (y - b)) / Math.sqrt(sum(([x]) => (x - a) ** 2) * sum(([, y]) => (y - b) ** 2))
}
