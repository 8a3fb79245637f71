import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mqtt, { type MqttClient } from 'mqtt'
import { hasMosquitto, NodeProcess, until } from './mqtt.fixture.ts'

describe('data of a node by MQTT', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hanse-out-'))
  const node = new NodeProcess(join(folder, 'node'))
  const clients: MqttClient[] = []

  before(async () => {
    const push = (name: string, access: string): string => `[[connector]]\nname = "${name}"\nkind = "push"\ndataset = { id = "${name}", title = "${name}", access = "${access}" }\n`
    await node.make(`[mqtt]\nlisten = "127.0.0.1:0"\n\n${push('open', 'public')}\n${push('ours', 'members')}`)
    await until(async () => {
      const all = await node.client.connectors()
      return all.ok && all.value.every(({ status }) => status.state === 'running')
    })
  })
  after(async () => {
    for (const client of clients) await client.endAsync(true)
    await node.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function tokenFor (requester: string | undefined): Promise<string> {
    const made = await node.client.makeToken({ label: requester ?? 'ours', scope: 'read', requester })
    assert.ok(made.ok)
    return made.value.token
  }

  async function connect (token: string): Promise<{ readonly client: MqttClient, readonly heard: string[] }> {
    const client = await mqtt.connectAsync(node.mqttUrl, { protocolVersion: 4, reconnectPeriod: 0, username: 'x', password: token })
    clients.push(client)
    const heard: string[] = []
    client.on('error', () => {})
    client.on('message', (topic, payload, { retain }) => { heard.push(`${topic} ${payload.toString()}${retain ? ' retained' : ''}`) })
    return { client, heard }
  }

  async function granted (client: MqttClient, topic: string): Promise<number | undefined> {
    return await client.subscribeAsync(topic, { qos: 1 }).then(([grant]) => grant?.qos, () => 128)
  }

  const put = async (name: string, id: string, value: number): Promise<void> => {
    const pushed = await node.client.push(name, 'application/json', JSON.stringify({ id, value }))
    assert.ok(pushed.ok && pushed.value.stored === 1, JSON.stringify(pushed))
  }

  it('comes with the last value of each key and then as it is stored, to who may have it', async () => {
    for (const [id, value] of [['a', 1], ['b', 2], ['a', 3]] as const) await put('open', id, value)
    await put('ours', 'x', 1)
    const { client, heard } = await connect(await tokenFor('outside'))
    assert.deepEqual([await granted(client, 'hanse/v1/open/#'), await granted(client, 'hanse/v1/ours/#')], [1, 128])
    await until(() => heard.length === 2)
    await put('open', 'b', 4)
    await until(() => heard.length === 3)
    assert.deepEqual(heard, [
      'hanse/v1/open/a {"id":"a","value":3} retained', 'hanse/v1/open/b {"id":"b","value":2} retained', 'hanse/v1/open/b {"id":"b","value":4}'
    ])
    const people = await connect(await tokenFor(undefined))
    assert.equal(await granted(people.client, 'hanse/v1/ours/x'), 1)
    await until(() => people.heard.length === 1)
  })

  it('is read by mosquitto_sub', async function () {
    if (!hasMosquitto) {
      console.log('      left out: mosquitto is not installed')
      return this.skip()
    }
    await put('open', 'sub', 1)
    const { stdout } = await promisify(execFile)('mosquitto_sub', [
      '-h', '127.0.0.1', '-p', new URL(node.mqttUrl).port, '-u', 'x', '-P', await tokenFor('outside'), '-t', 'hanse/v1/open/sub', '-q', '1', '-C', '1', '-v'
    ])
    assert.equal(stdout, 'hanse/v1/open/sub {"id":"sub","value":1}\n')
  })

  it('ends, with the connection, when the token is revoked', async () => {
    const { client, heard } = await connect(await tokenFor('outside'))
    assert.equal(await granted(client, 'hanse/v1/open/#'), 1)
    // Behind all last values.
    await put('open', 'fence', 1)
    await until(() => heard.some(message => message.startsWith('hanse/v1/open/fence ')))
    const known = heard.length
    const closed = new Promise<void>(resolve => { client.once('close', () => { resolve() }) })
    const tokens = await node.client.tokens()
    assert.ok(tokens.ok)
    for (const { id, requester } of tokens.value) if (requester !== null) await node.client.revokeToken(id)
    await put('open', 'a', 9)
    await closed
    assert.equal(heard.length, known)
  })
})
