import { strict as assert } from 'node:assert'
import { randomBytes, randomUUID } from 'node:crypto'
import { createApi, createToken, knownToken } from '../../src/api/index.ts'
import { serveDsp } from '../../src/api/dsp/index.ts'
import { encodeCanonical, sha256, utf8 } from '../../src/base/index.ts'
import { CREDIT_BYTES } from '../../src/core/sync/index.ts'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import { didOfKey, signingKeyOfSeed } from '../../src/core/identity/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import { TOKEN_LIFETIME_MS } from '../../src/node/agreements/limits.ts'
import { DSP_PROTOCOL, libp2pAddress } from '../../src/node/dsp/index.ts'
import { freePort } from '../../scripts/ports.ts'
import { ask, Connector, type Answered } from '../dsp/connector.ts'
import { found, makeCity, removeCities, type City } from '../support/nodes.ts'
import { descriptionOf } from '../support/publications.ts'
import type { Canary, Haul } from './attackers.fixture.ts'
import { clockToPutForward } from './erasure.fixture.ts'
import { didOf } from './sealing.fixture.ts'

const CONTEXT = ['https://w3id.org/dspace/2025/1/context.jsonld']
const LISTS = ['status', 'peers', 'members', 'datasets', 'negotiations', 'agreements', 'erasures', 'receipts', 'emergencies', 'ledger', 'ledger/members', 'ledger/blocks', 'ledger/proposals', 'applications']
const ABOUT = ['', '/records?from=0&limit=1000', '/content', '/proof?record=0', '/explain', '/uses']

/** The API of the attacker's own node with all rights, and those of others with none and with the attacker's token. */
export async function attackApis (haul: Haul, attacker: City, others: readonly City[], references: readonly string[]): Promise<void> {
  const stolen = createToken(new Uint8Array(32).fill(1))
  for (const { node, name } of [attacker, ...others]) {
    const isOwn = name === attacker.name
    const created = await createApi({
      node, random: size => new Uint8Array(randomBytes(size)), tokens: [knownToken(isOwn ? stolen : createToken(new Uint8Array(32).fill(2)), 'decide')],
      listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, requestStop: () => {}
    })
    assert.ok(created.ok)
    const paths = [...LISTS, ...references.flatMap(reference => ABOUT.map(tail => `datasets/${encodeURIComponent(reference)}${tail}`))]
    for (const authorization of [`Bearer ${stolen}`, null, 'Bearer x']) {
      for (const path of paths) haul.take((await ask('GET', `${created.value.url}/api/v1/${path}`, authorization, null)).text)
    }
    for (const reference of references) {
      haul.take((await ask('POST', `${created.value.url}/api/v1/datasets/${encodeURIComponent(reference)}/verify`, `Bearer ${stolen}`, {})).text)
      for (const recipient of ['Cyd', 'Ben', null]) {
        haul.take((await ask('POST', `${created.value.url}/api/v1/bundles`, `Bearer ${stolen}`, { datasets: [reference], ...recipient === null ? {} : { recipient } })).text)
      }
    }
    await created.value.stop()
  }
}

type Dataspace = {
  readonly haul: Haul
  readonly publisher: City
  readonly attacker: City
  /** Who may read `restricted`, under this agreement. */
  readonly consumer: City
  readonly consumerAgreement: string
  readonly restricted: string
  readonly hidden: string
  readonly open: string
  readonly secret: Canary
}

/** Whatever a hostile member may say to the publisher in the Dataspace Protocol, and at what its tokens open. */
export async function attackDataspace ({ haul, publisher, attacker, consumer, consumerAgreement, restricted, hidden, open, secret }: Dataspace): Promise<void> {
  const [own, theirs] = [new Connector('nobody-knows-this-token'), new Connector('nobody-knows-that-token')]
  for (const each of [own, theirs]) await each.open()
  const served = await serveDsp({
    node: publisher.node, listen: { host: '127.0.0.1', port: await freePort() }, url: undefined, web: createSafeFetch({ allowed: 'loopback' }), log: () => {},
    participants: [{ id: didOf(attacker), address: own.address, tokenSha256: null }, { id: didOf(consumer), address: theirs.address, tokenSha256: null }]
  })
  assert.ok(served.ok)
  const { address } = served.value
  const signed = (city: City, method: 'GET' | 'POST', url: string, body: object | null): string =>
    city.node.authorizationFor(didOf(publisher), { method, url, body: body === null ? new Uint8Array(0) : utf8(JSON.stringify(body)) })
  const say = (city: City, path: string, type: string, parts: object): Promise<Answered> => {
    const body = { '@context': CONTEXT, '@type': type, '@id': `urn:uuid:${randomUUID()}`, ...parts }
    return ask('POST', address + path, signed(city, 'POST', address + path, body), body)
  }
  const look = (path: string, authorization?: string): Promise<Answered> => ask('GET', address + path, authorization ?? signed(attacker, 'GET', address + path, null), null)
  const take = ({ text, headers }: Answered): void => {
    haul.take(text)
    haul.take(headers)
  }
  const begun = async (city: City, connector: Connector, agreementId: string): Promise<Transfer> => {
    const consumerPid = `urn:uuid:${randomUUID()}`
    const requested = await say(city, '/transfers/request', 'TransferRequestMessage', { consumerPid, agreementId, format: 'HttpData-PULL', callbackAddress: connector.address })
    assert.equal(requested.status, 201, requested.text)
    return { ...await connector.hear('/start'), consumerPid } as unknown as Transfer
  }

  /** The same messages over libp2p, as the node of the attacker could be made to send them. */
  const sayByPeer = (path: string, type: string, parts: object): Promise<unknown> => {
    const body = utf8(JSON.stringify({ '@context': CONTEXT, '@type': type, '@id': `urn:uuid:${randomUUID()}`, ...parts }))
    return haul.ask(publisher.node.status().peerId, DSP_PROTOCOL, encodeCanonical({ verb: 'POST', path: `/dsp${path}`, body, creditBytes: CREDIT_BYTES.bulk }))
  }

  take(await say(attacker, '/catalog/request', 'CatalogRequestMessage', {}))
  await sayByPeer('/catalog/request', 'CatalogRequestMessage', {})
  for (const reference of [restricted, hidden, open]) {
    take(await look(`/catalog/datasets/${encodeURIComponent(reference)}`))
    for (const permission of [[{ action: 'use' }], [{ action: 'use', constraint: [{ leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: [didOf(attacker)] }] }]]) {
      const offer = { '@id': `urn:x:${randomUUID()}`, '@type': 'Offer', 'target': reference, permission }
      take(await say(attacker, '/negotiations/request', 'ContractRequestMessage', { consumerPid: `urn:uuid:${randomUUID()}`, offer, callbackAddress: own.address }))
      await sayByPeer('/negotiations/request', 'ContractRequestMessage', { consumerPid: `urn:uuid:${randomUUID()}`, offer, callbackAddress: libp2pAddress(attacker.node.status().peerId) })
    }
  }
  for (const agreementId of [consumerAgreement, `urn:uuid:${randomUUID()}`, '']) {
    for (const format of ['HttpData-PULL', 'HttpData-PUSH', 'urn:hanse:format:sync:1']) {
      const dataAddress = { '@type': 'DataAddress', 'endpointType': 'https://w3id.org/idsa/v4.1/HTTP', 'endpoint': own.address }
      const refused = await say(attacker, '/transfers/request', 'TransferRequestMessage', { consumerPid: `urn:uuid:${randomUUID()}`, agreementId, format, callbackAddress: own.address, ...format === 'HttpData-PUSH' ? { dataAddress } : {} })
      assert.ok(refused.status >= 400, refused.text)
      take(refused)
      await sayByPeer('/transfers/request', 'TransferRequestMessage', { consumerPid: `urn:uuid:${randomUUID()}`, agreementId, format, callbackAddress: libp2pAddress(attacker.node.status().peerId) })
    }
  }
  const theirTransfer = await begun(consumer, theirs, consumerAgreement)
  const { endpoint } = theirTransfer.dataAddress
  const pulled = await ask('GET', endpoint, `Bearer ${tokenOf(theirTransfer)}`, null)
  assert.ok(secret.countIn(utf8(pulled.text)) > 0, 'whom it is for gets it by this address and token')
  const mine = await attacker.node.requestAgreement(open, 'waste.collection', 20_000)
  assert.ok(mine.ok && mine.value.agreementId !== null, JSON.stringify(mine))
  const ownTransfer = await begun(attacker, own, mine.value.agreementId)
  take(await ask('GET', ownTransfer.dataAddress.endpoint, `Bearer ${tokenOf(ownTransfer)}`, null))

  const replayed = signed(consumer, 'GET', `${address}/transfers/${theirTransfer.providerPid}`, null)
  await look(`/transfers/${theirTransfer.providerPid}`, replayed)
  take(await look(`/transfers/${theirTransfer.providerPid}`, replayed))
  take(await look(`/transfers/${theirTransfer.providerPid}`))
  const forged = [tokenOf(ownTransfer), Buffer.alloc(32, 7).toString('base64url'), tokenOf(theirTransfer).slice(0, -1), '', replayed.slice('Bearer '.length)].map(token => `Bearer ${token}`)
  for (const authorization of [null, ...forged, signed(attacker, 'GET', endpoint, null), signed(consumer, 'GET', endpoint, null)]) take(await ask('GET', endpoint, authorization, null))
  take(await ask('GET', ownTransfer.dataAddress.endpoint, `Bearer ${tokenOf(theirTransfer)}`, null))
  const { providerPid, consumerPid } = theirTransfer
  for (const tail of ['start', 'completion', 'suspension', 'termination']) {
    take(await say(attacker, `/transfers/${providerPid}/${tail}`, `Transfer${tail[0]?.toUpperCase() ?? ''}${tail.slice(1)}Message`, { providerPid, consumerPid }))
  }
  assert.equal((await say(consumer, `/transfers/${providerPid}/completion`, 'TransferCompletionMessage', { providerPid, consumerPid })).status, 200)
  take(await ask('GET', endpoint, `Bearer ${tokenOf(theirTransfer)}`, null))
  for (const { body } of own.heard) haul.take(body)
  await served.value.stop()
  for (const each of [own, theirs]) await each.close()
}

type Transfer = JsonObject & {
  readonly providerPid: string, readonly consumerPid: string
  readonly dataAddress: { readonly endpoint: string, readonly endpointProperties: readonly { readonly name: string, readonly value: string }[] }
}

function tokenOf ({ dataAddress }: Transfer): string {
  return dataAddress.endpointProperties.find(({ name }) => name === 'authorization')?.value ?? assert.fail('a token came')
}

/** A token found a day later; what it opened in its time is told first. */
export async function attackLater (canary: Canary): Promise<readonly [inTime: string, later: string]> {
  const clock = clockToPutForward()
  const city = await makeCity('Eve', { clock })
  await found([city])
  const content = (async function * () { yield { key: utf8('k'), timeMs: 1_000, operation: 'put' as const, mediaType: 'text/csv', body: utf8(canary.word) } })()
  const published = await city.node.publish(descriptionOf('open'), { form: 'table', mediaType: 'text/csv', fileName: 'open.csv', records: content })
  assert.ok(published.ok)
  const token = 'a-connector-token-of-many-bits'
  const connector = new Connector(token)
  await connector.open()
  const id = didOfKey(signingKeyOfSeed(new Uint8Array(32).fill(9)).publicKey)
  const served = await serveDsp({
    node: city.node, listen: { host: '127.0.0.1', port: await freePort() }, url: undefined, web: createSafeFetch({ allowed: 'loopback' }), log: () => {},
    participants: [{ id, address: connector.address, tokenSha256: sha256(utf8(token)) }]
  })
  assert.ok(served.ok)
  const { address } = served.value
  const target = `${didOf(city)}/open`
  const dataset = await connector.get(`${address}/catalog/datasets/${encodeURIComponent(target)}`)
  const [offer] = (dataset.json as { readonly hasPolicy: readonly JsonObject[] } | null)?.hasPolicy ?? []
  const callbackAddress = connector.address
  await connector.say(`${address}/negotiations/request`, 'ContractRequestMessage', { consumerPid: 'urn:x:later', offer: { ...offer, target }, callbackAddress })
  const { agreement, providerPid } = await connector.hear('/agreement') as { readonly agreement: JsonObject, readonly providerPid: string }
  await connector.say(`${address}/negotiations/${providerPid}/agreement/verification`, 'ContractAgreementVerificationMessage', { providerPid, consumerPid: 'urn:x:later' })
  await connector.hear('/events')
  await connector.say(`${address}/transfers/request`, 'TransferRequestMessage', { consumerPid: 'urn:x:later:1', agreementId: agreement['@id'], format: 'HttpData-PULL', callbackAddress })
  const transfer = await connector.hear('/start') as Transfer
  const pull = async (): Promise<string> => (await connector.get(transfer.dataAddress.endpoint, `Bearer ${tokenOf(transfer)}`)).text
  const inTime = await pull()
  clock.advance(TOKEN_LIFETIME_MS)
  const later = await pull()
  await served.value.stop()
  await connector.close()
  await removeCities([city])
  return [inTime, later]
}
