import { z } from 'zod'
import { API_PATH, PURPOSE_HEADER } from '../bodies/index.ts'
import { bytes, type Call, type Operations } from '../operation/index.ts'

/** Public transport as journey planners and maps read it. */
export type RealtimeCalls = { 'datasets.vehiclePositions': Call<Record<string, never>> }

export const REALTIME_OPERATIONS: Operations<RealtimeCalls> = {
  'datasets.vehiclePositions': {
    method: 'GET', path: `${API_PATH}/datasets/:reference/vehicle-positions.pb`, scope: 'read', tag: 'Datasets', forOthers: true,
    headers: { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' },
    summary: 'Where the vehicles of a dataset are now, as a feed of GTFS Realtime 2.0',
    description: 'The newest position of each vehicle: of entities of the model Vehicle, or of rows with a vehicle_id and a place. The header has the ' +
      'time of the newest of them, so that a feed which stands still is seen to. Speeds are given where their unit is known.',
    query: z.strictObject({}), answers: { 200: bytes('application/x-protobuf') }, problems: [409, 413]
  }
}
