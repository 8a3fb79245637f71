import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { freePort } from '../../scripts/ports.ts'
import { fail, ok } from '../../src/base/index.ts'
import { runSession, type SessionOptions } from '../../src/intake/mqtt/index.ts'
import { hasMosquitto, Mosquitto, until } from './mqtt.fixture.ts'

describe('a session with mosquitto', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hanse-session-'))
  let broker: Mosquitto

  before(async function () {
    if (!hasMosquitto) {
      console.log('      left out: mosquitto is not installed')
      return this.skip()
    }
    broker = new Mosquitto(folder, await freePort())
    await broker.start()
  })
  after(async () => {
    if (hasMosquitto) await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  type Begun = { readonly ended: Promise<string>, stop (): Promise<string> }

  async function begin (accept: SessionOptions['accept'], more: Partial<SessionOptions> = {}): Promise<Begun> {
    const [ready, stopping] = [Promise.withResolvers<void>(), new AbortController()]
    const ended = runSession({
      broker: `mqtt://127.0.0.1:${broker.port}`, version: '5', clientId: 'node', user: '', password: undefined, ca: undefined, topics: ['t/+'], accept,
      onReady: () => { ready.resolve() }, signal: stopping.signal, ...more
    })
    await Promise.race([ready.promise, ended])
    return { ended, stop: () => { stopping.abort(); return ended } }
  }

  async function publish (...payloads: readonly string[]): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`)
    for (const payload of payloads) await client.publishAsync('t/a', payload, { qos: 1 })
    await client.endAsync()
  }

  for (const version of ['5', '3.1.1'] as const) {
    it(`with MQTT ${version} acknowledges nothing that was not stored: it comes again, in order, with what came meanwhile`, async () => {
      const clientId = `again-${version}`
      const first = await begin(async (_topic, payload) => new TextDecoder().decode(payload) === 'b' ? fail({ code: 'busy', reason: 'not now', hint: 'later' }) : ok(null), { version, clientId })
      await publish('a', 'b', 'c')
      assert.equal(await first.ended, 'not now. later')
      await publish('d')
      const came: string[] = []
      const second = await begin(async (_topic, payload) => { came.push(new TextDecoder().decode(payload)); return ok(null) }, { version, clientId })
      await until(() => came.includes('d'))
      assert.equal(await second.stop(), 'stopped')
      // The first was stored: it comes again only where its acknowledgement was lost with the connection.
      assert.deepEqual(came.filter(payload => payload !== 'a'), ['b', 'c', 'd'])
    })

    it(`with MQTT ${version} takes more while the first are being stored, and lets what came be stored before it stops`, async () => {
      const clientId = `many-${version}`
      const stored = Promise.withResolvers<void>()
      let came = 0
      const session = await begin(async () => { came++; await stored.promise; return ok(null) }, { version, clientId })
      await publish(...[...Array(50).keys()].map(String))
      await until(() => came === 50)
      const stopped = session.stop()
      stored.resolve()
      assert.equal(await stopped, 'stopped')
      const again: string[] = []
      const next = await begin(async (_topic, payload) => { again.push(new TextDecoder().decode(payload)); return ok(null) }, { version, clientId })
      await publish('last')
      await until(() => again.includes('last'))
      await next.stop()
      assert.deepEqual(again, ['last'])
    })
  }

  it('says what is wrong where nobody listens, and where TLS is wanted and not there', async () => {
    const nobody = await begin(async () => ok(null), { broker: `mqtt://127.0.0.1:${await freePort()}` })
    assert.match(await nobody.ended, /ECONNREFUSED/)
    const clear = await begin(async () => ok(null), { broker: `mqtts://127.0.0.1:${broker.port}` })
    assert.notEqual(await clear.ended, 'stopped')
  })

  it('ends when it is told to before it ever connected', async () => {
    const stopping = AbortSignal.abort()
    assert.equal(await runSession({
      broker: `mqtt://127.0.0.1:${broker.port}`, version: '5', clientId: 'never', user: '', password: undefined, ca: undefined, topics: ['t/#'], accept: async () => ok(null), onReady: () => {}, signal: stopping
    }), 'stopped')
  })
})
