import { strict as assert } from 'node:assert'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveDsp, type DspListener } from '../../src/api/dsp/index.ts'
import { sha256, utf8 } from '../../src/base/index.ts'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import { didOfKey, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { openNetwork } from '../../src/host/libp2p/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import type { Host } from '../../src/host/index.ts'
import type { HanseNode, TermsOrder } from '../../src/node/index.ts'
import { freePort } from '../../scripts/ports.ts'
import { append, streamOf, tableOf } from '../support/publications.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { ask, Connector } from './connector.ts'
import { complaintOf } from './kit.ts'

const TOKEN = 'a-connector-token-of-many-bits'
const CONNECTOR = didOfKey(signingKeyOfSeed(new Uint8Array(32).fill(9)).publicKey)
const PURPOSE = 'urn:hanse:purpose:1:waste.collection'
const ROWS = Array.from({ length: 20 }, (_, at) => `row ${at}\n`)

function orderOf (node: HanseNode, template: string, changes: object): TermsOrder {
  const begun = node.templateOf(template)
  assert.ok(begun.ok)
  const file = begun.value as { readonly terms: object }
  const order = node.readTerms({ ...file, terms: { ...file.terms, ...changes } })
  assert.ok(order.ok, JSON.stringify(order))
  return order.value
}

function hostOf (server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the Dataspace Protocol over HTTP, as a member', () => {
  let isCut = false
  /** Once it is cut, members find each other by the addresses that their operators entered. */
  const network: Host['openNetwork'] = async options => {
    const real = await openNetwork(options)
    return { ...real, peerId: real.peerId, addresses: () => real.addresses(), setMembers: members => { real.setMembers(members) }, peers: () => isCut ? [] : real.peers(), publish: (topic, message) => real.publish(topic, message), metrics: () => real.metrics(), stop: () => real.stop() }
  }
  let cities: readonly City[] = []
  const listeners: DspListener[] = []
  const connector = new Connector(TOKEN)
  const pushed: { readonly seq: string | undefined, readonly lines: readonly string[] }[] = []
  let sink: Server
  /** In the private network, and allowed for somebody else. */
  let inside: Server
  let insideAsked = 0
  const [bellevue, renton] = [0, 1].map(at => () => cities[at] as City) as [() => City, () => City]
  const didOf = (city: City): string => city.node.status().member.did
  const base = (at: number): string => listeners[at]?.address ?? assert.fail('it listens')

  before(async () => {
    await connector.open()
    sink = createServer((message, response) => {
      let text = ''
      message.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        // The first delivery is lost on its way back: it comes again.
        const isLost = pushed.length === 0 && message.headers['hanse-seq'] === '0' && !('seen' in sink)
        Object.assign(sink, { seen: true })
        if (!isLost) pushed.push({ seq: message.headers['hanse-seq'] as string | undefined, lines: text.trim().split('\n') })
        response.writeHead(isLost ? 503 : 204).end()
      })
    })
    inside = createServer((_, response) => {
      insideAsked++
      response.end()
    })
    for (const server of [sink, inside]) await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    cities = [await makeCity('Bellevue', {}, network), await makeCity('Renton', {}, network)]
    await found(cities)
    await connected(cities)
    const ports = [await freePort(), await freePort()]
    for (const [at, { node }] of cities.entries()) {
      const served = await serveDsp({
        node, listen: { host: '127.0.0.1', port: ports[at] ?? 0 }, url: undefined, log: () => {},
        web: createSafeFetch({ allowed: [connector.address, hostOf(sink), hostOf(inside), ...ports.map(port => `127.0.0.1:${port}`)].map(each => each.replace(/^http:\/\/|\/dsp$/g, '')) }),
        participants: [
          ...cities.map((city, of) => ({ id: didOf(city), address: `http://127.0.0.1:${ports[of]}/dsp`, tokenSha256: null })),
          { id: CONNECTOR, address: `${connector.address}/`, tokenSha256: sha256(utf8(TOKEN)) },
          { id: CONNECTOR, address: `http://${hostOf(sink)}/take`, tokenSha256: sha256(utf8(TOKEN)) }
        ]
      })
      assert.ok(served.ok)
      listeners.push(served.value)
    }
    const { node } = bellevue()
    const publish = async (datasetId: string, order: TermsOrder): Promise<void> => {
      const [description, content] = tableOf(datasetId, ROWS)
      const published = await node.publish({ ...description, access: 'members' }, content, undefined, order)
      assert.ok(published.ok, JSON.stringify(published))
    }
    await publish('bins', orderOf(node, 'neighbours', { audience: { type: 'named', members: ['Renton'] }, purposes: [PURPOSE] }))
    await publish('open', orderOf(node, 'open', {}))
    const [stream, form] = streamOf('live')
    assert.ok((await node.publish({ ...stream, access: 'public' }, form, undefined, orderOf(node, 'open', {}))).ok)
    await append(node, 'live', ['0', '1', '2'])
    await until(() => renton().node.dataset('bins').ok, 'the datasets are listed')
  })
  after(async () => {
    for (const each of listeners) await each.stop()
    await connector.close()
    sink.close()
    inside.close()
    await removeCities(cities)
  })

  it('negotiates between members by signed requests where they are not connected', async () => {
    isCut = true
    const negotiated = await renton().node.requestAgreement('bins', 'waste.collection', 20_000)
    isCut = false
    assert.ok(negotiated.ok, JSON.stringify(negotiated))
    assert.equal(negotiated.value.state, 'FINALIZED', JSON.stringify(negotiated.value))
    assert.equal(bellevue().node.agreements()[0]?.isCountersigned, true)
  })

  it('knows who signed a request, for whom and for what, and takes it once', async () => {
    const url = `${base(0)}/catalog/request`
    const body = utf8(JSON.stringify({ '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'], '@type': 'CatalogRequestMessage' }))
    const json = JSON.parse(new TextDecoder().decode(body)) as JsonObject
    const signed = renton().node.authorizationFor(didOf(bellevue()), { method: 'POST', url, body })
    assert.equal((await ask('POST', url, signed, json)).status, 200)
    assert.equal((await ask('POST', url, signed, json)).status, 401, 'the same signature again')
    const others: readonly (readonly [string, string])[] = [
      ['for another member', renton().node.authorizationFor(didOf(renton()), { method: 'POST', url, body })],
      ['for another address', renton().node.authorizationFor(didOf(bellevue()), { method: 'POST', url: `${url}/`, body })],
      ['for another body', renton().node.authorizationFor(didOf(bellevue()), { method: 'POST', url, body: utf8('{}') })],
      ['for another method', renton().node.authorizationFor(didOf(bellevue()), { method: 'GET', url, body })],
      ['cut short', renton().node.authorizationFor(didOf(bellevue()), { method: 'POST', url, body }).slice(0, -2)],
      ['of nobody', 'Bearer a.b.c'], ['by a token that nobody entered', 'Bearer another-token-of-many-bits'], ['of too many bytes', `Bearer ${'a'.repeat(9_000)}`]
    ]
    for (const [what, authorization] of others) assert.equal((await ask('POST', url, authorization, json)).status, 401, what)
    assert.equal((await ask('POST', url, null, json)).status, 401)
  })

  it('shows each viewer what it may know of', async () => {
    const catalogue = async (authorization: string | undefined): Promise<readonly unknown[]> => {
      const answered = await connector.say(`${base(0)}/catalog/request`, 'CatalogRequestMessage', {}, authorization)
      assert.equal(answered.status, 200, answered.text)
      assert.equal(complaintOf(answered.json ?? {}), '')
      return ((answered.json as { readonly dataset?: readonly JsonObject[] }).dataset ?? []).map(dataset => String(dataset['@id'] as string).split('/').at(-1))
    }
    assert.deepEqual(await catalogue(undefined), ['live', 'open'])
    const hidden = await connector.get(`${base(0)}/catalog/datasets/${encodeURIComponent(`${didOf(bellevue())}/bins`)}`)
    assert.equal(hidden.status, 404)
    assert.equal(hidden.json?.['@type'], 'CatalogError')
    const filtered = await connector.say(`${base(0)}/catalog/request`, 'CatalogRequestMessage', { filter: ['x'] })
    assert.deepEqual([filtered.status, filtered.json?.['code']], [400, 'filter'])
  })

  /** A connector's agreement on an open dataset. */
  async function agreed (datasetId: string, pid: string): Promise<string> {
    const target = `${didOf(bellevue())}/${datasetId}`
    const dataset = await connector.get(`${base(0)}/catalog/datasets/${encodeURIComponent(target)}`)
    assert.equal(dataset.status, 200, dataset.text)
    const [offer] = (dataset.json as { readonly hasPolicy: readonly JsonObject[] } | null)?.hasPolicy ?? []
    const requested = await connector.say(`${base(0)}/negotiations/request`, 'ContractRequestMessage', { consumerPid: pid, offer: { ...offer, target }, callbackAddress: connector.address })
    assert.equal(requested.status, 201, requested.text)
    const { agreement, providerPid } = await connector.hear(`/negotiations/${pid}/agreement`) as { readonly agreement: JsonObject, readonly providerPid: string }
    const verified = await connector.say(`${base(0)}/negotiations/${providerPid}/agreement/verification`, 'ContractAgreementVerificationMessage', { providerPid, consumerPid: pid })
    assert.equal(verified.status, 200, verified.text)
    await connector.hear(`/negotiations/${pid}/events`)
    return agreement['@id'] as string
  }

  it('lets a connector pull data by a token, for as long as its transfer runs', async () => {
    const agreementId = await agreed('open', 'urn:x:pull')
    const request = { consumerPid: 'urn:x:pull:1', agreementId, format: 'HttpData-PULL', callbackAddress: connector.address }
    assert.equal((await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', request)).status, 201)
    const { dataAddress, providerPid } = await connector.hear('/start') as { readonly dataAddress: { readonly endpoint: string, readonly endpointProperties: readonly { readonly name: string, readonly value: string }[] }, readonly providerPid: string }
    const token = dataAddress.endpointProperties.find(({ name }) => name === 'authorization')?.value ?? ''
    assert.equal(Buffer.from(token, 'base64url').length, 32)
    const pulled = await connector.get(dataAddress.endpoint, `Bearer ${token}`)
    assert.deepEqual([pulled.status, pulled.text], [200, ROWS.join('')])
    assert.equal((await connector.get(dataAddress.endpoint, 'Bearer another')).status, 401)
    assert.equal((await connector.get(dataAddress.endpoint, null)).status, 401)
    const pids = { providerPid, consumerPid: 'urn:x:pull:1' }
    assert.equal((await connector.say(`${base(0)}/transfers/${providerPid}/suspension`, 'TransferSuspensionMessage', pids)).status, 200)
    assert.equal((await connector.get(dataAddress.endpoint, `Bearer ${token}`)).status, 401, 'suspended')
    assert.equal((await connector.say(`${base(0)}/transfers/${providerPid}/start`, 'TransferStartMessage', pids)).status, 200)
    assert.equal((await connector.get(dataAddress.endpoint, `Bearer ${token}`)).status, 200, 'started again')
    const ended = await bellevue().node.endAgreement(agreementId, 'ended')
    assert.ok(ended.ok)
    assert.equal((await connector.get(dataAddress.endpoint, `Bearer ${token}`)).status, 401, 'the agreement is over')
    assert.equal((await connector.hear('/transfers/urn:x:pull:1/termination'))['code'], 'agreement.revoked')
  })

  it('ends what was in force already where the negotiation is ended before its last message', async () => {
    const { node } = bellevue()
    const [dataset, consumerPid] = [`${didOf(bellevue())}/open`, 'urn:x:hasty']
    const offer = { '@id': 'urn:x:offer', '@type': 'Offer', 'target': dataset, ...((await connector.get(`${base(0)}/catalog/datasets/${encodeURIComponent(dataset)}`)).json as { readonly hasPolicy: readonly JsonObject[] }).hasPolicy[0] }
    assert.equal((await connector.say(`${base(0)}/negotiations/request`, 'ContractRequestMessage', { consumerPid, offer, callbackAddress: connector.address })).status, 201)
    const { agreement, providerPid } = await connector.hear(`/negotiations/${consumerPid}/agreement`) as { readonly agreement: JsonObject, readonly providerPid: string }
    const say = (tail: string, type: string): Promise<{ readonly status: number }> => node.answerProtocol({
      peer: CONNECTOR, verb: 'POST', path: `/negotiations/${providerPid}/${tail}`, page: null,
      body: utf8(JSON.stringify({ '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'], '@type': type, providerPid, consumerPid }))
    })
    const answers = await Promise.all([say('agreement/verification', 'ContractAgreementVerificationMessage'), say('termination', 'ContractNegotiationTerminationMessage')])
    assert.deepEqual(answers.map(({ status }) => status), [200, 200])
    assert.equal(node.negotiations().find(({ id }) => id === providerPid)?.state, 'TERMINATED')
    await until(() => node.agreements().every(({ id, revokedAtMs }) => id !== agreement['@id'] || revokedAtMs !== null), 'what nobody agreed to is not in force')
  })

  it('pushes a stream in order, again where nobody took it, until the transfer ends', async () => {
    const agreementId = await agreed('live', 'urn:x:push')
    const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/take`
    const dataAddress = { '@type': 'DataAddress', 'endpointType': 'https://w3id.org/idsa/v4.1/HTTP', endpoint }
    const request = { consumerPid: 'urn:x:push:1', agreementId, format: 'HttpData-PUSH', callbackAddress: connector.address, dataAddress }
    assert.equal((await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', request)).status, 201)
    const { providerPid } = await connector.hear('/start')
    const taken = (): readonly number[] => pushed.flatMap(({ lines }) => lines.map(text => (JSON.parse(text) as { readonly _seq: number })._seq))
    await until(() => taken().length >= 3, 'the first records came')
    await append(bellevue().node, 'live', ['3'])
    await until(() => taken().length >= 4, 'a new record came')
    assert.deepEqual(taken(), [0, 1, 2, 3])
    assert.deepEqual(pushed.map(({ seq }) => seq), pushed.map(({ lines }) => String((JSON.parse(lines[0] ?? '') as { readonly _seq: number })._seq)))
    const pids = { providerPid, consumerPid: 'urn:x:push:1' }
    assert.equal((await connector.say(`${base(0)}/transfers/${providerPid as string}/termination`, 'TransferTerminationMessage', pids)).status, 200)
    await append(bellevue().node, 'live', ['4'])
    assert.equal((await connector.get(`${base(0)}/transfers/${providerPid as string}`)).json?.['state'], 'TERMINATED')
    assert.deepEqual(taken(), [0, 1, 2, 3])
  })

  it('pushes into the private network only where the operator entered that participant', async () => {
    const agreementId = await agreed('live', 'urn:x:inside')
    const begin = async (consumerPid: string, endpoint: string): Promise<unknown> => {
      const dataAddress = { '@type': 'DataAddress', 'endpointType': 'https://w3id.org/idsa/v4.1/HTTP', endpoint }
      const request = { consumerPid, agreementId, format: 'HttpData-PUSH', callbackAddress: connector.address, dataAddress }
      assert.equal((await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', request)).status, 201)
      return (await connector.hear(`/transfers/${consumerPid}/start`))['providerPid']
    }
    const pids = [await begin('urn:x:inside:1', `http://${hostOf(inside)}/admin`)]
    const before = pushed.length
    pids.push(await begin('urn:x:inside:2', `http://${hostOf(sink)}/take`))
    await until(() => pushed.length > before, 'what is allowed came')
    assert.equal(insideAsked, 0)
    for (const [at, providerPid] of pids.entries()) {
      await connector.say(`${base(0)}/transfers/${String(providerPid)}/termination`, 'TransferTerminationMessage', { providerPid: String(providerPid), consumerPid: `urn:x:inside:${at + 1}` })
    }
  })

  it('starts a transfer between nodes by naming the feed, and refuses formats that it has not', async () => {
    const agreementId = await agreed('open', 'urn:x:sync')
    const request = { consumerPid: 'urn:x:sync:1', agreementId, callbackAddress: connector.address }
    const other = await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', { ...request, format: 'urn:x:pigeon' })
    assert.deepEqual([other.status, other.json?.['code']], [400, 'format'])
    const nowhere = await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', { ...request, format: 'HttpData-PUSH' })
    assert.deepEqual([nowhere.status, nowhere.json?.['code']], [400, 'data-address'])
    assert.equal((await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', { ...request, format: 'urn:hanse:format:sync:1' })).status, 201)
    const { dataAddress } = await connector.hear('/start') as { readonly dataAddress: JsonObject & { readonly endpointProperties: readonly JsonObject[] } }
    assert.equal(dataAddress['endpointType'], 'urn:hanse:endpoint:sync:1')
    assert.equal(dataAddress['endpoint'], `libp2p://${bellevue().node.status().peerId}`)
    const dataset = bellevue().node.dataset('open')
    assert.deepEqual(dataAddress.endpointProperties.map(({ name, value }) => [name, value]), [['feed', dataset.ok ? dataset.value.distribution.feed : ''], ['from', '0']])
  })

  it('shows a long catalogue page by page, each for its viewer and its state', async () => {
    const { node } = bellevue()
    for (let at = 0; at < 100; at++) {
      const [description, content] = tableOf(`page-${at}`, ['x\n'])
      assert.ok((await node.publish({ ...description, access: 'public' }, content, undefined, orderOf(node, 'open', {}))).ok)
    }
    const url = `${base(0)}/catalog/request`
    const first = await connector.say(url, 'CatalogRequestMessage', {})
    const names = (json: JsonObject | null): readonly unknown[] => (json as { readonly dataset?: readonly JsonObject[] } | null)?.dataset?.map(each => each['@id']) ?? []
    assert.equal(names(first.json).length, 100)
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers['link']))?.[1] ?? assert.fail('there is a next page')
    const second = await connector.say(next, 'CatalogRequestMessage', {})
    assert.equal(names(second.json).length, 2)
    assert.equal(new Set([...names(first.json), ...names(second.json)]).size, 102)
    assert.match(String(second.headers['link']), /rel="previous"/)
    const body = { '@context': ['https://w3id.org/dspace/2025/1/context.jsonld'], '@type': 'CatalogRequestMessage' }
    const bytes = utf8(JSON.stringify(body))
    const other = await ask('POST', next, renton().node.authorizationFor(didOf(bellevue()), { method: 'POST', url: next, body: bytes }), body)
    assert.deepEqual([other.status, other.json?.['code']], [400, 'page'], 'a page of another viewer')
    const [description, content] = tableOf('page-more', ['x\n'])
    assert.ok((await node.publish({ ...description, access: 'public' }, content, undefined, orderOf(node, 'open', {}))).ok)
    assert.equal((await connector.say(next, 'CatalogRequestMessage', {})).status, 400, 'a page of a catalogue that has changed')
  })

  it('tells nobody of what is not theirs, and posts to nobody who is not known', async () => {
    const target = `${didOf(bellevue())}/open`
    const offer = { '@id': 'urn:x:offer', '@type': 'Offer', target, 'permission': [{ action: 'use' }] }
    const led = await connector.say(`${base(0)}/negotiations/request`, 'ContractRequestMessage', { consumerPid: 'urn:x:led', offer, callbackAddress: 'http://127.0.0.1:1/dsp' })
    assert.equal(led.status, 400)
    assert.match(led.text, /none of the addresses/)
    const [members] = bellevue().node.negotiations().filter(({ other }) => other.did === didOf(renton()))
    const pid = members?.id ?? assert.fail('there is one')
    assert.equal((await connector.get(`${base(0)}/negotiations/${encodeURIComponent(pid)}`)).status, 404)
    const theirs = { providerPid: pid, consumerPid: 'urn:x:led' }
    assert.equal((await connector.say(`${base(0)}/negotiations/${encodeURIComponent(pid)}/termination`, 'ContractNegotiationTerminationMessage', theirs)).status, 404)
    const hidden = { '@id': 'urn:x:offer', '@type': 'Offer', 'target': `${didOf(bellevue())}/bins`, 'permission': [{ action: 'use' }] }
    assert.equal((await connector.say(`${base(0)}/negotiations/request`, 'ContractRequestMessage', { consumerPid: 'urn:x:h', offer: hidden, callbackAddress: connector.address })).status, 404)
    const [agreement] = bellevue().node.agreements().filter(({ other }) => other.did === didOf(renton()))
    const transfer = { consumerPid: 'urn:x:t', agreementId: agreement?.id, format: 'HttpData-PULL', callbackAddress: connector.address }
    assert.equal((await connector.say(`${base(0)}/transfers/request`, 'TransferRequestMessage', transfer)).status, 404)
  })

  it('lets no member keep all others out by signing more requests than it needs', async () => {
    const request = { method: 'GET', url: `${base(0)}/catalog/datasets/none`, body: new Uint8Array(0) } as const
    const isKnown = async (city: City): Promise<boolean> => await bellevue().node.memberBehind(city.node.authorizationFor(didOf(bellevue()), request), request) !== undefined
    let known = 0
    while (known <= 10_000 && await isKnown(renton())) known++
    assert.ok(known > 1_000 && known <= 10_000, `${known} were known`)
    assert.equal(await isKnown(bellevue()), true)
  })
})
