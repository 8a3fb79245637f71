import { strict as assert } from 'node:assert'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { Aedes } from 'aedes'
import { fail, ok, utf8 } from '../../src/base/index.ts'
import { publishOnce, type CheckAddress, type Publication } from '../../src/intake/mqtt/index.ts'

const allowed: CheckAddress = () => Promise.resolve(ok('127.0.0.1'))

describe('publishing one message', () => {
  let [broker, server, port]: [Aedes, Server, number] = [undefined as never, undefined as never, 0]
  const message = (more: Partial<Publication> = {}): Publication => ({ url: `mqtt://broker.example:${port}`, topic: 'city/bins', username: null, password: null, qos: 1, version: '3.1.1', ...more })
  before(async () => {
    broker = await Aedes.createBroker({ authenticate: (_client, username, password, done) => { done(null, username === undefined || username === '' || password?.toString() === 'right') } })
    server = createServer(socket => { broker.handle(socket) })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    port = (server.address() as AddressInfo).port
  })
  after(async () => {
    await new Promise<void>(resolve => { broker.close(() => { resolve() }) })
    await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  })

  it('reaches a broker at the address that was checked, by either quality of service', async () => {
    for (const qos of [0, 1] as const) {
      const heard = new Promise<string>(resolve => {
        const listen = (packet: { readonly topic: string, readonly payload: string | Buffer }): void => {
          if (packet.topic !== 'city/bins') return
          broker.off('publish', listen as never)
          resolve(String(packet.payload))
        }
        broker.on('publish', listen as never)
      })
      assert.deepEqual(await publishOnce(message({ qos, username: 'city', password: 'right' }), utf8(`full ${qos}`), allowed), ok(null))
      assert.equal(await heard, `full ${qos}`)
    }
  })

  it('says that it did not, where the address is not allowed, the user not taken, or nobody there', async () => {
    const asked: unknown[] = []
    const refused = await publishOnce(message({ url: 'mqtts://10.0.0.1' }), utf8('x'), (...given) => {
      asked.push(given)
      return Promise.resolve(fail({ code: 'address', reason: 'it leads into a private network', hint: '' }))
    })
    assert.deepEqual([refused.ok, asked], [false, [['10.0.0.1', 8_883, true]]])
    assert.equal((await publishOnce(message({ username: 'city', password: 'wrong' }), utf8('x'), allowed)).ok, false)
    assert.equal((await publishOnce(message({ url: 'mqtt://broker.example:1' }), utf8('x'), allowed)).ok, false)
  })

  it('leaves a broker that sends a packet without end, and does not gather it', async () => {
    const MANY = 64 << 20
    let sent = 0
    const hostile = createServer(socket => {
      const pour = (): void => { while (sent < MANY && !socket.destroyed && socket.write(Buffer.alloc(65_536), () => { sent += 65_536 })); }
      socket.on('error', () => {}).on('drain', pour).once('data', () => {
        // A message of 268,435,455 bytes, as MQTT allows.
        socket.write(Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f))
        pour()
      })
    })
    await new Promise<void>(resolve => { hostile.listen(0, '127.0.0.1', resolve) })
    const published = await publishOnce(message({ url: `mqtt://broker.example:${(hostile.address() as AddressInfo).port}` }), utf8('x'), allowed)
    assert.match(published.ok ? '' : published.failure.reason, /packet of more than/)
    assert.ok(sent < MANY, `${sent} bytes went out`)
    await new Promise<void>(resolve => { hostile.close(() => { resolve() }) })
  })
})
