import { strict as assert } from 'node:assert'
import { compareWeather } from '../../scripts/demo/question.ts'
import { decodeAccess } from '../../src/node/access/index.ts'
import type { HanseNode, NodeOptions } from '../../src/node/index.ts'
import { verifyAnswerProof } from '../../src/node/index.ts'
import { decodeAnswerProof, encodeAnswerProof } from '../../src/core/sql/index.ts'
import { readableEnd, recordsOf } from '../../src/node/reading/index.ts'
import { randomFrom } from '../support/chance.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { heldBy } from '../support/publications.ts'
import { answerOf, plainRows, publishCsv, refusalOf, termsBy } from './sql.fixture.ts'

type Rooms = Parameters<NonNullable<NodeOptions['onRooms']>>[0]

const DAYS = 60
const WEATHER = { date: 'time', precipitation: 'number', temp_max: 'number' } as const
const TRIPS = { plate: 'text', street: 'text', speed: 'number', time: 'time', note: 'text' } as const

/** Days of made-up weather, with warm and wet ones in both cities. */
function weatherOf (seed: number): readonly string[] {
  const random = randomFrom(seed)
  return Array.from({ length: DAYS }, (_, day) =>
    `${new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10)},${random() < 0.4 ? (random() * 20).toFixed(1) : '0.0'},${(10 + 8 * Math.sin(day / 9) + random() * 4).toFixed(1)}`)
}

/** 40 vehicles: 20 in Long Street, 17 in High Street, 3 in Short Lane, with two trips each in two hours. */
function tripsOf (): readonly string[] {
  return Array.from({ length: 80 }, (_, at) => {
    const vehicle = at % 40
    const street = vehicle < 20 ? 'Long Street' : vehicle < 37 ? 'High Street' : 'Short Lane'
    return `P${vehicle},${street},${20 + vehicle}.5,2026-03-01T0${at < 40 ? 6 : 7}:${String(vehicle).padStart(2, '0')}:00Z,${vehicle < 4 ? 'slow' : ''}`
  })
}

describe('sql: three cities', function () {
  let cities: readonly City[] = []
  const rooms = new Map<string, Rooms>()
  const nodeOf = (at: number): HanseNode => (cities[at] as City).node
  const [brugge, gent, ieper] = [() => nodeOf(0), () => nodeOf(1), () => nodeOf(2)]
  const tables = { brugge: weatherOf(1), gent: weatherOf(2) }

  before(async () => {
    cities = await Promise.all(['Brugge', 'Gent', 'Ieper'].map(name => makeCity(name, { onRooms: each => { rooms.set(name, each) } })))
    await found(cities)
    await connected(cities)
    await publishCsv(brugge(), 'weather', WEATHER, tables.brugge)
    await publishCsv(gent(), 'weather', WEATHER, tables.gent)
    const groups = termsBy(brugge(), 'aggregates', { summarise: { minGroupSize: 5 }, passOn: { type: 'results', minGroupSize: 5 } }, { questions: { countedBy: 'plate' } })
    await publishCsv(brugge(), 'trips', TRIPS, tripsOf(), groups)
    await until(() => heldBy(ieper(), 'Brugge/weather')?.phase === 'complete' && heldBy(ieper(), 'Gent/weather')?.phase === 'complete', 'Ieper has both weathers')
    await until(() => ieper().dataset('Brugge/trips').ok && gent().dataset('Brugge/trips').ok, 'all know of the trips')
  })
  after(() => removeCities(cities))

  it('answers the question of two cities over replicas as one join', async () => {
    const header = 'date,precipitation,temp_max'
    const expected = compareWeather([header, ...tables.brugge].join('\n'), [header, ...tables.gent].join('\n'))
    const answer = await answerOf(ieper(), `
      SELECT count(*) AS days, count(*) FILTER (WHERE a.precipitation > 0 AND b.precipitation > 0) AS wet, corr(a.temp_max, b.temp_max) AS r
      FROM "Brugge/weather" a JOIN "gent/weather" b USING (date)`)
    const [row] = plainRows(answer)
    assert.deepEqual(row?.slice(0, 2), [expected.days, expected.wetInBoth])
    assert.ok(Math.abs(Number(row?.[2]) - expected.correlation) < 1e-9, `${String(row?.[2])} and ${expected.correlation}`)
    assert.deepEqual(answer.sources.map(({ publisher, records, minGroupSize }) => [publisher.name, records, minGroupSize]), [['Brugge', DAYS, null], ['Gent', DAYS, null]])
  })

  it('follows a dataset as it is published anew, and types its columns', async () => {
    await publishCsv(brugge(), 'counts', { day: 'time', n: 'integer', ok: 'boolean' }, ['2026-01-01,1,true', '2026-01-02,x,'])
    assert.deepEqual(plainRows(await answerOf(brugge(), 'SELECT * FROM counts ORDER BY day')), [[Date.UTC(2026, 0, 1), 1, true], [Date.UTC(2026, 0, 2), null, null]])
    await publishCsv(brugge(), 'counts', { day: 'time', n: 'integer', ok: 'boolean' }, ['2026-01-03,7,false'])
    assert.deepEqual(plainRows(await answerOf(brugge(), 'SELECT n, ok FROM "Brugge/counts"')), [[7, false]])
  })

  it('names what is wrong with a question, and where', async () => {
    assert.deepEqual(Object.values(await refusalOf(ieper(), 'SELECT * FROM nowhere')).slice(0, 1), ['not-found'])
    assert.equal((await refusalOf(ieper(), 'SELECT 1 FROM weather')).code, 'ambiguous')
    assert.equal((await refusalOf(ieper(), 'SELEC 1')).code, 'syntax')
    const unknown = await refusalOf(ieper(), 'SELECT é, getenv(\'HOME\') FROM "Brugge/weather"')
    assert.deepEqual([unknown.code, unknown.position], ['not-allowed', 10])
    assert.deepEqual([(await refusalOf(ieper(), 'SELECT nothing FROM "Brugge/weather"')).code], ['invalid'])
  })

  it('tells the publisher\'s own people everything', async () => {
    assert.deepEqual(plainRows(await answerOf(brugge(), 'SELECT count(*), count(DISTINCT plate) FROM trips')), [[80, 40]])
  })

  it('lets no copy of data out that are told in groups, nor a record by another door', async () => {
    assert.equal(heldBy(ieper(), 'Brugge/trips')?.segmentsHave, 0)
    const known = ieper().dataset('Brugge/trips')
    assert.ok(known.ok && known.value.distribution.sha256 === null, 'a guess could be tested by it')
    const { did } = ieper().status().member
    const doors = [
      brugge().read('trips', { from: 0, limit: 1 }, { requester: did }), await brugge().content('trips', undefined, { requester: did }), await brugge().proof('trips', 0, { requester: did }),
      await brugge().query('trips', { limit: 1 }, { requester: did })
    ]
    for (const opened of doors) assert.deepEqual([opened.ok, opened.ok ? [] : opened.failure.reasons], [false, ['detail.raw-asset']])
    const bundle = await brugge().makeBundle(['trips'], did)
    const parts: Uint8Array[] = []
    if (bundle.ok) for await (const part of bundle.value) parts.push(part)
    assert.ok(!Buffer.concat(parts).includes('Short Lane'))
  })

  it('sends a question to the publisher where only groups may be told, and checks what it signed', async () => {
    const answer = await answerOf(ieper(), 'SELECT street, count(*) AS n, round(avg(speed), 2) AS mean FROM "Brugge/trips" GROUP BY street ORDER BY street')
    assert.deepEqual(plainRows(answer), [['High Street', 34, 48.5], ['Long Street', 40, 30]])
    assert.deepEqual(answer.sources.map(({ records, minGroupSize }) => [records, minGroupSize]), [[80, 5]])
    assert.ok(answer.proof !== null)
    const report = verifyAnswerProof(answer.proof, ieper().status().federation?.id)
    assert.ok(report.ok, JSON.stringify(report))
    assert.deepEqual([report.value.publisher.name, report.value.requester], ['Brugge', ieper().status().member.did])
    assert.equal(report.value.csv, 'street,n,mean\r\nHigh Street,34,48.5\r\nLong Street,40,30\r\n')
    assert.deepEqual(report.value.sources.map(({ datasetId, records }) => [datasetId, records]), [['trips', 80]])
  })

  it('writes down at the publisher who was answered', async () => {
    const { federation } = rooms.get('Brugge') as Rooms
    const { feed } = federation.access
    assert.ok(feed !== undefined)
    const accesses = []
    for await (const { body } of recordsOf(federation, feed, 0, readableEnd(feed))) {
      const access = decodeAccess(body)
      if (access.ok && access.value.door === 'sql' && access.value.datasetId === 'trips') accesses.push(access.value)
    }
    const answered = accesses.filter(({ outcome }) => outcome === 'allowed')
    assert.deepEqual(answered.map(({ requester, records }) => [requester, records]), [[ieper().status().member.did, 80]])
  })

  it('takes no proof of which any part was changed', async () => {
    const answer = await answerOf(ieper(), 'SELECT street, count(*) AS n, round(avg(speed), 2) AS mean FROM "Brugge/trips" GROUP BY street ORDER BY street')
    const proof = answer.proof === null ? undefined : decodeAnswerProof(answer.proof)
    assert.ok(proof?.ok === true)
    const changed = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => index === at ? byte ^ 1 : byte)
    for (const part of ['csv', 'question', 'answer'] as const) {
      const bytes = proof.value[part]
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
        assert.ok(!verifyAnswerProof(encodeAnswerProof({ ...proof.value, [part]: changed(bytes, at) })).ok, `${part} at ${at}`)
      }
    }
    assert.ok(!verifyAnswerProof(encodeAnswerProof({ ...proof.value, certificates: [proof.value.charter] })).ok)
  })

  it('tells nothing of single rows', async () => {
    const asked = [
      'SELECT * FROM "Brugge/trips"', 'SELECT speed FROM "Brugge/trips" LIMIT 1', 'SELECT street, first(speed) FROM "Brugge/trips" GROUP BY street',
      'SELECT list(street) FROM "Brugge/trips"', 'SELECT string_agg(street, \',\') FROM "Brugge/trips"', 'SELECT arg_max(street, speed) FROM "Brugge/trips"',
      'SELECT any_value(street) FROM "Brugge/trips"', 'SELECT quantile_cont(speed, 1) FROM "Brugge/trips"', 'SELECT min(street) FROM "Brugge/trips"',
      'SELECT speed, row_number() OVER () FROM "Brugge/trips"', 'SELECT (SELECT speed FROM "Brugge/trips" LIMIT 1)',
      'SELECT a.street FROM "Brugge/trips" a JOIN "Brugge/trips" b USING (street) GROUP BY 1', 'SELECT sum(CASE WHEN speed > 50 THEN speed ELSE 0 END) FROM "Brugge/trips"',
      'SELECT count(*) FILTER (WHERE speed > 50) FROM "Brugge/trips"', 'SELECT street, count(*) FROM "Brugge/trips" GROUP BY ROLLUP (street)',
      'SELECT count(*) FROM "Brugge/trips" WHERE CAST(street AS INTEGER) = 1', 'SELECT count(*) FROM "Brugge/trips" WHERE plate = \'P1\'',
      'SELECT plate, count(*) FROM "Brugge/trips" GROUP BY plate', 'SELECT * FROM (SELECT * FROM "Brugge/trips")', 'WITH t AS (FROM "Brugge/trips") SELECT count(*) FROM t',
      'SELECT count(*) FROM "Brugge/trips" WHERE 1 / (speed - 20.5) > 0', 'SELECT d.date FROM "Brugge/weather" d WHERE EXISTS (SELECT 1 FROM "Brugge/trips" t WHERE t.speed = d.temp_max)'
    ]
    for (const text of asked) {
      const { code } = await askedAtBrugge(text)
      assert.equal(code, 'aggregates-only', text)
    }
  })

  /** As a member that asks at the publisher itself: limits of sent questions are told elsewhere. */
  async function askedAtBrugge (text: string, requester = 'ieper'): Promise<{ readonly code: string, readonly rows: readonly (readonly unknown[])[] }> {
    const did = (requester === 'ieper' ? ieper : gent)().status().member.did
    const answered = await brugge().sql({ text }, { requester: did })
    return answered.ok ? { code: 'answered', rows: plainRows(answered.value) } : { code: answered.failure.code, rows: [] }
  }

  it('leaves groups out that are too small, and totals that would give them away', async () => {
    assert.deepEqual((await askedAtBrugge('SELECT street FROM "Brugge/trips" WHERE street = \'Short Lane\' GROUP BY street')).rows, [])
    assert.equal((await askedAtBrugge('SELECT count(*) FROM "Brugge/trips"')).code, 'differencing', 'all less the two streets is the third')
    assert.deepEqual((await askedAtBrugge('SELECT count(*) FROM "Brugge/trips"', 'gent')).rows, [[80]], 'who was told of no streets may know')
    assert.equal((await askedAtBrugge('SELECT street, count(*) FROM "Brugge/trips" GROUP BY street', 'gent')).code, 'differencing')
  })

  it('refuses groups that differ from earlier ones by too few, and allows others', async () => {
    const asked = [
      ['SELECT count(*) FROM "Brugge/trips" WHERE speed < 50', 'answered'],
      ['SELECT count(*) FROM "Brugge/trips" WHERE speed < 52', 'differencing'],
      ['SELECT count(*) FROM "Brugge/trips" WHERE speed < 50', 'answered'],
      ['SELECT count(*) FROM "Brugge/trips" WHERE speed < 58', 'differencing'],
      ['SELECT street, max(speed) FROM "Brugge/trips" WHERE speed < 50 GROUP BY street', 'answered'],
      ['SELECT count(*) FROM "Brugge/trips" WHERE speed < 50 AND note IS NULL', 'differencing']
    ] as const
    for (const [text, code] of asked) assert.equal((await askedAtBrugge(text, 'gent')).code, code, text)
  })
})
