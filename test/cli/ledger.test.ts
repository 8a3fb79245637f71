import { strict as assert } from 'node:assert'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeApiFile } from '../../src/api/index.ts'
import { checkOf } from '../../src/cli/doctor/ledger.ts'
import { run as runCommand } from '../../src/cli/run.ts'
import { encodeLightProof } from '../../src/core/light/index.ts'
import { FinalChain, placeIn, publishedFeed, recordOf, recordProofOf } from '../core/light.fixture.ts'
import { serve, type Served } from '../support/apiServer.ts'
import { didOf, idOf } from '../support/memoryLedger.ts'
import { documentOf, hanseHere, temporaryFolder, type Ran } from './support.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder.path, name)
let data = ''
let count = 0
let served: Served

beforeEach(async () => {
  served = await serve()
  data = path(`node-${count++}`)
  mkdirSync(data)
  await writeApiFile(data, { url: served.api.url, token: served.token })
})
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})
after(folder.remove)

const run = (...args: readonly string[]): Promise<Ran> => hanseHere([...args, '--data', data])

/** Exit code, and the code of the failure document. */
async function failure (...args: readonly string[]): Promise<readonly [number | null, unknown]> {
  const ran = await run(...args, '--json')
  const { error } = documentOf(ran)
  assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'hint' in error && error.hint !== '', ran.out)
  return [ran.code, error.code]
}

async function done (...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await run(...args, '--json')
  assert.equal(ran.code, 0, ran.error)
  return documentOf(ran)
}

describe('commands about the ledger', () => {
  describe('for deciding', () => {
    it('say the exact effect of a proposal, open it, and tell the others how to vote', async () => {
      served.node.book.applied.push({ id: 'bafyapplication', did: didOf('Kirkland'), name: 'Kirkland', receivedMs: 5, addresses: [], words: ['apple', 'river', 'stone', 'tower'] })
      assert.match((await run('applications')).out, /^NAME.*\nKirkland +1970-01-01T00:00:00Z +apple river stone tower +did:key:z6MkKirkland\n\n.*the same four words/)
      const ran = await run('propose', 'join', 'Kirkland')
      assert.equal(ran.code, 0, ran.error)
      assert.match(ran.error, /admit Kirkland \(did:key:z6MkKirkland\) as a member, with a seat[^]*four words too[^]*apple river stone tower[^]*You vote yes with it\. 3 members may vote/)
      assert.equal(ran.out, `Proposal ${idOf('proposal 0').slice(0, 12)} stands in block 42. It has 1 of 3 votes needed of 3 members; open until 2023-12-14T22:13:20Z.\nThe others vote with: hanse vote ${idOf('proposal 0').slice(0, 12)} yes\n`)
      assert.deepEqual(served.node.book.told, [`propose ${JSON.stringify({ kind: 'join', member: didOf('Kirkland'), seat: true })} 20000`])
    })

    it('propose about members by name, key or the beginning of one, and parameters by name', async () => {
      await done('propose', 'remove', 'Renton', '--timeout', '1')
      await done('propose', 'park', 'did:key:z6MkKent')
      await done('propose', 'join', 'Kent', '--no-seat')
      await done('propose', 'join', 'did:key:z6MkOfAnother')
      const { opened } = await done('propose', 'params', 'anchorEveryMs=90000')
      assert.ok(typeof opened === 'object' && opened !== null && 'needed' in opened && opened.needed === 3)
      assert.deepEqual(served.node.book.told.map(each => each.replace('propose ', '')), [
        `${JSON.stringify({ kind: 'remove', member: didOf('Renton') })} 1000`, `${JSON.stringify({ kind: 'park', member: didOf('Kent') })} 20000`,
        `${JSON.stringify({ kind: 'join', member: didOf('Kent'), seat: false })} 20000`,
        `${JSON.stringify({ kind: 'join', member: 'did:key:z6MkOfAnother', seat: true })} 20000`,
        `${JSON.stringify({ kind: 'params', params: { anchorEveryMs: 90_000 } })} 20000`
      ])
    })

    it('propose other rules, keys and versions', async () => {
      await done('propose', 'charter', '2/3')
      await done('propose', 'rebind', 'Renton', 'did:key:z6MkNew')
      await done('propose', 'protocol', '2', 'ab'.repeat(32), '--from-height', '5000')
      assert.deepEqual(served.node.book.told.map(each => each.replace(/^propose | 20000$/g, '')), [
        JSON.stringify({ kind: 'charter', votesAbove: { parts: 2, of: 3 } }),
        JSON.stringify({ kind: 'rebind', member: didOf('Renton'), root: 'did:key:z6MkNew' }),
        JSON.stringify({ kind: 'protocol', version: 2, notBeforeHeight: 5_000, release: 'ab'.repeat(32) })
      ])
      assert.deepEqual(await failure('propose', 'charter', 'most'), [2, 'usage'])
      assert.deepEqual(await failure('propose', 'protocol', '2', 'abc'), [2, 'usage'])
      assert.deepEqual(await failure('propose', 'rebind', 'Tukwila', 'did:key:z6MkNew'), [4, 'not-found'])
    })

    it('submit nothing for a wrong name, number or word', async () => {
      assert.deepEqual(await failure('propose', 'join', 'Nobody'), [4, 'not-found'])
      assert.deepEqual(await failure('propose', 'remove', 'Tukwila'), [4, 'not-found'])
      assert.deepEqual(await failure('propose', 'remove', 'did:'), [4, 'ambiguous'])
      assert.deepEqual(await failure('propose', 'params', 'anchorEveryMs'), [2, 'usage'])
      assert.deepEqual(await failure('propose', 'params', 'a=1', 'a=2'), [2, 'usage'])
      assert.deepEqual(await failure('propose', 'params', 'nonsense=1'), [2, 'invalid'])
      assert.deepEqual(await failure('propose', 'remove', 'Renton', '--timeout', '41'), [2, 'usage'])
      assert.deepEqual(await failure('vote', 'abcd', 'yess'), [2, 'usage'])
      assert.match((await run('vote', 'abcd', 'yess')).error, /Did you mean yes\?/)
      assert.deepEqual(await failure('vote', 'abcd', 'yes'), [4, 'not-found'])
      assert.deepEqual(served.node.book.told, [])
    })

    it('say what a vote does before it is given: counts, decides, rejects or changes', async () => {
      const { book } = served.node
      await done('propose', 'remove', 'Renton')
      const id = idOf('proposal 0')
      const effect = async (...votes: readonly string[]): Promise<string> => {
        const ran = await run('vote', id.slice(0, 12), ...votes, '--dry-run')
        assert.equal(ran.code, 0, ran.error)
        assert.match(ran.out, /Nothing was submitted\.\n$/)
        return ran.out
      }
      assert.deepEqual(await failure('vote', id, 'yes'), [1, 'same'])
      assert.match(await effect('no'), /Votes no as this member in place of your yes: then 0 for it, 1 against\. It is rejected with it/)
      assert.deepEqual(await failure('vote', id.slice(0, 3), 'no'), [4, 'not-found'])
      Object.assign(book.opened[0] ?? {}, { yes: [didOf('Kent')], no: [], needed: 3, members: 4 })
      assert.match(await effect('no'), /Votes no as this member: then 1 for it, 1 against\. It is open then: 2 more votes needed of 4 members/)
      Object.assign(book.opened[0] ?? {}, { no: [didOf('Bellevue')] })
      assert.match(await effect('yes'), new RegExp(`^Proposal ${id.slice(0, 12)} by Bellevue: Decide remove .*\\n.* in place of your no: then 2 for it, 0 against\\. It is open then: 1 more vote needed of 4 members`))
      book.count(id, 'Renton', true)
      assert.match(await effect('yes'), /then 3 for it, 0 against\. It passes with it, and the member is cut off at once/)
      const voted = await run('vote', id.toUpperCase(), 'yes')
      assert.equal(voted.out, 'Your yes stands in block 42. It has passed.\n', voted.error)
      assert.match(voted.error, /It passes with it/)
      assert.deepEqual(await failure('vote', id, 'no'), [1, 'decided'])
      assert.deepEqual(book.told.slice(1), [`vote ${id} true 20000`])
      assert.match((await run('proposals')).out, new RegExp(`^PROPOSAL.*\n${id.slice(0, 12)} +passed +3 of 3 +0 +Bellevue +Decide remove`))
      assert.match((await run('proposals', id.slice(0, 4))).out, /yes +Kent, Renton, Bellevue\nno +nobody\n$/)
    })

    it('tell what waits with exit code 6, and pass on what is refused', async () => {
      const { book } = served.node
      book.isSlow = true
      const waiting = await run('propose', 'remove', 'Renton')
      assert.equal(waiting.code, 6)
      assert.equal(waiting.out, 'It is submitted and not final yet. Nothing to decide since block 41 became final. The node goes on by itself: see hanse status.\n')
      book.isSlow = false
      book.refusal = { code: 'root-locked', reason: 'the root key of this member is not here', hint: 'start the node with it' }
      assert.deepEqual(await failure('propose', 'remove', 'Renton'), [1, 'root-locked'])
      book.refusal = { code: 'refused', reason: 'the ledger refuses it: open-proposals', hint: 'nothing was changed' }
      assert.deepEqual(await failure('ledger', 'rotate-key'), [1, 'refused'])
      book.refusal = { code: 'refused', reason: 'it is outside of what may be', hint: 'parkWindowMs takes 3600000 to 31536000000' }
      assert.match((await run('ledger', 'rotate-key')).error, /error: It is outside of what may be\.\n {2}parkWindowMs takes/)
    })

    it('ask nobody where nobody is, and rotate the key', async () => {
      const ran = await run('ledger', 'rotate-key')
      assert.equal(ran.out, 'The fresh key stands in block 42. It votes from the next seal on.\n')
      assert.match(ran.error, /^Makes a fresh key[^]*not touched\.\n$/)
      assert.deepEqual(served.node.book.told, ['rotate-key 20000'])
    })

    it('do nothing where a person interrupts at the effect', async () => {
      let error = ''
      const code = await runCommand(['ledger', 'rotate-key', '--data', data], {
        writeOut: async () => undefined, writeError: chunk => { error += chunk },
        inputIsTerminal: true, outputIsTerminal: true, errorIsTerminal: true, errorColumns: 80, environment: {}
      }, AbortSignal.abort())
      assert.equal(code, 130)
      assert.match(error, /erased then[^]*Enter does it, Ctrl-C does not\. [^]*Nothing was done/)
      assert.deepEqual(served.node.book.told, [])
    })
  })

  describe('for looking', () => {
    it('show where it stands in status, ledger show and doctor, also where it bears nothing', async () => {
      const ledger = served.node.book.status
      assert.ok(ledger !== undefined)
      const rows = /ledger +Nothing to decide since block 41 became final \(block 41, 2023-11-14T22:13:20Z\)\nvalidators +4 of 4 reachable, tolerates 1 failure; this node is one of them\n/
      assert.match((await run('status')).out, rows)
      assert.match((await run('ledger', 'show')).out, rows)
      assert.deepEqual((await done('status'))['ledger'], ledger)
      assert.match((await run('doctor')).out, /ok {4}ledger +Nothing to decide since .*\n +4 of 4 reachable/)
      served.node.book.status = { ...ledger, validators: 3, reachable: 2, toleratedFaults: 0, sentence: 'Waits for one more validator', role: 'observer' }
      assert.match((await run('status')).out, /Waits for one more validator .*\nvalidators +2 of 3 reachable, tolerates 0 failures; this node follows and has no seat/)
      assert.match((await run('doctor')).out, /warn {2}ledger +Waits for one more .*\n.*2 of 3.*\n +Ask the members/)
      assert.deepEqual([checkOf({ ...ledger, reachable: 3 }).state, checkOf({ ...ledger, role: 'locked' }).state], ['ok', 'warn'])
      served.node.book.status = undefined
      assert.doesNotMatch((await run('status')).out, /ledger/)
      assert.deepEqual([await failure('ledger', 'show'), await failure('proposals')], [[1, 'not-ready'], [1, 'not-ready']])
      assert.match((await run('members')).out, /belongs to no federation/)
    })

    it('show members with seats and who is reachable', async () => {
      const { members } = await done('members')
      assert.ok(Array.isArray(members))
      assert.deepEqual(members.map(({ name, seat, reachable, removed, revoked }) => [name, seat, reachable, removed, revoked]), [
        ['Bellevue', 'validator', 1, false, false], ['Renton', 'validator', 1, false, false], ['Kent', 'parked', 0, false, false],
        ['Tukwila', 'none', 0, true, false]
      ])
    })

    it('show the newest blocks, or all of one', async () => {
      assert.match((await run('ledger', 'show', '--limit', '2')).out, /BLOCK +EPOCH.*\n +41 +2 +2023-.* +Renton +dataset\.anchor\n +40 .* the seal of its epoch\n$/)
      assert.match((await run('ledger', 'show', '--before', '3')).out, /HOLDS\n +2 [^\n]*\n +1 [^\n]*\n$/)
      assert.match((await run('ledger', 'show', '--block', '7')).out, /^block +7 in epoch 2, view 1\n[^]*transaction [0-9a-f]{12} of Renton\n {2}dataset\.anchor {2}heads \[\{"feed":"bafyfeed","length":3\}\]\n$/)
      assert.deepEqual((await done('ledger', 'show', '--block', '7'))['block'], (await served.node.blocks({ before: 8, limit: 1 }))[0])
      assert.deepEqual(await failure('ledger', 'show', '--block', '42'), [4, 'not-found'])
      assert.deepEqual(await failure('ledger', 'show', '--block', '0'), [2, 'usage'])
    })

    it('check it, and end with 7 where it is not right', async () => {
      assert.match((await run('ledger', 'verify')).out, /ok {4}charter: .*\n.*\nThe ledger is right from block 1 to block 41\.\n$/)
      served.node.book.isDamaged = true
      const damaged = await run('ledger', 'verify')
      assert.equal(damaged.code, 7)
      assert.match(damaged.out, /FAIL {2}hashes: block 7 is not what it was\nThe ledger is NOT verified\.\n$/)
    })

    it('list what it says of a member, and write a checkpoint', async () => {
      assert.match((await run('audit', 'Renton')).out, /^BLOCK.*\n +1 .* Renton +dataset\.put +dataset rows\n +2 .*\n$/)
      assert.deepEqual(await failure('audit', 'Nowhere'), [4, 'not-found'])
      assert.match((await run('ledger', 'checkpoint')).out, /block +41 in epoch 2[^]*statement +YSBzaWduZWQgd29yZA==\n$/)
      await done('ledger', 'checkpoint', '-o', path('word'))
      assert.equal(readFileSync(path('word'), 'utf8'), 'a signed word')
      assert.deepEqual(await failure('ledger', 'checkpoint', '-o', path('word')), [2, 'exists'])
    })
  })

  describe('for proofs', () => {
    const stranger = ['--data', path('nobody')]

    it('write the proof of a record, and nothing where there is none', async () => {
      await done('proof', 'export', 'Bellevue/rows', '--record', '2', '--out', path('row.proof'))
      assert.equal(readFileSync(path('row.proof'), 'utf8'), 'proof of record 2')
      assert.deepEqual(await failure('proof', 'export', 'Bellevue/rows', '--record', '3', '--out', path('no.proof')), [1, 'not-anchored'])
      assert.deepEqual(await failure('proof', 'export', 'Bellevue/none', '--record', '0', '--out', path('no.proof')), [4, 'not-found'])
      assert.deepEqual(await failure('proof', 'export', 'Bellevue/rows', '--record', '2'), [2, 'usage'])
      assert.deepEqual(await failure('proof', 'export', 'Bellevue/rows', '--out', path('no.proof')), [2, 'usage'])
    })

    it('verify one without a node, against the charter of whoever verifies, and refuse any changed byte', async () => {
      const final = new FinalChain(4)
      const [publisher] = final.chain.founders
      assert.ok(publisher !== undefined)
      const feed = publishedFeed(final.chain, publisher, [3, 2])
      const block = final.add([final.chain.byNode(publisher, [feed.datasetPut, feed.anchor(2)])])
      const proof = encodeLightProof(recordProofOf(final, feed, block, placeIn(block, 0, 1), recordOf(feed, 1, 1, 2), final.add([])))
      writeFileSync(path('record.proof'), proof)
      writeFileSync(path('charter.cbor'), final.chain.charter.envelope)
      const verify = (...args: readonly string[]): Promise<Ran> => hanseHere(['proof', 'verify', path('record.proof'), ...args])
      const verified = await verify('--charter', path('charter.cbor'), ...stranger)
      assert.equal(verified.code, 0, verified.error)
      assert.match(verified.out, /record +4 of the feed of traffic\npublisher +City 1 \(did:key:[^]*final +existed before block 2 of epoch 0, finalised at 2026-[^]*body +\{"name":"record 4"\}\n/)
      writeFileSync(join(data, 'charter.cbor'), final.chain.charter.envelope)
      assert.equal((await verify('--data', data)).code, 0, 'the charter of the node in the folder')
      assert.equal((await verify(...stranger)).code, 2, 'no charter')
      writeFileSync(path('other.cbor'), new FinalChain(5).chain.charter.envelope)
      assert.equal((await verify('--charter', path('other.cbor'), ...stranger)).code, 7, 'another federation')
      assert.equal((await verify('--charter', path('record.proof'), ...stranger)).code, 7, 'no charter')
      for (let at = 0; at < proof.length; at += Math.ceil(proof.length / 40)) {
        const changed = Uint8Array.from(proof)
        changed[at] = (changed[at] ?? 0) ^ 4
        writeFileSync(path('record.proof'), changed)
        assert.equal((await verify('--charter', path('charter.cbor'), ...stranger)).code, 7, `byte ${at}`)
      }
      assert.equal((await hanseHere(['proof', 'verify', path('none'), '--charter', path('charter.cbor'), ...stranger])).code, 4)
    })
  })

  it('play the simulator, the same for the same seed', async () => {
    const once = await hanseHere(['sim', '--seed', '7', '--nodes', '4', '--faults', 'none', '--hours', '0.01'])
    assert.equal(once.code, 0, once.out + once.error)
    assert.match(once.out, /verdict +held\n$/)
    assert.equal((await hanseHere(['sim', '--seed', '7', '--nodes', '4', '--faults', 'none', '--hours', '0.01'])).out, once.out)
    for (const wrong of [[], ['--seed', 'x'], ['--seed', '1', '--nodes', '0'], ['--seed', '1', '--faults', 'nonsense']]) {
      assert.equal((await hanseHere(['sim', ...wrong])).code, 2, wrong.join(' '))
    }
  })
})
