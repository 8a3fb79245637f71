import { strict as assert } from 'node:assert'
import { bytesOfHex, encodeCanonical, hex, utf8 } from '../../src/base/index.ts'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import type { Exchange, Outcome, Peer, Reply } from '../../src/host/index.ts'
import { systemClock } from '../../src/host/system/index.ts'
import type { DspAnswer, DspRequest } from '../../src/node/contract/index.ts'
import { DSP_PROTOCOL, dspHandler, libp2pAddress, libp2pCarry } from '../../src/node/dsp/index.ts'

/** A request that breaks off. */
const CUT_SHORT = 'a464626f64794c7b2261223a2262277d7b7d7d6470617468782f2f6473702f6e65676f74696174696f6e732f75726e3a757569643a312f6167726565'
const BIG: JsonObject = { text: 'x'.repeat(100_000) }

type Heard = { requests: DspRequest[], blamed: string[], sent: Uint8Array[], ended: Uint8Array | undefined, refused: string | undefined }

async function handle (body: Uint8Array, answer: DspAnswer, member: string | null = 'did:key:zRenton'): Promise<Heard> {
  const heard: Heard = { requests: [], blamed: [], sent: [], ended: undefined, refused: undefined }
  const handler = dspHandler({
    memberOf: () => member ?? undefined,
    answer: async request => {
      heard.requests.push(request)
      return answer
    }
  })
  const peer: Peer = {
    peerId: '12D3KooW', request: () => assert.fail('it only answers'), note: () => false, drop: () => {}, blame: reason => { heard.blamed.push(reason) }
  }
  const reply: Reply = {
    signal: new AbortController().signal, send: async chunk => { heard.sent.push(chunk) }, end: end => { heard.ended = end },
    error: code => { heard.refused = code }
  }
  await handler.request(peer, body, reply)
  return heard
}

/** The asking side against the answering one, with no network between. */
async function carried (answer: DspAnswer, body: JsonObject | null, path: string): Promise<{ readonly asked: string, readonly answered: Awaited<ReturnType<ReturnType<typeof libp2pCarry>>>, readonly heard: Heard }> {
  let asked = ''
  let heard: Heard | undefined
  const peer: Peer = {
    peerId: 'peer1', note: () => false, drop: () => {}, blame: () => {},
    request: (protocol, bytes) => {
      assert.equal(protocol, DSP_PROTOCOL)
      asked = hex(bytes)
      const done = handle(bytes, answer).then(each => { heard = each })
      const outcome = done.then((): Outcome => heard?.ended === undefined ? { type: 'error', code: 'limit', reason: '' } : { type: 'end', body: heard.ended })
      const data = (async function * () {
        await done
        yield * heard?.sent ?? []
      })()
      const exchange: Exchange = { data, outcome, grant: () => {}, cancel: () => {} }
      return exchange
    }
  }
  const answered = await libp2pCarry({ peerOf: () => peer, clock: systemClock })({ peer: 'did', address: libp2pAddress('peer1'), path, body })
  return { asked, answered, heard: heard ?? assert.fail('it was asked') }
}

describe('the Dataspace Protocol on libp2p', () => {
  it('has this form on the wire', async () => {
    const { asked, heard } = await carried({ status: 201, body: { a: 'b' }, next: 'n', previous: 'p' }, { a: 'b' }, '/catalog/request')
    assert.equal(asked, 'a464626f6479497b2261223a2262227d6470617468742f6473702f636174616c6f672f72657175657374647665726264504f53546b63726564697442797465731a00040000')
    assert.equal(hex(heard.ended ?? new Uint8Array()), hex(encodeCanonical({
      status: 201, headers: { link: '</dsp/catalog/request?page=n>; rel="next", </dsp/catalog/request?page=p>; rel="previous"' }, body: utf8('{"a":"b"}')
    })))
  })

  it('brings a request to the member that is behind the connection, and its answer back', async () => {
    const { answered, heard } = await carried({ status: 200, body: { state: 'AGREED' } }, null, '/negotiations/urn:uuid:1')
    assert.deepEqual(heard.requests, [{ peer: 'did:key:zRenton', verb: 'GET', path: '/negotiations/urn:uuid:1', page: null, body: null }])
    assert.deepEqual(answered, { status: 200, body: { state: 'AGREED' } })
  })

  it('carries an answer that is longer than a frame, and one that has no body', async () => {
    assert.deepEqual((await carried({ status: 200, body: BIG }, null, '/catalog/datasets/x')).answered, { status: 200, body: BIG })
    assert.deepEqual((await carried({ status: 404, body: null }, null, '/transfers/x')).answered, { status: 404, body: null })
  })

  it('blames whoever sends what cannot be, and answers nothing of it', async () => {
    const good = { verb: 'GET', path: '/dsp/negotiations/x', body: null, creditBytes: 1 }
    const bad = [
      new Uint8Array(), bytesOfHex(CUT_SHORT) ?? assert.fail('hex'), encodeCanonical({ ...good, verb: 'PUT' }), encodeCanonical({ ...good, path: '/other' }), encodeCanonical({ ...good, path: '/dsp' }),
      encodeCanonical({ ...good, path: '/dsp/x?page=a&b=c' }), encodeCanonical({ ...good, path: '/dsp/x?page=%zz' }), encodeCanonical({ ...good, path: `/dsp/${'x'.repeat(5_000)}` }),
      encodeCanonical({ ...good, body: new Uint8Array(57_345) }), encodeCanonical({ ...good, more: 1 })
    ]
    for (const body of bad) {
      const heard = await handle(body, { status: 200, body: null })
      assert.deepEqual([heard.requests.length, heard.blamed.length, heard.refused], [0, 1, 'limit'], hex(body).slice(0, 80))
    }
    const nobody = await handle(encodeCanonical(good), { status: 200, body: null }, null)
    assert.deepEqual([nobody.requests.length, nobody.refused], [0, 'refused'])
  })
})
