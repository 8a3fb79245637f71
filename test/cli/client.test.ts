import { strict as assert } from 'node:assert'
import { mkdirSync, readdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { removeApiFile, writeApiFile } from '../../src/api/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { serve, type Served } from '../support/apiServer.ts'
import { documentOf, hanse, hanseHere, temporaryFolder, type Ran, type RunOptions } from './support.ts'

const TABLE = 'time,count\n2024-01-01T00:00:00Z,3\n2024-01-01T01:00:00Z,5\n\n2024-01-01T02:00:00Z,8\n'
const PEOPLE = 'e-mail,phone\nada.lovelace@example.org,+44 20 7946 0958\ncharles.babbage@example.org,+44 20 7946 0999\n'

const folder = temporaryFolder()
const data = join(folder.path, 'node')
let served: Served

before(async () => {
  served = await serve()
  mkdirSync(data)
  await writeApiFile(data, { url: served.api.url, token: served.token })
  writeFileSync(join(folder.path, 'Trail Counter.csv'), TABLE)
  writeFileSync(join(folder.path, 'people.csv'), PEOPLE)
})
after(async () => {
  await served.api.stop()
  folder.remove()
  assert.deepEqual(served.errors, [])
})
beforeEach(() => { served.node.held.clear() })

const path = (name: string): string => join(folder.path, name)

/** A process of its own where there is something on stdin; else in this one, for speed. */
async function run (args: readonly string[], options?: RunOptions): Promise<Ran> {
  const all = [...args, '--data', data]
  return options === undefined ? await hanseHere(all) : await hanse(all, options)
}

/** Exit code, and the code of the failure document that every failure must be. */
async function failure (args: readonly string[], options?: RunOptions): Promise<readonly [number | null, unknown]> {
  const ran = await run([...args, '--json'], options)
  const { error } = documentOf(ran)
  assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'hint' in error, ran.out)
  assert.ok(!/\bat .*\.ts:\d+/.test(ran.error), ran.error)
  return [ran.code, error.code]
}

async function published (id: string): Promise<void> {
  assert.equal((await run(['publish', path('Trail Counter.csv'), '--id', id, '--licence', 'CC0-1.0', '--quiet'])).code, 0)
}

describe('commands to a running node', () => {
  it('say what to do where no node runs: exit 3', async () => {
    for (const args of [['status'], ['ls'], ['publish', path('Trail Counter.csv'), '--licence', 'x'], ['stop']]) {
      const ran = await hanse([...args, '--data', path('nobody')])
      assert.equal(ran.code, 3, ran.error)
      assert.match(ran.error, /There is no node in .*\n.*hanse init/)
    }
    mkdirSync(path('dead'))
    await writeApiFile(path('dead'), { url: 'http://127.0.0.1:9', token: served.token })
    assert.equal((await hanse(['status', '--data', path('dead')])).code, 3)
  })

  it('use no token that others may read', async () => {
    mkdirSync(path('loose'))
    await writeApiFile(path('loose'), { url: served.api.url, token: served.token })
    chmodSync(join(path('loose'), 'api.json'), 0o640)
    const ran = await hanse(['status', '--data', path('loose')])
    assert.equal(ran.code, 1)
    assert.match(ran.error, /chmod 600/)
  })

  it('show status, peers and members', async () => {
    assert.match((await run(['status'], {})).out, /^member +Bellevue\nstate +ready, in Corridor with 1 member\n/)
    assert.deepEqual(documentOf(await run(['status', '--json']))['status'], served.node.status())
    assert.match((await run(['peers'])).out, /Renton +reachable for .* 3 +1\.0 kB +2\.0 kB/)
    assert.match((await run(['members'])).out, /^NAME +STATE +SEAT .*\nBellevue +member +validator +this node +founding +did:key:z6MkmemoryNode\nRenton +member +validator +yes .*\nKent +member +parked +no .*\nTukwila +removed +- +no +block 17 /)
  })

  it('publish a table, find it, show it and get it back to the byte', async () => {
    const ran = await run(['publish', path('Trail Counter.csv'), '--keyword', 'trail', '--keyword', 'I-90', '--json'])
    assert.equal(ran.code, 0, ran.error)
    assert.match(ran.error, /3 rows, 2 columns.*times in "time" from 2024-01-01T00:00:00Z[^]*warning: No licence/)
    const { dataset } = documentOf(ran)
    assert.ok(typeof dataset === 'object' && dataset !== null && 'datasetId' in dataset && 'keywords' in dataset)
    assert.equal(dataset.datasetId, 'trail-counter')
    assert.deepEqual(dataset.keywords, ['trail', 'I-90'])
    assert.deepEqual(served.node.held.get('trail-counter')?.records.map(({ timeMs }) => timeMs).slice(1, 3), [Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 1, 1)])
    assert.match((await run(['ls'])).out, /^DATASET.*\nBellevue\/trail-counter +Trail Counter +table +5 records +all +replicated, 1 replica\n$/)
    assert.equal((await run(['ls', '--text', 'bicycle'])).out, 'No dataset fits.\n')
    assert.match((await run(['show', 'trail-counter'])).out, /licence +not stated[^]*sha256 +[0-9a-f]{64}[^]*time +time/)
    const got = await run(['get', 'trail-counter', '-o', path('copy.csv')])
    assert.equal(got.code, 0, got.error)
    assert.equal(readFileSync(path('copy.csv'), 'utf8'), TABLE)
    assert.equal((await run(['get', 'trail-counter', '--stdout'])).out, TABLE)
  })

  it('publish no personal data unless somebody says so', async () => {
    assert.deepEqual(await failure(['publish', path('people.csv'), '--licence', 'x']), [1, 'personal-data'])
    assert.equal(served.node.held.size, 0)
    const ran = await run(['publish', path('people.csv'), '--licence', 'x', '--yes'])
    assert.equal(ran.code, 0, ran.error)
    assert.match(ran.error, /warning: .*e-mail/i)
  })

  it('take no other file for the next version of a dataset unless somebody names it', async () => {
    writeFileSync(path('Trail Counter.txt'), 'other')
    assert.equal((await run(['publish', path('Trail Counter.csv'), '--licence', 'x'])).code, 0)
    assert.equal((await run(['publish', path('Trail Counter.csv'), '--licence', 'x'])).code, 0)
    assert.deepEqual(await failure(['publish', path('Trail Counter.txt'), '--licence', 'x']), [1, 'other-file'])
    assert.equal((await run(['publish', path('Trail Counter.txt'), '--licence', 'x', '--id', 'trail-counter'])).code, 0)
  })

  it('publish a file whose name others could not show under one that they can', async () => {
    writeFileSync(path('a\u001b[31m\nb.csv'), TABLE)
    const ran = await run(['publish', path('a\u001b[31m\nb.csv'), '--licence', 'x', '--json'])
    assert.match(ran.out, /"fileName": "a_\[31m_b\.csv"/, ran.error)
  })

  it('stop at once when somebody interrupts a long upload', async () => {
    const interruption = new AbortController()
    let sent = 0
    async function * endless (): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield new Uint8Array(65_536)
        if (++sent === 20) interruption.abort()
      }
    }
    const client = createClient({ baseUrl: served.api.url, token: served.token, signal: interruption.signal })
    const answered = await client.publish({
      datasetId: 'endless', title: 'Endless', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [],
      access: 'members', simulated: false
    }, { form: 'file', mediaType: 'text/plain', fileName: 'endless', sizeBytes: null, bytes: endless() })
    assert.equal(!answered.ok && answered.failure.code, 'cancelled')
    assert.equal(served.node.held.has('endless'), false)
  })

  it('show what would be published, without a node', async () => {
    const ran = await hanse(['publish', path('Trail Counter.csv'), '--dry-run', '--json', '--data', path('nobody')])
    assert.equal(ran.code, 0, ran.error)
    assert.equal(documentOf(ran)['published'], false)
  })

  it('refuse what they cannot publish', async () => {
    assert.deepEqual(await failure(['publish', path('none.csv')]), [4, 'not-found'])
    assert.deepEqual(await failure(['publish', folder.path]), [1, 'not-a-file'])
    assert.deepEqual(await failure(['publish']), [2, 'usage'])
    assert.deepEqual(await failure(['publish', path('people.csv'), '--stream', '--id', 'x']), [2, 'usage'])
    assert.deepEqual(await failure(['publish', '--stream']), [2, 'usage'])
    assert.deepEqual(await failure(['publish', path('people.csv'), '--id', 'No Name']), [2, 'usage'])
    assert.deepEqual(await failure(['publish', path('people.csv'), '--access', 'friends']), [2, 'usage'])
  })

  it('open a stream, append to it from stdin and tail it', async () => {
    assert.equal((await run(['publish', '--stream', '--id', 'live', '--simulated', '--licence', 'x', '--model', 'Vehicle'])).code, 0)
    assert.match((await run(['show', 'live'])).out, /data model +Vehicle/)
    const input = '{"body":{"speedKmh":43}}\n\n{"key":"i90","timeMs":5,"body":"sl\\u001bow"}\n{"body":3}'
    const appended = await run(['publish', '--append', 'live'], { input })
    assert.equal(appended.out, 'Appended 3 records to live.\n', appended.error)
    const tail = await run(['tail', 'live', '--last', '3', '--count', '3'])
    const lines = tail.out.trimEnd().split('\n')
    assert.equal(lines.length, 3)
    assert.match(lines[0] ?? '', /^0 {2}\d{4}-.* live {2}\{"speedKmh":43\}$/)
    assert.equal(lines[1], '1  1970-01-01T00:00:00Z  i90  sl\ufffdow')
    const documents = (await run(['tail', 'live', '--count', '2', '--ndjson'])).out.trimEnd().split('\n').map(line => JSON.parse(line))
    assert.deepEqual(documents.map(document => Object.keys(document)[1]), ['record', 'record', 'end'])
  })

  it('name the line that cannot be appended, and keep what came before', async () => {
    await run(['publish', '--stream', '--id', 'live', '--licence', 'x'])
    const ran = await run(['publish', '--append', 'live'], { input: `${'{"body":1}\n'.repeat(3)}nonsense\n` })
    assert.equal(ran.code, 2)
    assert.match(ran.error, /Line 4: the line is no JSON; a line is \{"body": .*\n.*3 records before it are appended/)
    assert.deepEqual(await failure(['publish', '--append', 'none'], { input: '{"body":1}\n' }), [4, 'not-found'])
    await published('table')
    assert.deepEqual(await failure(['publish', '--append', 'table'], { input: '{"body":1}\n' }), [2, 'not-a-stream'])
  })

  it('write files whole or not at all, and replace none unasked', async () => {
    await published('rows')
    const target = path('rows.csv')
    assert.equal((await run(['get', 'rows', '-o', target])).code, 0)
    assert.deepEqual(await failure(['get', 'rows', '-o', target]), [2, 'exists'])
    assert.equal((await run(['get', 'rows', '-o', target, '--force'])).code, 0)
    const content = served.node.content.bind(served.node)
    served.node.content = async reference => {
      const found = await content(reference)
      return found.ok ? { ok: true, value: { ...found.value, bytes: changed(found.value.bytes) } } : found
    }
    assert.deepEqual(await failure(['get', 'rows', '-o', path('wrong.csv')]), [7, 'tampered'])
    served.node.content = content
    assert.deepEqual(await failure(['get', 'rows', '-o', path('no/such/folder.csv')]), [1, 'unwritable'])
    assert.deepEqual(readdirSync(folder.path).filter(name => name.includes('wrong') || name.endsWith('.part')), [])
  })

  it('show where a dataset comes from, who holds it and what changed in it', async () => {
    await published('counts')
    const { node } = served
    const history = node.history.bind(node)
    const named = (name: string): { readonly did: string, readonly name: string } => ({ did: `did:key:${name}`, name })
    node.history = async () => ({
      ok: true, value: {
        versions: [
          { version: 3, modifiedMs: 0, title: 'Counts', records: 3, changes: [{ what: 'title', before: 'Cars', after: 'Counts' }, { what: 'columns', added: ['speed'], removed: ['day'], altered: [] }, { what: 'records', before: 1, after: 3 }] },
          { version: 2, modifiedMs: 0, title: 'Cars', records: 1, changes: null }
        ],
        isPart: true, sources: [{ id: 'did:key:Kent/raw', publisher: named('Kent'), title: null }],
        recipe: { recipe: 'bafyrecipe', operations: ['redact', 'summarise'], minGroupSize: 5, h3Resolution: 15, timeStepMs: 0, delayMs: 0, redactedFields: ['plate'] },
        holders: [{ member: named('Kent'), segments: 5 }, { member: named('SeaTac'), segments: 3 }], segments: 5
      }
    })
    const { out } = await run(['show', 'counts'])
    node.history = history
    assert.match(out, /made of +a dataset that is not shown to you of Kent \(did:key:Kent\/raw\)\nwith less +without plate; summed up in groups of at least 5\n/)
    assert.match(out, /held by +Kent, SeaTac \(3 of 5 segments\)\n/)
    assert.match(out, /3 +\S+ +title, before "Cars"; columns added: speed; columns removed: day; 3 records, before 1\n +2 +\S+ +not known here\nThere were others/)
  })

  it('wait for a dataset that others have, and give up after the time they are given', async () => {
    served.node.missing.add('Renton/far')
    assert.deepEqual(await failure(['get', 'Renton/far', '--timeout', '1']), [6, 'unreachable'])
    assert.deepEqual(await failure(['get', 'nothing']), [4, 'not-found'])
    assert.deepEqual(await failure(['show', 'nothing']), [4, 'not-found'])
    assert.deepEqual(await failure(['tail', 'nothing']), [4, 'not-found'])
  })

  it('verify, and exit 7 where something is not what was signed', async () => {
    await published('rows')
    const good = await run(['verify', 'rows'])
    assert.equal(good.code, 0, good.error)
    assert.match(good.out, /ok {4}segments: all hashes are right\nBellevue\/rows is what its publisher signed/)
    served.node.alarms.push('damaged')
    const bad = await run(['verify', 'rows'])
    served.node.alarms.pop()
    assert.equal(bad.code, 7)
    assert.match(bad.out, /FAIL {2}segments.*\nBellevue\/rows is NOT verified/)
    assert.equal((await run(['verify', 'rows', '--record', '2', '-o', path('2.proof')])).code, 0)
    assert.deepEqual([...readFileSync(path('2.proof'))], [1, 2, 3, 2])
  })

  it('invite with a code to scan, and join', async () => {
    const member = await run(['invite'])
    assert.match(member.out, /^Give this ticket to whoever shall become a member of Corridor\.[^]*the members decide by vote[^]*\nhanse1a{120}\n/, member.error)
    assert.deepEqual(await failure(['invite', '--federation', 'Other']), [1, 'already-member'])
    served.node.state = 'alone'
    assert.deepEqual(await failure(['invite']), [2, 'usage'])
    const alone = documentOf(await run(['invite', '--federation', 'Corridor', '--founders', '1', '--json']))
    assert.equal(alone['ticket'], null)
    const invited = await run(['invite', '--federation', 'Corridor', '--founders', '3'])
    assert.match(invited.out, /\nhanse1a{120}\n[^]*[▀▄█]/)
    assert.deepEqual(await failure(['invite', '--federation', 'Other', '--founders', '3']), [1, 'founding-open'])
    assert.equal((await run(['invite', '--federation', 'Corridor', '--founders', '3'])).code, 0)
    assert.equal((await run(['invite', '--federation', 'Other', '--founders', '3', '--anew'])).code, 0)
    served.node.state = 'ready'
    const joined = await run(['join', 'hanse1abc'])
    assert.match(joined.out, /^Corridor is founded, with 1 member\.\n$/, joined.error)
    assert.equal((await run(['join', 'hanse1abc', '--no-wait'])).code, 0)
    assert.deepEqual(await failure(['join', 'abc']), [2, 'invalid'])
    assert.deepEqual(await failure(['invite', '--federation', 'x', '--founders', '0']), [2, 'usage'])
  })

  it('carry bundles by hand', async () => {
    await published('rows')
    const made = await run(['bundle', 'make', 'rows', '-o', path('rows.car')])
    assert.equal(made.code, 0, made.error)
    assert.equal(readFileSync(path('rows.car'), 'utf8'), 'bundle of rows\n')
    assert.match((await run(['bundle', 'open', path('rows.car')])).out, /1 feed, 1 segment, 3 records[^]*New here: 1 segment/)
    assert.deepEqual(await failure(['bundle', 'open', path('Trail Counter.csv')]), [7, 'malformed'])
    assert.deepEqual(await failure(['bundle', 'open', path('none.car')]), [4, 'not-found'])
    assert.deepEqual(await failure(['bundle', 'make', 'none', '-o', path('none.car')]), [4, 'not-found'])
    assert.deepEqual(await failure(['bundle', 'make', 'rows']), [2, 'usage'])
  })

  it('withdraw, scrub and stop', async () => {
    await published('rows')
    assert.equal((await run(['withdraw', 'rows'])).code, 0)
    assert.equal(served.node.held.size, 0)
    assert.equal((await run(['scrub'])).out, 'Read 1 segment: all of them are as they were written.\n')
  })

  it('stop the node, and wait until its folder is free', async () => {
    const other = await serve()
    mkdirSync(path('other'))
    await writeApiFile(path('other'), { url: other.api.url, token: other.token })
    const stopping = hanseHere(['stop', '--data', path('other')])
    while (other.stopRequests.length === 0) await new Promise(resolve => { setImmediate(resolve) })
    await other.api.stop()
    await removeApiFile(path('other'))
    assert.equal((await stopping).out, 'The node has stopped; what it acknowledged is safe.\n')
  })
})

async function * changed (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield chunk.map((byte, index) => index === 0 ? byte ^ 1 : byte)
}
