import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, createToken, knownToken, writeApiFile, type Api } from '../../src/api/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { serve } from '../support/apiServer.ts'
import { hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)

describe('commands about agreements', () => {
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
    const terms = async (name: string, ...more: readonly string[]): Promise<void> => {
      const made = await bellevue('terms', 'new', '--to', 'Renton', '--for', 'waste.collection', ...more, '-o', path(`${name}.terms.json`))
      assert.equal(made.code, 0, made.error)
      const published = await bellevue('publish', path('bins.csv'), '--id', name, '--terms', path(`${name}.terms.json`), '--yes')
      assert.equal(published.code, 0, published.error)
    }
    await terms('now')
    // What begins later cannot be tried now, so that a person is asked.
    await terms('later', '--from', '2099-01-01', '--until', '2099-12-31')
    await terms('never', '--from', '2099-01-01', '--until', '2099-12-31')
    await until(() => ['now', 'later', 'never'].every(name => cities[1]?.node.dataset(name).ok === true), 'all are listed')
  })
  after(async () => {
    for (const api of apis) await api.stop()
    await removeCities(cities)
    folder.remove()
  })

  it('ask for a dataset, show what was agreed on both sides, and end it', async () => {
    const asked = await renton('request', 'now', '--purpose', 'waste.collection')
    assert.equal(asked.code, 0, asked.error)
    assert.match(asked.out, /^Agreed with Bellevue on did:key:\S+\/now for waste\.collection:\n {2}Renton may use it\./)
    const id = /Agreement urn:uuid:([0-9a-f]{8})/.exec(asked.out)?.[1] ?? ''
    for (const side of [bellevue, renton]) assert.match((await side('agreements')).out, new RegExp(`${id}.*in force`))
    const whole = await renton('agreements', id)
    assert.match(whole.out, /signed +by both/)
    const ended = await bellevue('revoke', id, '--code', 'breach', '--yes')
    assert.equal(ended.code, 0, ended.error)
    assert.match(ended.out, /Ended\. Renton and the ledger are told\./)
    assert.match((await bellevue('agreements')).out, new RegExp(`${id}.*ended`))
    assert.equal((await bellevue('revoke', id, '--yes')).code, 1)
  })

  it('show who asks, agree to it, and decline it with a reason', async () => {
    const waiting = await renton('request', 'later', '--purpose', 'waste.collection', '--timeout', '1')
    assert.equal(waiting.code, 6, waiting.out)
    const declined = await renton('request', 'never', '--purpose', 'waste.collection', '--timeout', '1')
    assert.equal(declined.code, 6, declined.out)
    const of = (name: string): string | undefined => new RegExp(`^ *([0-9a-f]{8}).* ${name} `, 'm').exec(inbox.out)?.[1]
    let inbox = await bellevue('inbox')
    await until(async () => {
      inbox = await bellevue('inbox')
      return of('later') !== undefined && of('never') !== undefined
    }, 'both requests are there')
    const approved = await bellevue('approve', of('later') ?? assert.fail(), '--yes')
    assert.equal(approved.code, 0, approved.error)
    const denied = await bellevue('deny', of('never') ?? assert.fail(), '--reason', 'ask again in spring', '--yes')
    assert.equal(denied.code, 0, denied.error)
    await until(async () => /It is agreed\./.test((await renton('inbox', '--all')).out), 'the approved request is agreed')
    await until(async () => /Declined by Bellevue \(denied: ask again in spring\)\./.test((await renton('inbox', '--all')).out), 'the other one is declined')
    assert.match((await bellevue('inbox')).out, /^Nothing waits for a decision\./)
  })

  it('say what is missing or not known', async () => {
    assert.equal((await renton('request', 'now')).code, 2)
    assert.match((await renton('request', 'nowhere', '--purpose', 'waste.collection')).error, /no dataset|nowhere/)
    assert.match((await renton('request', 'later', '--purpose', 'commerce.advertising')).error, /not for this member and the purpose/)
    assert.equal((await bellevue('approve', 'ffffffff', '--yes')).code, 4)
    assert.match((await bellevue('revoke', 'ffffffff', '--code', 'boredom')).error, /The codes are ended, retired/)
  })
})

describe('commands about agreements, with somebody who writes to the terminal', () => {
  it('show no control characters of the other side', async () => {
    const { api, node, token } = await serve()
    const escape = '\u001b]0;owned\u0007\u001b[2J'
    const view = {
      id: 'urn:uuid:00000000-0000-4000-8000-000000000001', role: 'provider', other: { did: 'did:key:z6MkRenton', name: `Renton${escape}` }, dataset: `did:key:z6MkRenton/bins${escape}`,
      purpose: `urn:hanse:purpose:1:${escape}`, state: 'TERMINATED', states: ['REQUESTED', 'TERMINATED'], isAsked: false, terms: null, sentences: [{ clause: 10, code: 'credit', values: { text: escape }, sentence: `Credit: "${escape}".`, labels: [] }],
      agreementId: null, changedMs: 0, ended: { by: 'peer', code: `no${escape}`, reasons: [`because${escape}`] }
    } as const
    node.negotiated.push(view)
    const own = temporaryFolder()
    const home = own.path
    await writeApiFile(home, { url: api.url, token })
    const shown = await Promise.all([['inbox', '--all'], ['approve', '00000000', '--yes'], ['deny', '00000000', '--yes']].map(args => hanseHere([...args, '--data', home])))
    // eslint-disable-next-line no-control-regex
    for (const { out, error } of shown) assert.doesNotMatch(out + error, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    await api.stop()
    own.remove()
  })
})
