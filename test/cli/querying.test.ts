import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeApiFile } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'node')

describe('hanse query', () => {
  let served: Served

  before(async () => {
    served = await serve()
    mkdirSync(data)
    await writeApiFile(data, { url: served.api.url, token: served.token })
    await served.node.publish({
      ...describeDataset('buses'), schema: [{ name: 'line', type: 'text', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }, { name: 'speedKmh', type: 'number', unit: null }]
    }, { form: 'stream', mediaType: 'application/json' })
    await served.node.append('buses', Array.from({ length: 30 }, (_, at) => ({
      key: utf8(`bus-${at % 5}`), timeMs: Date.UTC(2026, 0, 1, 0, at), operation: 'put' as const, mediaType: 'application/json',
      body: utf8(JSON.stringify({ line: `M${at % 3}`, lat: 50 + at / 100, lon: 7, speedKmh: at }))
    })))
  })
  after(async () => {
    await served.api.stop()
    folder.remove()
    assert.deepEqual(served.errors, [])
  })

  const run = (...args: readonly string[]): Promise<Ran> => hanseHere(['query', 'buses', ...args, '--data', data])
  const numbersOf = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const ran = await run(...args, '--json')
    assert.equal(ran.code, 0, ran.error)
    const { rows } = documentOf(ran)
    assert.ok(Array.isArray(rows))
    return rows.map((row: { number: unknown }) => row.number)
  }

  it('finds by key, time, place and values, and the latest of each key', async () => {
    assert.deepEqual(await numbersOf('--key', 'bus-2', '--limit', '3'), [2, 7, 12])
    assert.deepEqual(await numbersOf('--from', '2026-01-01T00:28:00Z'), [28, 29])
    assert.deepEqual(await numbersOf('--to', '2026-01-01T00:02:00Z'), [0, 1])
    assert.deepEqual(await numbersOf('--box', '6,50.1,8,50.12'), [10, 11, 12])
    assert.deepEqual(await numbersOf('--where', 'speedKmh >= 27', '--where', 'line != M1'), [27, 29])
    assert.deepEqual(await numbersOf('--where', 'line in M0, M2', '--where', 'speedKmh<4'), [0, 2, 3])
    assert.deepEqual(await numbersOf('--where', 'line like _1', '--limit', '2'), [1, 4])
    assert.deepEqual(await numbersOf('--where', 'line not exists'), [])
    assert.deepEqual(await numbersOf('--latest'), [25, 26, 27, 28, 29])
  })

  it('shows a table, lines of JSON, and how to go on', async () => {
    const table = (await run('--limit', '2')).out.split('\n')
    assert.match(table[0] ?? '', /^record {2}time +key +line +lat +lon +speedKmh$/)
    assert.match(table[1] ?? '', /^ +0 {2}2026-01-01.* bus-0 +M0 +50 +7 +0$/)
    const cursor = /--after '(\S+)'/.exec(table[3] ?? '')?.[1]
    assert.ok(cursor !== undefined)
    assert.deepEqual(await numbersOf('--limit', '2', '--after', cursor), [2, 3])
    const lines = (await run('--limit', '3', '--ndjson')).out.trimEnd().split('\n').map(line => JSON.parse(line))
    assert.deepEqual(lines.map(({ row, end }) => row?.number ?? end.rows), [0, 1, 2, 3])
    assert.match((await run('--key', 'nobody')).out, /No row is like that/)
  })

  it('says what is wrong with a question, and does not ask it', async () => {
    for (const args of [['--where', 'speed'], ['--where', '> 5'], ['--box', '1,2,3'], ['--from', 'soon'], ['--limit', '0']]) {
      const ran = await run(...args)
      assert.equal(ran.code, 2, `${args.join(' ')}: ${ran.error}`)
    }
    assert.equal((await hanseHere(['query', 'nothing', '--data', data])).code, 4)
  })
})
