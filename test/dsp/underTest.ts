/** A node in conformance mode and a kit, joined by one of the two bindings. */
import { strict as assert } from 'node:assert'
import { request } from 'node:http'
import { conformanceRoutes, httpCarry, listenDsp } from '../../src/api/dsp/index.ts'
import { utf8 } from '../../src/base/index.ts'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import type { Clock } from '../../src/host/index.ts'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import { KIT_PARTICIPANT, openConformance, UNDER_TEST, type Conformance, type ConformanceOptions } from '../../src/node/conformance/index.ts'
import type { Carry, DspAnswer, DspRequest } from '../../src/node/contract/index.ts'
import { DSP_PROTOCOL, dspHandler, libp2pAddress, libp2pCarry } from '../../src/node/dsp/index.ts'
import { closeAll, introduce, met, openMember, type Member } from '../host/libp2p.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import type { Kit, UnderTest } from './kit.ts'

/** The pause between two messages is for the real kit, which looks only now and then. */
const BRISK: Clock = { ...systemClock, wake: (delayMs, run) => systemClock.wake(delayMs === 200 ? 0 : delayMs, run) }

type Joined = { readonly node: UnderTest, get (url: string): Promise<{ readonly status: number, readonly body: unknown }>, stop (): Promise<void> }

function open (carry: Carry, address: () => string, faults: unknown[]): Promise<Conformance> {
  const options: ConformanceOptions = {
    store: openMemoryStore('conformance'), clock: BRISK, random: systemRandom, carry, address, onFatal: cause => { faults.push(cause) }, log: () => {}
  }
  return openConformance(options)
}

/** Over HTTP, on loopback: the kit makes the node begin by the addresses of the mode. */
export async function overHttp (kit: Kit): Promise<Joined> {
  const faults: unknown[] = []
  const carry = httpCarry({ web: createSafeFetch({ allowed: 'loopback' }), authorize: () => 'Bearer kit' })
  let address = ''
  const conformance = await open(carry, () => address, faults)
  const listen = { host: '127.0.0.1', port: 0 }
  const node = await listenDsp({
    listen, answer: request => conformance.dsp.answer(request), whoIs: () => KIT_PARTICIPANT, participantId: UNDER_TEST,
    more: conformanceRoutes(conformance, cause => { faults.push(cause) }), log: () => {}
  })
  const other = await listenDsp({ listen, answer: request => kit.answer(request), whoIs: () => UNDER_TEST, participantId: KIT_PARTICIPANT, log: () => {} })
  assert.ok(node.ok && other.ok)
  address = node.value.address
  const root = address.replace(/\/dsp$/, '')
  const kitAddress = other.value.address
  const trigger = (path: string, body: object): Promise<unknown> => call('POST', root + path, { ...body, providerId: KIT_PARTICIPANT, connectorAddress: kitAddress })
  return {
    node: {
      kitAddress,
      ask: (verb, path, body) => call(verb, address + path, body),
      negotiate: datasetId => trigger('/conformance/negotiations', { datasetId, offerId: `CD123:${datasetId}:456` }),
      transfer: agreementId => trigger('/conformance/transfers', { agreementId, format: 'HttpData-PULL' })
    },
    get: path => call('GET', root + path, null),
    async stop () {
      await other.value.stop()
      await node.value.stop()
      await conformance.stop()
      assert.deepEqual(faults, [])
    }
  }
}

/** Over the real libp2p, on loopback, between two members. */
export async function overLibp2p (kit: Kit): Promise<Joined> {
  const faults: unknown[] = []
  const handler = (peer: string, answer: (request: DspRequest) => Promise<DspAnswer>): ReturnType<typeof dspHandler> => dspHandler({ memberOf: () => peer, answer })
  let under: Member | undefined
  let conformance: Conformance | undefined
  const carryOf = (member: () => Member | undefined): Carry =>
    libp2pCarry({ peerOf: peerId => member()?.network.peers().find(each => each.peerId === peerId), clock: systemClock })
  const other = await openMember(41, { protocols: { [DSP_PROTOCOL]: handler(UNDER_TEST, request => kit.answer(request)) } })
  under = await openMember(42, {
    protocols: { [DSP_PROTOCOL]: handler(KIT_PARTICIPANT, request => conformance?.dsp.answer(request) ?? Promise.reject(new Error('not open'))) }
  })
  const own = libp2pAddress(under.peerId)
  conformance = await open(carryOf(() => under), () => own, faults)
  introduce(other, under)
  await met(other, under)
  const kitAddress = libp2pAddress(other.peerId)
  const ask = carryOf(() => other)
  const opened = conformance
  const members = [other, under]
  return {
    node: {
      kitAddress,
      ask: async (_, path, body) => await ask({ peer: UNDER_TEST, address: own, path, body }) ?? assert.fail(`no answer to ${path}`),
      negotiate: datasetId => opened.negotiate({ datasetId, offerId: `CD123:${datasetId}:456`, connectorAddress: kitAddress }),
      transfer: agreementId => opened.transfer({ agreementId, format: 'HttpData-PULL', connectorAddress: kitAddress })
    },
    get: () => Promise.resolve({ status: 404, body: null }),
    async stop () {
      await opened.stop()
      await closeAll(...members)
      assert.deepEqual(faults, [])
    }
  }
}

function call (method: 'GET' | 'POST', url: string, body: JsonObject | object | null): Promise<{ readonly status: number, readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const bytes = body === null ? undefined : utf8(JSON.stringify(body))
    const message = request(url, { method, headers: { 'authorization': 'Bearer kit', 'content-type': 'application/json' } }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) as unknown })
      })
    })
    message.on('error', reject)
    message.end(bytes)
  })
}
