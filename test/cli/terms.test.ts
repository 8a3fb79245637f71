import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeApiFile } from '../../src/api/index.ts'
import { makeCity, found, removeCities, type City } from '../support/nodes.ts'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)

describe('commands about terms', () => {
  let city: City
  let api: Api
  const data = path('node')
  const run = (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', data])

  before(async () => {
    city = await makeCity('Bellevue')
    await found([city])
    const token = createToken(new Uint8Array(32).fill(1))
    const created = await createApi({
      node: city.node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, random: size => new Uint8Array(randomBytes(size)), requestStop: () => {}
    })
    assert.ok(created.ok)
    api = created.value
    mkdirSync(data)
    await writeApiFile(data, { url: api.url, token })
    writeFileSync(path('bins.csv'), 'time,bin,full\n2026-01-01T00:00:00Z,a,1\n2026-01-01T01:00:00Z,b,0\n')
  })
  after(async () => {
    await api.stop()
    await removeCities([city])
    folder.remove()
  })

  it('make a file, show it in sentences with labels, and say who could read it', async () => {
    const file = path('bins.terms.json')
    const made = await run('terms', 'new', '--to', 'Bellevue', '--for', 'waste.collection', '--from', '2026-12-01', '--until', '2027-11-30', '--without', 'plate', '-o', file)
    assert.equal(made.code, 0, made.error)
    const { terms, visibility } = JSON.parse(readFileSync(file, 'utf8')) as { terms: Record<string, unknown>, visibility: unknown }
    assert.deepEqual([terms['audience'], terms['purposes'], terms['redactFields'], visibility], [{ type: 'named', members: ['Bellevue'] }, ['urn:hanse:purpose:1:waste.collection'], ['plate'], 'members'])
    const shown = await run('terms', 'show', file)
    assert.match(shown.out, /1 +Bellevue may use it\. +enforced here\n/)
    assert.match(shown.out, /2 +Only for waste collection\. +enforced here, attested by the other side\n/)
    assert.match(shown.out, /3 +From 1 Dec 2026 to 30 Nov 2027\./)
    const checked = await run('terms', 'check', file)
    assert.equal(checked.code, 0, checked.error)
    assert.match(checked.out, /There is no other member yet\./)
  })

  it('name the place of what is wrong in a file, and publish nothing under it', async () => {
    const file = path('wrong.terms.json')
    writeFileSync(file, JSON.stringify({ terms: { audience: { type: 'named', members: ['Nobody of that name'] } } }))
    const checked = await run('terms', 'check', file, '--json')
    assert.equal(checked.code, 2)
    assert.match(JSON.stringify(documentOf(checked)), /\/terms\/audience/)
    const published = await run('publish', path('bins.csv'), '--terms', file, '--licence', 'CC0-1.0')
    assert.equal(published.code, 2)
    assert.equal(city.node.dataset('bins').ok, false)
    for (const text of ['{', '[]']) {
      writeFileSync(file, text)
      assert.equal((await run('terms', 'show', file)).code, 2)
    }
    assert.equal((await run('publish', path('bins.csv'), '--terms', file, '--access', 'public')).code, 2)
  })

  it('publish under terms, show those of the dataset, set others, and explain a decision', async () => {
    const file = path('members.terms.json')
    assert.equal((await run('terms', 'new', '--template', 'members', '-o', file)).code, 0)
    const published = await run('publish', path('bins.csv'), '--terms', file, '--licence', 'CC0-1.0')
    assert.equal(published.code, 0, published.error)
    const shown = await run('terms', 'show', 'bins')
    assert.match(shown.out, /Any member of the federation may use it\./)
    assert.match(shown.out, /policy  bafy/)
    assert.match((await run('show', 'bins')).out, /access +members of the federation; see hanse terms show Bellevue\/bins/)
    const other = path('other.terms.json')
    writeFileSync(other, readFileSync(file, 'utf8').replace('"never": []', '"never": ["reidentify"]'))
    const set = await run('terms', 'set', 'bins', other)
    assert.match(set.out, /from version 2 on/)
    assert.match((await run('terms', 'show', 'bins')).out, /re-identification/)
    const explained = await run('terms', 'explain', 'bins', '--outside')
    assert.match(explained.out, /Somebody outside the federation may not have it by the door read\.\n {2}membership\.inactive: it is no active member/)
    assert.match((await run('terms', 'explain', 'bins', '--door', 'stream')).out, /Bellevue may have it by the door stream\./)
    assert.equal((await run('terms', 'explain', 'bins', '--door', 'window')).code, 2)
    assert.equal((await run('terms', 'explain', 'none')).code, 4)
  })

  it('end with 5 where terms refuse, whatever was asked for', async () => {
    const whole = { ...city.node }
    const refusal = { ok: false, failure: { code: 'refused', reason: 'the terms do not allow it: there is no agreement for it', reasons: ['agreement.none'], hint: 'ask the publisher for an agreement' } } as const
    Object.assign(city.node, { content: async () => refusal, proof: async () => refusal, makeBundle: async () => refusal, listen: () => refusal })
    for (const line of [
      ['get', 'bins', '-o', path('out.csv')], ['get', 'bins', '--stdout'], ['tail', 'bins', '--for', 'waste.collection'], ['bundle', 'make', 'bins', '-o', path('out.car')],
      ['verify', 'bins', '--record', '0', '-o', path('out.proof')]
    ]) {
      const ran = await run(...line)
      assert.equal(ran.code, 5, `${line.join(' ')}: ${ran.error}`)
      assert.match(ran.error, /there is no agreement for it/)
    }
    const { error } = documentOf(await run('get', 'bins', '-o', path('out.csv'), '--json')) as { error?: { reasons?: unknown } }
    assert.deepEqual(error?.reasons, ['agreement.none'], 'programs are told the codes')
    Object.assign(city.node, whole)
  })
})
