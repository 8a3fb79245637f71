import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)

describe('commands about what comes afterwards', () => {
  let cities: readonly City[] = []
  const apis: Api[] = []
  const at = (name: string) => (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', path(name)])
  const [bellevue, renton] = [at('Bellevue'), at('Renton')]

  before(async () => {
    cities = [await makeCity('Bellevue'), await makeCity('Renton')]
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
    writeFileSync(path('bins.csv'), 'time,bin,full\n2026-01-01T00:00:00Z,a,1\n2026-01-01T01:00:00Z,b,0\n')
    const made = await bellevue('terms', 'new', '--to', 'Renton', '--for', 'waste.collection', '-o', path('bins.terms.json'))
    assert.equal(made.code, 0, made.error)
    const published = await bellevue('publish', path('bins.csv'), '--id', 'bins', '--terms', path('bins.terms.json'), '--yes')
    assert.equal(published.code, 0, published.error)
    await until(() => cities[1]?.node.dataset('bins').ok === true, 'it is listed')
  })
  after(async () => {
    for (const api of apis) await api.stop()
    await removeCities(cities)
    folder.remove()
  })

  it('audit who had a dataset, when and under what terms, with a proof of each entry', async () => {
    const asked = await renton('request', 'bins', '--purpose', 'waste.collection')
    assert.equal(asked.code, 0, asked.error)
    await until(async () => /served \(sync\)/.test((await bellevue('audit', 'bins')).out) && /granted/.test((await bellevue('audit', 'bins')).out), 'it was served, and opened')
    const audit = await bellevue('audit', 'bins', '--proofs', path('evidence'))
    assert.equal(audit.code, 0, audit.error)
    assert.match(audit.out, /^Renton by agreement urn:uuid:[0-9a-f-]+ with Bellevue, .* to now/)
    assert.match(audit.out, /Renton may use it\./)
    assert.match(audit.out, /Renton +served \(sync\) +\d+ records, /)
    assert.match(audit.out, /Renton +granted .* [0-9a-f]{8} /)
    assert.match(audit.out, /On the ledger:\n/)
    assert.ok(readdirSync(path('evidence')).some(name => /-served-.*\.proof$/.test(name)))
    const [served] = readdirSync(path('evidence')).filter(name => /-served-.*\.proof$/.test(name))
    const verified = await hanseHere(['verify', join(path('evidence'), served ?? '')])
    assert.equal(verified.code, 0, verified.error)
    assert.match(verified.out, /^entry .* of access\nwritten by +Bellevue\n/)
    assert.match(verified.out, /\nsays +\{.*"door":"sync".*"datasetId":"bins"/)
    assert.match(verified.out, /\nroot +(?:none yet: its day was not over|[0-9a-f]{64} over \d+ entr(?:y|ies) of \d{4}-\d\d-\d\d; compare it with .*)\n/)
    const json = JSON.parse((await renton('audit', 'bins', '--json')).out) as { uses: { agreements: readonly unknown[] } }
    assert.equal(json.uses.agreements.length, 1)
  })

  it('erase a dataset everywhere, and show who has confirmed it', async () => {
    const erased = await bellevue('erase', 'bins', '--basis', 'purpose', '--yes')
    assert.equal(erased.code, 0, erased.error)
    assert.match(erased.out, /^Gone from this disk/)
    await until(async () => /segments 0 +purpose +done +1 of 1/.test((await bellevue('erasures')).out), 'Renton has confirmed')
    assert.match((await renton('receipts')).out, /Renton +deleted, as demanded +segments 0/)
    assert.match((await bellevue('receipts', 'bins')).out, /Renton +deleted, as demanded/)
    assert.equal((await renton('erase', 'bins', '--yes')).code, 2)
  })

  it('declare an emergency, show and end it', async () => {
    const declared = await bellevue('emergency', 'declare', 'flood-1', '--kind', 'flood', '--box', '-122.3,47.5,-122.1,47.7', '--hours', '24', '--yes')
    assert.equal(declared.code, 0, declared.error)
    assert.match((await bellevue('emergency', 'list')).out, /flood-1 +Bellevue +flood .* until /)
    await until(async () => (await renton('emergency', 'list')).out.includes('flood-1'), 'the other hears of it')
    assert.notEqual((await renton('emergency', 'end', 'flood-1')).code, 0)
    assert.equal((await bellevue('emergency', 'end', 'flood-1')).code, 0)
    assert.match((await bellevue('emergency', 'list')).out, /over since/)
  })

  it('say what is wrong with a line', async () => {
    assert.match((await bellevue('erase', 'bins', '--records', '1-x', '--yes')).error, /"1-x" is no range/)
    assert.match((await bellevue('erase', 'bins', '--records', '1', '--epochs', '1', '--yes')).error, /not several of them/)
    assert.match((await bellevue('emergency', 'declare', 'x', '--kind', 'war', '--box', '1,2,3,4', '--yes')).error, /There is no kind "war"/)
    assert.match((await bellevue('emergency', 'declare', 'x', '--kind', 'fire', '--yes')).error, /An emergency has a place/)
  })
})
