import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import { textOf } from '../../base/index.ts'
import { isObject, scalarOfJson, textOfScalar, timeMsOf, type Scalar } from '../../core/rows/index.ts'
import type { Dataset, QueriedRecord } from '../../node/contract/index.ts'

const { VehiclePosition } = bindings.transit_realtime

/** A vehicle at one time. */
export type Sighting = { readonly id: string, readonly timeMs: number, readonly position: transit_realtime.IVehiclePosition }

/** How the columns of a dataset tell of vehicles; names of GTFS, of the model Vehicle, and of common exports. */
export type VehicleColumns = { readonly id: string, readonly time: string | undefined, readonly speed: { readonly name: string, readonly mpsOfUnit: number } | undefined }

const ID_NAMES = ['fleetVehicleId', 'vehicle_id', 'vehicleId', 'vehicle', 'bus_id', 'device_id']
const TIME_NAMES = ['observationDateTime', 'timestamp', 'time', 'observed_at', 'last_reported']
const MPS_OF_UNIT: ReadonlyMap<string | null, number> = new Map([['m/s', 1], ['km/h', 1 / 3.6], ['mph', 0.44704], ['kn', 0.514444]])

/** Undefined where the dataset tells of no vehicles. */
export function vehicleColumnsOf ({ schema, model }: Pick<Dataset, 'schema' | 'model'>): VehicleColumns | undefined {
  const named = (names: readonly string[]): string | undefined => names.find(name => schema.some(column => column.name === name))
  const id = named(ID_NAMES) ?? (model === 'Vehicle' ? 'id' : undefined)
  if (id === undefined) return undefined
  const speed = schema.find(({ name }) => name === 'speed')
  // Of a speed without a unit nobody knows whether it is miles, kilometres or metres: it is not told.
  const mpsOfUnit = model === 'Vehicle' ? MPS_OF_UNIT.get('km/h') : MPS_OF_UNIT.get(speed?.unit ?? null)
  return { id, time: named(TIME_NAMES), speed: mpsOfUnit === undefined ? undefined : { name: 'speed', mpsOfUnit } }
}

/** What a row says of a vehicle; undefined where it says nothing of its place. */
export function sightingOf (row: QueriedRecord, { id: idName, time, speed }: VehicleColumns): Sighting | undefined {
  const said = new Said(row)
  const id = said.text(idName)?.replace(/^urn:ngsi-ld:Vehicle:/, '')
  if (row.place === null || id === undefined) return undefined
  const timeMs = (time === undefined ? undefined : timeMsOf(said.text(time) ?? '')) ?? row.timeMs
  const speedOfUnit = speed === undefined ? undefined : said.number(speed.name, 0, 1_000)
  return {
    id, timeMs, position: {
      vehicle: { id, ...given('label', said.text('label', 'name')) },
      position: {
        latitude: row.place.latitude, longitude: row.place.longitude, ...given('bearing', said.number('bearing', 0, 360) ?? said.number('heading', 0, 360)),
        ...given('speed', speedOfUnit === undefined || speed === undefined ? undefined : speedOfUnit * speed.mpsOfUnit)
      },
      timestamp: Math.floor(timeMs / 1000), ...given('trip', tripOf(said)), ...given('stopId', said.text('stopId', 'stop_id')),
      ...given('currentStopSequence', said.number('currentStopSequence', 0, 4_294_967_295)),
      ...given('currentStatus', enumerated(VehiclePosition.VehicleStopStatus, said.text('currentStatus', 'current_status'))),
      ...given('congestionLevel', enumerated(VehiclePosition.CongestionLevel, said.text('congestionLevel'))),
      ...given('occupancyStatus', enumerated(VehiclePosition.OccupancyStatus, said.text('occupancyStatus', 'occupancy_status'))),
      ...given('occupancyPercentage', said.number('occupancyPercentage', 0, 10_000))
    }
  }
}

function tripOf (said: Said): transit_realtime.ITripDescriptor | undefined {
  const trip = {
    ...given('tripId', said.text('tripId', 'trip_id')), ...given('routeId', said.text('routeId', 'route_id')), ...given('directionId', said.number('directionId', 0, 1)),
    ...given('startDate', said.text('startDate', 'start_date')), ...given('startTime', said.text('startTime', 'start_time'))
  }
  return Object.keys(trip).length === 0 ? undefined : trip
}

/** The values of a row: of its columns, or of its JSON where the description names no columns. */
class Said {
  readonly #values: ReadonlyMap<string, Scalar>

  constructor ({ values, mediaType, body }: QueriedRecord) {
    this.#values = values.size > 0 || !/json/.test(mediaType) ? values : membersOf(body)
  }

  text (...names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = textOfScalar(this.#values.get(name) ?? null)?.trim() ?? ''
      if (text !== '') return text
    }
    return undefined
  }

  number (name: string, min: number, max: number): number | undefined {
    const text = this.text(name)
    const value = text === undefined ? Number.NaN : Number(text)
    return value >= min && value <= max ? value : undefined
  }
}

function membersOf (body: Uint8Array): ReadonlyMap<string, Scalar> {
  try {
    const value: unknown = JSON.parse(textOf(body) ?? '')
    return new Map(isObject(value) ? Object.entries(value).map(([name, each]) => [name, scalarOfJson(each)]) : [])
  } catch {
    return new Map()
  }
}

/** Nothing is sent for what is not known: a default would be taken for a value. */
function given<Name extends string, T> (name: Name, value: T | undefined): { readonly [K in Name]?: T } {
  return value === undefined ? {} : { [name]: value } as { readonly [K in Name]: T }
}

function enumerated (values: Readonly<Record<string, unknown>>, name: string | undefined): number | undefined {
  const value = name === undefined || !Object.hasOwn(values, name) ? undefined : values[name]
  return typeof value === 'number' ? value : undefined
}
