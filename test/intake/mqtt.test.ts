import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { freePort } from '../../scripts/ports.ts'
import { SEED } from '../support/chance.ts'
import { devicesToml, hasMosquitto, Mosquitto, NodeProcess, publishAll, until, uplinks, type Expected } from './mqtt.fixture.ts'

/** 10,000 show what the project promises; fewer keep the check short. */
const UPLINKS = Number(process.env['HANSE_UPLINKS'] ?? 600)
/** How often the node is killed in the midst. */
const KILLS = Number(process.env['HANSE_KILLS'] ?? (UPLINKS > 1_000 ? 5 : 1))
const DATASET = 'dataset = { id = "bins", title = "Waste containers", model = "WasteContainer" }'

/** Every uplink once, each as it was sent, and what never came counted. */
async function check (node: NodeProcess, unique: ReadonlyMap<string, Expected>, gaps: number): Promise<void> {
  const statusOf = async (): Promise<{ readonly gaps: number, readonly rejected: number }> => {
    const shown = await node.client.connector('bins')
    assert.ok(shown.ok, JSON.stringify(shown))
    return shown.value.status.counters
  }
  const found = new Map<string, number>()
  const records = await node.client.read('bins', { from: 0, limit: 1_000_000 })
  assert.ok(records.ok)
  for await (const { body, key } of records.value) {
    const { uplink, id, distanceMm, temperature, fillingLevel, qualityFlags } = JSON.parse(new TextDecoder().decode(body)) as {
      uplink: { id: string, fCnt: number, devEui: string }, id: string, distanceMm: number, temperature?: number, fillingLevel: number, qualityFlags: string[]
    }
    found.set(uplink.id, (found.get(uplink.id) ?? 0) + 1)
    const expected = unique.get(uplink.id)
    assert.deepEqual(
      { devEui: uplink.devEui, fCnt: uplink.fCnt, distanceMm, temperatureC: temperature, fillingLevel, qualityFlags, key: new TextDecoder().decode(key) },
      { ...expected, qualityFlags: [], key: id }, uplink.id
    )
  }
  const twice = [...found].filter(([, times]) => times > 1)
  const missing = [...unique.keys()].filter(id => !found.has(id))
  assert.deepEqual({ twice: twice.length, missing: missing.length, stored: found.size, first: missing[0] }, { twice: 0, missing: 0, stored: unique.size, first: undefined })
  assert.deepEqual(await statusOf().then(({ gaps: counted, rejected }) => ({ counted, rejected })), { counted: gaps, rejected: 0 })
}

async function isReadable (node: NodeProcess, number: number): Promise<boolean> {
  const records = await node.client.read('bins', { from: number, limit: 1 })
  if (!records.ok) return false
  for await (const _record of records.value) return true
  return false
}

describe(`${UPLINKS} uplinks with gaps, and some of them twice (HANSE_UPLINKS, HANSE_SEED=${SEED})`, function () {
  this.timeout(120_000 + UPLINKS * 30)
  const folder = mkdtempSync(join(tmpdir(), 'hanse-mqtt-'))
  const { sent, unique, gaps } = uplinks(UPLINKS, SEED)
  const running: { stop (): Promise<void> }[] = []
  const killsAt = [...Array(KILLS).keys()].map(at => Math.floor(sent.length * (at + 1) / (KILLS + 1)))

  afterEach(async () => { for (const each of running.splice(0).toReversed()) await each.stop() })
  after(() => { rmSync(folder, { recursive: true, force: true }) })

  for (const version of ['5', '3.1.1'] as const) {
    it(`through mosquitto with MQTT ${version} are stored once each, over kills of the node and restarts of the broker`, async function () {
      if (!hasMosquitto) {
        console.log('      left out: mosquitto is not installed')
        return this.skip()
      }
      const broker = new Mosquitto(join(folder, `broker ${version}`), await freePort())
      await broker.start()
      running.push(broker)
      const node = new NodeProcess(join(folder, `node ${version}`))
      running.push(node)
      await node.make(`
[[connector]]
name = "bins"
kind = "mqtt"
broker = "mqtt://127.0.0.1:${broker.port}"
version = "${version}"
format = "auto-lorawan"
${DATASET}
${devicesToml()}`)
      const stateIs = (state: string) => async (): Promise<boolean> => {
        const shown = await node.client.connector('bins')
        return shown.ok && shown.value.status.state === state
      }
      await until(stateIs('running'))
      const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { clientId: 'server', clean: false, reconnectPeriod: 50 })
      let trouble: Promise<void> = Promise.resolve()
      await publishAll(client, sent, acknowledged => {
        const kill = killsAt.indexOf(acknowledged)
        if (kill < 0) return
        trouble = trouble.then(async () => {
          // Few uplinks: the older version is tried without a kill, which takes seconds.
          const isKilled = version === '5' || KILLS > 1
          if (isKilled) await node.kill()
          if (kill % 2 === 0) {
            await broker.stop()
            await broker.start()
          }
          if (isKilled) await node.start()
        })
      })
      await trouble
      await until(() => isReadable(node, unique.size - 1))
      await client.endAsync()
      await check(node, unique, gaps)
    })
  }

  it('published straight to the node are stored once each, and none is lost that was acknowledged, over kills of the node', async () => {
    const port = await freePort()
    const node = new NodeProcess(join(folder, 'embedded'))
    running.push(node)
    await node.make(`
[mqtt]
listen = "127.0.0.1:${port}"

[[connector]]
name = "bins"
kind = "mqtt"
broker = "embedded"
format = "auto-lorawan"
${DATASET}
${devicesToml()}`)
    const made = await node.client.makeToken({ label: 'gateway', scope: 'operate' })
    assert.ok(made.ok)
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, clientId: 'gateway', clean: false, reconnectPeriod: 50, username: 'gateway', password: made.value.token })
    client.on('error', () => {})
    let trouble: Promise<void> = Promise.resolve()
    await publishAll(client, sent, acknowledged => {
      if (!killsAt.includes(acknowledged)) return
      trouble = trouble.then(async () => {
        await node.kill()
        await node.start()
      })
    })
    await trouble
    await client.endAsync()
    // All were acknowledged, so all are there, without waiting.
    await check(node, unique, gaps)
  })
})
