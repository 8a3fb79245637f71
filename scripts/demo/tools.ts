import { strict as assert } from 'node:assert'
import { readApiFile } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import type { City } from './city.ts'
import type { Answer } from './question.ts'

export type Tools = { readonly uplinksSent: number, readonly containersRead: number, readonly fillingLevel: number, readonly sqlAgrees: boolean, readonly isGood: boolean }

/** Sensors that measure down into bins: 2,500 mm to the bottom, full at 300 mm. The first sends what is checked here, the other goes on. */
const SENSOR = '24e124713c140001'
export const OTHER_SENSOR = '24e124713c140002'
const UPLINKS = ['01755c038244080400 01', '01755b038208070400 01', '01755b0382b0040400 01'].map(hex => Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('base64'))
const LAST_DISTANCE_MM = 1_200
const [EMPTY_MM, FULL_MM] = [2_500, 300]

/**
 * What cities have already, at both ends: uplinks of a bin sensor come in at one city as ChirpStack sends them, and a program that
 * speaks NGSI-LD reads the container from the other city's node. Then the question over two cities once more, in SQL.
 */
export async function connectTools (from: City, to: City, answer: Answer, say: (text: string) => void, waitFor: (holds: () => Promise<boolean>, what: string) => Promise<void>): Promise<Tools> {
  say('What cities have already, at both ends:')
  const known = await from.client.dataset(`${from.name}/waste-containers`)
  if (!known.ok) {
    const added = await from.client.addConnector({
      name: 'bins', kind: 'push', format: 'chirpstack', decoder: 'em310-udl', devices: {
        [SENSOR]: { empty_mm: EMPTY_MM, full_mm: FULL_MM, id: 'bin-1', latitude: 47.61, longitude: -122.33 },
        [OTHER_SENSOR]: { empty_mm: EMPTY_MM, full_mm: FULL_MM, id: 'bin-2', latitude: 47.6, longitude: -122.32 }
      },
      dataset: { id: 'waste-containers', title: 'Waste containers (simulated)', theme: 'waste', model: 'WasteContainer', access: 'members', simulated: true }
    })
    if (!added.ok) throw new Error(`the connector was not added: ${added.failure.reason}`)
  }
  await waitFor(async () => {
    const connectors = await from.client.connectors()
    return connectors.ok && connectors.value.some(({ declaration, status }) => declaration.name === 'bins' && status.state === 'running')
  }, `the connector of ${from.name} is at work`)
  for (const [fCnt, data] of UPLINKS.entries()) {
    const pushed = await from.client.push('bins', 'application/json', utf8(JSON.stringify(uplink(SENSOR, fCnt, data, '2026-05-01T10:00:00Z'))))
    if (!pushed.ok) throw new Error(`an uplink was not taken: ${pushed.failure.reason}`)
  }
  say(`  ${from.name} took ${UPLINKS.length} uplinks of a bin sensor as ChirpStack sends them: SIMULATED, no real bin`)
  const containers = await entitiesOf(to, waitFor)
  const fillingLevel = firstOf(containers)?.fillingLevel ?? -1
  say(`  a program that speaks NGSI-LD asked ${to.name}'s own node: the container is ${Math.round(fillingLevel * 100)} % full`)
  const sqlAgrees = await agreesInSql(to, answer)
  say(`  the question over two cities, asked in SQL at ${to.name}: ${sqlAgrees ? 'the same answer' : 'NOT the same answer'}`)
  const isGood = containers.length > 0 && Math.abs(fillingLevel - (EMPTY_MM - LAST_DISTANCE_MM) / (EMPTY_MM - FULL_MM)) < 0.001 && sqlAgrees
  return { uplinksSent: UPLINKS.length, containersRead: containers.length, fillingLevel, sqlAgrees, isGood }
}

/** One message of the sensor, as ChirpStack sends it. */
export function uplink (sensor: string, fCnt: number, data: string, time: string): Readonly<Record<string, unknown>> {
  return {
    deduplicationId: `00000000-0000-4000-8000-${String(Date.parse(time) / 100 + fCnt % 10).padStart(12, '0')}`, time, fPort: 85, fCnt, data, devAddr: '00189440',
    deviceInfo: { devEui: sensor, deviceName: 'bin', applicationId: 'waste', applicationName: 'waste', deviceProfileName: 'EM310-UDL' }, rxInfo: []
  }
}

type Container = { readonly id: string, readonly fillingLevel?: number }

function firstOf (containers: readonly Container[]): Container | undefined {
  return containers.find(({ id }) => id.endsWith('bin-1'))
}

async function entitiesOf (city: City, waitFor: (holds: () => Promise<boolean>, what: string) => Promise<void>): Promise<readonly Container[]> {
  const file = await readApiFile(city.folder)
  assert.ok(file.ok, 'a running city says how to reach it')
  const { url, token } = file.value
  let found: readonly Container[] = []
  await waitFor(async () => {
    const response = await fetch(`${url}/ngsi-ld/v1/entities?type=WasteContainer&options=keyValues`, { headers: { authorization: `Bearer ${token}` } })
    found = response.ok ? await response.json() as readonly Container[] : []
    return Math.abs((firstOf(found)?.fillingLevel ?? 0) - (EMPTY_MM - LAST_DISTANCE_MM) / (EMPTY_MM - FULL_MM)) < 0.001
  }, `${city.name} has the newest of the container`)
  return found
}

const QUESTION = `
  SELECT count(*) AS days, count(*) FILTER (WHERE a.precipitation > 0 AND b.precipitation > 0) AS wet_in_both, corr(a.temp_max, b.temp_max) AS correlation
  FROM "Seattle/weather" a JOIN "New York/weather" b ON a.date = b.date`

async function agreesInSql (city: City, { days, wetInBoth, correlation }: Answer): Promise<boolean> {
  const asked = await city.client.sql({ sql: QUESTION })
  if (!asked.ok) throw new Error(`the question in SQL was not answered: ${asked.failure.reason}`)
  const [row] = asked.value.rows
  return row !== undefined && Number(row[0]) === days && Number(row[1]) === wetInBoth && Math.abs(Number(row[2]) - correlation) < 1e-9
}
