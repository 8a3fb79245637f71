import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import { columnsOf, entityFault, entityIdOf, MODELS } from '../../sdk/models/index.ts'
import type { Column } from '../../sdk/index.ts'
import { isoOf, known, pointOf, type Gathering } from '../reader/index.ts'
import { decimalOf, nameOf, numberOf, textOf, timeMsOf } from './values.ts'

const { VehiclePosition } = bindings.transit_realtime

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const integer = (name: string, unit: string | null = null): Column => ({ name, type: 'integer', unit })

const OWN: ReadonlySet<string> = new Set(['id', 'type', 'name', 'location', 'speed', 'bearing', 'observationDateTime', 'fleetVehicleId'])

const vehicleModel = MODELS.get('Vehicle')

/** Attributes of the model, and those of the feed beside them. */
export const VEHICLE_COLUMNS: readonly Column[] = [
  ...(vehicleModel === undefined ? [] : columnsOf(vehicleModel).filter(({ name }) => OWN.has(name))),
  text('tripId'), text('routeId'), integer('directionId'), text('startDate'), text('startTime'), integer('currentStopSequence'), text('stopId'),
  text('currentStatus'), text('congestionLevel'), text('occupancyStatus'), integer('occupancyPercentage', '%')
]

const KMH_OF_MPS = 3.6
const SPEED_MPS_MAX = 150

/**
 * A vehicle position as an entity of the model Vehicle, keyed by the vehicle's id, else its label, else the entity's. Its plate is
 * left out, as personal data is unless somebody says otherwise. Speed is km/h here and m/s in the feed.
 */
export function vehicleOf (position: transit_realtime.IVehiclePosition, entityId: string, observedMs: number, vehicles: Gathering, bytes: Uint8Array): void {
  const { vehicle, trip } = position
  const id = textOf(vehicle, 'id') ?? textOf(vehicle, 'label') ?? entityId
  const location = pointOf(
    decimalOf(numberOf(position.position, 'longitude', -180, 180)), decimalOf(numberOf(position.position, 'latitude', -90, 90))
  )
  if (id === '' || location === undefined) {
    vehicles.reject(id === '' ? 'a vehicle has no id' : 'a vehicle has no position on the earth', bytes)
    return
  }
  const timeMs = timeMsOf(position, 'timestamp') ?? observedMs
  const speedMps = decimalOf(numberOf(position.position, 'speed', 0, SPEED_MPS_MAX))
  const entity = known({
    id: entityIdOf('Vehicle', id), type: 'Vehicle', fleetVehicleId: id, name: textOf(vehicle, 'label'), location,
    speed: speedMps === undefined ? undefined : Number((speedMps * KMH_OF_MPS).toPrecision(9)),
    bearing: decimalOf(numberOf(position.position, 'bearing', 0, 360)), observationDateTime: isoOf(timeMs),
    ...tripOf(trip),
    currentStopSequence: numberOf(position, 'currentStopSequence', 0, 4_294_967_295), stopId: textOf(position, 'stopId'),
    currentStatus: nameOf(position, 'currentStatus', VehiclePosition.VehicleStopStatus),
    congestionLevel: nameOf(position, 'congestionLevel', VehiclePosition.CongestionLevel),
    occupancyStatus: nameOf(position, 'occupancyStatus', VehiclePosition.OccupancyStatus),
    occupancyPercentage: numberOf(position, 'occupancyPercentage', 0, 10_000)
  })
  const fault = entityFault('Vehicle', entity)
  if (fault !== undefined) {
    vehicles.reject(`a vehicle is not as its model has it: ${fault.position} is ${fault.reason}`, bytes)
    return
  }
  vehicles.put(id, timeMs, entity)
  vehicles.place(...location.coordinates)
}

export type Trip = {
  readonly tripId: string | undefined
  readonly routeId: string | undefined
  readonly directionId: number | undefined
  readonly startDate: string | undefined
  readonly startTime: string | undefined
}

export function tripOf (trip: transit_realtime.ITripDescriptor | null | undefined): Trip {
  return {
    tripId: textOf(trip, 'tripId'), routeId: textOf(trip, 'routeId'), directionId: numberOf(trip, 'directionId', 0, 1), startDate: textOf(trip, 'startDate'),
    startTime: textOf(trip, 'startTime')
  }
}
