import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { connect as connectTcp } from 'node:net'
import { promisify } from 'node:util'
import fc from 'fast-check'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { fail, ok, utf8 } from '../../src/base/index.ts'
import { Broker, levelOfKey, matches, outFilterOf, type BrokerCaller, type BrokerOptions, type Outflow } from '../../src/intake/broker/index.ts'
import { PACKET_BYTES_MAX, PacketSizes } from '../../src/intake/mqtt/index.ts'
import type { NumberedRecord } from '../../src/sdk/index.ts'
import { hasMosquitto, until } from './mqtt.fixture.ts'

type Listener = Parameters<Outflow['listen']>[2]

/** Data that the doors give to everybody but `stranger`. */
class MemoryOutflow implements Outflow {
  readonly records: NumberedRecord[] = []
  readonly listeners: Set<Listener> = new Set()

  listen (reference: string, caller: BrokerCaller, listener: Listener): ReturnType<Outflow['listen']> {
    if (caller.requester === 'stranger') return fail({ code: 'refused', reason: 'not for strangers', hint: '' })
    if (reference !== 'bins' && reference !== 'did:key:z6Mk/bins') return fail({ code: 'not-found', reason: 'no such dataset', hint: '' })
    this.listeners.add(listener)
    return ok({ from: this.records.length, stop: () => { this.listeners.delete(listener) } })
  }

  async latest (_reference: string, _caller: BrokerCaller, { key, limit, after }: Parameters<Outflow['latest']>[2]): ReturnType<Outflow['latest']> {
    const newest = [...new Map(this.records.map(record => [new TextDecoder().decode(record.key), record])).values()]
    const wanted = newest.filter(record => key === undefined || Buffer.compare(key, record.key) === 0)
    const from = Number(after ?? 0)
    return ok({ rows: wanted.slice(from, from + limit), next: from + limit < wanted.length ? String(from + limit) : null })
  }

  async put (key: string, body: string, operation: 'put' | 'delete' = 'put'): Promise<void> {
    const record = { number: this.records.length, key: utf8(key), timeMs: 1, operation, mediaType: 'application/json', body: utf8(body) }
    this.records.push(record)
    for (const { take } of this.listeners) await take([record])
  }
}

const CALLERS: Readonly<Record<string, BrokerCaller>> = {
  gateway: { id: '1', mayPublish: true }, reader: { id: '2', mayPublish: false, requester: 'did:key:z6Mkreader' }, stranger: { id: '3', mayPublish: false, requester: 'stranger' }
}

function closed (connection: { once (event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise(resolve => { connection.once('close', () => { resolve() }) })
}

describe('the broker of a node', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => { for (const close of closing.splice(0).toReversed()) await close() })

  async function serve (options: Partial<BrokerOptions> = {}): Promise<{ readonly broker: Broker, readonly outflow: MemoryOutflow, readonly port: number }> {
    const outflow = new MemoryOutflow()
    const broker = new Broker({
      listen: { host: '127.0.0.1', port: 0 }, tls: null, callerOf: token => CALLERS[token], outflow, declared: () => [['declared/#']], log: () => {}, ...options
    })
    const listening = await broker.listen()
    assert.ok(listening.ok)
    closing.push(() => broker.stop())
    return { broker, outflow, port: Number(listening.value.address.split(':').at(-1)) }
  }

  async function connect (port: number, password: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, username: 'u', password, ...options }, false)
    client.on('error', () => {})
    closing.push(() => client.endAsync(true))
    return client
  }

  it('holds no more connections than it may, whether or not they have said a word of TLS', async () => {
    const CLIENTS = 1_024
    const { port } = await serve({ tls: { cert: '', key: '' } })
    const held = Array.from({ length: CLIENTS }, () => connectTcp(port, '127.0.0.1'))
    closing.push(async () => { for (const socket of held) socket.destroy() })
    await Promise.all(held.map(socket => new Promise(resolve => { socket.once('connect', resolve) })))
    const oneMore = connectTcp(port, '127.0.0.1').on('error', () => {})
    await closed(oneMore)
    assert.ok(held.every(socket => !socket.destroyed))
  })

  it('lets in who shows a token, as password or as user, and nobody else', async () => {
    const { port } = await serve()
    await connect(port, 'gateway')
    await connect(port, '', { username: 'gateway' })
    await assert.rejects(connect(port, 'nonsense'), /Not authorized/)
    await assert.rejects(connect(port, '', { username: '' }), /Not authorized/)
    await assert.rejects(connect(port, 'gateway', { protocolVersion: 5 }), /protocol|Connection/i)
  })

  it('acknowledges what is published when the connector has it, and not before', async () => {
    const { broker, port } = await serve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const came: string[] = []
    broker.route(['hanse/in/bins/#'], async (topic, payload) => {
      came.push(`${topic} ${new TextDecoder().decode(payload)}`)
      await promise
      return ok(null)
    })
    const client = await connect(port, 'gateway')
    let isAcknowledged = false
    const published = client.publishAsync('hanse/in/bins', 'x', { qos: 1 }).then(() => { isAcknowledged = true })
    await until(() => came.length === 1)
    // A round trip later it would have come.
    const other = await connect(port, 'gateway')
    await other.publishAsync('nobody/asks', 'y', { qos: 1 })
    assert.deepEqual([came, isAcknowledged], [['hanse/in/bins x'], false])
    resolve()
    await published
    assert.equal(isAcknowledged, true)
  })

  it('ends the connection, unacknowledged, where a connector cannot take it or is not at work, and where the token may not', async () => {
    const { broker, port } = await serve()
    broker.route(['full'], async () => fail({ code: 'busy', reason: 'not now', hint: '' }))
    const refused: string[] = []
    for (const [token, topic] of [['gateway', 'full'], ['gateway', 'declared/x'], ['gateway', 'hanse/in/unknown'], ['reader', 'anything']] as const) {
      const client = await connect(port, token)
      const ended = closed(client)
      client.publish(topic, 'x', { qos: 1 }, error => { if (error !== undefined && error !== null) refused.push(topic) })
      await ended
      await client.endAsync(true)
    }
    assert.deepEqual(refused, ['full', 'declared/x', 'hanse/in/unknown', 'anything'])
    assert.equal(broker.dropped, 0)
    const client = await connect(port, 'gateway')
    await client.publishAsync('application/a/device/b/event/join', 'x', { qos: 1, retain: true })
    assert.equal(broker.dropped, 1)
  })

  it('acknowledges nothing that one of several connectors is not at work to take', async () => {
    const { broker, port } = await serve({ declared: () => [['hanse/in/a/#', 'shared/+'], ['hanse/in/b/#', 'shared/#']] })
    const came: string[] = []
    broker.route(['hanse/in/a/#', 'shared/+'], async topic => {
      came.push(topic)
      return ok(null)
    })
    const client = await connect(port, 'gateway')
    const ended = closed(client)
    const lost = new Promise<boolean>(resolve => { client.publish('shared/x', '1', { qos: 1 }, error => { resolve(error !== undefined && error !== null) }) })
    await ended
    await client.endAsync(true)
    assert.deepEqual([await lost, came], [true, []])
    broker.route(['hanse/in/b/#', 'shared/#'], async topic => {
      came.push(`b ${topic}`)
      return ok(null)
    })
    await (await connect(port, 'gateway')).publishAsync('shared/x', '1', { qos: 1 })
    assert.deepEqual(came, ['shared/x', 'b shared/x'])
  })

  it('lets nobody publish in the name of a dataset, whatever a connector asks for', async () => {
    const { broker, outflow, port } = await serve()
    broker.route(['#'], async () => ok(null))
    const reader = await connect(port, 'reader')
    const heard: string[] = []
    reader.on('message', (_topic, payload) => { heard.push(payload.toString()) })
    await reader.subscribeAsync('hanse/v1/bins/#', { qos: 1 })
    const forger = await connect(port, 'gateway')
    const ended = closed(forger)
    forger.publish('hanse/v1/bins/a', 'forged', { qos: 1 }, () => {})
    await ended
    await outflow.put('a', 'true')
    await until(() => heard.length > 0)
    assert.deepEqual(heard, ['true'])
  })

  it('gives last values first, marked as retained, then what comes, and an empty message for a deletion', async () => {
    const { outflow, port } = await serve()
    await outflow.put('a', '1')
    await outflow.put('b', '2')
    await outflow.put('a', '3')
    const client = await connect(port, 'reader')
    const heard: string[] = []
    client.on('message', (topic, payload, { retain, qos }) => { heard.push(`${topic} ${payload.toString()} ${retain ? 'retained' : 'live'} ${qos}`) })
    await client.subscribeAsync('hanse/v1/bins/#', { qos: 1 })
    await until(() => heard.length === 2)
    await outflow.put('urn:x/y#z', '4')
    await outflow.put('a', '', 'delete')
    await until(() => heard.length === 4)
    assert.deepEqual(heard, ['hanse/v1/bins/a 3 retained 1', 'hanse/v1/bins/b 2 retained 1', 'hanse/v1/bins/urn:x%2Fy%23z 4 live 1', 'hanse/v1/bins/a  live 1'])
    await client.unsubscribeAsync('hanse/v1/bins/#')
    assert.equal(outflow.listeners.size, 0)
  })

  it('gives no further page of last values to a token that was revoked meanwhile', async () => {
    let isRevoked = false
    const { outflow, port } = await serve({ callerOf: token => isRevoked ? undefined : CALLERS[token] })
    for (let at = 0; at < 1_200; at++) await outflow.put(String(at), 'true')
    const latest = outflow.latest.bind(outflow)
    let pages = 0
    outflow.latest = async (...asked) => {
      pages++
      isRevoked = true
      return latest(...asked)
    }
    const client = await connect(port, 'reader')
    const ended = closed(client)
    // The connection may be over before its client has read that it was subscribed.
    await Promise.all([ended, client.subscribeAsync('hanse/v1/bins/#', { qos: 1 }).catch(() => {})])
    assert.equal(pages, 1)
  })

  it('gives one key where one is asked for, also of a dataset named in full', async () => {
    const { outflow, port } = await serve()
    await outflow.put('a', '1')
    await outflow.put('b/c', '2')
    const client = await connect(port, 'reader')
    const heard: string[] = []
    client.on('message', (topic, payload) => { heard.push(`${topic} ${payload.toString()}`) })
    await client.subscribeAsync('hanse/v1/did:key:z6Mk%2Fbins/b%2Fc', { qos: 1 })
    await outflow.put('a', '3')
    await outflow.put('b/c', '4')
    await until(() => heard.length === 2)
    assert.deepEqual(heard, ['hanse/v1/did:key:z6Mk%2Fbins/b%2Fc 2', 'hanse/v1/did:key:z6Mk%2Fbins/b%2Fc 4'])
  })

  it('refuses subscriptions where the door does, and to all that is no dataset', async () => {
    const { port } = await serve()
    const granted = async (token: string, topic: string): Promise<number | undefined> => {
      const client = await connect(port, token)
      return await client.subscribeAsync(topic, { qos: 1 }).then(([grant]) => grant?.qos, () => 128)
    }
    assert.deepEqual(await Promise.all([
      granted('reader', 'hanse/v1/bins/#'), granted('stranger', 'hanse/v1/bins/#'), granted('reader', 'hanse/v1/others/#'), granted('gateway', '#'), granted('gateway', 'hanse/in/#'),
      granted('gateway', 'hanse/v1/+/#'), granted('gateway', '$SYS/#'), granted('gateway', 'hanse/v1/bins')
    ]), [1, 128, 128, 128, 128, 128, 128, 128])
  })

  it('ends the connection of who loses the right to what it hears', async () => {
    const { outflow, port } = await serve()
    const client = await connect(port, 'reader')
    await client.subscribeAsync('hanse/v1/bins/#', { qos: 1 })
    const ended = closed(client)
    for (const { end } of outflow.listeners) end('the agreement ended')
    await ended
    await until(() => outflow.listeners.size === 0)
  })

  it('does not let one client\'s name end the connection of another token', async () => {
    const { port } = await serve()
    const first = await connect(port, 'gateway', { clientId: 'same' })
    await connect(port, 'reader', { clientId: 'same' })
    await first.publishAsync('still', 'here', { qos: 1 })
    const ended = closed(first)
    await connect(port, 'gateway', { clientId: 'same' })
    await ended
  })

  it('lets a packet that is too large no further than its first bytes', async () => {
    const { port } = await serve()
    const client = await connect(port, 'gateway')
    const ended = closed(client)
    client.publish('big', Buffer.alloc(PACKET_BYTES_MAX + 1), { qos: 1 })
    await ended
    const raw = connectTcp(port, '127.0.0.1')
    raw.on('error', () => {})
    raw.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
    await closed(raw)
  })

  it('is read by mosquitto_sub', async function () {
    if (!hasMosquitto) {
      console.log('      left out: mosquitto is not installed')
      return this.skip()
    }
    const { outflow, port } = await serve()
    await outflow.put('a', '{"fillingLevel":0.5}')
    const { stdout } = await promisify(execFile)('mosquitto_sub', ['-h', '127.0.0.1', '-p', String(port), '-u', 'x', '-P', 'reader', '-t', 'hanse/v1/bins/#', '-q', '1', '-C', '1', '-v'])
    assert.equal(stdout, 'hanse/v1/bins/a {"fillingLevel":0.5}\n')
  })

  it('matches topics to filters as MQTT 3.1.1 says, and tells keys by one level', () => {
    const yes = [['a/b', 'a/b'], ['a/+', 'a/b'], ['a/#', 'a'], ['a/#', 'a/b/c'], ['+/+', '/b'], ['#', 'a'], ['a/+/c', 'a//c']] as const
    const no = [['a/b', 'a/c'], ['a/+', 'a'], ['a/+', 'a/b/c'], ['#', '$SYS/x'], ['+/x', '$SYS/x'], ['a', 'a/b'], ['a/b/c', 'a/b']] as const
    assert.deepEqual([yes.map(([filter, topic]) => matches(filter, topic)), no.map(([filter, topic]) => matches(filter, topic))], [yes.map(() => true), no.map(() => false)])
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), key => {
      const bytes = utf8(key)
      const level = levelOfKey(bytes)
      assert.ok(!/[/+#]/.test(level))
      assert.deepEqual(outFilterOf(`hanse/v1/bins/${level}`)?.key, bytes)
    }))
    assert.equal(levelOfKey(new Uint8Array([0xff, 0])), '0xff00')
  })

  it('knows the size of each packet however its bytes are cut', () => {
    const packet = fc.nat({ max: 300 }).map(size => {
      const length = size < 128 ? [size] : [size & 0x7f | 0x80, size >> 7]
      return { size, bytes: new Uint8Array([0x30, ...length, ...new Uint8Array(size).fill(0xff)]) }
    })
    fc.assert(fc.property(fc.array(packet, { maxLength: 6 }), fc.array(fc.nat(900), { maxLength: 8 }), (packets, cuts) => {
      const bytes = Buffer.concat(packets.map(each => each.bytes))
      const places = [0, ...cuts.filter(cut => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
      const sizes = new PacketSizes(200)
      const found = places.slice(1).some((to, at) => sizes.tooLarge(bytes.subarray(places[at], to)) !== undefined)
      assert.equal(found, packets.some(({ size }) => size > 200))
    }))
  })
})
