import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { textOf } from '../../src/base/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)
/** In every row of the files, and nowhere else. */
const CANARY = 'CANARY-4471'

describe('commands that publish less than there is', () => {
  let cities: readonly City[] = []
  let api: Api
  const data = path('node')
  const run = (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', data])
  const done = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await run(...args)
    assert.equal(ran.code, 0, ran.error)
    return ran
  }
  const publish = (...more: readonly string[]): Promise<Ran> => run('publish', path('trips.csv'), '--licence', 'CC0-1.0', '--yes', ...more)
  const town = (at: number): City => cities[at] ?? assert.fail('no such town')

  function writeTrips (rows: number): void {
    const row = (at: number): string => `2020-01-01T00:00:00Z,${CANARY}-${at},${at}`
    writeFileSync(path('trips.csv'), ['time,vehicle,speed', ...Array.from({ length: rows }, (_, at) => row(at)), ''].join('\n'))
  }

  /** What the neighbour reads of it. */
  async function readNextDoor (reference: string): Promise<readonly string[]> {
    const records = town(1).node.read(reference, { from: 0, limit: 1_000 })
    if (!records.ok) return []
    const rows: string[] = []
    for await (const { body } of records.value) rows.push(textOf(body) ?? '')
    return rows
  }

  before(async () => {
    cities = [await makeCity('Bellevue', { lingerMs: 5, listingEveryMs: 500 }), await makeCity('Renton', { lingerMs: 5, listingEveryMs: 500 })]
    await found(cities)
    await connected(cities)
    const token = createToken(new Uint8Array(32).fill(1))
    const created = await createApi({
      node: town(0).node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, random: size => new Uint8Array(randomBytes(size)), requestStop: () => {}
    })
    assert.ok(created.ok)
    api = created.value
    mkdirSync(data)
    await writeApiFile(data, { url: api.url, token })
    await done('terms', 'new', '--template', 'members', '--without', 'vehicle', '-o', path('rows.json'))
    await done('terms', 'new', '--template', 'members', '-o', path('all.json'))
    await done('terms', 'new', '--template', 'aggregates', '-o', path('summary.json'))
    writeTrips(12)
  })
  after(async () => {
    await api.stop()
    await removeCities(cities)
    folder.remove()
  })

  it('say beforehand that nobody may have all of it', async () => {
    assert.match((await done('terms', 'check', path('summary.json'))).out, /Nobody may have all of it: .* Add --entity/)
    assert.match((await done('terms', 'check', path('rows.json'))).out, /Nobody may have all of it: .* by these terms\.$/m)
    assert.doesNotMatch((await done('terms', 'check', path('all.json'))).out, /Nobody may have/)
  })

  it('make two datasets of one file where the terms let nobody have all of it, say both, and show the neighbour one', async () => {
    const ran = await publish('--terms', path('rows.json'))
    assert.equal(ran.code, 0, ran.error)
    assert.match(ran.out, /^Published Bellevue\/trips-raw \(13 records, .*\), version 1: all of it, which nobody else is shown\.\n/)
    assert.match(ran.out, /Derived Bellevue\/trips from Bellevue\/trips-raw under its terms, version 1; .* 13 records/)
    await until(async () => (await readNextDoor('Bellevue/trips')).length === 12, 'the rows have come')
    assert.deepEqual(JSON.parse((await readNextDoor('Bellevue/trips'))[3] ?? ''), { time: '2020-01-01T00:00:00Z', speed: 3 })
    assert.equal(town(1).node.dataset('Bellevue/trips-raw').ok, false)
  })

  it('go on by the same command, as the next version of both', async () => {
    writeTrips(15)
    const ran = await publish('--terms', path('rows.json'), '--json')
    assert.equal(ran.code, 0, ran.error)
    const { dataset, source } = documentOf(ran) as { dataset?: { version?: number }, source?: { version?: number } }
    assert.deepEqual([dataset?.version, source?.version], [2, 2])
    await until(async () => (await readNextDoor('Bellevue/trips')).length === 15, 'the new rows have come')
    assert.ok((await readNextDoor('Bellevue/trips')).every(row => !row.includes(CANARY)))
  })

  it('publish nothing under one name that was made in another way, and say what to do', async () => {
    await done('terms', 'new', '--template', 'members', '--without', 'speed', '-o', path('other.json'))
    const refused: readonly (readonly [what: readonly string[], code: number, says: RegExp])[] = [
      [['--terms', path('other.json')], 1, /Bellevue\/trips has other terms than these; nothing was published/],
      [['--terms', path('summary.json')], 2, /no column was named.*\n.*--entity with one of: time, vehicle, speed/],
      [['--terms', path('summary.json'), '--entity', 'plate'], 2, /there is no column "plate"/],
      [['--terms', path('rows.json'), '--entity', 'vehicle'], 2, /make no summaries/],
      [['--entity', 'vehicle'], 2, /make no summaries/],
      [['--terms', path('rows.json'), '--id', 'x'.repeat(62)], 2, /too long/]
    ]
    for (const [what, code, says] of refused) {
      const ran = await publish(...what)
      assert.equal(ran.code, code, `${what.join(' ')}: ${ran.error}`)
      assert.match(ran.error, says)
    }
    await done('publish', path('trips.csv'), '--licence', 'CC0-1.0', '--yes', '--id', 'whole')
    await done('publish', path('trips.csv'), '--licence', 'CC0-1.0', '--yes', '--id', 'open-raw')
    assert.match((await publish('--terms', path('rows.json'), '--id', 'open')).error, /open-raw, and that is a dataset which others are shown; nothing was published/)
    writeFileSync(path('slow.csv'), `time,vehicle,speed\n2020-01-01T00:00:00Z,${CANARY},0.5\n`)
    const slow = await run('publish', path('slow.csv'), '--id', 'trips', '--terms', path('rows.json'), '--yes')
    assert.match(slow.error, /Its columns are not those of trips-raw, such as speed \(number\): trips, .* would end\. Nothing was published/)
    assert.match((await publish('--terms', path('rows.json'), '--id', 'whole')).error, /Bellevue\/whole is published as it is/)
    writeFileSync(path('photo.bin'), new Uint8Array([0, 1, 2, 255]))
    assert.match((await run('publish', path('photo.bin'), '--terms', path('rows.json'))).error, /it has no rows/)
    for (const id of ['photo', 'photo-raw', 'whole-raw']) assert.equal(town(0).node.dataset(id).ok, false, id)
    const raw = town(0).node.dataset('trips-raw')
    assert.equal(raw.ok && raw.value.version, 2)
  })

  it('count groups by the column that is named, and end no summary unasked', async () => {
    const ran = await publish('--terms', path('summary.json'), '--entity', 'vehicle', '--id', 'speeds', '--measure', 'mean:speed')
    assert.equal(ran.code, 0, ran.error)
    await until(async () => (await readNextDoor('Bellevue/speeds')).length === 1, 'the window has come')
    const [row] = await readNextDoor('Bellevue/speeds')
    assert.deepEqual((JSON.parse(row ?? '') as Record<string, unknown>)['speed_mean'], 7)
    const again = await publish('--terms', path('summary.json'), '--entity', 'vehicle', '--id', 'speeds', '--measure', 'mean:speed')
    assert.equal(again.code, 1)
    assert.match(again.error, /a summary has no next version.*Nothing was published/s)
    const raw = town(0).node.dataset('speeds-raw')
    assert.equal(raw.ok && raw.value.version, 1)
    assert.equal(town(0).node.derivations().find(({ datasetId }) => datasetId === 'speeds')?.state, 'following')
  })

  it('derive from what is published, show how it stands, and warn of what could be subtracted', async () => {
    const derived = await done('derive', 'whole', '--id', 'whole-hourly', '--terms', path('summary.json'), '--entity', 'vehicle', '--measure', 'count', '--close-after', '60')
    assert.match(derived.out, /Derived Bellevue\/whole-hourly from Bellevue\/whole under its terms, version 1/)
    const second = await done('derive', 'whole', '--id', 'whole-means', '--terms', path('summary.json'), '--entity', 'vehicle')
    assert.match(second.error, /"whole-hourly" is a summary of the same source/)
    await until(async () => /whole-hourly +whole +following +16 records +/.test((await done('derivations')).out), 'it has read all of its source')
    for (const [line, code] of [
      [['whole', '--id', 'x'], 2], [['nothing', '--id', 'x', '--terms', path('summary.json')], 4], [['whole', '--id', 'x', '--terms', path('summary.json')], 2],
      [['whole', '--id', 'x', '--terms', path('summary.json'), '--entity', 'vehicle', '--measure', 'speed'], 2]
    ] as const) assert.equal((await run('derive', ...line)).code, code, line.join(' '))
  })

  it('publish again as setting terms for another audience says', async () => {
    await done('publish', path('trips.csv'), '--licence', 'CC0-1.0', '--yes', '--id', 'counts', '--terms', path('all.json'))
    await done('terms', 'new', '--template', 'neighbours', '--to', 'Renton', '-o', path('renton.json'))
    const refused = await run('terms', 'set', 'counts', path('renton.json'))
    const [, said = ''] = /"hanse (publish .*)"/.exec(refused.error) ?? assert.fail(refused.error)
    const line = said.replace('FILE', path('trips.csv')).replace('TERMS', path('renton.json')).split(' ')
    await done(...line, '--licence', 'CC0-1.0', '--yes')
    const dataset = town(0).node.dataset('counts')
    assert.deepEqual(dataset.ok && [dataset.value.version, dataset.value.access], [2, 'restricted'])
    await done('publish', '--stream', '--id', 'live', '--terms', path('all.json'))
    assert.match((await run('terms', 'set', 'live', path('renton.json'))).error, /"hanse publish --stream --id live --terms TERMS"/)
    await done('publish', '--stream', '--id', 'live', '--terms', path('renton.json'))
    assert.match((await run('terms', 'set', 'trips', path('renton.json'))).error, /hanse derive/)
    assert.ok(readFileSync(path('renton.json'), 'utf8').includes('Renton'))
  })
})
