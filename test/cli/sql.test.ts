import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)

describe('hanse sql', () => {
  let cities: readonly City[] = []
  const apis: Api[] = []
  const at = (name: string) => (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', path(name)])
  const [brugge, gent] = [at('Brugge'), at('Gent')]

  before(async () => {
    cities = [await makeCity('Brugge'), await makeCity('Gent')]
    await found(cities)
    await connected(cities)
    for (const { name, node } of cities) {
      const token = createToken(new Uint8Array(32).fill(1))
      const created = await createApi({
        node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, random: size => new Uint8Array(randomBytes(size)), requestStop: () => {}
      })
      assert.ok(created.ok)
      apis.push(created.value)
      mkdirSync(path(name))
      await writeApiFile(path(name), { url: created.value.url, token })
    }
    writeFileSync(path('trips.csv'), `plate,street,speed\n${Array.from({ length: 30 }, (_, row) => `P${row},${row < 12 ? 'Long Street' : row < 28 ? 'High Street' : 'Lane'},${row}`).join('\n')}\n`)
    const made = await brugge('terms', 'new', '--template', 'aggregates', '-o', path('trips.terms.json'))
    assert.equal(made.code, 0, made.error)
    const terms = JSON.parse(readFileSync(path('trips.terms.json'), 'utf8')) as object
    writeFileSync(path('trips.terms.json'), JSON.stringify({ ...terms, questions: { countedBy: 'plate' } }))
    const published = await brugge('publish', path('trips.csv'), '--terms', path('trips.terms.json'), '--yes')
    assert.equal(published.code, 0, published.error + published.out)
    await until(() => cities[1]?.node.dataset('trips').ok === true, 'the trips are listed')
  })
  after(async () => {
    for (const api of apis) await api.stop()
    await removeCities(cities)
    folder.remove()
  })

  it('shows what can be asked for', async () => {
    const shown = await gent('sql')
    assert.equal(shown.code, 0, shown.error)
    assert.match(shown.out, /"Brugge\/trips"/)
    assert.match(shown.out, /plate text, street text, speed integer/)
  })

  it('answers with a table, its conditions and what was left out, and writes a proof that is checked without a node', async () => {
    const question = 'SELECT street, count(*) AS n FROM "Brugge/trips" GROUP BY street ORDER BY n'
    const shown = await gent('sql', question)
    assert.equal(shown.code, 0, shown.error)
    assert.match(shown.out, /Long Street +12\nHigh Street +16\n/)
    assert.match(shown.out, /Brugge leaves out groups of fewer than 10\./)
    const proved = await gent('sql', question, '--proof', path('trips.proof'))
    assert.equal(proved.code, 0, proved.error)
    const checked = await hanseHere(['verify', path('trips.proof')])
    assert.equal(checked.code, 0, checked.error)
    assert.match(checked.out, /Brugge[\s\S]*Long Street,12/)
    const bytes = readFileSync(path('trips.proof'))
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1
    writeFileSync(path('bent.proof'), bytes)
    assert.notEqual((await hanseHere(['verify', path('bent.proof')])).code, 0)
  })

  it('writes rows as a file, or as CSV or JSON to the output', async () => {
    const csv = await brugge('sql', 'SELECT street, max(speed) AS top FROM trips GROUP BY 1 ORDER BY 1', '--format', 'csv')
    assert.equal(csv.out, 'street,top\r\nHigh Street,27\r\nLane,29\r\nLong Street,11\r\n')
    const written = await brugge('sql', 'SELECT count(*) AS n FROM trips', '-o', path('n.csv'))
    assert.equal(written.code, 0, written.error)
    assert.equal(readFileSync(path('n.csv'), 'utf8'), 'n\r\n30\r\n')
    assert.equal((await brugge('sql', 'SELECT count(*) AS n FROM trips', '--format', 'parquet', '-o', path('n.parquet'))).code, 0)
    assert.equal(readFileSync(path('n.parquet')).subarray(0, 4).toString(), 'PAR1')
    assert.deepEqual(documentOf(await brugge('sql', 'SELECT count(*) AS n FROM trips', '--json'))['rows'], [[30]])
  })

  it('says where a question is wrong', async () => {
    const refused = await gent('sql', 'SELECT 1,\n  getenv(\'HOME\')')
    assert.notEqual(refused.code, 0)
    assert.match(refused.error, /getenv.*line 2, character 3: getenv/)
    const rows = await gent('sql', 'SELECT * FROM "Brugge/trips"')
    assert.match(rows.error, /only groups may be told/)
  })
})
