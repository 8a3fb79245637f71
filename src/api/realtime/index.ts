/**
 * Gives out where vehicles are, as GTFS Realtime 2.0: what a dataset knows of each vehicle last, as one whole feed (FULL_DATASET).
 *
 * Rows tell of vehicles where they have an id of one and a place: entities of the model Vehicle, and tables with columns such as
 * `vehicle_id`. Of several rows of a vehicle the one with the newest time counts. The feed's own time is that of the newest
 * position. Who asks gets what the doors let them have.
 */
import bindings from 'gtfs-realtime-bindings'
import { fail, ok, type Result } from '../../base/index.ts'
import { QUERY_LIMIT_MAX, type Asker, type HanseNode } from '../../node/contract/index.ts'
import type { RealtimeCalls } from '../../sdk/contract/index.ts'
import { askerOf, type Handlers } from '../context/index.ts'
import { problem, type AnyFailure } from '../http/index.ts'
import { sightingOf, vehicleColumnsOf, type Sighting, type VehicleColumns } from './vehicle.ts'

const { FeedHeader, FeedMessage } = bindings.transit_realtime

const MEDIA_TYPE = 'application/x-protobuf'
const GTFS_REALTIME_VERSION = '2.0'

/** Keys of a dataset that are looked at for one answer, and vehicles in it. */
const ROWS_MAX = 200_000
const VEHICLES_MAX = 50_000

export const realtimeHandlers: Handlers<RealtimeCalls> = {
  'datasets.vehiclePositions': async (context, request) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const dataset = context.node.dataset(request.reference, asker.value)
    if (!dataset.ok) return problem(dataset.failure)
    const columns = vehicleColumnsOf(dataset.value)
    if (columns === undefined) {
      return problem({ code: 'invalid', reason: 'this dataset tells of no vehicles', hint: 'its rows need an id of a vehicle (vehicle_id) and a place, or be of the model Vehicle' })
    }
    const sightings = await newestOf(context.node, dataset.value.id, columns, asker.value)
    if (!sightings.ok) return problem(sightings.failure)
    const body = feedOf(sightings.value, context.nowMs())
    return {
      type: 'stream', status: 200, chunks: only(body),
      headers: { 'content-type': MEDIA_TYPE, 'content-length': String(body.length), 'cache-control': 'no-store' }
    }
  }
}

async function newestOf (node: HanseNode, reference: string, columns: VehicleColumns, asker: Asker): Promise<Result<readonly Sighting[], AnyFailure>> {
  const newest = new Map<string, Sighting>()
  let [after, rows]: [string | undefined, number] = [undefined, 0]
  do {
    const page = await node.query(reference, { latest: true, limit: QUERY_LIMIT_MAX, after }, asker)
    if (!page.ok) return page
    rows += page.value.rows.length
    for (const row of page.value.rows) {
      const sighting = sightingOf(row, columns)
      const before = sighting === undefined ? undefined : newest.get(sighting.id)
      if (sighting !== undefined && (before === undefined || before.timeMs <= sighting.timeMs)) newest.set(sighting.id, sighting)
    }
    if (rows > ROWS_MAX || newest.size > VEHICLES_MAX) {
      return fail({ code: 'too-large', reason: `it has more than ${ROWS_MAX} keys or ${VEHICLES_MAX} vehicles`, hint: 'ask for its records instead, or follow them' })
    }
    after = page.value.next ?? undefined
  } while (after !== undefined)
  return ok([...newest.values()])
}

function feedOf (sightings: readonly Sighting[], nowMs: number): Uint8Array {
  const newestMs = sightings.reduce((newest, { timeMs }) => Math.max(newest, timeMs), 0)
  const encoded = FeedMessage.encode({
    header: {
      gtfsRealtimeVersion: GTFS_REALTIME_VERSION, incrementality: FeedHeader.Incrementality.FULL_DATASET, timestamp: Math.floor((newestMs === 0 ? nowMs : newestMs) / 1000)
    },
    entity: sightings.map(({ id, position }) => ({ id, vehicle: position }))
  }).finish()
  // The encoder's buffer is one of a pool.
  return new Uint8Array(encoded)
}

async function * only (body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}
